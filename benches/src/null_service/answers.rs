//! The answers: headers and bodies as the Blob service words them, as far as a client needs them.

use bytes::Bytes;
use hyper::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, LAST_MODIFIED};
use hyper::http::response::Builder;
use hyper::{Method, Response};

use super::pattern_body::{AnswerBody, Pattern};
use super::request::Asked;

const MODIFIED: &str = "Fri, 20 Nov 2026 00:00:00 GMT";
const TAG: &str = "\"0x8DE0B10B0000000\"";
const VERSION: &str = "2024-08-04";

/// 201 for a block, a block list or a blob, with the checksum that the request carried.
pub(super) fn created(crc64: Option<HeaderValue>) -> Response<AnswerBody> {
    let mut answer = text(dated(201), "");
    if let Some(crc64) = crc64 {
        answer.headers_mut().insert("x-ms-content-crc64", crc64);
    }
    answer
}

/// 202, for a deletion.
pub(super) fn accepted() -> Response<AnswerBody> {
    text(service(202), "")
}

/// An error of the service, as header and as XML.
pub(super) fn error(status: u16, code: &'static str) -> Response<AnswerBody> {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    );
    let builder = service(status)
        .header("x-ms-error-code", code)
        .header(CONTENT_TYPE, "application/xml");
    text(builder, &xml)
}

/// A committed blob of which nothing is staged, put in one call.
pub(super) fn empty_block_list() -> Response<AnswerBody> {
    let list = "<BlockList><CommittedBlocks /><UncommittedBlocks /></BlockList>";
    xml(list)
}

/// A blob without tags.
pub(super) fn empty_tags() -> Response<AnswerBody> {
    xml("<Tags><TagSet /></Tags>")
}

/// Properties of a container, of the account, or a listing without blobs.
pub(super) fn container(asked: &Asked) -> Response<AnswerBody> {
    match asked.comp.as_str() {
        "list" => xml(concat!(
            "<EnumerationResults ServiceEndpoint=\"http://127.0.0.1/\" ContainerName=\"c\">",
            "<Blobs></Blobs><NextMarker /></EnumerationResults>"
        )),
        "properties" => {
            let builder = service(200)
                .header("x-ms-account-kind", "StorageV2")
                .header("x-ms-sku-name", "Standard_LRS")
                .header("x-ms-is-hns-enabled", "false");
            text(builder, "")
        }
        _ => text(dated(200), ""),
    }
}

/// Properties or content of a blob of `length` bytes; of the content the range that was asked for.
pub(super) fn blob(asked: &Asked, length: u64, pattern: &Pattern) -> Response<AnswerBody> {
    let common = |status| {
        dated(status)
            .header("x-ms-blob-type", "BlockBlob")
            .header("x-ms-creation-time", MODIFIED)
            .header("x-ms-lease-state", "available")
            .header("x-ms-lease-status", "unlocked")
            .header("x-ms-server-encrypted", "true")
            .header(ACCEPT_RANGES, "bytes")
            .header(CONTENT_TYPE, "application/octet-stream")
    };
    let stretch = |at, left| AnswerBody::Stretch {
        pattern: pattern.clone(),
        at,
        left,
    };
    match asked.range {
        // hyper sends the length of a HEAD's body, and not the body.
        _ if asked.method == Method::HEAD => finish(common(200), stretch(0, length)),
        None => finish(common(200), stretch(0, length)),
        Some((first, _)) if first >= length => error(416, "InvalidRange"),
        Some((first, last)) => {
            let last = last.unwrap_or(u64::MAX).min(length - 1);
            let range = format!("bytes {first}-{last}/{length}");
            finish(
                common(206).header(CONTENT_RANGE, range),
                stretch(first, last - first + 1),
            )
        }
    }
}

fn xml(body: &str) -> Response<AnswerBody> {
    let body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{body}");
    text(dated(200).header(CONTENT_TYPE, "application/xml"), &body)
}

fn service(status: u16) -> Builder {
    Response::builder()
        .status(status)
        .header("x-ms-version", VERSION)
        .header("x-ms-request-id", "00000000-0000-0000-0000-000000000000")
}

fn dated(status: u16) -> Builder {
    service(status)
        .header(ETAG, TAG)
        .header(LAST_MODIFIED, MODIFIED)
}

fn text(builder: Builder, body: &str) -> Response<AnswerBody> {
    finish(
        builder,
        AnswerBody::Text(Bytes::copy_from_slice(body.as_bytes())),
    )
}

fn finish(builder: Builder, body: AnswerBody) -> Response<AnswerBody> {
    builder.body(body).unwrap_or_else(|_| {
        // Every header above is a constant or digits, so this cannot be reached; a client would see a plain 500.
        let mut answer = Response::new(AnswerBody::Text(Bytes::new()));
        *answer.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        answer
    })
}
