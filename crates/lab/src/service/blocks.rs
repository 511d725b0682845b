//! Operations on blocks: put, list, commit.

use hyper::Response;
use hyper::header::CONTENT_LENGTH;

use super::answer::Answer;
use super::body::AnswerBody;
use super::headers::{self, text};
use super::{Call, blobs, list, xml};
use crate::{Operation, Refusal};

pub(super) fn perform(call: &Call<'_>) -> Result<Response<AnswerBody>, Refusal> {
    let answer = match call.route.operation {
        Operation::PutBlock => put(call)?,
        Operation::PutBlockList => commit(call)?,
        _ => block_list(call)?,
    };
    Ok(answer.done())
}

/// The id of the block that a request is about.
pub(super) fn id<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    call.route.query.get("blockid").ok_or_else(|| {
        Refusal::new(
            400,
            "MissingRequiredQueryParameter",
            "A query parameter that's mandatory for this request is not specified.",
        )
        .detail("QueryParameterName", "blockid")
    })
}

fn put(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = id(call)?;
    if call.body.length == 0 {
        return Err(headers::invalid("Content-Length"));
    }
    blobs::checked(call, call.body.crc64, call.body.md5.as_ref())?;
    let (store, at) = (&call.service.store, &call.route.address);
    store.stage(at, id, call.body.content.clone())?;
    let answer = Answer::new(201).header("x-ms-request-server-encrypted", "true");
    Ok(blobs::echoed(call, answer))
}

fn commit(call: &Call<'_>) -> Result<Answer, Refusal> {
    // The list is small; its own checksums are those of the XML.
    let said = text(call.headers(), "content-md5");
    let md5 = said.map(|_| blobferry_integrity::Md5Digest::of(&call.body.text));
    let crc64 = blobferry_integrity::Crc64::of(&call.body.text);
    blobs::checked(call, Some(crc64), md5.as_ref())?;
    let list = xml::block_list(&call.body.text)?;
    let about = headers::new_blob(call.headers())?;
    let conditions = headers::conditions(call.headers());
    let (store, at) = (&call.service.store, &call.route.address);
    let blob = store.commit(at, &list, about, &conditions)?;
    let answer = Answer::new(201)
        .version(&blob)
        .header("x-ms-request-server-encrypted", "true");
    Ok(match said {
        Some(said) => answer.header("content-md5", said),
        None => answer.header("x-ms-content-crc64", crc64.to_base64()),
    })
}

fn block_list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (blob, uncommitted) = call.service.store.block_list(&call.route.address)?;
    let kind = call.route.query.get("blocklisttype").unwrap_or("committed");
    let committed = blob.as_ref().map_or(&[][..], |blob| &blob.blocks);
    let text = match kind.to_ascii_lowercase().as_str() {
        "committed" => list::block_list(Some(committed), None),
        "uncommitted" => list::block_list(None, Some(&uncommitted)),
        "all" => list::block_list(Some(committed), Some(&uncommitted)),
        _ => {
            return Err(Refusal::new(
                400,
                "InvalidQueryParameterValue",
                "Value for one of the query parameters specified in the request URI is invalid.",
            )
            .detail("QueryParameterName", "blocklisttype"));
        }
    };
    let mut answer = Answer::new(200).xml(&text);
    let length = blob.as_ref().map_or(0, |blob| blob.content.len());
    answer = answer.header("x-ms-blob-content-length", length.to_string());
    Ok(match &blob {
        Some(blob) => answer.version(blob),
        None => answer,
    })
}

/// Whether the request announces a body.
pub(super) fn has_body(headers: &hyper::HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH);
    length.is_some_and(|length| length.as_bytes() != b"0")
        || headers.contains_key("transfer-encoding")
}
