//! Docker-archives, old and new.

use blobferry_bundle::{BlobKind, Contents, Finding};
use serde_json::{Value, json};
use tar::EntryType;

use crate::archives::{digest, header, look, one_image, tar_of, text};

fn config(layers: &[&[u8]]) -> Vec<u8> {
    let ids: Vec<_> = layers.iter().map(|layer| digest(layer)).collect();
    let config = json!({"os": "windows", "architecture": "amd64", "rootfs": {"diff_ids": ids}});
    config.to_string().into_bytes()
}

fn archive(manifest: &Value, files: &[(&str, &[u8])]) -> Contents {
    let manifest = json!([manifest]).to_string();
    let first = [("manifest.json", manifest.as_bytes())];
    look(&tar_of(files.iter().chain(&first).copied()))
}

#[test]
fn what_skopeo_writes_is_listed_and_its_layers_checked() {
    let config = config(&[b"one", b"two"]);
    let manifest = json!({"Config": "c.json", "RepoTags": ["app:1", "app:2"],
        "Layers": ["1.tar", "2.tar"]});
    let contents = archive(
        &manifest,
        &[("1.tar", b"one"), ("2.tar", b"two"), ("c.json", &config)],
    );
    assert_eq!(contents.kind, BlobKind::DockerArchive);
    assert_eq!(contents.findings, []);
    let [artifact] = contents.artifacts.as_slice() else {
        panic!("{contents:?}");
    };
    assert_eq!(artifact.names, ["app:1", "app:2"]);
    assert_eq!(artifact.digest, digest(&config));
    assert_eq!(artifact.platforms, ["windows/amd64"]);
    let layers: Vec<_> = artifact
        .layers
        .iter()
        .map(|layer| layer.digest.clone())
        .collect();
    assert_eq!(layers, [digest(b"one"), digest(b"two")]);
    assert_eq!(artifact.bytes, u64::try_from(config.len()).unwrap() + 6);
    let contents = archive(&manifest, &[("1.tar", b"0ne"), ("c.json", &config)]);
    let artifact = digest(&config);
    let wanted = [
        Finding::DigestMismatch {
            digest: digest(b"one"),
            actual: digest(b"0ne"),
        },
        Finding::MissingBlob {
            blob: "2.tar".to_owned(),
            artifact,
        },
    ];
    assert_eq!(contents.findings, wanted);
}

#[test]
fn a_layer_that_is_a_link_to_another_images_layer_is_there() {
    let config = config(&[b"one"]);
    let manifest = json!([{"Config": "c.json", "RepoTags": null, "Layers": ["b/layer.tar"]}]);
    let mut to = tar::Builder::new(Vec::new());
    let files: [(&str, &[u8]); 3] = [
        ("a/layer.tar", b"one"),
        ("c.json", &config),
        ("manifest.json", &manifest.to_string().into_bytes()),
    ];
    for (path, bytes) in files {
        let size = u64::try_from(bytes.len()).unwrap();
        to.append(&header(path, EntryType::Regular, size), bytes)
            .unwrap();
    }
    let mut link = header("b/layer.tar", EntryType::Symlink, 0);
    link.set_link_name("../a/layer.tar").unwrap();
    link.set_cksum();
    to.append(&link, &b""[..]).unwrap();
    let contents = look(&to.into_inner().unwrap());
    let layer = &contents.artifacts[0].layers[0];
    assert!(layer.present);
    assert_eq!(layer.digest, digest(b"one"));
    let link = Finding::Link {
        path: "b/layer.tar".to_owned(),
        target: "../a/layer.tar".to_owned(),
    };
    assert_eq!(contents.findings, [link]);
}

#[test]
fn foreign_layers_are_known_by_their_sources() {
    let config = config(&[b"base"]);
    let id = digest(b"base");
    let source = json!({"digest": id, "size": 4, "mediaType":
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"});
    let mut sources = json!({});
    sources[&id] = source;
    let manifest = json!({"Config": "c.json", "Layers": ["1.tar"], "LayerSources": sources});
    let contents = archive(&manifest, &[("1.tar", b"base"), ("c.json", &config)]);
    let wanted = Finding::ForeignLayer {
        digest: id,
        present: true,
    };
    assert_eq!(contents.findings, [wanted]);
}

#[test]
fn a_layout_that_is_a_docker_archive_too_takes_names_from_both() {
    let layout = one_image();
    let contents = layout.look();
    let config = contents.artifacts[0].configs[0].replace("sha256:", "blobs/sha256/");
    let manifest =
        json!([{"Config": config, "RepoTags": ["app:1", "registry/app:1"], "Layers": []}]);
    let manifest = manifest.to_string();
    let mut files = layout.all();
    files.push(("manifest.json".to_owned(), manifest.into_bytes()));
    let contents = look(&tar_of(
        files.iter().map(|(path, bytes)| (&**path, &**bytes)),
    ));
    assert_eq!(contents.kind, BlobKind::OciLayout);
    assert_eq!(contents.findings, []);
    assert_eq!(contents.artifacts[0].digest, text(&layout.tops[0]));
    assert_eq!(contents.artifacts[0].names, ["app:1", "registry/app:1"]);
}
