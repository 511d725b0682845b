//! Operations whose bytes the service fetches itself: Put Block From URL, Put Blob From URL, Copy Blob. A source on this
//! lab is taken by reference, without a byte being moved; any other comes over HTTP.

mod fetch;

use blobferry_integrity::{Crc64, Md5Digest};
use hyper::Response;

pub use self::fetch::CopySources;
use self::fetch::{Fetched, fetch};
use super::answer::Answer;
use super::blobs::{self, PUT_BLOB_LIMIT, mismatch};
use super::body::AnswerBody;
use super::headers::{self, text};
use super::receive::too_large;
use super::{Call, PUT_BLOCK_LIMIT, blocks};
use crate::store::{CopyRecord, NewBlob};
use crate::{Content, Operation, Refusal};

pub(super) async fn perform(call: &Call<'_>) -> Result<Response<AnswerBody>, Refusal> {
    if call.route.operation == Operation::AbortCopyBlob {
        return Err(Refusal::new(
            409,
            "NoPendingCopyOperation",
            "There is currently no pending copy operation.",
        ));
    }
    if call.body.length > 0 {
        return Err(headers::invalid("Content-Length"));
    }
    let answer = match call.route.operation {
        Operation::PutBlockFromUrl => block(call).await?,
        Operation::PutBlobFromUrl => blob(call).await?,
        _ => copy(call).await?,
    };
    Ok(answer.done())
}

async fn block(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = blocks::id(call)?;
    let range = match text(call.headers(), "x-ms-source-range") {
        None => None,
        Some(range) => {
            Some(headers::parse_range(range).ok_or_else(|| headers::invalid("x-ms-source-range"))?)
        }
    };
    let fetched = fetch(call, range).await?;
    if fetched.content.len() > PUT_BLOCK_LIMIT {
        return Err(too_large());
    }
    let echo = verified(call, &fetched.content).await?;
    let (store, at) = (&call.service.store, &call.route.address);
    store.stage(at, id, fetched.content)?;
    Ok(echo.on(Answer::new(201)))
}

async fn blob(call: &Call<'_>) -> Result<Answer, Refusal> {
    if text(call.headers(), "x-ms-blob-type") != Some("BlockBlob") {
        return Err(headers::invalid("x-ms-blob-type"));
    }
    let fetched = fetch(call, None).await?;
    if fetched.content.len() > PUT_BLOB_LIMIT {
        return Err(too_large());
    }
    let echo = verified(call, &fetched.content).await?;
    let given = headers::new_blob(call.headers())?;
    let keeps = text(call.headers(), "x-ms-copy-source-blob-properties") != Some("false");
    let mut about = if keeps {
        inherited(call, &fetched, given)
    } else {
        given
    };
    if about.headers.content_md5.is_none() {
        let content = fetched.content.clone();
        let md5 = hashed(move || content.md5()).await?;
        about.headers.content_md5 = Some(md5.to_base64());
    }
    let conditions = headers::conditions(call.headers());
    let (store, at) = (&call.service.store, &call.route.address);
    let blob = store.put_blob(at, fetched.content, about, &conditions)?;
    let md5 = blob.about.headers.content_md5.as_deref();
    Ok(echo
        .on(Answer::new(201).version(&blob))
        .header_if("content-md5", md5))
}

async fn copy(call: &Call<'_>) -> Result<Answer, Refusal> {
    let fetched = fetch(call, None).await?;
    let given = headers::new_blob(call.headers())?;
    let mut about = inherited(call, &fetched, given);
    let id = super::request_id();
    about.copy = Some(CopyRecord {
        id: id.clone(),
        source: fetched.source.clone(),
        bytes: fetched.content.len(),
        completed: call.service.clock.now(),
    });
    let conditions = headers::conditions(call.headers());
    let (store, at) = (&call.service.store, &call.route.address);
    let blob = store.copy_blob(at, fetched.content, about, &conditions)?;
    Ok(Answer::new(202)
        .version(&blob)
        .header("x-ms-copy-id", id)
        .header("x-ms-copy-status", "success"))
}

/// What a copy takes from its source where the request does not say otherwise.
fn inherited(call: &Call<'_>, fetched: &Fetched, given: NewBlob) -> NewBlob {
    let source = &fetched.about;
    let mut about = given;
    let (own, theirs) = (&mut about.headers, &source.headers);
    for (own, theirs) in [
        (&mut own.content_type, &theirs.content_type),
        (&mut own.content_encoding, &theirs.content_encoding),
        (&mut own.content_language, &theirs.content_language),
        (&mut own.content_disposition, &theirs.content_disposition),
        (&mut own.cache_control, &theirs.cache_control),
        (&mut own.content_md5, &theirs.content_md5),
    ] {
        *own = own.take().or_else(|| theirs.clone());
    }
    if about.metadata.is_empty() {
        about.metadata.clone_from(&source.metadata);
    }
    let copies_tags = text(call.headers(), "x-ms-copy-source-tag-option") == Some("COPY");
    if copies_tags {
        about.tags.clone_from(&source.tags);
    }
    about
}

/// The checksum that a From-URL answer gives: MD5 where the request named one, the service's CRC-64 otherwise.
enum Echo {
    Md5(String),
    Crc64(Crc64),
}

impl Echo {
    fn on(&self, answer: Answer) -> Answer {
        match self {
            Self::Md5(md5) => answer.header("content-md5", md5),
            Self::Crc64(crc64) => answer.header("x-ms-content-crc64", crc64.to_base64()),
        }
    }
}

/// Holds `x-ms-source-content-…` against what was fetched.
async fn verified(call: &Call<'_>, content: &Content) -> Result<Echo, Refusal> {
    if let Some(said) = text(call.headers(), "x-ms-source-content-md5") {
        let said = Md5Digest::from_base64(said)
            .map_err(|_| headers::invalid("x-ms-source-content-md5"))?;
        let content = content.clone();
        let md5 = hashed(move || content.md5()).await?;
        if md5 != said {
            return Err(mismatch(
                "Md5Mismatch",
                "MD5",
                &said.to_base64(),
                &md5.to_base64(),
            ));
        }
        return Ok(Echo::Md5(said.to_base64()));
    }
    let content = content.clone();
    let crc64 = hashed(move || content.crc64()).await?;
    if let Some(said) = text(call.headers(), "x-ms-source-content-crc64") {
        let said =
            Crc64::from_base64(said).map_err(|_| headers::invalid("x-ms-source-content-crc64"))?;
        if crc64 != said {
            let (said, computed) = (said.to_base64(), crc64.to_base64());
            return Err(mismatch("Crc64Mismatch", "CRC64", &said, &computed));
        }
    }
    Ok(Echo::Crc64(crc64))
}

/// Hashes off the threads that serve.
async fn hashed<T: Send + 'static>(
    hash: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(hash).await;
    done.map_err(std::io::Error::other)
        .and_then(|hashed| hashed)
        .map_err(blobs::unreadable)
}
