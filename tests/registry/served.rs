//! A server of our own in place of a registry: each request is shown to the test's function, which makes the answer.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Of Authorization, or nothing.
    pub(crate) authorization: String,
    pub(crate) body: String,
}

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

type Handler = dyn Fn(&str, &Request) -> Response + Send + Sync;

/// A running server. It ends with this value.
pub(crate) struct Served {
    host: String,
    seen: Arc<Mutex<Vec<Request>>>,
    over: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Response {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Served {
    /// `handler` gets the server's own `127.0.0.1:PORT` as well.
    pub(crate) fn new(
        handler: impl Fn(&str, &Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let handler: Arc<Handler> = Arc::new(handler);
        let (kept, ended, named) = (Arc::clone(&seen), Arc::clone(&over), host.clone());
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (handler, seen, host) =
                    (Arc::clone(&handler), Arc::clone(&kept), named.clone());
                thread::spawn(move || answer(stream.unwrap(), &host, &*handler, &seen));
            }
        });
        Self {
            host,
            seen,
            over,
            accepting: Some(accepting),
        }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// All requests until now.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// Their paths, without queries.
    pub(crate) fn paths(&self) -> Vec<String> {
        let path = |request: Request| request.target.split('?').next().unwrap().to_owned();
        self.seen().into_iter().map(path).collect()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // So that it looks.
        drop(TcpStream::connect(&self.host));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// One request and its answer. A client that goes away is its own affair.
fn answer(stream: TcpStream, host: &str, handler: &Handler, seen: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream);
    let Some(request) = read(&mut reader) else {
        return;
    };
    seen.lock().unwrap().push(request.clone());
    let response = handler(host, &request);
    let mut head = format!(
        "HTTP/1.1 {} X\r\nConnection: close\r\nContent-Length: {}\r\n",
        response.status,
        response.body.len()
    );
    for (name, value) in &response.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    let mut stream = reader.into_inner();
    let sent = stream.write_all((head + "\r\n").as_bytes());
    if sent.is_ok() && request.method != "HEAD" {
        let _ = stream.write_all(&response.body);
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let mut request = Request {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        ..Request::default()
    };
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => value.clone_into(&mut request.authorization),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    reader.take(length).read_to_string(&mut request.body).ok()?;
    Some(request)
}
