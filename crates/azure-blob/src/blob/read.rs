//! Ranged reads, straight into the rope.
//!
//! Not the SDK's `BlobClient::download`: that splits a range into partitions of its own, fetches them
//! in parallel and copies each into a buffer, while ranges, parallelism and memory are the engine's.

use azure_core::error::CheckSuccessOptions;
use azure_core::http::headers::Headers;
use azure_core::http::{Context, Method, PipelineStreamOptions, Request, StatusCode};
use blobferry_transfer::store::Pin;
use blobferry_transfer::{ByteRange, ErrorClass, Rope, StoreError};
use futures::TryStreamExt as _;

use super::AzureBlob;
use super::attempt::Attempt;
use super::content_range;
use crate::failure::{header, store_error};
use crate::operation::Operation;
use crate::transport::Call;

/// Get Blob for exactly `range` of the version `pin`.
pub(super) async fn read(
    blob: &AzureBlob,
    range: ByteRange,
    pin: &Pin,
    rope: &mut Rope,
) -> Result<(), StoreError> {
    if range.len == 0 {
        return Ok(());
    }
    let mut attempt = Attempt::new(blob, Operation::Get);
    let answer = loop {
        let call = Call {
            streaming: true,
            ..attempt.call()
        };
        let mut request = request(blob, range, pin);
        let context = Context::new().with_value(call);
        match blob
            .reads
            .stream(&context, &mut request, Some(accepting()))
            .await
        {
            Ok(answer) => break answer,
            Err(error) => attempt.failed(error).await?,
        }
    };
    let (status, headers, mut body) = answer.deconstruct();
    check(status, &headers, range, pin)?;
    let mut left = range.len;
    while let Some(chunk) = body
        .try_next()
        .await
        .map_err(|error| store_error(Operation::Get, blob.host(), error))?
    {
        let len = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        let Some(rest) = left.checked_sub(len) else {
            return Err(StoreError::new(
                ErrorClass::Rejected,
                format!("{}: more bytes came than were asked for", Operation::Get),
            ));
        };
        left = rest;
        rope.push(chunk);
    }
    if left > 0 {
        return Err(StoreError::new(
            ErrorClass::Transient,
            format!("{}: the answer ended {left} bytes early", Operation::Get),
        ));
    }
    Ok(())
}

fn request(blob: &AzureBlob, range: ByteRange, pin: &Pin) -> Request {
    let mut request = Request::new(blob.url.base().clone(), Method::Get);
    let last = range.end().saturating_sub(1);
    request.insert_header("range", format!("bytes={}-{last}", range.start));
    request.insert_header("if-match", pin.0.clone());
    request.insert_header("x-ms-version", blob.service.version().to_owned());
    request
}

fn accepting() -> PipelineStreamOptions {
    let success = CheckSuccessOptions {
        success_codes: &[206, 200],
    };
    PipelineStreamOptions {
        skip_checks: false,
        check_success: success,
    }
}

/// Whether the answer is the range asked for, of the version asked for. Caches and proxies are known
/// to answer with something else.
fn check(
    status: StatusCode,
    headers: &Headers,
    range: ByteRange,
    pin: &Pin,
) -> Result<(), StoreError> {
    let wrong = |class, what: &str| {
        Err(StoreError::new(
            class,
            format!("{}: {what}", Operation::Get),
        ))
    };
    match header(headers, "etag") {
        Some(etag) if etag == pin.0 => {}
        Some(_) => {
            return wrong(
                ErrorClass::Changed,
                "the blob was replaced since it was first read",
            );
        }
        None => return wrong(ErrorClass::Rejected, "the answer has no ETag"),
    }
    if status == StatusCode::PartialContent {
        let got = header(headers, "content-range").and_then(content_range::parse);
        if got != Some(range) {
            return wrong(
                ErrorClass::Rejected,
                "the answer is not the range asked for",
            );
        }
        return Ok(());
    }
    let length = header(headers, "content-length").and_then(|text| text.parse::<u64>().ok());
    if range.start != 0 || length != Some(range.len) {
        return wrong(
            ErrorClass::Rejected,
            "the answer is the whole blob, not the range asked for",
        );
    }
    Ok(())
}
