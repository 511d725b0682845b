//! A server on this machine that answers by script: what the tests of everything that speaks HTTP talk to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use url::Url;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// As it stands in the first line: with the query; of a proxy's request, with the host.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// An answer. `{base}` in headers and body becomes the server's URL.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    #[expect(clippy::needless_pass_by_value, reason = "scripts read better")]
    pub(crate) fn new(status: u16, body: impl ToString) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    /// No answer: the connection is closed.
    pub(crate) fn none() -> Self {
        Self::new(0, "")
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// As often as that.
    pub(crate) fn times(self, count: usize) -> Vec<Self> {
        vec![self; count]
    }
}

#[derive(Debug, Default)]
struct Script {
    replies: VecDeque<Reply>,
    seen: Vec<Seen>,
}

/// The server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Loopback {
    url: Url,
    /// The certificate to trust, PEM; empty without TLS.
    pub(crate) ca: Vec<u8>,
    script: Arc<Mutex<Script>>,
    _server: JoinSet<()>,
}

impl Loopback {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::listen(replies, None, Vec::new()).await
    }

    pub(crate) async fn start_tls(replies: impl IntoIterator<Item = Reply>) -> Self {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        Self::listen(replies, Some(tls), cert.pem().into_bytes()).await
    }

    async fn listen(
        replies: impl IntoIterator<Item = Reply>,
        tls: Option<TlsAcceptor>,
        ca: Vec<u8>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = listener.local_addr().unwrap();
        let url = Url::parse(&format!("{scheme}://{address}")).unwrap();
        let script = Arc::new(Mutex::new(Script {
            replies: replies.into_iter().collect(),
            seen: Vec::new(),
        }));
        let mut server = JoinSet::new();
        let (base, shared) = (url.clone(), Arc::clone(&script));
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (base, shared, tls) = (base.clone(), Arc::clone(&shared), tls.clone());
                connections.spawn(async move {
                    match tls {
                        Some(tls) => {
                            // A client that does not trust us hangs up.
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &base, &shared).await;
                            }
                        }
                        None => serve(stream, &base, &shared).await,
                    }
                });
            }
        });
        Self {
            url,
            ca,
            script,
            _server: server,
        }
    }

    pub(crate) fn url(&self) -> Url {
        self.url.clone()
    }

    /// More answers, behind those that are left.
    pub(crate) fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().replies.extend(replies);
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.clone()
    }
}

/// One request, one answer; a script at its end answers 418.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    base: &Url,
    script: &Mutex<Script>,
) {
    let Some(seen) = receive(&mut stream).await else {
        return;
    };
    let reply = {
        let mut script = script.lock().unwrap();
        script.seen.push(seen);
        let next = script.replies.pop_front();
        next.unwrap_or_else(|| Reply::new(418, "the script is at its end"))
    };
    if reply.status == 0 {
        return;
    }
    let fill = |text: &str| text.replace("{base}", base.as_str().trim_end_matches('/'));
    let body = fill(&reply.body);
    let mut lines = vec![
        format!("HTTP/1.1 {} X", reply.status),
        "connection: close".to_owned(),
    ];
    if reply.status != 204 {
        lines.push(format!("content-length: {}", body.len()));
    }
    let headers = reply.headers.iter();
    lines.extend(headers.map(|(name, value)| format!("{name}: {}", fill(value))));
    let head = lines.join("\r\n") + "\r\n\r\n";
    // A client that has what it wants may hang up before the end.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Seen {
        method: first.next()?.to_owned(),
        target: first.next()?.to_owned(),
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}
