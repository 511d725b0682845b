//! Operations on a blob as a whole: put, get, properties, metadata, tags, tier, delete.

use blobferry_integrity::{Crc64, Md5Digest};
use hyper::{Method, Response};

use super::answer::Answer;
use super::body::AnswerBody;
use super::headers::{self, text};
use super::receive::too_large;
use super::{Call, list, xml};
use crate::store::{Blob, NewBlob};
use crate::{Operation, Refusal};

/// Put Blob, versions since 2019-12-12, in bytes.
pub(super) const PUT_BLOB_LIMIT: u64 = 5000 << 20;

/// The longest range of which a checksum can be asked for, in bytes.
const CHECKED_RANGE: u64 = 4 << 20;

pub(super) fn perform(call: &Call<'_>) -> Result<Response<AnswerBody>, Refusal> {
    let (store, at) = (&call.service.store, &call.route.address);
    let conditions = headers::conditions(call.headers());
    let answer = match call.route.operation {
        Operation::PutBlob => put(call)?,
        Operation::GetBlob => get(call)?,
        Operation::GetBlobProperties => {
            let blob = call.readable()?;
            let length = blob.content.len();
            // hyper leaves a length of 0 out of the answer to a HEAD.
            described(call, &blob, 200)
                .header("content-length", length.to_string())
                .body(AnswerBody::Length(length))
        }
        Operation::GetBlobMetadata => {
            let blob = call.readable()?;
            Answer::new(200)
                .version(&blob)
                .metadata(&blob.about.metadata)
        }
        Operation::SetBlobMetadata => {
            let metadata = headers::metadata(call.headers())?;
            let changed = store.change(at, &conditions, true, &mut |about| {
                about.metadata.clone_from(&metadata);
            })?;
            Answer::new(200).version(&changed)
        }
        Operation::SetBlobProperties => {
            let stored = headers::content_headers(call.headers());
            let changed = store.change(at, &conditions, true, &mut |about| {
                about.headers.clone_from(&stored);
            })?;
            Answer::new(200).version(&changed)
        }
        Operation::GetBlobTags => {
            let blob = store.blob(at)?;
            Answer::new(200).xml(&list::tag_set(&blob.about.tags))
        }
        Operation::SetBlobTags => {
            let tags = headers::checked_tags(xml::tags(&call.body.text)?)?;
            store.change(at, &conditions, false, &mut |about| {
                about.tags.clone_from(&tags);
            })?;
            Answer::new(204)
        }
        Operation::SetBlobTier => set_tier(call)?,
        _ => {
            store.delete_blob(at, &conditions)?;
            Answer::new(202).header("x-ms-delete-type-permanent", "true")
        }
    };
    Ok(answer.done())
}

fn put(call: &Call<'_>) -> Result<Answer, Refusal> {
    if text(call.headers(), "x-ms-blob-type") != Some("BlockBlob") {
        return Err(headers::invalid("x-ms-blob-type"));
    }
    if call.body.length > PUT_BLOB_LIMIT {
        return Err(too_large());
    }
    checked(call, call.body.crc64, call.body.md5.as_ref())?;
    let mut about = headers::new_blob(call.headers())?;
    let computed = call.body.md5.as_ref().map(Md5Digest::to_base64);
    about.headers.content_md5 = about.headers.content_md5.or_else(|| computed.clone());
    // Where the service's own header is absent, HTTP's counts for Put Blob.
    let plain = |name| text(call.headers(), name).map(str::to_owned);
    let stored = &mut about.headers;
    stored.content_type = stored.content_type.take().or_else(|| plain("content-type"));
    stored.content_encoding = stored
        .content_encoding
        .take()
        .or_else(|| plain("content-encoding"));
    stored.content_language = stored
        .content_language
        .take()
        .or_else(|| plain("content-language"));
    stored.cache_control = stored
        .cache_control
        .take()
        .or_else(|| plain("cache-control"));
    let conditions = headers::conditions(call.headers());
    let at = &call.route.address;
    let content = call.body.content.clone();
    let blob = call
        .service
        .store
        .put_blob(at, content, about, &conditions)?;
    let answer = Answer::new(201)
        .version(&blob)
        .header_if("content-md5", computed)
        .header("x-ms-request-server-encrypted", "true");
    Ok(echoed(call, answer))
}

