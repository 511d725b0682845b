//! Reading a manifest.

use blobferry_integrity::{Crc64, Md5Digest, Sha256Digest};

use super::json::{self, Value};
use super::write::{CODE, FORMAT};
use super::{BlobFacts, BlobProperties, Chain, LONGEST_MANIFEST, Manifest};
use crate::geometry::{Geometry, GeometryError, Piece};

mod fields;

use fields::{Fields, crc64, digest, number, text};

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Longer than [`LONGEST_MANIFEST`].
    #[error("{MANIFEST} has {len} bytes: the longest has {LONGEST_MANIFEST}", MANIFEST = super::MANIFEST)]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// Not the one text that its content has.
    #[error("no canonical JSON at byte {at}: {reason}")]
    NotCanonical {
        /// The offset in bytes.
        at: usize,
        /// What is wrong there.
        reason: &'static str,
    },
    /// A manifest of something else.
    #[error("format is {found:?} where a bundle has {FORMAT:?}")]
    Format {
        /// What it says, cut to 80 characters.
        found: String,
    },
    /// A version of the format that this code does not know.
    #[error(
        "the bundle has version {found:?} of the format and this tool reads 1.x: \
         use a blobferry-bundle that reads version {found:?}"
    )]
    Version {
        /// What it says, cut to 80 characters.
        found: String,
    },
    /// A field that must be there is not.
    #[error("{field} is missing")]
    Missing {
        /// The field, as in `blob.size`.
        field: String,
    },
    /// A field that holds what it must not hold, or contradicts another.
    #[error("{field} {reason}")]
    Field {
        /// The field, as in `parts[3].size`.
        field: String,
        /// What is wrong with it, as in "is no number".
        reason: String,
    },
}

impl ManifestError {
    pub(super) fn field(field: &str, reason: impl Into<String>) -> Self {
        let (field, reason) = (field.to_owned(), reason.into());
        Self::Field { field, reason }
    }
}

/// The start of a text that came from outside, for a message.
pub(super) fn start(text: &str) -> String {
    text.chars().take(80).collect()
}

pub(super) fn parse(bytes: &[u8]) -> Result<(Manifest, Vec<String>), ManifestError> {
    if u64::try_from(bytes.len()).is_ok_and(|len| len > LONGEST_MANIFEST) {
        return Err(ManifestError::TooLong { len: bytes.len() });
    }
    let value = json::parse(bytes).map_err(|refused| ManifestError::NotCanonical {
        at: refused.at,
        reason: refused.reason,
    })?;
    let mut unknown = Vec::new();
    let manifest = manifest(value, &mut unknown)?;
    manifest.check()?;
    unknown.sort_unstable();
    Ok((manifest, unknown))
}

fn manifest(root: Value, unknown: &mut Vec<String>) -> Result<Manifest, ManifestError> {
    let mut root = Fields::new(root, "")?;
    format_and_version(&mut root)?;
    let mut blocks = root.need("blocks", Fields::new)?;
    let block_size = blocks.need("size", number)?;
    let table = blocks.need("sha256", digest::<Sha256Digest>)?;
    blocks.finish(unknown);
    let (blob, blob_size) = blob(root.need("blob", Fields::new)?, unknown)?;
    let part_size = root.need("part_size", number)?;
    let parts = root.need("parts", |value, path| pieces(value, path, unknown))?;
    let parity = root.maybe("parity", |value, path| parity(value, path, unknown))?;
    let (groups, per_group, parity) = parity.unwrap_or((1, 0, Vec::new()));
    let geometry = Geometry::of(blob_size, part_size, block_size, groups, per_group)
        .map_err(|error| uncuttable(&error))?;
    let manifest = Manifest {
        blob,
        geometry,
        parts: digests(&geometry, parts, Piece::Part, "parts")?,
        parity: digests(&geometry, parity, Piece::Parity, "parity.parts")?,
        table,
        chain: root.maybe("chain", |value, path| chain(value, path, unknown))?,
        created: root.need("created", text)?,
        tool: root.need("tool", text)?,
    };
    root.finish(unknown);
    Ok(manifest)
}

fn uncuttable(error: &GeometryError) -> ManifestError {
    let field = match error {
        GeometryError::BlockSize(_) => "blocks.size",
        GeometryError::PartSize { .. } => "part_size",
        GeometryError::TooManyParts { .. } => "blob.size",
        GeometryError::Parity { .. } => "parity.groups",
    };
    ManifestError::field(field, format!("is refused: {error}"))
}

