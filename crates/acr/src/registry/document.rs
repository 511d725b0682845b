//! Manifests of every kind, taken apart: what they are and what they name.

use oci_client::manifest::{
    IMAGE_CONFIG_MEDIA_TYPE, IMAGE_DOCKER_CONFIG_MEDIA_TYPE, IMAGE_MANIFEST_LIST_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, OciDescriptor,
};
use serde::Deserialize;

use super::{Layer, ManifestKind};

const ARTIFACT_MEDIA_TYPE: &str = "application/vnd.oci.artifact.manifest.v1+json";
const SCHEMA1_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.v1+json";
const SIGNED_SCHEMA1_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// Every kind; schema 1 last, so that a registry that could convert to it does not.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.oci.artifact.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1, \
    application/vnd.docker.distribution.manifest.v1+json;q=0.1";

/// Characters of a media type, as RFC 6838 has it: 127 on either side of the slash.
const LONGEST_MEDIA_TYPE: usize = 255;

/// A manifest as it was read.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) kind: ManifestKind,
    pub(super) media_type: String,
    /// Config and layers, or an artifact's blobs.
    pub(super) layers: Vec<Layer>,
    /// Of an index.
    pub(super) manifests: Vec<OciDescriptor>,
}

/// All kinds in one: fields that a kind has not are absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: Option<u32>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<OciDescriptor>,
    layers: Option<Vec<OciDescriptor>>,
    blobs: Option<Vec<OciDescriptor>>,
    manifests: Option<Vec<OciDescriptor>>,
    fs_layers: Option<Vec<FsLayer>>,
}

/// Of schema 1, which knows no sizes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FsLayer {
    blob_sum: String,
}

/// Reads a manifest; `content_type` is the header's, for OCI manifests that carry none themselves.
pub(super) fn read(bytes: &[u8], content_type: Option<&str>) -> Result<Document, String> {
    let raw: Raw =
        serde_json::from_slice(bytes).map_err(|error| format!("it is no manifest: {error}"))?;
    let declared = content_type
        .and_then(|text| text.split(';').next())
        .map(str::trim);
    let media_type = raw.media_type.as_deref().or(declared).unwrap_or_default();
    let kind = kind(&raw, media_type);
    let media_type = checked_type(media_type)?;
    let old = raw.fs_layers.into_iter().flatten().map(|layer| Layer {
        digest: layer.blob_sum,
        size: 0,
        media_type: String::new(),
        foreign: false,
    });
    let blobs = raw
        .config
        .into_iter()
        .chain(raw.layers.into_iter().flatten());
    let blobs = blobs.chain(raw.blobs.into_iter().flatten());
    let layers: Vec<Layer> = blobs
        .map(layer)
        .chain(old.map(Ok))
        .collect::<Result<_, _>>()?;
    if let Some(bad) = layers.iter().find(|layer| !is_any_digest(&layer.digest)) {
        return Err(format!("{:?} is no digest", bad.digest));
    }
    Ok(Document {
        kind,
        media_type,
        layers,
        manifests: raw.manifests.unwrap_or_default(),
    })
}

fn kind(raw: &Raw, media_type: &str) -> ManifestKind {
    match media_type {
        IMAGE_MANIFEST_LIST_MEDIA_TYPE | OCI_IMAGE_INDEX_MEDIA_TYPE => ManifestKind::Index,
        ARTIFACT_MEDIA_TYPE => ManifestKind::Artifact,
        SCHEMA1_MEDIA_TYPE | SIGNED_SCHEMA1_MEDIA_TYPE => ManifestKind::Schema1,
        IMAGE_MANIFEST_MEDIA_TYPE | OCI_IMAGE_MEDIA_TYPE => image_or_artifact(raw),
        // Some registries give application/json or nothing at all: then by what is in it.
        _ if raw.schema_version == Some(1) => ManifestKind::Schema1,
        _ if raw.schema_version != Some(2) => ManifestKind::Other,
        _ if raw.manifests.is_some() => ManifestKind::Index,
        _ if raw.config.is_some() => image_or_artifact(raw),
        _ => ManifestKind::Other,
    }
}

/// An image's config is an image config; whatever else is packed into the form is an artifact (OCI image specification,
/// "Guidelines for artifact usage").
fn image_or_artifact(raw: &Raw) -> ManifestKind {
    let config = raw.config.as_ref().map(|config| config.media_type.as_str());
    let image = matches!(
        config,
        Some(IMAGE_CONFIG_MEDIA_TYPE | IMAGE_DOCKER_CONFIG_MEDIA_TYPE)
    );
    if image && raw.artifact_type.is_none() {
        ManifestKind::Image
    } else {
        ManifestKind::Artifact
    }
}

fn layer(descriptor: OciDescriptor) -> Result<Layer, String> {
    let media_type = checked_type(&descriptor.media_type)?;
    let size = u64::try_from(descriptor.size)
        .map_err(|_| format!("a blob of {} bytes", descriptor.size))?;
    let elsewhere = descriptor.urls.is_some_and(|urls| !urls.is_empty());
    let foreign = media_type.contains("foreign") || media_type.contains("nondistributable");
    Ok(Layer {
        digest: descriptor.digest,
        size,
        foreign: elsewhere || foreign,
        media_type,
    })
}

fn checked_type(text: &str) -> Result<String, String> {
    if is_media_type(text) {
        return Ok(text.to_owned());
    }
    Err("a media type that is none".to_owned())
}

/// Printable, as it is shown to people.
fn is_media_type(text: &str) -> bool {
    text.len() <= LONGEST_MEDIA_TYPE && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `algorithm:encoded` (OCI image specification, "Digests"): what is carried may be of other algorithms than ours.
fn is_any_digest(text: &str) -> bool {
    let named = |part: &str, extra: &[u8]| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || extra.contains(&b))
    };
    text.len() <= 256
        && text
            .split_once(':')
            .is_some_and(|(algorithm, hex)| named(algorithm, b"+._-") && named(hex, b"=_-"))
}

#[cfg(test)]
mod tests;
