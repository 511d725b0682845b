//! What may be called how, and the store's refusals in the service's own words (its misspellings too). Sources: the
//! REST pages "Naming and Referencing Containers, Blobs, and Metadata" and "Blob Storage error codes".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Metadata;
use crate::{Address, Refusal};

/// Bytes of all names and values of metadata together.
const LONGEST_METADATA: usize = 8 * 1024;

/// A container's name: 3 to 63 lower-case letters, digits and single hyphens, or one of the service's own.
pub(super) fn check_container(at: &Address) -> Result<(), Refusal> {
    let name = at.container.as_str();
    let of_the_service = matches!(name, "$root" | "$web" | "$logs");
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if of_the_service {
        Ok(())
    } else if !(3..=63).contains(&name.len()) {
        Err(name_too_long())
    } else if !name.chars().all(allowed)
        || name.contains("--")
        || name.starts_with('-')
        || name.ends_with('-')
    {
        Err(Refusal::new(
            400,
            "InvalidResourceName",
            "The specifed resource name contains invalid characters.",
        ))
    } else {
        Ok(())
    }
}

/// A blob's name: 1 to 1024 characters.
pub(super) fn check_blob(at: &Address) -> Result<(), Refusal> {
    if (1..=1024).contains(&at.blob.chars().count()) {
        Ok(())
    } else {
        Err(name_too_long())
    }
}

/// Metadata: names are C# identifiers, 8 KiB in all.
pub(super) fn check_metadata(metadata: &Metadata) -> Result<(), Refusal> {
    let size: usize = metadata
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > LONGEST_METADATA {
        return Err(Refusal::new(
            400,
            "MetadataTooLarge",
            "The size of the specified metadata exceeds the maximum size permitted.",
        ));
    }
    for name in metadata.keys() {
        if name.is_empty() {
            let text = "The key for one of the metadata key-value pairs is empty.";
            return Err(Refusal::new(400, "EmptyMetadataKey", text));
        }
        let allowed = |c: char| c == '_' || c.is_ascii_alphanumeric();
        if name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(allowed) {
            let text =
                "The metadata specified is invalid. It has characters that are not permitted.";
            return Err(Refusal::new(400, "InvalidMetadata", text));
        }
    }
    Ok(())
}

/// A block's id: base64 of 1 to 64 bytes.
pub(super) fn check_block_id(id: &str) -> Result<(), Refusal> {
    // A longer text is not decoded.
    let decoded = (id.len() <= 88).then(|| STANDARD.decode(id).ok()).flatten();
    if decoded.is_some_and(|bytes| (1..=64).contains(&bytes.len())) {
        Ok(())
    } else {
        Err(Refusal::new(
            400,
            "InvalidBlockId",
            "The specified block ID is invalid. The block ID must be Base64-encoded.",
        ))
    }
}

/// The marker of the page that begins with `name`.
pub(super) fn marker(name: &str) -> String {
    STANDARD.encode(name)
}

/// The name at which the page of `marker` begins.
pub(super) fn from_marker(marker: &str) -> Result<String, Refusal> {
    let bytes = STANDARD.decode(marker).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            Refusal::new(
                400,
                "InvalidQueryParameterValue",
                "Value for one of the query parameters specified in the request URI is invalid.",
            )
            .detail("QueryParameterName", "marker")
        })
}

fn name_too_long() -> Refusal {
    Refusal::new(
        400,
        "InvalidResourceName",
        "The specified resource name length is not within the permissible limits.",
    )
}

pub(super) fn no_account() -> Refusal {
    Refusal::new(
        404,
        "ResourceNotFound",
        "The specified resource does not exist.",
    )
}

pub(super) fn no_container() -> Refusal {
    Refusal::new(
        404,
        "ContainerNotFound",
        "The specified container does not exist.",
    )
}

pub(super) fn container_exists() -> Refusal {
    Refusal::new(
        409,
        "ContainerAlreadyExists",
        "The specified container already exists.",
    )
}

pub(super) fn no_blob() -> Refusal {
    Refusal::new(404, "BlobNotFound", "The specified blob does not exist.")
}

pub(super) fn blob_exists() -> Refusal {
    Refusal::new(
        409,
        "BlobAlreadyExists",
        "The specified blob already exists.",
    )
}

pub(super) fn too_large(most: u64) -> Refusal {
    Refusal::new(
        413,
        "RequestBodyTooLarge",
        "The request body is too large and exceeds the maximum permissible limit.",
    )
    .detail("MaxLimit", most.to_string())
}

pub(super) fn empty_block() -> Refusal {
    let text = "The value for one of the HTTP headers is not in the correct format.";
    let refusal = Refusal::new(400, "InvalidHeaderValue", text);
    refusal
        .detail("HeaderName", "Content-Length")
        .detail("HeaderValue", "0")
}

/// Accounts of the service do not fill up, so there is no word of the service's for this.
pub(super) fn full() -> Refusal {
    let text = "The account's or the data directory's room is used up.";
    Refusal::new(507, "InsufficientStorage", text)
}

/// What a trouble with the data directory is to the one who asks.
pub(super) fn trouble(error: &std::io::Error) -> Refusal {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => full(),
        _ => internal(),
    }
}

pub(super) fn internal() -> Refusal {
    let text = "The server encountered an internal error. Please retry the request.";
    Refusal::new(500, "InternalError", text)
}
