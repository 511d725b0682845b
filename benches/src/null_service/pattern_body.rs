//! Answer bodies: nothing, a text, or a stretch of the pattern, handed to the socket without being copied.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use blobferry_harness::pattern;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use sha2::{Digest as _, Sha256};

/// Bytes after which the pattern repeats. In cache it would flatter the server, far beyond it the memory bus would be
/// measured twice; a prime number of pages keeps equal blocks from being equal bytes.
const PERIOD: usize = 2039 * 4096;

/// Bytes handed over at a time.
const FRAME: usize = 256 * 1024;

/// The content of every blob: one buffer, over and over.
#[derive(Clone, Debug)]
pub struct Pattern(Bytes);

impl Pattern {
    /// Makes the buffer (8 MiB).
    #[must_use]
    pub fn new() -> Self {
        Self(Bytes::from(pattern(0xb10b, PERIOD)))
    }

    /// The piece at `offset`, at most `longest` bytes and never past the buffer's end.
    fn piece(&self, offset: u64, longest: u64) -> Bytes {
        let period = u64::try_from(PERIOD).unwrap_or(u64::MAX);
        let from = usize::try_from(offset % period).unwrap_or_default();
        let take = usize::try_from(longest)
            .unwrap_or(FRAME)
            .min(FRAME)
            .min(PERIOD - from);
        self.0.slice(from..from + take)
    }
}

impl Default for Pattern {
    fn default() -> Self {
        Self::new()
    }
}

/// SHA-256 of a source blob of `length` bytes, in lower-case hexadecimal.
#[must_use]
pub fn digest(length: u64) -> String {
    use std::fmt::Write as _;
    let pattern = Pattern::new();
    let (mut hasher, mut at) = (Sha256::new(), 0);
    while at < length {
        let piece = pattern.piece(at, length - at);
        hasher.update(&piece);
        at += u64::try_from(piece.len()).unwrap_or_default();
    }
    hasher
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// What an answer carries.
#[derive(Debug)]
pub(super) enum AnswerBody {
    /// A short text, or nothing.
    Text(Bytes),
    /// `left` bytes of the pattern from `at` on.
    Stretch {
        pattern: Pattern,
        at: u64,
        left: u64,
    },
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match &mut *self {
            Self::Text(text) => std::mem::take(text),
            Self::Stretch { pattern, at, left } => {
                let piece = pattern.piece(*at, *left);
                let length = u64::try_from(piece.len()).unwrap_or_default();
                *at += length;
                *left -= length;
                piece
            }
        };
        Poll::Ready(if piece.is_empty() {
            None
        } else {
            Some(Ok(Frame::data(piece)))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Text(text) => u64::try_from(text.len()).unwrap_or_default(),
            Self::Stretch { left, .. } => *left,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_repeating_pattern() {
        let pattern = Pattern::new();
        let length = PERIOD + 1000;
        let mut joined = Vec::new();
        while joined.len() < length {
            let at = joined.len();
            joined.extend_from_slice(&pattern.piece(
                u64::try_from(at).unwrap(),
                u64::try_from(length - at).unwrap(),
            ));
        }
        assert_eq!(joined.len(), length);
        assert_eq!(joined[PERIOD..], joined[..1000]);
        assert_eq!(
            digest(u64::try_from(length).unwrap()),
            blobferry_harness::sha256_hex(&joined)
        );
    }
}
