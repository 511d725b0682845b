//! Offline bundles: a blob in ordinary files that cross a gap on a disk or a one-way line, with
//! digests, parity and signatures that prove on the far side what arrived.
//!
//! No network and no async. Everything on disk goes through [`Dir`], so that tests can put a faulty
//! disk in its place.
//!
//! | to | use |
//! |---|---|
//! | write a bundle from a file or pipe | [`pack()`] |
//! | write one while bytes arrive | [`Packer`] |
//! | read one | [`Bundle`]: [`verify`](Bundle::verify), [`read`](Bundle::read) |
//! | mend one, put the blob together | [`repair()`], [`restore()`] |
//! | ask for parts again | [`ResendCode`] |
//! | sign, and say whose signatures count | [`Signer`], [`add_signature`], [`AllowedSigners`], [`Trust`] |
//! | look into the blob | [`inspect()`] |
#![doc = include_str!("../FORMAT.md")]

mod chain;
pub mod dir;
mod error;
mod geometry;
mod inspect;
mod manifest;
mod mend;
mod name;
mod open;
mod pack;
mod problem;
mod repair;
mod resend;
mod restore;
mod signature;
#[cfg(test)]
mod standalone;
mod stripe;
mod sums;
mod table;
mod verify;
mod watch;
mod write;

pub use dir::{Dir, OsDir, ReadBack};
pub use error::{BundleError, Class};
pub use geometry::{
    BlockNumber, DEFAULT_BLOCK_SIZE, DEFAULT_PART_SIZE, Geometry, GeometryError, MOST_IN_GROUP,
    MOST_PARITY, MOST_PARTS, Parity, Piece,
};
pub use inspect::{Artifact, BlobKind, Contents, Finding, Layer, Referrer, inspect};
pub use manifest::{
    BlobFacts, BlobProperties, Chain, LONGEST_MANIFEST, MANIFEST, Manifest, ManifestError,
};
pub use name::{BlobName, NameError};
pub use open::{Bundle, Trust};
pub use pack::{Digests, Input, PackOptions, Packer, PartialBlob, Sealed, pack};
pub use problem::Problem;
pub use repair::{Repaired, repair};
pub use resend::{ResendCode, ResendError};
pub use restore::{Output, Restored, restore};
pub use signature::{
    AllowedSigners, LONGEST_SIGNATURE, MOST_SIGNATURES, NAMESPACE, SignatureError, SignedBy,
    Signer, add_signature, check as check_signature, signature_name,
};
pub use sums::SUMS;
pub use table::{BlockTable, TABLE};
pub use verify::Report;
pub use watch::{Stage, Unwatched, Watch};
