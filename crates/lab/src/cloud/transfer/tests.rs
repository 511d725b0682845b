//! Runs: exports and imports between layouts through the accounts of a lab.

mod hostile;
mod imports;
mod remote;

use super::super::registry::name::{Digest, Name};
use super::super::scene::{Scene, at, image, index, manifest, noise};
use super::{Access, Job};
use crate::content::Content;

fn bytes(content: &Content) -> Vec<u8> {
    let mut reader = content.reader();
    let mut bytes = Vec::new();
    while let Some(piece) = reader.next(1 << 20).unwrap() {
        bytes.extend_from_slice(&piece);
    }
    bytes
}

fn with(mut job: Job, options: &[&str]) -> Job {
    job.options = options.iter().map(|word| (*word).to_owned()).collect();
    job
}

#[test]
fn an_index_with_a_large_layer_arrives_as_it_was() {
    let scene = Scene::new();
    let from = scene.layout("from");
    let large = noise(1, 9 << 20);
    let amd64 = image(&from, "team/app@", &[b"base", &large]);
    let arm64 = image(&from, "team/app@", &[b"base", b""]);
    let nested = index(&from, "team/app@", &[arm64]);
    let top = index(&from, "team/app:1.0", &[amd64.clone(), nested]);
    image(&from, "tool:latest", &[b"tool"]);
    let digest = format!("team/app@{}", amd64.digest);
    let job = scene.export("from", &["tool", "team/app:1.0", &digest, "tool:latest"]);
    let exported = scene.run(&job).unwrap();
    assert_eq!(exported.skipped, Vec::<String>::new());
    assert_eq!(scene.told.lock().unwrap().last(), Some(&100));
    let blob = scene.carry(&job);
    assert!(blob.blocks.len() > 1, "{}", blob.blocks.len());
    let tar = bytes(&blob.content);
    assert_eq!(exported.catalog_digest, Digest::of(&tar).to_string());
    let md5 = blobferry_integrity::Md5Digest::of(&tar).to_base64();
    assert_eq!(blob.about.headers.content_md5, Some(md5));
    let media_type = blob.about.headers.content_type.as_deref();
    assert_eq!(media_type, Some("application/x-tar"));
    let category = blob.about.metadata.get("category").map(String::as_str);
    assert_eq!(category, Some("acr-transfer-blob"));

    let imported = scene.run(&scene.import("to", &[])).unwrap();
    assert_eq!(imported.catalog_digest, exported.catalog_digest);
    assert_eq!(imported.imported, ["tool:latest", "team/app:1.0", &digest]);
    let to = scene.layout("to");
    for name in ["team/app:1.0", "tool:latest", &digest] {
        let name = Name::parse(name).unwrap();
        let (sent, arrived) = (from.manifest(&name), to.manifest(&name));
        assert_eq!(
            arrived.unwrap().unwrap().bytes,
            sent.unwrap().unwrap().bytes
        );
    }
    assert_eq!(
        to.blob(Digest::of(&large)).unwrap().unwrap().left(),
        9 << 20
    );
    let found = to.find(&Name::parse("team/app:1.0").unwrap()).unwrap();
    assert_eq!(found.unwrap().digest, top.digest);
}

#[test]
fn the_tar_is_the_same_every_time_and_a_blob_is_not_overwritten_unasked() {
    let scene = Scene::new();
    image(&scene.layout("from"), "app:1", &[b"layer"]);
    let job = scene.export("from", &["app:1"]);
    let first = scene.run(&job).unwrap();
    let failure = scene.failure(&job);
    for part in [
        "'some folder/all.tar' already exists in container 'out'",
        "OverwriteBlobs",
        "Status: 409",
    ] {
        assert!(failure.contains(part), "{failure}");
    }
    let again = scene.run(&with(job, &["overwriteblobs"])).unwrap();
    assert_eq!(first.catalog_digest, again.catalog_digest);
}

#[test]
fn what_is_missing_fails_the_run_or_is_left_out() {
    let scene = Scene::new();
    let layout = scene.layout("from");
    let lost = image(&layout, "lost:1", &[b"gone"]);
    image(&layout, "app:1", &[b"layer"]);
    let hex = Digest::of(b"gone").hex();
    fs_err::remove_file(layout.root().join("blobs/sha256").join(hex)).unwrap();
    for (artifact, told) in [
        ("app:2", "Artifact 'app:2' was not found in registry 'from'"),
        ("App:2", "'App:2' is not a valid artifact name"),
        ("lost:1", "of artifact 'lost:1' was not found"),
        (&format!("app@{}", lost.digest), "was not found in registry"),
    ] {
        let job = scene.export("from", &[artifact, "app:1"]);
        let failure = scene.failure(&job);
        assert!(failure.contains(told), "{failure}");
        assert!(
            failure.ends_with("https://aka.ms/acr/transfer."),
            "{failure}"
        );
        let job = with(job, &["ContinueOnErrors", "OverwriteBlobs"]);
        let outcome = scene.run(&job).unwrap();
        assert!(outcome.skipped[0].contains(told), "{outcome:?}");
        scene.carry(&job);
        let imported = scene.run(&scene.import("to", &[])).unwrap().imported;
        assert_eq!(imported, ["app:1"]);
    }
    let job = with(scene.export("from", &["app:2"]), &["ContinueOnErrors"]);
    assert!(scene.failure(&job).contains("app:2"));
    assert!(
        scene
            .failure(&scene.export("from", &[]))
            .contains("No artifacts")
    );
}

