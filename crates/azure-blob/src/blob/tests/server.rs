//! A server of a few lines, so that it can break every rule.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What it does with a request.
#[derive(Clone)]
pub(super) enum Reply {
    /// These bytes, then the connection is closed.
    Text(String),
    /// These bytes, then nothing.
    Hang(String),
    /// Nothing at all.
    Silence,
}

impl Reply {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn status(status: u16, code: &str) -> Self {
        Self::Text(format!(
            "HTTP/1.1 {status} No\r\nx-ms-error-code: {code}\r\nContent-Length: 0\r\n\r\n"
        ))
    }

    pub(super) fn then_silence(self) -> Self {
        match self {
            Self::Text(text) => Self::Hang(text),
            other => other,
        }
    }
}

/// Runs until dropped.
pub(super) struct Server {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Answers every request, one per connection, with what `answer` says to its head and number.
    pub(super) async fn start<F>(answer: F) -> Self
    where
        F: Fn(&str, usize) -> Reply + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (seen.clone(), Arc::new(answer));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (log, answer) = (log.clone(), answer.clone());
                open.spawn(async move { serve(stream, &log, answer.as_ref()).await });
            }
        });
        Self {
            port,
            seen,
            _tasks: tasks,
        }
    }

    /// The requests so far, heads and bodies.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<String>>,
    answer: &(impl Fn(&str, usize) -> Reply + Sync),
) {
    let request = request(&mut stream).await;
    let number = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len()
    };
    match answer(&request, number) {
        Reply::Text(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Reply::Hang(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Reply::Silence => tokio::time::sleep(Duration::from_secs(60)).await,
    }
}

async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return text;
        }
    }
}