/// Comes first, so that a later version is called one and not a heap of missing fields.
fn format_and_version(root: &mut Fields) -> Result<(), ManifestError> {
    let format = root.need("format", text)?;
    if format != FORMAT {
        let found = start(&format);
        return Err(ManifestError::Format { found });
    }
    let version = root.need("version", text)?;
    let minor = version.strip_prefix("1.").unwrap_or_default();
    let known = (1..=4).contains(&minor.len())
        && minor.bytes().all(|digit| digit.is_ascii_digit())
        && (minor == "0" || !minor.starts_with('0'));
    let found = start(&version);
    known.then_some(()).ok_or(ManifestError::Version { found })
}

fn blob(mut fields: Fields, unknown: &mut Vec<String>) -> Result<(BlobFacts, u64), ManifestError> {
    let facts = BlobFacts {
        name: fields.need("name", text)?,
        sha256: fields.need("sha256", digest)?,
        md5: fields.need("md5", digest)?,
        crc64: fields.need::<Crc64>("crc64", crc64)?,
        properties: BlobProperties {
            content_type: fields.maybe("content_type", text)?,
            content_encoding: fields.maybe("content_encoding", text)?,
            content_language: fields.maybe("content_language", text)?,
            content_disposition: fields.maybe("content_disposition", text)?,
            cache_control: fields.maybe("cache_control", text)?,
            content_md5: fields.maybe("content_md5", digest::<Md5Digest>)?,
            metadata: fields.need("metadata", Fields::new)?.into_texts()?,
        },
    };
    let size = fields.need("size", number)?;
    fields.finish(unknown);
    Ok((facts, size))
}

fn chain(value: Value, path: &str, unknown: &mut Vec<String>) -> Result<Chain, ManifestError> {
    let mut fields = Fields::new(value, path)?;
    let chain = Chain {
        channel: fields.need("channel", text)?,
        sequence: fields.need("sequence", number)?,
        previous: fields.maybe("previous", digest)?,
    };
    fields.finish(unknown);
    Ok(chain)
}

/// A piece's digest and length.
type Stated = (Sha256Digest, u64);

/// Groups, parity parts per group, and these parts.
fn parity(
    value: Value,
    path: &str,
    unknown: &mut Vec<String>,
) -> Result<(u32, u32, Vec<Stated>), ManifestError> {
    let mut fields = Fields::new(value, path)?;
    let code = fields.need("code", text)?;
    if code != CODE {
        let reason = format!("is {:?} where this version has {CODE:?}", start(&code));
        return Err(ManifestError::field("parity.code", reason));
    }
    let small = |value, path: &str| {
        let number = number(value, path)?;
        let small = u32::try_from(number).ok().filter(|number| *number > 0);
        small.ok_or_else(|| ManifestError::field(path, format!("cannot be {number}")))
    };
    let (groups, per_group) = (
        fields.need("groups", small)?,
        fields.need("per_group", small)?,
    );
    let parts = fields.need("parts", |value, path| pieces(value, path, unknown))?;
    fields.finish(unknown);
    Ok((groups, per_group, parts))
}

fn pieces(
    value: Value,
    path: &str,
    unknown: &mut Vec<String>,
) -> Result<Vec<Stated>, ManifestError> {
    let Value::Array(items) = value else {
        return Err(ManifestError::field(path, "is no array"));
    };
    let mut pieces = Vec::with_capacity(items.len());
    for (place, item) in items.into_iter().enumerate() {
        let mut fields = Fields::new(item, &format!("{path}[{place}]"))?;
        pieces.push((fields.need("sha256", digest)?, fields.need("size", number)?));
        fields.finish(unknown);
    }
    Ok(pieces)
}

/// The digests of pieces whose lengths are those of the geometry. Their number is checked with all
/// other rules of a manifest.
fn digests(
    geometry: &Geometry,
    stated: Vec<Stated>,
    piece: fn(u32) -> Piece,
    path: &str,
) -> Result<Vec<Sha256Digest>, ManifestError> {
    let mut digests = Vec::with_capacity(stated.len());
    for (number, (sha256, size)) in (0..).zip(stated) {
        let wanted = geometry.len(piece(number));
        if geometry.has(piece(number)) && size != wanted {
            let reason = format!("is {size} where the blob's cut makes it {wanted}");
            return Err(ManifestError::field(
                &format!("{path}[{number}].size"),
                reason,
            ));
        }
        digests.push(sha256);
    }
    Ok(digests)
}
