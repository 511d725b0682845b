//! Accepting connections and serving HTTP/1.1 on them until the lab is dropped.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::line::Cut;
use crate::service::{Peer, Service};
use crate::tls::Authority;

/// Read buffer of a connection: large reads are few system calls, and small enough to stay in the second-level cache.
const READ_BUFFER: usize = 512 * 1024;

/// Connections at a time; the others wait to be accepted.
const CONNECTIONS: usize = 4096;

/// A client that sends no head for so long is let go.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);

/// Between two attempts to accept a connection where the first failed.
const PAUSE: Duration = Duration::from_millis(20);

/// What runs.
pub(super) struct Serving {
    pub(super) service: Arc<Service>,
    pub(super) plain: TcpListener,
    pub(super) secure: Option<(TcpListener, Arc<ServerConfig>)>,
}

/// One thread serves with less ado than two: on a machine whose cores the client shares, that is what counts.
pub(super) fn runtime(threads: usize) -> io::Result<Runtime> {
    if threads <= 1 {
        return Builder::new_current_thread().enable_all().build();
    }
    Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("lab")
        .enable_all()
        .build()
}

/// What fetches the sources of From-URL operations: it trusts the lab's own CA beside the system's, follows no redirect,
/// and goes through no proxy.
pub(super) fn client(authority: Option<&Authority>) -> io::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(60));
    if let Some(authority) = authority {
        let certificate = reqwest::Certificate::from_pem(authority.certificate().as_bytes());
        builder = builder.add_root_certificate(certificate.map_err(io::Error::other)?);
    }
    builder.build().map_err(io::Error::other)
}

impl Serving {
    /// Serves until `stopped` is sent or its sender is dropped.
    pub(super) async fn until(self, stopped: oneshot::Receiver<()>) {
        let (secure, acceptor) = match self.secure {
            Some((listener, config)) => (Some(listener), Some(TlsAcceptor::from(config))),
            None => (None, None),
        };
        let plain = tokio::net::TcpListener::from_std(self.plain);
        let secure = secure.map(tokio::net::TcpListener::from_std).transpose();
        let (Ok(plain), Ok(secure)) = (plain, secure) else {
            tracing::error!("the listeners cannot be registered with the runtime");
            return;
        };
        let mut connections = JoinSet::new();
        tokio::pin!(stopped);
        loop {
            let full = connections.len() >= CONNECTIONS;
            tokio::select! {
                _ = &mut stopped => return,
                accepted = next(Some(&plain)), if !full => {
                    begin(&mut connections, &self.service, accepted, None);
                }
                accepted = next(secure.as_ref()), if !full && secure.is_some() => {
                    begin(&mut connections, &self.service, accepted, acceptor.clone());
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

/// The next connection. One that ended before it was accepted is passed over; where there is no descriptor left, it
/// waits for some to be given back instead of asking again at once.
async fn next(listener: Option<&tokio::net::TcpListener>) -> (TcpStream, SocketAddr) {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

fn begin(
    connections: &mut JoinSet<()>,
    service: &Arc<Service>,
    (stream, client): (TcpStream, SocketAddr),
    acceptor: Option<TlsAcceptor>,
) {
    let _ = stream.set_nodelay(true);
    let service = Arc::clone(service);
    connections.spawn(async move {
        let (line, cut) = service.trunk.carry(stream);
        match acceptor {
            None => serve(&service, line, client, false, cut).await,
            Some(acceptor) => {
                if let Ok(Ok(stream)) =
                    tokio::time::timeout(HEAD_TIMEOUT, acceptor.accept(line)).await
                {
                    serve(&service, stream, client, true, cut).await;
                }
            }
        }
    });
}

async fn serve(
    service: &Service,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    client: SocketAddr,
    tls: bool,
    cut: Cut,
) {
    let peer = Peer {
        client: client.ip(),
        tls,
        cut,
    };
    let answer = service_fn(|request| service.answer(request, &peer));
    // A client that hangs up in the middle is none of this service's business.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}
