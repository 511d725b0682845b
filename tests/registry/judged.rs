//! What no well-behaved registry can be made to hold: layers of 8 GB and more, indexes with gaps, lists of 51.

use blobferry_acr::preflight::{LARGEST_LAYER, Many, Report, Severity, preflight};
use blobferry_acr::registry::ManifestKind;
use blobferry_harness::image::{Image, Layer, OCI_INDEX, OCI_MANIFEST, descriptor, digest};
use serde_json::{Value, json};

use crate::served::{Request, Response, Served};
use crate::{anonymous, artifact, selections};

/// A registry that has these manifests, by the end of their path.
pub(crate) fn holding(manifests: Vec<(String, Vec<u8>)>) -> Served {
    Served::new(move |_, request| manifest_of(&manifests, request))
}

fn manifest_of(manifests: &[(String, Vec<u8>)], request: &Request) -> Response {
    let found = manifests.iter().find(|(end, bytes)| {
        request.target.ends_with(end) || request.target.ends_with(&digest(bytes))
    });
    match found {
        Some((_, bytes)) if request.target.contains("/manifests/") => {
            Response::new(200, bytes.clone()).with("Docker-Content-Digest", digest(bytes))
        }
        _ => Response::new(404, ""),
    }
}

pub(crate) fn index(manifests: &[Value]) -> Vec<u8> {
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests});
    index.to_string().into_bytes()
}

async fn judged(served: &Served, texts: &[&str], many: Many) -> Report {
    let registry = anonymous(served.host()).await;
    preflight(&registry, &selections(texts), many)
        .await
        .unwrap()
}

fn with_layer(size: u64) -> Image {
    let mut image = Image::oci(&["small"]);
    let mut layer = Layer::new(&format!("large {size}"));
    layer.declared = Some(size);
    image.layers.push(layer);
    image
}

#[tokio::test]
async fn a_layer_above_the_limit_is_an_error_also_below_an_index() {
    let (fits, too_large) = (with_layer(LARGEST_LAYER), with_layer(LARGEST_LAYER + 1));
    let all = index(&[
        descriptor(OCI_MANIFEST, &fits.manifest()),
        descriptor(OCI_MANIFEST, &too_large.manifest()),
    ]);
    let served = holding(vec![
        ("manifests/fits".to_owned(), fits.manifest()),
        ("manifests/all".to_owned(), all),
        ("none".to_owned(), too_large.manifest()),
    ]);
    let report = judged(&served, &["app:fits"], Many::Refused).await;
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert!(report.bytes > LARGEST_LAYER);
    let report = judged(&served, &["app:all"], Many::Refused).await;
    let [finding] = report.findings.as_slice() else {
        panic!("{:?}", report.findings);
    };
    assert_eq!(
        (finding.code, finding.severity),
        ("layer-too-large", Severity::Error)
    );
    let bytes = (LARGEST_LAYER + 1).to_string();
    let layer = digest(format!("large {bytes}").as_bytes());
    for words in ["app:all", &layer, &bytes] {
        assert!(finding.message.contains(words), "{}", finding.message);
    }
    assert!(finding.hint.contains("split"), "{}", finding.hint);
    assert_eq!(report.artifacts[0].kind, Some("index"));
}

#[tokio::test]
async fn sizes_that_overflow_are_borne() {
    let mut image = with_layer(u64::try_from(i64::MAX).unwrap());
    for text in ["b", "c", "d"] {
        let mut layer = Layer::new(text);
        layer.declared = Some(u64::try_from(i64::MAX).unwrap());
        image.layers.push(layer);
    }
    let served = holding(vec![("manifests/1".to_owned(), image.manifest())]);
    let report = judged(&served, &["app:1"], Many::Refused).await;
    assert_eq!(report.bytes, u64::MAX);
    assert_eq!(report.findings.len(), 4);
}

#[tokio::test]
async fn gaps_in_an_index_and_nonsense_are_findings_of_their_artifact_only() {
    let good = Image::oci(&["one"]).manifest();
    let gap = descriptor(OCI_MANIFEST, b"not there");
    let gappy = index(&[descriptor(OCI_MANIFEST, &good), gap.clone()]);
    let served = holding(vec![
        ("manifests/good".to_owned(), good),
        ("manifests/gap".to_owned(), gappy),
        ("manifests/bad".to_owned(), b"<html>".to_vec()),
    ]);
    let report = judged(&served, &["app:bad", "app:gap", "app:good"], Many::Refused).await;
    let found: Vec<_> = report
        .findings
        .iter()
        .map(|one| (one.code, one.severity, one.subject.as_deref().unwrap()))
        .collect();
    let expected = [
        ("unreadable", Severity::Error, "app:bad"),
        ("missing", Severity::Error, "app:gap"),
    ];
    assert_eq!(found, expected);
    assert!(
        report.findings[1]
            .message
            .contains(gap["digest"].as_str().unwrap())
    );
}

#[tokio::test]
async fn more_than_fifty_are_an_error_for_one_run_and_a_note_for_several() {
    let image = Image::oci(&["one"]).manifest();
    let tags: Vec<_> = (0..51).map(|number| format!("t{number}")).collect();
    let list = json!({"name": "app", "tags": tags}).to_string();
    let served = Served::new(move |_, request| {
        let path = request.target.split('?').next().unwrap();
        match path {
            "/v2/app/tags/list" => Response::new(200, list.clone()),
            path if path.contains("/manifests/") => Response::new(200, image.clone()),
            _ => Response::new(404, ""),
        }
    });
    for (many, severity) in [
        (Many::Refused, Severity::Error),
        (Many::Split, Severity::Note),
    ] {
        let report = judged(&served, &["app:t*"], many).await;
        let finding = report.findings.last().unwrap();
        assert_eq!((finding.code, finding.severity), ("too-many", severity));
        let message = &finding.message;
        assert!(message.contains("51 artifacts"), "{message}");
        assert_eq!((report.runs, report.selected.len()), (2, 51));
    }
}

#[tokio::test]
async fn schema_1_and_artifact_manifests_are_known() {
    let old = json!({"schemaVersion": 1, "name": "app", "tag": "old",
        "fsLayers": [{"blobSum": digest(b"layer")}], "history": [], "signatures": [{}]});
    let new = json!({"mediaType": "application/vnd.oci.artifact.manifest.v1+json",
        "artifactType": "application/spdx+json", "blobs": [descriptor("text/plain", b"sbom")]});
    let (old, new) = (old.to_string().into_bytes(), new.to_string().into_bytes());
    // The digest of a signed manifest is not that of its bytes.
    let payload = digest(b"payload");
    let (said, sent) = (payload.clone(), old);
    let served = Served::new(move |_, request| match request.target.as_str() {
        "/v2/app/manifests/old" => {
            let signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
            let answer = Response::new(200, sent.clone()).with("Content-Type", signed);
            answer.with("Docker-Content-Digest", said.clone())
        }
        "/v2/app/manifests/new" => Response::new(200, new.clone()),
        _ => Response::new(404, ""),
    });
    let registry = anonymous(served.host()).await;
    let old = registry
        .manifest(&artifact("app:old"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((old.kind, old.digest), (ManifestKind::Schema1, payload));
    let new = registry
        .manifest(&artifact("app:new"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((new.kind, new.layers[0].size), (ManifestKind::Artifact, 4));
    let report = judged(&served, &["app:old"], Many::Refused).await;
    assert_eq!(report.findings[0].code, "schema1");
}
