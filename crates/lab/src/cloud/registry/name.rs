//! What artifacts are called: `repo`, `repo:tag`, `repo@sha256:…`, and digests in the registry's own form.

use std::fmt;

use blobferry_integrity::Sha256Digest;
use serde::{Deserialize, Serialize};

/// `sha256:` and 64 lower-case hexadecimal digits (OCI image spec, descriptor). Other algorithms are not known here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Digest(Sha256Digest);

/// Which of a repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Which {
    Tag(String),
    Digest(Digest),
}

/// A manifest by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) repository: String,
    pub(crate) which: Which,
}

impl Digest {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256Digest::of(bytes))
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Sha256Digest::from_bytes(bytes))
    }

    /// `None` for anything but the registry's own form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        let is_plain = hex.len() == 64 && !hex.bytes().any(|byte| byte.is_ascii_uppercase());
        if is_plain {
            hex.parse().ok().map(Self)
        } else {
            None
        }
    }

    pub(crate) fn sha256(self) -> Sha256Digest {
        self.0
    }

    /// The 64 hexadecimal digits, as the file in `blobs/sha256` is called.
    pub(crate) fn hex(self) -> String {
        self.0.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not sha256: and 64 lower-case hexadecimal digits")
    }
}

impl Which {
    /// A tag or a digest, as the distribution API has it in its paths.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.contains(':') {
            return Digest::parse(text).map(Self::Digest);
        }
        let mut bytes = text.bytes();
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_tag = text.len() <= 128
            && bytes.next().is_some_and(is_word)
            && bytes.all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'));
        is_tag.then(|| Self::Tag(text.to_owned()))
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => write!(f, "{digest}"),
        }
    }
}

impl Name {
    pub(crate) fn new(repository: &str, which: Which) -> Self {
        Self {
            repository: repository.to_owned(),
            which,
        }
    }

    /// `repo` alone is `repo:latest`. `None` for what names no artifact.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (repository, which) = match text.split_once('@') {
            Some((repository, digest)) => (repository, Which::Digest(Digest::parse(digest)?)),
            None => match text.rsplit_once(':') {
                Some((repository, tag)) => (repository, Which::parse(tag)?),
                None => (text, Which::Tag("latest".to_owned())),
            },
        };
        is_repository(repository).then(|| Self::new(repository, which))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match &self.which {
            Which::Tag(_) => ':',
            Which::Digest(_) => '@',
        };
        write!(f, "{}{mark}{}", self.repository, self.which)
    }
}

/// Components of lower-case letters and digits, with `.`, `_` and `-` between them, joined by `/`; 255 at most
/// (distribution spec, "Pulling manifests").
pub(crate) fn is_repository(text: &str) -> bool {
    let is_component = |component: &str| {
        let plain = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let bytes = component.as_bytes();
        let known = |byte: &u8| plain(Some(byte)) || matches!(byte, b'.' | b'_' | b'-');
        plain(bytes.first()) && plain(bytes.last()) && bytes.iter().all(known)
    };
    text.len() <= 255 && text.split('/').all(is_component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways_and_nonsense_does_not() {
        let digest = Digest::of(b"");
        for (text, shown) in [
            ("app", "app:latest".to_owned()),
            ("team/app:1.0", "team/app:1.0".to_owned()),
            (&format!("app@{digest}"), format!("app@{digest}")),
        ] {
            assert_eq!(Name::parse(text).unwrap().to_string(), shown);
        }
        for text in [
            "",
            "App",
            "../app",
            "a//b",
            "/a",
            "a/",
            "app:",
            "app:.x",
            "app:a b",
            "app@sha256:12",
            "-a",
            "a@1.0",
        ] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
        assert_eq!(Digest::parse(&digest.to_string().to_uppercase()), None);
    }
}
