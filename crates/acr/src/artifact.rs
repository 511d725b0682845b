//! Artifacts as the service names them, patterns over them, and how a long list becomes several runs.

mod batch;
mod glob;
mod grammar;

use std::fmt;
use std::str::FromStr;

pub use batch::{Batch, batches};

use glob::matches;

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

/// As a user gives it: the reference grammar of the OCI distribution specification, without a host, as the registry is named
/// elsewhere.
impl FromStr for Artifact {
    type Err = ArtifactError;

    fn from_str(text: &str) -> Result<Self, ArtifactError> {
        grammar::refuse_host(text)?;
        Self::listed(text)
    }
}

impl Artifact {
    /// As a service or a receipt lists it: there, what looks like a host is a repository's first part.
    ///
    /// # Errors
    /// When it is not of the grammar.
    pub fn listed(text: &str) -> Result<Self, ArtifactError> {
        let parts = grammar::split(text)?;
        grammar::repository(text, parts.repository)?;
        let which = match (parts.tag, parts.digest) {
            (_, Some(digest)) => {
                grammar::digest(text, digest)?;
                Which::Digest(digest.to_owned())
            }
            (tag, None) => {
                let tag = tag.unwrap_or("latest");
                grammar::tag(text, tag)?;
                Which::Tag(tag.to_owned())
            }
        };
        Ok(Self {
            repository: parts.repository.to_owned(),
            which,
        })
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
        if !glob::is_pattern(text) {
            return text.parse().map(Self::One);
        }
        grammar::refuse_host(text)?;
        let parts = grammar::split(text)?;
        if parts.digest.is_some() {
            return Err(grammar::error(
                text,
                "a digest names one manifest of one repository: it goes with no pattern",
            ));
        }
        grammar::repository_pattern(text, parts.repository)?;
        let tag = parts.tag.unwrap_or("*");
        grammar::tag_pattern(text, tag)?;
        Ok(Self::Glob {
            repository: parts.repository.to_owned(),
            tag: tag.to_owned(),
        })
    }
}

/// With the tag (or its pattern) written out.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(artifact) => artifact.fmt(f),
            Self::Glob { repository, tag } => write!(f, "{repository}:{tag}"),
        }
    }
}

impl Selection {
    /// Whether an artifact is meant. A pattern means tags only: no digest matches one.
    #[must_use]
    pub fn matches(&self, artifact: &Artifact) -> bool {
        match (self, &artifact.which) {
            (Self::One(one), _) => one == artifact,
            (Self::Glob { .. }, Which::Digest(_)) => false,
            (Self::Glob { repository, tag }, Which::Tag(have)) => {
                matches(repository, &artifact.repository) && matches(tag, have)
            }
        }
    }
}

/// Whether it is `sha256:` and 64 lower-case hexadecimal digits.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Whether it may be a repository's name.
pub(crate) fn is_repository(name: &str) -> bool {
    grammar::repository(name, name).is_ok()
}

/// Whether `name` is what `pattern` means; without `*` and `?` only itself.
pub(crate) fn matches_pattern(pattern: &str, name: &str) -> bool {
    matches(pattern, name)
}

#[cfg(test)]
mod tests;
