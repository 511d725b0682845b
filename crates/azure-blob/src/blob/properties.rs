//! What travels with a blob, from the headers of Get Blob Properties to those of Put Block List.

use std::collections::{BTreeMap, HashMap};

use azure_core::http::headers::Headers;
use azure_storage_blob::models::{AccessTier, BlockBlobClientCommitBlockListOptions};
use blobferry_integrity::Md5Digest;
use blobferry_transfer::store::{Pin, Properties, SourceInfo};
use blobferry_transfer::{ErrorClass, StoreError};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::failure::header;
use crate::operation::Operation;

/// Everything the headers of Get Blob Properties say, without the tags.
///
/// Metadata names come in lower case, whatever case they were set in: HTTP does not carry it (hyper,
/// like Go's client that azcopy uses, normalises it), and the service compares names without case.
pub(super) fn source_info(headers: &Headers) -> Result<SourceInfo, StoreError> {
    let own = |name| {
        header(headers, name)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let missing = |name: &str| {
        StoreError::new(
            ErrorClass::Rejected,
            format!("{}: the answer has no usable {name}", Operation::Properties),
        )
        .with_hint("check that the URL is a blob's, and that no proxy answers in its place")
    };
    if own("x-ms-access-tier").is_some_and(|tier| tier == "Archive") {
        return Err(archived(own("x-ms-archive-status").as_deref()));
    }
    let is_block_blob = own("x-ms-blob-type").is_none_or(|kind| kind == "BlockBlob");
    let length = own("content-length").and_then(|text| text.parse().ok());
    let properties = Properties {
        content_type: own("content-type"),
        content_encoding: own("content-encoding"),
        content_language: own("content-language"),
        content_disposition: own("content-disposition"),
        cache_control: own("cache-control"),
        content_md5: own("content-md5").and_then(|text| Md5Digest::from_base64(&text).ok()),
        metadata: metadata(headers),
        tags: None,
        // A page blob's tier (P10, …) means nothing to a block blob.
        tier: own("x-ms-access-tier").filter(|_| is_block_blob),
    };
    Ok(SourceInfo {
        length: Some(length.ok_or_else(|| missing("Content-Length"))?),
        pin: Some(Pin(own("etag").ok_or_else(|| missing("ETag"))?)),
        last_modified: last_modified(headers),
        properties,
    })
}

fn archived(status: Option<&str>) -> StoreError {
    let hint = match status {
        Some(status) => format!("it is on its way ({status}): run the command again in some hours"),
        None => "rehydrate it first: az storage blob set-tier --tier Hot (takes hours)".to_owned(),
    };
    StoreError::new(
        ErrorClass::Rejected,
        "the blob is in the Archive tier and cannot be read",
    )
    .with_hint(hint)
}

/// `Last-Modified`: an HTTP date, which RFC 2822 reads.
pub(super) fn last_modified(headers: &Headers) -> Option<Timestamp> {
    let text = header(headers, "last-modified")?;
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())
}

fn metadata(headers: &Headers) -> BTreeMap<String, String> {
    let own = |(name, value): (&azure_core::http::headers::HeaderName, &_)| {
        let name = name.as_str().strip_prefix("x-ms-meta-")?.to_owned();
        let value: &azure_core::http::headers::HeaderValue = value;
        Some((name, value.as_str().to_owned()))
    };
    headers.iter().filter_map(own).collect()
}

/// The options of Put Block List that carry `properties`.
pub(super) fn commit_options(
    properties: &Properties,
) -> BlockBlobClientCommitBlockListOptions<'static> {
    let metadata: HashMap<_, _> = properties.metadata.clone().into_iter().collect();
    BlockBlobClientCommitBlockListOptions {
        blob_cache_control: properties.cache_control.clone(),
        blob_content_disposition: properties.content_disposition.clone(),
        blob_content_encoding: properties.content_encoding.clone(),
        blob_content_language: properties.content_language.clone(),
        blob_content_type: properties.content_type.clone(),
        // Stored by the service, not checked: so it must be the engine's proven value or the source's.
        blob_content_md5: properties.content_md5.map(|md5| md5.as_bytes().to_vec()),
        blob_tags_string: properties
            .tags
            .as_ref()
            .filter(|tags| !tags.is_empty())
            .map(tag_query),
        metadata: (!metadata.is_empty()).then_some(metadata),
        tier: properties
            .tier
            .as_deref()
            .and_then(|tier| tier.parse::<AccessTier>().ok()),
        ..BlockBlobClientCommitBlockListOptions::default()
    }
}

/// `x-ms-tags`: the tags as a query string.
fn tag_query(tags: &BTreeMap<String, String>) -> String {
    let escape = |text: &String| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pair = |(key, value): (&String, &String)| format!("{}={}", escape(key), escape(value));
    tags.iter().map(pair).collect::<Vec<_>>().join("&")
}