#[test]
fn limits_are_the_services() {
    let scene = Scene::new();
    let layout = scene.layout("from");
    image(&layout, "app:1", &[&noise(2, 1001)]);
    let mut job = scene.export("from", &["app:1"]);
    job.largest_layer = 1000;
    let failure = scene.failure(&job);
    let told = "of 1001 bytes exceeds the maximum layer size of 1000 bytes";
    assert!(failure.contains(told), "{failure}");
    job.largest_layer = 1001;
    scene.run(&job).unwrap();
    let huge = serde_json::json!({
        "schemaVersion": 2,
        "config": { "mediaType": "c", "digest": Digest::of(b"x"), "size": 1 },
        "layers": [{ "mediaType": "l", "digest": Digest::of(b"y"), "size": 8_000_000_001_u64 }],
    });
    super::super::scene::blob(&layout, "c", b"x");
    manifest(&layout, "huge:1", &huge);
    let failure = scene.failure(&scene.export("from", &["huge:1"]));
    let told = "exceeds the maximum layer size of 8 GB";
    assert!(failure.contains(told), "{failure}");
    let many: Vec<String> = (0..51).map(|tag| format!("app:{tag}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let failure = scene.failure(&scene.export("from", &many));
    assert!(
        failure.contains("51 artifacts, which exceeds the maximum of 50"),
        "{failure}"
    );
}

#[test]
fn a_refusal_of_the_account_is_told_in_the_services_words() {
    let scene = Scene::new();
    image(&scene.layout("from"), "app:1", &[b"layer"]);
    let mut job = scene.export("from", &["app:1"]);
    (job.container, job.access) = scene.place("source", "out", "rl");
    let failure = scene.failure(&job);
    let begins = "Failed to access storage. Service request failed.\nStatus: 403 (This request is not authorized to \
                  perform this operation using this permission.)\nErrorCode: AuthorizationPermissionMismatch\n\nHeaders:\n";
    assert!(failure.starts_with(begins), "{failure}");
    assert!(failure.contains("\nx-ms-request-id: "), "{failure}");
    let ends = "\n For more information, please visit https://aka.ms/acr/transfer.";
    assert!(failure.ends_with(ends), "{failure}");
    // Nothing is left to say where nobody answers, but never the signature.
    job.container = "http://127.0.0.1:1/source/out".to_owned();
    job.access = Access::Sas("sv=1&sig=secret".to_owned());
    let failure = scene.failure(&job);
    assert!(
        failure.starts_with("Failed to access storage. "),
        "{failure}"
    );
    assert!(!failure.contains("secret"), "{failure}");
}

#[test]
fn a_layer_that_changed_on_disk_is_not_exported() {
    let scene = Scene::new();
    let layout = scene.layout("from");
    image(&layout, "app:1", &[b"layer"]);
    let hex = Digest::of(b"layer").hex();
    fs_err::write(layout.root().join("blobs/sha256").join(hex), "Layer").unwrap();
    let failure = scene.failure(&scene.export("from", &["app:1"]));
    assert!(failure.contains("its bytes are not those"), "{failure}");
    let blob = scene
        .lab
        .store()
        .blob(&at("source", "out", "some folder/all.tar"));
    assert!(blob.is_err());
}

#[test]
fn foreign_layers_stay_where_they_are() {
    let scene = Scene::new();
    let layout = scene.layout("from");
    super::super::scene::blob(&layout, "c", b"{}");
    let image = serde_json::json!({
        "schemaVersion": 2,
        "config": { "mediaType": "c", "digest": Digest::of(b"{}"), "size": 2 },
        "layers": [{
            "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "digest": Digest::of(b"elsewhere"), "size": 9, "urls": ["https://mcr.microsoft.com/x"],
        }],
    });
    manifest(&layout, "windows:1", &image);
    let job = scene.export("from", &["windows:1"]);
    scene.run(&job).unwrap();
    scene.carry(&job);
    let imported = scene.run(&scene.import("to", &[])).unwrap().imported;
    assert_eq!(imported, ["windows:1"]);
    assert!(
        scene
            .layout("to")
            .blob(Digest::of(b"elsewhere"))
            .unwrap()
            .is_none()
    );
}
