//! The listeners of a lab: its accounts', its cloud's, its registries'.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use rustls::ServerConfig;

use crate::Clock;
use crate::cloud::{Accounts, Cloud, CloudOptions, Ports};

use super::serve::{Answers, Listener};

/// The cloud around the accounts, and its listeners: its own with TLS, its identity endpoint's without, and one for each
/// registry that it serves itself.
pub(super) fn surroundings(
    options: CloudOptions,
    clock: Clock,
    client: reqwest::Client,
    storage: Accounts,
    tls: impl Fn() -> Option<Arc<ServerConfig>>,
) -> io::Result<(Arc<Cloud>, Vec<Listener>)> {
    let (front, address) = listen(options.listen)?;
    let own = |port| SocketAddr::new(address.ip(), port);
    let (identity, identity_address) = listen(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0))?;
    let registries: Vec<Option<(TcpListener, SocketAddr)>> = options
        .registries
        .iter()
        .map(|registry| registry.is_own().then(|| listen(own(0))).transpose())
        .collect::<io::Result<_>>()?;
    let ports = Ports {
        front: address,
        identity: identity_address,
        storage,
        registries: registries
            .iter()
            .map(|own| own.as_ref().map(|(_, address)| *address))
            .collect(),
    };
    let cloud = Arc::new(Cloud::new(options, clock, client, ports)?);
    let answers = |number: Option<usize>| match number {
        Some(number) => Answers::Registry(Arc::clone(&cloud), number),
        None => Answers::Cloud(Arc::clone(&cloud)),
    };
    let listener = |socket, tls, number| Listener {
        socket,
        tls,
        answers: answers(number),
    };
    let mut listeners = vec![listener(front, tls(), None), listener(identity, None, None)];
    for (number, own) in registries.into_iter().enumerate() {
        listeners.extend(own.map(|(socket, _)| listener(socket, tls(), Some(number))));
    }
    Ok((cloud, listeners))
}

pub(super) fn listen(at: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(at)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {at}: {error}")))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