/// Holds the checksums that came with a body against the body's.
pub(super) fn checked(
    call: &Call<'_>,
    crc64: Option<Crc64>,
    md5: Option<&Md5Digest>,
) -> Result<(), Refusal> {
    let said_md5 = text(call.headers(), "content-md5");
    let said_crc64 = text(call.headers(), "x-ms-content-crc64");
    if said_md5.is_some() && said_crc64.is_some() {
        return Err(headers::invalid("x-ms-content-crc64"));
    }
    if let (Some(said), Some(md5)) = (said_md5, md5) {
        let said = Md5Digest::from_base64(said).map_err(|_| {
            Refusal::new(400, "InvalidMd5", "The MD5 value specified in the request is invalid. The MD5 value must be 128 bits and Base64-encoded.")
        })?;
        if said != *md5 {
            return Err(mismatch(
                "Md5Mismatch",
                "MD5",
                &said.to_base64(),
                &md5.to_base64(),
            ));
        }
    }
    if let (Some(said), Some(crc64)) = (said_crc64, crc64) {
        let said = Crc64::from_base64(said).map_err(|_| headers::invalid("x-ms-content-crc64"))?;
        if said != crc64 {
            return Err(mismatch(
                "Crc64Mismatch",
                "CRC64",
                &said.to_base64(),
                &crc64.to_base64(),
            ));
        }
    }
    Ok(())
}

/// 400, as the service words it, with both values.
pub(super) fn mismatch(code: &'static str, name: &str, said: &str, computed: &str) -> Refusal {
    let message = format!(
        "The {name} value specified in the request did not match with the {name} value calculated by the server."
    );
    Refusal::new(400, code, message)
        .detail("UserSpecifiedHash", said)
        .detail("ServerCalculatedHash", computed)
}

/// With the body's checksum: MD5 where that came, CRC-64 otherwise.
pub(super) fn echoed(call: &Call<'_>, answer: Answer) -> Answer {
    let said_md5 = text(call.headers(), "content-md5");
    if said_md5.is_some() {
        return answer.header_if("content-md5", said_md5);
    }
    match call.body.crc64 {
        Some(crc64) => answer.header("x-ms-content-crc64", crc64.to_base64()),
        // Null mode computes nothing: the client hears what it said.
        None => answer.header_if(
            "x-ms-content-crc64",
            text(call.headers(), "x-ms-content-crc64"),
        ),
    }
}

fn get(call: &Call<'_>) -> Result<Answer, Refusal> {
    let blob = call.readable()?;
    readable(&blob)?;
    let length = blob.content.len();
    let wants_md5 = headers::says_true(call.headers(), "x-ms-range-get-content-md5");
    let wants_crc64 = headers::says_true(call.headers(), "x-ms-range-get-content-crc64");
    let Some(range) = headers::range(call.headers())? else {
        // "If this header is specified without the Range header, the service returns status code 400" (Get Blob).
        if wants_md5 || wants_crc64 {
            return Err(headers::invalid("x-ms-range"));
        }
        let body = AnswerBody::content(blob.content.reader(), call.peer.cut.clone());
        return Ok(described(call, &blob, 200).body(body));
    };
    let (first, bytes) = range.within(length)?;
    let content = blob.content.slice(first..first + bytes);
    if (wants_md5 || wants_crc64) && bytes > CHECKED_RANGE || wants_md5 && wants_crc64 {
        return Err(Refusal::new(
            400,
            "OutOfRangeInput",
            "A checksum can be asked for ranges of at most 4 MiB, and only one of the two.",
        ));
    }
    let mut answer = described(call, &blob, 206).header(
        "content-range",
        format!("bytes {first}-{}/{length}", first + bytes - 1),
    );
    if let Some(whole) = &blob.about.headers.content_md5 {
        answer = answer.header("x-ms-blob-content-md5", whole);
    }
    if wants_md5 {
        answer = answer.header(
            "content-md5",
            content.md5().map_err(unreadable)?.to_base64(),
        );
    }
    if wants_crc64 {
        let crc64 = content.crc64().map_err(unreadable)?;
        answer = answer.header("x-ms-content-crc64", crc64.to_base64());
    }
    Ok(answer.body(AnswerBody::content(content.reader(), call.peer.cut.clone())))
}

