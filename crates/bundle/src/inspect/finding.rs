//! What looking into a blob finds wrong, or worth knowing before a registry does.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::mem::{Discriminant, discriminant};

/// Something in the archive that will trouble a registry or its readers. The order is that of weight.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Finding {
    /// The archive ends too early.
    Truncated {
        /// Bytes of the tar that could be read.
        at: u64,
        /// The member that is cut off; empty between two members.
        within: String,
    },
    /// Something could not be read or was left out of account.
    Unreadable {
        /// A path, a digest, or "the archive".
        what: String,
        /// Why.
        reason: String,
    },
    /// Bytes whose digest is not the one they stand for.
    DigestMismatch {
        /// The digest that they should have.
        digest: String,
        /// The one they have.
        actual: String,
    },
    /// A blob that is longer or shorter than its descriptor says.
    SizeMismatch {
        /// Its digest.
        digest: String,
        /// Its length in bytes.
        size: u64,
        /// The length its descriptor says.
        wanted: u64,
    },
    /// A blob that an artifact needs is not in the archive.
    MissingBlob {
        /// Its digest, or its path in a docker-archive.
        blob: String,
        /// The artifact's digest.
        artifact: String,
    },
    /// A layer that ACR Transfer will not carry.
    LayerTooLarge {
        /// Its digest.
        digest: String,
        /// Its length in bytes, over [`LARGEST_LAYER`](Self::LARGEST_LAYER).
        size: u64,
    },
    /// More artifacts than one run of ACR Transfer takes.
    TooManyArtifacts {
        /// How many, over [`MOST_ARTIFACTS`](Self::MOST_ARTIFACTS).
        count: usize,
    },
    /// A layer that a pull fetches from elsewhere, which a cut-off registry cannot.
    ForeignLayer {
        /// Its digest.
        digest: String,
        /// It is in the archive all the same.
        present: bool,
    },
    /// A list of referrers (the tag `sha256-…`) names one that is not in the archive.
    MissingReferrers {
        /// The digest referred to.
        subject: String,
        /// The digest of what is not there.
        referrer: String,
    },
    /// A signature or other referrer came without what it refers to.
    MissingSubject {
        /// The referrer's digest or tag.
        referrer: String,
        /// The digest that is not there.
        subject: String,
    },
    /// Two members of one name: readers differ in which they take. The last counts here.
    Duplicate {
        /// The name.
        path: String,
    },
    /// Something follows the archive's end mark.
    TrailingBytes {
        /// Bytes from the first that is not zero.
        count: u64,
    },
    /// A path or the target of a link leads out of the archive. It was passed over.
    UnsafePath {
        /// The path, or `path -> target`.
        path: String,
    },
    /// A link within the archive.
    Link {
        /// Its path.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// Layers compressed with zstd, which older runtimes cannot unpack.
    ZstdLayers {
        /// The artifact's digest.
        artifact: String,
        /// How many.
        count: usize,
    },
    /// A blob named by another digest than SHA-256: it was not checked.
    NotHashed {
        /// Its digest.
        digest: String,
    },
}

impl Finding {
    /// Longest layer that ACR Transfer carries, in bytes. Microsoft's troubleshooting page says
    /// "8 GB" and not which kind of GB; the smaller is taken, so that a warning may come too early
    /// but not too late.
    pub const LARGEST_LAYER: u64 = 8_000_000_000;

    /// Most artifacts of one pipeline run (Microsoft, ACR Transfer: "a maximum of 50 artifacts").
    pub const MOST_ARTIFACTS: usize = 50;

    /// Worth knowing, but nothing is lost or will fail by it alone.
    #[must_use]
    pub fn is_note(&self) -> bool {
        matches!(
            self,
            Self::TrailingBytes { .. }
                | Self::UnsafePath { .. }
                | Self::Link { .. }
                | Self::ZstdLayers { .. }
                | Self::NotHashed { .. }
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { at, within } if within.is_empty() => {
                write!(f, "the archive is cut off after {at} bytes")
            }
            Self::Truncated { at, within } => {
                write!(f, "the archive is cut off after {at} bytes, in {within}")
            }
            Self::Unreadable { what, reason } => write!(f, "{what} cannot be read: {reason}"),
            Self::DigestMismatch { digest, actual } => {
                write!(f, "{digest} is damaged: its bytes have {actual}")
            }
            Self::SizeMismatch {
                digest,
                size,
                wanted,
            } => write!(f, "{digest} has {size} bytes instead of {wanted}"),
            Self::MissingBlob { blob, artifact } => {
                write!(f, "{blob} is missing, which {artifact} needs")
            }
            Self::LayerTooLarge { digest, size } => write!(
                f,
                "layer {digest} has {size} bytes, but ACR Transfer carries at most 8 GB"
            ),
            Self::TooManyArtifacts { count } => write!(
                f,
                "{count} artifacts, but a run of ACR Transfer takes at most {}",
                Self::MOST_ARTIFACTS
            ),
            Self::ForeignLayer { digest, present } => {
                let there = if *present { "" } else { " and is not here" };
                write!(f, "layer {digest} is fetched from elsewhere{there}")
            }
            Self::MissingReferrers { subject, referrer } => {
                write!(f, "{referrer} is missing, which refers to {subject}")
            }
            Self::MissingSubject { referrer, subject } => {
                write!(f, "{referrer} refers to {subject}, which is missing")
            }
            Self::Duplicate { path } => write!(f, "{path} is there more than once"),
            Self::TrailingBytes { count } => write!(f, "{count} bytes follow the archive's end"),
            Self::UnsafePath { path } => write!(f, "{path} leads out of the archive"),
            Self::Link { path, target } => write!(f, "{path} is a link to {target}"),
            Self::ZstdLayers { artifact, count } => {
                write!(f, "{count} layers of {artifact} are compressed with zstd")
            }
            Self::NotHashed { digest } => write!(f, "{digest} was not checked: it is no SHA-256"),
        }
    }
}

/// Collects findings: each once, and of each kind no more than a reader would read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: BTreeSet<Finding>,
    counts: HashMap<Discriminant<Finding>, usize>,
    omitted: u64,
}

impl Findings {
    /// Most findings of one kind.
    const MOST: usize = 1000;

    pub(super) fn add(&mut self, finding: Finding) {
        if self.found.contains(&finding) {
            return;
        }
        let count = self.counts.entry(discriminant(&finding)).or_default();
        if *count < Self::MOST {
            *count += 1;
            self.found.insert(finding);
        } else {
            self.omitted += 1;
        }
    }

    pub(super) fn unreadable(&mut self, what: &str, reason: &str) {
        self.add(Finding::Unreadable {
            what: what.to_owned(),
            reason: reason.to_owned(),
        });
    }

    /// The findings, and how many were left out.
    pub(super) fn done(self) -> (Vec<Finding>, u64) {
        (self.found.into_iter().collect(), self.omitted)
    }
}
