//! Imports: what is compared, what is overwritten, what is deleted.

use super::super::super::registry::name::Name;
use super::super::super::scene::{Scene, at, image};
use super::{Digest, with};

/// `app:1` and `app:2`, exported and carried. The catalog digest.
fn carried(scene: &Scene) -> String {
    let from = scene.layout("from");
    image(&from, "app:1", &[b"one"]);
    image(&from, "app:2", &[b"two"]);
    let job = scene.export("from", &["app:2", "app:1"]);
    let exported = scene.run(&job).unwrap();
    scene.carry(&job);
    exported.catalog_digest
}

fn is_empty(scene: &Scene, registry: &str) -> bool {
    scene.layout(registry).names().unwrap().is_empty()
}

#[test]
fn nothing_is_pushed_from_a_blob_with_another_digest() {
    let scene = Scene::new();
    let digest = carried(&scene);
    let mut job = scene.import("to", &[]);
    job.catalog_digest = Some(Digest::of(b"another").to_string());
    let failure = scene.failure(&job);
    let told = format!(
        "is '{digest}', which does not match the expected '{}'",
        Digest::of(b"another")
    );
    assert!(failure.contains(&told), "{failure}");
    assert!(is_empty(&scene, "to"));
    job.catalog_digest = Some(digest.to_uppercase());
    assert_eq!(scene.run(&job).unwrap().imported, ["app:2", "app:1"]);
}

#[test]
fn nothing_is_pushed_from_a_blob_with_another_md5() {
    let scene = Scene::new();
    carried(&scene);
    let job = scene.import("to", &[]);
    let to = at("target", "inbox", &job.blob);
    let mut change = |about: &mut crate::store::NewBlob| {
        about.headers.content_md5 = Some("AAAAAAAAAAAAAAAAAAAAAA==".to_owned());
    };
    let store = scene.lab.store();
    store
        .change(&to, &crate::store::Conditions::default(), true, &mut change)
        .unwrap();
    let failure = scene.failure(&job);
    assert!(failure.contains("The Content-MD5 of blob"), "{failure}");
    assert!(is_empty(&scene, "to"));
    let mut change = |about: &mut crate::store::NewBlob| about.headers.content_md5 = None;
    store
        .change(&to, &crate::store::Conditions::default(), true, &mut change)
        .unwrap();
    scene.run(&job).unwrap();
}

#[test]
fn a_tag_moves_only_where_that_was_asked_for() {
    let scene = Scene::new();
    carried(&scene);
    let to = scene.layout("to");
    let old = image(&to, "app:1", &[b"mine"]);
    let failure = scene.failure(&scene.import("to", &[]));
    let told = format!(
        "Tag 'app:1' already exists in registry 'to' with digest '{}'",
        old.digest
    );
    assert!(
        failure.contains(&told) && failure.contains("OverwriteTags"),
        "{failure}"
    );
    assert_eq!(to.names().unwrap().len(), 1);
    let outcome = scene
        .run(&with(scene.import("to", &[]), &["ContinueOnErrors"]))
        .unwrap();
    assert_eq!(outcome.imported, ["app:2"]);
    assert!(outcome.skipped[0].contains(&told), "{outcome:?}");
    let outcome = scene
        .run(&with(scene.import("to", &[]), &["OverwriteTags"]))
        .unwrap();
    assert_eq!(outcome.imported, ["app:2", "app:1"]);
    // What lost its tag is still there by its digest.
    let old = Name::parse(&format!("app@{}", old.digest)).unwrap();
    assert!(to.manifest(&old).unwrap().is_some());
    // The same digest under the same tag is no overwriting.
    let outcome = scene.run(&scene.import("to", &[])).unwrap();
    assert_eq!(outcome.imported, ["app:2", "app:1"]);
}

#[test]
fn artifacts_of_the_run_choose_among_those_of_the_blob() {
    let scene = Scene::new();
    carried(&scene);
    let outcome = scene.run(&scene.import("to", &["app:1"])).unwrap();
    assert_eq!(outcome.imported, ["app:1"]);
    assert_eq!(scene.layout("to").names().unwrap().len(), 1);
    let job = scene.import("other", &["app:1", "app:3"]);
    let failure = scene.failure(&job);
    assert!(
        failure.contains("'app:3' was not found in blob"),
        "{failure}"
    );
    assert!(is_empty(&scene, "other"));
    let outcome = scene.run(&with(job, &["ContinueOnErrors"])).unwrap();
    assert_eq!((outcome.imported.len(), outcome.skipped.len()), (1, 1));
}

#[test]
fn the_source_blob_goes_after_success_only_and_where_the_sas_lets_it() {
    let scene = Scene::new();
    carried(&scene);
    let options = ["DeleteSourceBlobOnSuccess"];
    let mut job = with(scene.import("to", &["app:1"]), &options);
    let store = scene.lab.store();
    let is_there = || store.blob(&at("target", "inbox", &job.blob)).is_ok();
    let wrong = with(scene.import("to", &["app:3"]), &options);
    scene.failure(&wrong);
    assert!(is_there());
    let mut reader = job.clone();
    (reader.container, reader.access) = scene.place("target", "inbox", "rl");
    let failure = scene.failure(&reader);
    assert!(
        failure.contains("were imported, but the source blob"),
        "{failure}"
    );
    assert!(
        failure.contains("ErrorCode: AuthorizationPermissionMismatch"),
        "{failure}"
    );
    assert!(is_there() && !is_empty(&scene, "to"));
    scene.run(&job).unwrap();
    assert!(!is_there());
    job.options.clear();
    let failure = scene.failure(&job);
    let told = "Blob 'some folder/all.tar' was not found in container 'inbox'";
    assert!(
        failure.starts_with(told) && failure.contains("BlobNotFound"),
        "{failure}"
    );
}

#[test]
fn a_connection_that_breaks_and_a_busy_account_are_borne() {
    let scene = Scene::new();
    let script = r#"{ "rules": [
        { "on": "GetBlob", "nth": 1, "do": "reset-after", "bytes": 1000 },
        { "on": "PutBlock", "nth": 1, "do": "answer", "status": 503, "code": "ServerBusy" },
        { "on": "PutBlockList", "nth": 1, "do": "answer", "status": 500, "code": "InternalError" }
    ] }"#;
    scene
        .lab
        .put_script(crate::fault::Script::parse(script).unwrap());
    carried(&scene);
    let outcome = scene.run(&scene.import("to", &[])).unwrap();
    assert_eq!(outcome.imported, ["app:2", "app:1"]);
    let script = r#"{ "rules": [{ "on": "GetBlob", "do": "reset-after", "bytes": 1000 }] }"#;
    scene
        .lab
        .put_script(crate::fault::Script::parse(script).unwrap());
    let failure = scene.failure(&scene.import("other", &[]));
    let told = "Failed to access storage. Blob 'some folder/all.tar'";
    assert!(failure.starts_with(told), "{failure}");
}
