//! Artifacts as the service names them, patterns over them, and how a long list becomes several runs.

use std::fmt;
use std::str::FromStr;

/// `repo:tag` or `repo@sha256:…`; `repo` alone is `:latest`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Artifact {
    /// Lower case path components.
    pub repository: String,
    /// Which of it.
    pub which: Which,
}

/// Tag or digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// A tag.
    Tag(String),
    /// `sha256:…`.
    Digest(String),
}

/// What the user gave: an artifact, or a pattern with `*` and `?` over repositories (`team/*`), tags (`app:1.*`) or both.
/// `*` in a repository matches `/` too, as Microsoft's sample's `prefix*` does; a pattern without a tag means all tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Exactly this.
    One(Artifact),
    /// All that match.
    Glob {
        /// Pattern of repositories.
        repository: String,
        /// Pattern of tags.
        tag: String,
    },
}

/// Text that names no artifact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("artifact {text:?}: {reason}")]
pub struct ArtifactError {
    /// What was given.
    pub text: String,
    /// What is wrong, and what would do.
    pub reason: String,
}

/// One run's share of a long list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// `NAME`, or `NAME-001`, … where there are several.
    pub blob: String,
    /// At most 50.
    pub artifacts: Vec<Artifact>,
}

impl FromStr for Artifact {
    type Err = ArtifactError;

    fn from_str(text: &str) -> Result<Self, ArtifactError> {
        let _ = text;
        todo!()
    }
}

/// In the service's own form, with the tag written out.
impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.which {
            Which::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Which::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

impl FromStr for Selection {
    type Err = ArtifactError;

    fn from_str(text: &str) -> Result<Self, ArtifactError> {
        let _ = text;
        todo!()
    }
}

impl Selection {
    /// Whether an artifact is meant.
    #[must_use]
    pub fn matches(&self, artifact: &Artifact) -> bool {
        let _ = artifact;
        todo!()
    }
}

/// Deals artifacts to runs, in order, duplicates left out; a tag and the digest it names are kept both. `blob` gets its
/// number before a file extension it may have (`name-001.tar`).
#[must_use]
pub fn batches(artifacts: &[Artifact], blob: &str, most: usize) -> Vec<Batch> {
    let _ = (artifacts, blob, most);
    todo!()
}