/// Whether the blob's bytes can be had.
///
/// # Errors
/// 409 for archived ones.
pub(super) fn readable(blob: &Blob) -> Result<(), Refusal> {
    if blob.about.tier.as_deref() == Some("Archive") {
        return Err(Refusal::new(
            409,
            "BlobArchived",
            "This operation is not permitted on an archived blob.",
        ));
    }
    Ok(())
}

/// 500: the data directory failed.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn unreadable(error: std::io::Error) -> Refusal {
    let message = format!("The lab cannot read its data: {error}");
    Refusal::new(500, "InternalError", message)
}

/// The headers that describe a blob.
fn described(call: &Call<'_>, blob: &Blob, status: u16) -> Answer {
    let NewBlob {
        headers: stored,
        metadata,
        tags,
        tier,
        copy,
    } = &blob.about;
    // A SAS may say what reads shall answer (rscc … rsct).
    let query = &call.route.query;
    let said = |over: &str, kept: &Option<String>| {
        query.get(over).map(str::to_owned).or_else(|| kept.clone())
    };
    let kind = said("rsct", &stored.content_type);
    let is_part = status == 206;
    let mut answer = Answer::new(status)
        .version(blob)
        .metadata(metadata)
        .header(
            "content-type",
            kind.as_deref().unwrap_or("application/octet-stream"),
        )
        .header_if("content-encoding", said("rsce", &stored.content_encoding))
        .header_if("content-language", said("rscl", &stored.content_language))
        .header_if(
            "content-disposition",
            said("rscd", &stored.content_disposition),
        )
        .header_if("cache-control", said("rscc", &stored.cache_control))
        .header_if(
            "content-md5",
            stored.content_md5.as_deref().filter(|_| !is_part),
        )
        .header("accept-ranges", "bytes")
        .header("x-ms-blob-type", "BlockBlob")
        .header("x-ms-creation-time", crate::clock::http_date(blob.created))
        .header("x-ms-lease-status", "unlocked")
        .header("x-ms-lease-state", "available")
        .header("x-ms-server-encrypted", "true");
    if call.parts.method == Method::HEAD {
        answer = answer
            .header("x-ms-access-tier", tier.as_deref().unwrap_or("Hot"))
            .header_if(
                "x-ms-access-tier-inferred",
                tier.is_none().then_some("true"),
            );
    }
    if !tags.is_empty() {
        answer = answer.header("x-ms-tag-count", tags.len().to_string());
    }
    if let Some(copy) = copy {
        answer = answer
            .header("x-ms-copy-id", &copy.id)
            .header("x-ms-copy-source", &copy.source)
            .header("x-ms-copy-status", "success")
            .header("x-ms-copy-progress", format!("{0}/{0}", copy.bytes))
            .header(
                "x-ms-copy-completion-time",
                crate::clock::http_date(copy.completed),
            );
    }
    answer
}

fn set_tier(call: &Call<'_>) -> Result<Answer, Refusal> {
    headers::required(call.headers(), "x-ms-access-tier")?;
    let tier = headers::tier(call.headers())?;
    let conditions = headers::conditions(call.headers());
    let mut thawed = false;
    let at = &call.route.address;
    call.service
        .store
        .change(at, &conditions, false, &mut |about| {
            thawed = about.tier.as_deref() == Some("Archive") && about.tier != tier;
            about.tier.clone_from(&tier);
        })?;
    // Waking an archived blob takes hours there (202) and no time here.
    Ok(Answer::new(if thawed { 202 } else { 200 }))
}
