//! OCI image layouts.

use blobferry_bundle::{BlobKind, Finding};
use serde_json::json;

use crate::archives::{
    INDEX, LAYER, Layout, MANIFEST, SIGNATURE, gzip, look, one_image, said, tar_of, text,
};

#[test]
fn an_image_is_listed_with_everything_it_consists_of() {
    let layout = one_image();
    let contents = layout.look();
    assert_eq!(contents.kind, BlobKind::OciLayout);
    assert!(!contents.compressed);
    assert_eq!(contents.findings, []);
    assert_eq!(contents.entries, 6);
    let [artifact] = contents.artifacts.as_slice() else {
        panic!("{contents:?}");
    };
    assert_eq!(artifact.names, ["app:1"]);
    assert_eq!(artifact.digest, text(&layout.tops[0]));
    assert_eq!(artifact.media_type, MANIFEST);
    assert_eq!(artifact.platforms, ["linux/amd64"]);
    assert_eq!(artifact.configs.len(), 1);
    assert_eq!(artifact.artifact_type, None);
    let sizes: Vec<_> = artifact.layers.iter().map(|layer| layer.size).collect();
    assert_eq!(sizes, [11, 12]);
    assert!(
        artifact
            .layers
            .iter()
            .all(|layer| layer.present && !layer.foreign && !layer.zstd)
    );
    let blobs = layout
        .files
        .iter()
        .map(|(_, bytes)| bytes.len())
        .sum::<usize>();
    assert_eq!(artifact.bytes, u64::try_from(blobs).unwrap());
}

#[test]
fn order_compression_and_leading_dots_make_no_difference() {
    let layout = one_image();
    let wanted = layout.look();
    let mut files = layout.all();
    files.reverse();
    for (path, _) in &mut files {
        path.insert_str(0, "./");
    }
    let mut turned = tar_of(files.iter().map(|(path, bytes)| (&**path, &**bytes)));
    assert_eq!(look(&turned), wanted);
    let (begin, end) = turned.split_at(700);
    let members = [gzip(begin), gzip(b""), gzip(end)].concat();
    let mut unzipped = look(&members);
    assert!(unzipped.compressed);
    unzipped.compressed = false;
    assert_eq!(unzipped, wanted);
    turned.extend([0; 10_240]);
    assert_eq!(look(&turned), wanted, "padding as GNU tar writes it");
}

