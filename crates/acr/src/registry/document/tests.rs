//! Manifests of every kind, and bytes that are none.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const HEX: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn blob(media_type: &str, size: i64) -> Value {
    json!({"mediaType": media_type, "digest": format!("sha256:{HEX}"), "size": size})
}

fn read_json(value: &Value, content_type: Option<&str>) -> Result<Document, String> {
    read(value.to_string().as_bytes(), content_type)
}

#[test]
fn kinds_are_told_apart() {
    let image = |config: &str| {
        json!({"schemaVersion": 2, "mediaType": OCI_IMAGE_MEDIA_TYPE,
            "config": blob(config, 2), "layers": [blob("text/plain", 3)]})
    };
    let typed = |kind: &str| json!({"schemaVersion": 2, "mediaType": kind, "manifests": []});
    let mut signed = image(IMAGE_CONFIG_MEDIA_TYPE);
    signed["artifactType"] = json!("application/spdx+json");
    for (value, kind) in [
        (image(IMAGE_CONFIG_MEDIA_TYPE), ManifestKind::Image),
        (image(IMAGE_DOCKER_CONFIG_MEDIA_TYPE), ManifestKind::Image),
        (
            image("application/vnd.cncf.helm.config.v1+json"),
            ManifestKind::Artifact,
        ),
        (signed, ManifestKind::Artifact),
        (typed(OCI_IMAGE_INDEX_MEDIA_TYPE), ManifestKind::Index),
        (typed(IMAGE_MANIFEST_LIST_MEDIA_TYPE), ManifestKind::Index),
        (typed(ARTIFACT_MEDIA_TYPE), ManifestKind::Artifact),
        (typed("application/unheard.of"), ManifestKind::Index),
        (
            json!({"schemaVersion": 1, "fsLayers": []}),
            ManifestKind::Schema1,
        ),
        (json!({"schemaVersion": 2}), ManifestKind::Other),
        (json!({}), ManifestKind::Other),
    ] {
        assert_eq!(read_json(&value, None).unwrap().kind, kind, "{value}");
    }
}

/// OCI manifests need not name their own media type.
#[test]
fn the_header_says_what_the_body_does_not() {
    let value = json!({"schemaVersion": 2, "manifests": [blob("a/b", 1)]});
    let header = format!("{OCI_IMAGE_INDEX_MEDIA_TYPE}; charset=utf-8");
    let document = read_json(&value, Some(&header)).unwrap();
    assert_eq!(document.media_type, OCI_IMAGE_INDEX_MEDIA_TYPE);
    assert_eq!(
        (document.kind, document.manifests.len()),
        (ManifestKind::Index, 1)
    );
}

#[test]
fn layers_that_lie_elsewhere_are_foreign() {
    let mut by_url = blob("application/vnd.docker.image.rootfs.diff.tar.gzip", 5);
    by_url["urls"] = json!(["https://example.com"]);
    let mut no_url = blob("text/plain", 6);
    no_url["urls"] = json!([]);
    let value = json!({"schemaVersion": 2, "config": blob(IMAGE_CONFIG_MEDIA_TYPE, 1), "layers": [
        by_url, no_url,
        blob("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", 7),
        blob("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", 8),
    ]});
    let document = read_json(&value, None).unwrap();
    let found: Vec<_> = document
        .layers
        .iter()
        .map(|one| (one.size, one.foreign))
        .collect();
    assert_eq!(
        found,
        [(1, false), (5, true), (6, false), (7, true), (8, true)]
    );
}

#[test]
fn what_could_deceive_is_refused() {
    let mut bad = blob("a/b", 1);
    bad["digest"] = json!("sha256:\u{1b}[2J");
    for value in [
        json!({"layers": [blob("a/b", -1)]}),
        json!({"layers": [blob("a b\u{1b}", 1)]}),
        json!({"layers": [bad]}),
        json!({"layers": [{"mediaType": "a/b", "size": 1}]}),
        json!({"fsLayers": [{"blobSum": "no"}]}),
        json!({"mediaType": "a".repeat(256)}),
        json!([]),
    ] {
        read_json(&value, None).unwrap_err();
    }
    let deep = "[".repeat(1 << 20);
    read(deep.as_bytes(), None).unwrap_err();
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, None);
    }
}
