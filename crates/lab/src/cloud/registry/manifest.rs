//! Manifests: what they are and what they name (OCI image spec 1.1, Docker image manifest v2 schema 2).

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::name::Digest;

/// Bytes of a manifest at most, as registries have it.
pub(crate) const MANIFEST_LIMIT: u64 = 4 << 20;
/// Of an image, where it does not say what it is.
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
/// Of an index.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What is asked for when a manifest is fetched.
pub(crate) const MANIFEST_TYPES: [&str; 6] = [
    IMAGE,
    INDEX,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.artifact.manifest.v1+json",
    "application/vnd.cncf.oras.artifact.manifest.v1+json",
];

/// A reference to a manifest or blob. What this lab does not know of it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default)]
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) urls: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// A manifest as it is kept and sent.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
    pub(crate) digest: Digest,
}

/// What a manifest names.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// Manifests of an index.
    pub(crate) manifests: Vec<Descriptor>,
    /// Config, layers, and what an index names that is no manifest (caches do).
    pub(crate) blobs: Vec<Descriptor>,
    /// The manifest it refers to.
    pub(crate) subject: Option<Digest>,
    /// Of an artifact; of an image it is the config's media type.
    pub(crate) artifact_type: Option<String>,
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    media_type: Option<String>,
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    blobs: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    pub(crate) fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            urls: None,
            annotations: None,
            other: Map::new(),
        }
    }

    /// Whether it may lie elsewhere, where pulls fetch it: it has URLs, or a media type that says so.
    pub(crate) fn is_foreign(&self) -> bool {
        let has_urls = self.urls.as_ref().is_some_and(|urls| !urls.is_empty());
        let says_so = |word| self.media_type.contains(word);
        has_urls || says_so(".foreign.") || says_so(".nondistributable.")
    }

    /// With one more field, as `artifactType`.
    pub(crate) fn with(mut self, name: &str, value: Option<String>) -> Self {
        if let Some(value) = value {
            self.other.insert(name.to_owned(), value.into());
        }
        self
    }
}

impl Manifest {
    /// `media_type`: as a descriptor or header names it; empty: as the manifest itself says.
    ///
    /// # Errors
    /// `InvalidData` where it is too large or no manifest of schema 2.
    pub(crate) fn new(media_type: &str, bytes: Bytes) -> io::Result<Self> {
        if crate::content::size(bytes.len()) > MANIFEST_LIMIT {
            return Err(invalid("a manifest has 4 MiB at most"));
        }
        let document = Document::read(&bytes)?;
        let media_type = match (media_type, document.media_type, document.manifests) {
            ("", Some(said), _) => said,
            ("", None, Some(_)) => INDEX.to_owned(),
            ("", None, None) => IMAGE.to_owned(),
            (given, ..) => given.to_owned(),
        };
        let digest = Digest::of(&bytes);
        Ok(Self {
            media_type,
            bytes,
            digest,
        })
    }

    pub(crate) fn descriptor(&self) -> Descriptor {
        let size = crate::content::size(self.bytes.len());
        Descriptor::new(&self.media_type, self.digest, size)
    }

    pub(crate) fn links(&self) -> io::Result<Links> {
        let document = Document::read(&self.bytes)?;
        let (manifests, others): (Vec<_>, Vec<_>) = document
            .manifests
            .unwrap_or_default()
            .into_iter()
            .partition(|child| MANIFEST_TYPES.contains(&child.media_type.as_str()));
        let config_type = document.config.as_ref().map(|it| it.media_type.clone());
        let blobs = document.config.into_iter().chain(others);
        let blobs = blobs.chain(document.layers.unwrap_or_default());
        Ok(Links {
            manifests,
            blobs: blobs.chain(document.blobs.unwrap_or_default()).collect(),
            subject: document.subject.map(|subject| subject.digest),
            artifact_type: document.artifact_type.or(config_type),
            annotations: document.annotations,
        })
    }
}

impl Document {
    fn read(bytes: &[u8]) -> io::Result<Self> {
        let read: Self = serde_json::from_slice(bytes)
            .map_err(|error| invalid(&format!("no manifest: {error}")))?;
        let is_manifest = read.manifests.is_some()
            || read.config.is_some()
            || read.layers.is_some()
            || read.blobs.is_some()
            || read.subject.is_some();
        if is_manifest {
            Ok(read)
        } else {
            Err(invalid("a manifest of schema 2 is wanted"))
        }
    }
}

pub(crate) fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_says_what_it_is_and_what_it_names() {
        let digest = Digest::of(b"x");
        let layer = format!(r#"{{"mediaType":"t","digest":"{digest}","size":1,"urls":["u"]}}"#);
        let image = format!(r#"{{"schemaVersion":2,"config":{layer},"layers":[{layer}]}}"#);
        let image = Manifest::new("", image.into()).unwrap();
        assert_eq!(image.media_type, IMAGE);
        assert_eq!(image.links().unwrap().blobs.len(), 2);
        assert!(image.links().unwrap().blobs[0].is_foreign());
        let index = format!(r#"{{"manifests":[{layer}],"layers":null}}"#);
        let index = Manifest::new("", index.into()).unwrap();
        assert_eq!(index.media_type, INDEX);
        assert_eq!(index.links().unwrap().manifests.len(), 0);
        for text in ["", "{}", "[]", r#"{"schemaVersion":1,"fsLayers":[]}"#] {
            assert!(Manifest::new("", text.to_owned().into()).is_err(), "{text}");
        }
    }

    #[test]
    fn unknown_fields_of_a_descriptor_are_kept() {
        let digest = Digest::of(b"x");
        let text =
            format!(r#"{{"mediaType":"t","digest":"{digest}","size":1,"platform":{{"os":"x"}}}}"#);
        let read: Descriptor = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