#[test]
fn an_image_for_several_platforms_is_one_artifact_with_each_layer_once() {
    let mut layout = Layout::default();
    let shared = layout.layer("shared");
    let own = layout.layer("only on arm");
    let mut arm = layout.image("arm64", &[shared.clone(), own]);
    arm["platform"] = json!({"os": "linux", "architecture": "arm64", "variant": "v8"});
    let amd = layout.image("amd64", &[shared]);
    let mut note = layout.image("unknown", &[]);
    note["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    let inner = layout.json(INDEX, &json!({"manifests": [arm, note]}));
    let index = layout.json(INDEX, &json!({"manifests": [amd, inner]}));
    layout.top(index.clone(), "app:1");
    layout.top(index, "app:latest");
    let contents = layout.look();
    assert_eq!(contents.findings, []);
    let [artifact] = contents.artifacts.as_slice() else {
        panic!("{contents:?}");
    };
    assert_eq!(artifact.names, ["app:1", "app:latest"]);
    assert_eq!(artifact.media_type, INDEX);
    assert_eq!(artifact.platforms[..2], ["linux/amd64", "linux/arm64/v8"]);
    assert_eq!(artifact.layers.len(), 2);
    assert_eq!(artifact.configs.len(), 3);
    let blobs = layout
        .files
        .iter()
        .map(|(_, bytes)| bytes.len())
        .sum::<usize>();
    assert_eq!(artifact.bytes, u64::try_from(blobs).unwrap());
}

#[test]
fn layers_that_trouble_a_registry_are_named() {
    let mut layout = Layout::default();
    let mut large = layout.layer("large");
    large["size"] = json!(Finding::LARGEST_LAYER + 1);
    let mut largest = layout.layer("largest");
    largest["size"] = json!(Finding::LARGEST_LAYER);
    layout.remove(&large);
    layout.remove(&largest);
    let mut foreign = layout.layer("foreign");
    foreign["urls"] = json!(["https://mcr.microsoft.com/windows"]);
    layout.remove(&foreign);
    let kind = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let there = layout.blob(kind, b"foreign, but here");
    let zstd = layout.blob("application/vnd.oci.image.layer.v1.tar+zstd", b"zstd");
    let layers = [&large, &largest, &foreign, &there, &zstd].map(Clone::clone);
    let image = layout.image("amd64", &layers);
    layout.top(image.clone(), "app:1");
    let contents = layout.look();
    let missing = |blob| Finding::MissingBlob {
        blob: text(blob),
        artifact: text(&image),
    };
    let outside = |layer, present| Finding::ForeignLayer {
        digest: text(layer),
        present,
    };
    let mut wanted = vec![
        missing(&large),
        missing(&largest),
        Finding::LayerTooLarge {
            digest: text(&large),
            size: Finding::LARGEST_LAYER + 1,
        },
        outside(&foreign, false),
        outside(&there, true),
        Finding::ZstdLayers {
            artifact: text(&image),
            count: 1,
        },
    ];
    wanted.sort();
    assert_eq!(contents.findings, wanted);
    let notes = contents.findings.iter().filter(|finding| finding.is_note());
    assert_eq!(notes.count(), 1);
    let flags = contents.artifacts[0].layers.iter();
    let flags: Vec<_> = flags
        .map(|layer| (layer.foreign, layer.present, layer.zstd))
        .collect();
    let (absent, here) = ((false, false, false), (false, true, true));
    assert_eq!(
        flags,
        [
            absent,
            absent,
            (true, false, false),
            (true, true, false),
            here
        ]
    );
}

#[test]
fn signatures_are_found_whether_the_index_lists_them_or_not() {
    let mut layout = one_image();
    let image = layout.tops[0].clone();
    let payload = layout.blob("application/json", b"[1,2,3]");
    let listed = json!({"artifactType": SIGNATURE, "layers": [payload], "subject": image});
    let listed = layout.json(MANIFEST, &listed);
    let kind = "application/vnd.cncf.helm.config.v1+json";
    let config = layout.blob(kind, b"{}");
    let hidden = json!({"config": config, "layers": [], "subject": image});
    let hidden = layout.json(MANIFEST, &hidden);
    layout.top(listed.clone(), "");
    let contents = layout.look();
    assert_eq!(contents.findings, []);
    let [app, signature] = contents.artifacts.as_slice() else {
        panic!("{contents:?}");
    };
    let mut found: Vec<_> = app
        .referrers
        .iter()
        .map(|found| found.digest.clone())
        .collect();
    let mut wanted = [text(&listed), text(&hidden)];
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    let kinds: Vec<_> = app
        .referrers
        .iter()
        .flat_map(|found| &found.artifact_type)
        .collect();
    assert!(
        kinds.iter().any(|found| *found == SIGNATURE) && kinds.iter().any(|found| *found == kind)
    );
    assert_eq!(signature.subject, Some(text(&image)));
    assert_eq!(signature.names, [""; 0]);
}

#[test]
fn referrers_that_lost_their_image_and_images_that_lost_referrers_are_told() {
    let mut layout = one_image();
    let image = text(&layout.tops[0]);
    let lost = layout.image("arm64", &[]);
    layout.remove(&lost);
    let orphan = layout.json(MANIFEST, &json!({"layers": [], "subject": lost}));
    let gone = layout.image("s390x", &[]);
    layout.remove(&gone);
    let tag = layout.json(INDEX, &json!({"manifests": [gone]}));
    layout.top(tag, &image.replace(':', "-"));
    layout.top(
        orphan.clone(),
        &format!("{}.sig", text(&lost).replace(':', "-")),
    );
    let wanted = [
        Finding::MissingReferrers {
            subject: image,
            referrer: text(&gone),
        },
        Finding::MissingSubject {
            referrer: format!("{}.sig", text(&lost).replace(':', "-")),
            subject: text(&lost),
        },
        Finding::MissingSubject {
            referrer: text(&orphan),
            subject: text(&lost),
        },
    ];
    let found = layout.look().findings;
    assert_eq!(found.len(), wanted.len(), "{found:?}");
    assert!(
        wanted.iter().all(|finding| found.contains(finding)),
        "{found:?}"
    );
}

#[test]
fn fifty_artifacts_fit_in_a_run_and_their_signatures_are_not_counted() {
    let mut layout = Layout::default();
    for number in 0..50 {
        let layer = layout.layer(&format!("layer {number}"));
        let image = layout.image("amd64", &[layer]);
        layout.top(image, &format!("app:{number}"));
    }
    let signature = json!({"layers": [], "subject": layout.tops[0]});
    let signature = layout.json(MANIFEST, &signature);
    layout.top(signature, "");
    assert_eq!(layout.look().findings, []);
    let again = layout.tops[0].clone();
    layout.top(again, "app:latest");
    let contents = layout.look();
    assert_eq!(contents.findings, [Finding::TooManyArtifacts { count: 51 }]);
    assert!(said(&contents)[0].contains("at most 50"));
    assert_eq!(contents.artifacts.len(), 51);
}

#[test]
fn a_chart_is_known_by_its_configuration() {
    let mut layout = Layout::default();
    let kind = "application/vnd.cncf.helm.config.v1+json";
    let config = layout.blob(kind, b"{\"name\":\"chart\"}");
    let layer = layout.blob(LAYER, b"chart");
    let chart = layout.json(MANIFEST, &json!({"config": config, "layers": [layer]}));
    layout.top(chart, "chart:1");
    let contents = layout.look();
    assert_eq!(contents.findings, []);
    assert_eq!(contents.artifacts[0].artifact_type.as_deref(), Some(kind));
    assert_eq!(contents.artifacts[0].platforms, [""; 0]);
}
