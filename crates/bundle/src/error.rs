//! What can go wrong, sorted by what the caller does about it.

use std::io;
use std::path::PathBuf;

use crate::geometry::GeometryError;
use crate::manifest::ManifestError;
use crate::problem::Problem;

/// What kind of failure it is: decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Nothing to be done by trying again (exit 1).
    Failed,
    /// The caller asked for something impossible (exit 2).
    Usage,
    /// A digest, the parity or a signature does not prove what it should (exit 3).
    Verification,
    /// No room, or the disk went away: the same command goes on later (exit 4).
    Incomplete,
    /// A file may not be read or written (exit 5).
    Denied,
    /// The source changed while it was read (exit 6).
    SourceChanged,
    /// The caller's [`Watch`](crate::Watch) said stop (exit 130).
    Interrupted,
}

/// Why something was not done. Nothing is left half-written under a final name.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried, as in "cannot `write` …".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was written did not come back the same.
    #[error("{} does not read back as it was written", path.display())]
    ReadBack {
        /// The file.
        path: PathBuf,
    },
    /// There is no bundle here, or not one of ours.
    #[error("{} is no bundle: {reason}", path.display())]
    NotABundle {
        /// The directory.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The manifest cannot be believed.
    #[error("the manifest of {} is refused", path.display())]
    Manifest {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: ManifestError,
    },
    /// The bundle is not what its manifest says, or is not signed as asked.
    #[error("{} does not verify: {}", path.display(), summary(problems))]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// All of it.
        problems: Vec<Problem>,
    },
    /// More is lost than the parity can mend.
    #[error("{} is damaged beyond its parity: {}", path.display(), summary(problems))]
    BeyondRepair {
        /// The directory.
        path: PathBuf,
        /// What is lost.
        problems: Vec<Problem>,
    },
    /// The bytes are not what was expected of them.
    #[error("{what} has {actual}, but {expected} was expected")]
    Mismatch {
        /// The thing that was hashed.
        what: String,
        /// `sha256:…` expected.
        expected: String,
        /// `sha256:…` computed.
        actual: String,
    },
    /// The target is taken.
    #[error("{} exists", path.display())]
    Exists {
        /// The file or directory.
        path: PathBuf,
    },
    /// Another process works here.
    #[error("another blobferry is working in {}", path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// The source is not what it was.
    #[error("the source changed while it was read")]
    SourceChanged,
    /// The cut is impossible.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// Asked for something that cannot be.
    #[error("{0}")]
    Refused(String),
    /// The caller said stop.
    #[error("interrupted")]
    Interrupted,
}

fn summary(problems: &[Problem]) -> String {
    match problems {
        [] => "nothing is known of it".to_owned(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
    }
}

impl BundleError {
    /// What kind of failure it is.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge => Class::Incomplete,
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    Class::Denied
                }
                _ => Class::Failed,
            },
            Self::ReadBack { .. }
            | Self::Manifest { .. }
            | Self::Damaged { .. }
            | Self::BeyondRepair { .. }
            | Self::Mismatch { .. } => Class::Verification,
            Self::NotABundle { .. } | Self::Exists { .. } | Self::Busy { .. } => Class::Failed,
            Self::SourceChanged => Class::SourceChanged,
            Self::Geometry(_) | Self::Refused(_) => Class::Usage,
            Self::Interrupted => Class::Interrupted,
        }
    }
}
