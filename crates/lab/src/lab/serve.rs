//! Accepting connections and serving HTTP/1.1 on them until the lab is dropped.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::cloud::Cloud;
use crate::line::{Cut, Trunk};
use crate::service::{AnswerBody, Peer, Service};
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
    pub(super) listeners: Vec<Listener>,
    pub(super) cloud: Option<Arc<Cloud>>,
}

/// A port, and what answers there.
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) answers: Answers,
}

/// Who answers.
#[derive(Clone)]
pub(super) enum Answers {
    /// The storage accounts.
    Accounts(Arc<Service>),
    /// The rest of the cloud; without TLS, its identity endpoint only.
    Cloud(Arc<Cloud>),
    /// The registry with this number.
    Registry(Arc<Cloud>, usize),
}

impl Answers {
    fn trunk(&self) -> &Trunk {
        match self {
            Self::Accounts(service) => &service.trunk,
            Self::Cloud(cloud) | Self::Registry(cloud, _) => cloud.trunk(),
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: &Peer,
    ) -> io::Result<Response<AnswerBody>> {
        match self {
            Self::Accounts(service) => service.answer(request, peer).await,
            Self::Cloud(cloud) => cloud.answer(request, peer).await,
            Self::Registry(cloud, number) => cloud.answer_registry(*number, request).await,
        }
    }
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
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut work = JoinSet::new();
        for listener in self.listeners {
            work.spawn(listener.accept(Arc::clone(&room)));
        }
        if let Some(cloud) = self.cloud {
            work.spawn(cloud.background());
        }
        // Dropping the set ends everything in it.
        let _ = stopped.await;
    }
}

impl Listener {
    async fn accept(self, room: Arc<Semaphore>) {
        let Ok(socket) = tokio::net::TcpListener::from_std(self.socket) else {
            tracing::error!("a listener cannot be registered with the runtime");
            return;
        };
        let acceptor = self.tls.map(TlsAcceptor::from);
        let mut connections = JoinSet::new();
        while let Ok(place) = Arc::clone(&room).acquire_owned().await {
            while connections.try_join_next().is_some() {}
            let (stream, client) = next(&socket).await;
            let (answers, acceptor) = (self.answers.clone(), acceptor.clone());
            connections.spawn(async move {
                let _place = place;
                carry(&answers, stream, client, acceptor).await;
            });
        }
    }
}

/// The next connection. One that ended before it was accepted is passed over; where there is no descriptor left, it
/// waits for some to be given back instead of asking again at once.
async fn next(listener: &tokio::net::TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn carry(
    answers: &Answers,
    stream: TcpStream,
    client: SocketAddr,
    acceptor: Option<TlsAcceptor>,
) {
    let _ = stream.set_nodelay(true);
    let (line, cut) = answers.trunk().carry(stream);
    match acceptor {
        None => serve(answers, line, client, false, cut).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(HEAD_TIMEOUT, acceptor.accept(line)).await
            {
                serve(answers, stream, client, true, cut).await;
            }
        }
    }
}

async fn serve(
    answers: &Answers,
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
    let answer = service_fn(|request| answers.answer(request, &peer));
    // A client that hangs up in the middle is none of this service's business.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}
