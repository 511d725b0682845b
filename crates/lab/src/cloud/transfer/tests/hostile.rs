//! Tars that no export wrote.

use serde_json::json;
use tar::{EntryType, Header};

use super::super::super::registry::layout::REF_NAME;
use super::super::super::scene::Scene;
use super::Digest;

/// A tar of these, each with its name as given, whatever it is.
fn tar(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, kind, content) in entries {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(crate::content::size(content.len()));
        header.set_mode(0o644);
        header.set_entry_type(*kind);
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

const FILE: EntryType = EntryType::Regular;

struct Parts {
    manifest: String,
    blob: String,
    index: String,
}

fn parts(names: &[&str]) -> Parts {
    let manifest = json!({
        "schemaVersion": 2,
        "config": { "mediaType": "c", "digest": Digest::of(b"{}"), "size": 2 },
        "layers": [],
    })
    .to_string();
    let digest = Digest::of(manifest.as_bytes());
    let entries: Vec<_> = names
        .iter()
        .map(|name| {
            let annotations = json!({ REF_NAME: name });
            json!({ "digest": digest, "size": manifest.len(), "annotations": annotations })
        })
        .collect();
    Parts {
        blob: format!("blobs/sha256/{}", digest.hex()),
        manifest,
        index: json!({ "schemaVersion": 2, "manifests": entries }).to_string(),
    }
}

fn failure(scene: &Scene, bytes: Vec<u8>) -> String {
    scene.offer(bytes);
    let failure = scene.failure(&scene.import("to", &[]));
    assert!(scene.layout("to").names().unwrap().is_empty());
    failure
}

#[test]
fn a_tar_that_is_made_by_hand_is_read_when_it_is_right() {
    let scene = Scene::new();
    let parts = parts(&["app:1"]);
    let config = format!("blobs/sha256/{}", Digest::of(b"{}").hex());
    let right = tar(&[
        ("oci-layout", FILE, b"{}"),
        (&config, FILE, b"{}"),
        ("index.json", FILE, parts.index.as_bytes()),
        (&parts.blob, FILE, parts.manifest.as_bytes()),
    ]);
    scene.offer(right.clone());
    let imported = scene.run(&scene.import("right", &[])).unwrap().imported;
    assert_eq!(imported, ["app:1"]);
    for cut in [1, 512, 1000, right.len() / 2] {
        failure(&scene, right[..cut].to_vec());
    }
}

#[test]
fn names_that_do_not_belong_there_are_refused() {
    let scene = Scene::new();
    let parts = parts(&["app:1"]);
    let blob = parts.blob.as_str();
    let long = "x".repeat(100);
    for (name, kind, told) in [
        ("../evil", FILE, "does not belong there"),
        ("/etc/passwd", FILE, "does not belong there"),
        ("blobs/sha256/../../x", FILE, "does not belong there"),
        ("blobs/sha256/zz", FILE, "does not belong there"),
        ("./oci-layout", FILE, "does not belong there"),
        (&long, FILE, "does not belong there"),
        (blob, FILE, "is there twice"),
        ("index.json", FILE, "is there twice"),
        ("oci-layout", EntryType::Symlink, "not an ordinary file"),
        ("blobs", EntryType::Directory, "not an ordinary file"),
        (
            "././@LongLink",
            EntryType::GNULongName,
            "not an ordinary file",
        ),
        ("pax", EntryType::XHeader, "not an ordinary file"),
        ("sparse", EntryType::GNUSparse, "not an ordinary file"),
    ] {
        let bytes = tar(&[
            (blob, FILE, parts.manifest.as_bytes()),
            ("index.json", FILE, parts.index.as_bytes()),
            (name, kind, b""),
        ]);
        let failure = failure(&scene, bytes);
        assert!(failure.contains(told), "{name}: {failure}");
    }
}

#[test]
fn bytes_that_are_not_what_their_names_say_are_refused() {
    let scene = Scene::new();
    let good = parts(&["app:1"]);
    let cases: [(Vec<u8>, &str); 7] = [
        (tar(&[]), "'oci-layout' is missing"),
        (tar(&[("oci-layout", FILE, b"")]), "'index.json' is missing"),
        (tar(&[(&good.blob, FILE, b"other")]), "has the digest"),
        (around(&parts(&["app:1", "app:1"])), "names 'app:1' twice"),
        (around(&parts(&["App:1"])), "does not say what"),
        (
            around(&parts(&[&format!("app@{}", Digest::of(b""))])),
            "does not say what",
        ),
        // Its config is missing.
        (around(&good), "of artifact 'app:1' was not found"),
    ];
    for (bytes, told) in cases {
        let failure = failure(&scene, bytes);
        assert!(failure.contains(told), "{told}: {failure}");
    }
    for junk in [
        vec![0; 10],
        vec![1; 600],
        b"gzip it not".to_vec(),
        Vec::new(),
    ] {
        failure(&scene, junk);
    }
}

fn around(parts: &Parts) -> Vec<u8> {
    tar(&[
        (&parts.blob, FILE, parts.manifest.as_bytes()),
        ("index.json", FILE, parts.index.as_bytes()),
        ("oci-layout", FILE, b"{}"),
    ])
}
