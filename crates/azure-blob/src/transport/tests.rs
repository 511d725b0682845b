//! The body's frames.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::*;
use blobferry_transfer::Rope;
use http_body::Body as _;

#[test]
fn frames_are_slices_of_the_very_bytes_received() {
    let chunks = [
        Bytes::from(vec![1; 600 << 10]),
        Bytes::new(),
        Bytes::from(vec![2; 7]),
    ];
    let received = Meter::default();
    let mut rope = Rope::new(received);
    for chunk in &chunks {
        rope.push(chunk.clone());
    }
    let payload = rope.finish(None);
    let sent = Meter::default();
    let block = BlockBody::new(&payload, &sent);
    let mut body = RopeBody::new(
        block.chunks,
        block.len,
        block.sent,
        Arc::new(Clock::start()),
    );
    let first = chunks[0].as_ptr();
    let mut seen = Vec::new();
    let mut offsets = Vec::new();
    assert_eq!(body.size_hint().exact(), Some((600 << 10) + 7));
    while let Poll::Ready(Some(Ok(frame))) =
        Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop()))
    {
        let data = frame.into_data().unwrap();
        offsets.push(data.as_ptr().addr().wrapping_sub(first.addr()));
        seen.push(data.len());
    }
    assert_eq!(seen, [256 << 10, 256 << 10, 88 << 10, 7]);
    assert_eq!(offsets[..3], [0, 256 << 10, 512 << 10]);
    assert_eq!(sent.get(), (600 << 10) + 7);
    assert!(body.is_end_stream());
}
