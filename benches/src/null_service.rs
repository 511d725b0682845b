//! A blob service that costs next to nothing: it discards what is put and serves a pattern from one buffer, so that what
//! is measured is the client. It stores lengths only, checks no signature, and listens on loopback.
//!
//! hyper's HTTP/1 on one thread: on a machine whose cores the client shares, a second thread of the server's takes from
//! the client what it gives to the service.

mod answers;
mod pattern_body;
mod request;

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use pattern_body::AnswerBody;
use request::Asked;

pub use pattern_body::{Pattern, digest};

/// Read buffer of a connection: large reads are few system calls, and small enough to stay in the second-level cache.
const READ_BUFFER: usize = 512 * 1024;

/// Lengths of blobs, by path.
#[derive(Debug, Default)]
struct Stored {
    staged: HashMap<String, u64>,
    committed: HashMap<String, u64>,
}

/// What all connections share.
#[derive(Debug)]
struct Service {
    pattern: Pattern,
    stored: Mutex<Stored>,
}

/// Serves until it is dropped.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener) -> Result<Infallible> {
    let service = Arc::new(Service {
        pattern: Pattern::new(),
        stored: Mutex::default(),
    });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                stream.set_nodelay(true)?;
                let service = Arc::clone(&service);
                connections.spawn(async move {
                    let answer = service_fn(|request| {
                        let service = Arc::clone(&service);
                        async move { service.answer(request).await }
                    });
                    // A client that hangs up in the middle is none of this service's business.
                    let _ = http1::Builder::new()
                        .max_buf_size(READ_BUFFER)
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

impl Service {
    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, hyper::Error> {
        let asked = Asked::from(&request);
        let received = discard(request.into_body()).await?;
        let answer = match (&asked.method, asked.comp.as_str()) {
            (&Method::PUT, _) if asked.copies => answers::error(400, "UnsupportedHeader"),
            (&Method::PUT, "block") => {
                *self.lock().staged.entry(asked.path.clone()).or_default() += received;
                answers::created(asked.crc64)
            }
            (&Method::PUT, "blocklist") => {
                let mut stored = self.lock();
                let length = stored.staged.remove(&asked.path).unwrap_or_default();
                stored.committed.insert(asked.path.clone(), length);
                answers::created(asked.crc64)
            }
            (&Method::PUT, "") if asked.is_blob => {
                self.lock().committed.insert(asked.path.clone(), received);
                answers::created(asked.crc64)
            }
            (&Method::PUT, _) => answers::created(None),
            (&Method::DELETE, _) => {
                self.lock().committed.remove(&asked.path);
                answers::accepted()
            }
            _ if !asked.is_blob => answers::container(&asked),
            _ => match self.length(&asked) {
                None => answers::error(404, "BlobNotFound"),
                Some(_) if asked.comp == "blocklist" => answers::empty_block_list(),
                Some(_) if asked.comp == "tags" => answers::empty_tags(),
                Some(length) => answers::blob(&asked, length, &self.pattern),
            },
        };
        Ok(answer)
    }

    /// Bytes of the blob asked for: what was committed, or, in a container whose name begins with `src`, the number that
    /// the blob is called by.
    fn length(&self, asked: &Asked) -> Option<u64> {
        if let Some(length) = self.lock().committed.get(&asked.path) {
            return Some(*length);
        }
        if asked.container.starts_with("src") {
            asked.blob.parse().ok()
        } else {
            None
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a body to its end and forgets it; the number of bytes.
async fn discard(mut body: Incoming) -> Result<u64, hyper::Error> {
    let mut received = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let length = frame?.data_ref().map_or(0, bytes::Bytes::len);
        received += u64::try_from(length).unwrap_or_default();
    }
    Ok(received)
}
