//! The least that HTTP allows: hyper on one thread, with no service behind it. `PUT` is read and forgotten, `GET /N`
//! answers N bytes of one buffer. The yardstick for what the lab's null mode adds.
#![expect(clippy::print_stdout, reason = "the address is what is read from it")]

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Result;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// As the lab reads.
const READ_BUFFER: usize = 512 * 1024;
/// As the lab writes.
const FRAME: usize = 256 * 1024;

/// Bytes of the buffer: as many as the lab's pattern has, because a buffer that stays in cache costs less to send.
const BUFFER: usize = 2039 * 4096;

/// `left` bytes of one buffer, over and over.
struct Repeated {
    buffer: Bytes,
    at: usize,
    left: u64,
}

impl Body for Repeated {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let left = usize::try_from(self.left).unwrap_or(FRAME);
        let (at, take) = (self.at, left.min(FRAME).min(BUFFER - self.at));
        self.left -= u64::try_from(take).unwrap_or_default();
        self.at = (at + take) % BUFFER;
        let piece = self.buffer.slice(at..at + take);
        Poll::Ready((take > 0).then_some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

async fn answer(request: Request<Incoming>, buffer: Bytes) -> hyper::Result<Response<Repeated>> {
    let left = request.uri().path().trim_start_matches('/').parse();
    let is_get = request.method() == hyper::Method::GET;
    let mut body = request.into_body();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        drop(frame?);
    }
    let left = if is_get { left.unwrap_or(0) } else { 0 };
    Ok(Response::new(Repeated {
        buffer,
        at: 0,
        left,
    }))
}

fn main() -> Result<()> {
    let buffer = Bytes::from(blobferry_harness::pattern(1, BUFFER));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("http://{}", listener.local_addr()?);
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let buffer = buffer.clone();
            connections.spawn(async move {
                let answer = service_fn(|request| answer(request, buffer.clone()));
                let _ = http1::Builder::new()
                    .max_buf_size(READ_BUFFER)
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    })
}
