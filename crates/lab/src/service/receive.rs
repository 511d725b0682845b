//! Taking in the body of a request: into the store, as a text, or past the ears; bent where a fault script says so.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use blobferry_integrity::{Crc64, Crc64Hasher, Md5Digest};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use hyper::body::Incoming;
use md5::{Digest as _, Md5};
use tokio::time::sleep;

use super::bend::{Bend, Step};
use crate::line::Cut;
use crate::store::Intake;
use crate::{Content, Refusal};

/// Bytes of XML that are taken: 50,000 block ids of 64 bytes need about 6 MiB.
const TEXT_LIMIT: usize = 16 << 20;

/// Bytes of a body that nobody wants which are read all the same, so that the client hears the answer instead of a reset.
const UNWANTED: u64 = 256 << 20;

/// A body that was taken in whole.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// The bytes, where they are kept.
    pub(super) content: Content,
    /// Their CRC-64, where it was computed.
    pub(super) crc64: Option<Crc64>,
    /// Their MD5, where it was computed.
    pub(super) md5: Option<Md5Digest>,
    /// The bytes, where they are XML.
    pub(super) text: Bytes,
    /// How many there were.
    pub(super) length: u64,
}

/// Where the bytes go.
pub(super) enum Into {
    /// Into the store, with these checksums.
    Store {
        intake: Box<Intake>,
        crc64: Option<Box<Crc64Hasher>>,
        md5: Option<Box<Md5>>,
    },
    /// Into memory, up to a limit.
    Text(BytesMut),
    /// Nowhere.
    Nowhere,
}

impl Into {
    fn take(&mut self, piece: &Bytes) -> Result<(), Refusal> {
        match self {
            Self::Store { intake, crc64, md5 } => {
                if let Some(crc64) = crc64 {
                    crc64.update(piece);
                }
                if let Some(md5) = md5 {
                    md5.update(piece);
                }
                intake.push(piece)
            }
            Self::Text(text) if text.len() + piece.len() > TEXT_LIMIT => Err(too_large()),
            Self::Text(text) => {
                text.extend_from_slice(piece);
                Ok(())
            }
            Self::Nowhere => Ok(()),
        }
    }

    fn finish(self, length: u64) -> Result<Received, Refusal> {
        let empty = Received {
            length,
            ..Received::default()
        };
        Ok(match self {
            Self::Store { intake, crc64, md5 } => Received {
                content: intake.finish()?,
                crc64: crc64.map(|crc64| (*crc64).finish()),
                md5: md5.map(|md5| Md5Digest::from_bytes(md5.finalize().into())),
                ..empty
            },
            Self::Text(text) => Received {
                text: text.freeze(),
                ..empty
            },
            Self::Nowhere => empty,
        })
    }
}

/// 413, as the service words it.
pub(super) fn too_large() -> Refusal {
    Refusal::new(
        413,
        "RequestBodyTooLarge",
        "The request body is too large and exceeds the maximum permissible limit.",
    )
}

/// Takes `body` in. After a refusal the rest is read and dropped, as long as it is of decent size.
///
/// # Errors
/// When the client hangs up, or the script cuts the connection.
pub(super) async fn receive(
    mut body: Incoming,
    mut into: Into,
    mut bend: Bend,
    cut: &Cut,
) -> io::Result<Result<Received, Refusal>> {
    let length = body.size_hint().exact().unwrap_or(u64::MAX);
    let (mut received, mut unwanted, mut refused) = (0, 0, None);
    let goes_nowhere = matches!(into, Into::Nowhere);
    if goes_nowhere && body.size_hint().lower() > UNWANTED {
        return Ok(Err(too_large()));
    }
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(io::Error::other)?;
        let Some(piece) = frame.data_ref() else {
            continue;
        };
        let bytes = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        received += bytes;
        if refused.is_none() {
            refused = into.take(piece).err();
        }
        if goes_nowhere || refused.is_some() {
            unwanted += bytes;
            if unwanted > UNWANTED {
                return Ok(Err(refused.unwrap_or_else(too_large)));
            }
        }
        if let Some(time) = bend.takes(bytes) {
            sleep(time).await;
        }
        bent(&mut bend, received, length, cut).await?;
    }
    // The end of a body whose length was not announced is a point, too.
    bent(&mut bend, received, received, cut).await?;
    Ok(match refused {
        Some(refused) => Err(refused),
        None => into.finish(received),
    })
}

/// Takes a short body in as it is.
///
/// # Errors
/// When the client hangs up. A body that is too long is a refusal.
pub(crate) async fn text(body: Incoming, cut: &Cut) -> io::Result<Result<Bytes, Refusal>> {
    let into = Into::Text(BytesMut::new());
    let received = receive(body, into, Bend::default(), cut).await?;
    Ok(received.map(|received| received.text))
}

/// What the script wants at this point of the body.
async fn bent(bend: &mut Bend, received: u64, length: u64, cut: &Cut) -> io::Result<()> {
    loop {
        match bend.step(received, length) {
            Step::Carry(_) => return Ok(()),
            Step::Wait(time) => sleep(time).await,
            Step::Reset | Step::Close => {
                cut.reset();
                return Err(io::Error::other("the fault script ends this request here"));
            }
        }
    }
}
