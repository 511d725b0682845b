//! Put Block From URL: the destination's service fetches the block itself.

use azure_core::http::Etag;
use azure_storage_blob::models::{BlockBlobClientStageBlockFromUrlOptions, HttpRange};
use blobferry_integrity::Crc64;
use blobferry_transfer::store::{CopySource, Pin};
use blobferry_transfer::{BlockId, ByteRange, ErrorClass, StoreError};

use super::AzureBlob;
use super::attempt::{Attempt, options};
use crate::failure::header;
use crate::operation::Operation;
use crate::transport::Call;

/// Longest `x-ms-copy-source` in bytes ("Put Block From URL": up to 2 KiB).
const LONGEST_SOURCE: usize = 2048;

/// Stages `range` of `source`, of the version `pin` and no other. The source's credential goes to the
/// transport beside the SDK, which sees only the address.
pub(super) async fn stage_from(
    blob: &AzureBlob,
    id: &BlockId,
    source: &CopySource,
    range: ByteRange,
    pin: &Pin,
    crc: Option<Crc64>,
) -> Result<Option<Crc64>, StoreError> {
    if source.url.len() > LONGEST_SOURCE {
        return Err(StoreError::new(
            ErrorClass::Unsupported,
            format!(
                "{}: the source's URL is longer than 2 KiB",
                Operation::StageFrom
            ),
        )
        .with_hint("use --via relay, or a shorter SAS"));
    }
    let mut attempt = Attempt::new(blob, Operation::StageFrom);
    let answer = loop {
        let copy_from = Some(source.url.clone());
        let options = BlockBlobClientStageBlockFromUrlOptions {
            source_range: Some(HttpRange::new(range.start, range.len)),
            source_if_match: Some(Etag::from(pin.0.as_str())),
            source_content_crc64: crc.map(|crc| crc.to_le_bytes().to_vec()),
            method_options: options(Call {
                copy_from,
                ..attempt.call()
            }),
            ..BlockBlobClientStageBlockFromUrlOptions::default()
        };
        let shown = source.display.clone();
        match blob
            .blocks
            .stage_block_from_url(id.as_bytes(), 0, shown, Some(options))
            .await
        {
            Ok(answer) => break answer,
            Err(error) => attempt.failed(error).await?,
        }
    };
    let said = header(answer.headers(), "x-ms-content-crc64");
    let said = said.and_then(|text| Crc64::from_base64(text).ok());
    match (crc, said) {
        (Some(expected), Some(said)) if said != expected => Err(StoreError::new(
            ErrorClass::Damaged,
            format!("{}: the service fetched other bytes", Operation::StageFrom),
        )),
        _ => Ok(said),
    }
}
