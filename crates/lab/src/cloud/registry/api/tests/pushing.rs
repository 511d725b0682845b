//! Pushes, and what refers to what was pushed.

use serde_json::json;

use super::*;

fn upload(scene: &Scene) -> String {
    let begun = ask(scene, "POST", "/v2/team/app/blobs/uploads/", b"");
    assert_eq!(begun.status, 202);
    begun.header("location").to_owned()
}

#[test]
fn a_blob_arrives_in_one_request_or_many() {
    let scene = Scene::new();
    let digest = Digest::of(b"0123456789");
    let at = upload(&scene);
    let state = ask(&scene, "PATCH", &at, b"01234");
    assert_eq!((state.status, state.header("range")), (202, "0-4"));
    assert_eq!(ask(&scene, "GET", &at, b"").header("range"), "0-4");
    let done = ask(&scene, "PUT", &format!("{at}?digest={digest}"), b"56789");
    assert_eq!(done.status, 201);
    let blob = done.header("location").to_owned();
    assert_eq!(ask(&scene, "GET", &blob, b"").body, b"0123456789");
    assert_eq!(ask(&scene, "GET", &at, b"").code(), "BLOB_UPLOAD_UNKNOWN");
    let digest = Digest::of(b"at once");
    let at_once = format!("/v2/app/blobs/uploads/?digest={digest}");
    assert_eq!(ask(&scene, "POST", &at_once, b"at once").status, 201);
    let mount = format!("/v2/else/blobs/uploads/?mount={digest}&from=app");
    assert_eq!(ask(&scene, "POST", &mount, b"").status, 201);
    let at = upload(&scene);
    assert_eq!(ask(&scene, "DELETE", &at, b"").status, 204);
    assert_eq!(
        ask(&scene, "PATCH", &at, b"x").code(),
        "BLOB_UPLOAD_UNKNOWN"
    );
    let evil = "/v2/app/blobs/uploads/..%2F..%2Findex.json";
    assert_eq!(ask(&scene, "PATCH", evil, b"x").status, 404);
}

#[test]
fn a_blob_of_another_digest_does_not_appear() {
    let scene = Scene::new();
    let digest = Digest::of(b"what it should be");
    let at = upload(&scene);
    assert_eq!(ask(&scene, "PUT", &at, b"x").code(), "DIGEST_INVALID");
    let done = ask(
        &scene,
        "PUT",
        &format!("{at}?digest={digest}"),
        b"what it is",
    );
    assert_eq!(
        (done.status, done.code()),
        (400, "DIGEST_INVALID".to_owned())
    );
    let blob = format!("/v2/team/app/blobs/{digest}");
    assert_eq!(ask(&scene, "HEAD", &blob, b"").status, 404);
}

#[test]
fn a_manifest_needs_what_it_names() {
    let scene = Scene::new();
    let config = json!({ "mediaType": "c", "digest": Digest::of(b"{}"), "size": 2 });
    let text = json!({ "schemaVersion": 2, "config": config, "layers": [] }).to_string();
    let put = |which: &str, text: &str| {
        ask(
            &scene,
            "PUT",
            &format!("/v2/team/app/manifests/{which}"),
            text.as_bytes(),
        )
    };
    assert_eq!(put("1", &text).code(), "MANIFEST_BLOB_UNKNOWN");
    let at = format!("/v2/team/app/blobs/uploads/?digest={}", Digest::of(b"{}"));
    ask(&scene, "POST", &at, b"{}");
    let done = put("1", &text);
    assert_eq!(done.status, 201, "{}", String::from_utf8_lossy(&done.body));
    let digest = Digest::of(text.as_bytes());
    assert_eq!(done.header("docker-content-digest"), digest.to_string());
    assert_eq!(
        put(&Digest::of(b"?").to_string(), &text).code(),
        "DIGEST_INVALID"
    );
    assert_eq!(put("1", "{}").code(), "MANIFEST_INVALID");
    assert_eq!(put(".bad", &text).code(), "TAG_INVALID");
    let names = scene.layout("reg").names().unwrap();
    let names: Vec<String> = names.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["team/app:1"]);
    assert!(Name::parse(&names[0]).is_some());
}

#[test]
fn referrers_are_found_by_their_subject() {
    let scene = Scene::new();
    let layout = scene.layout("reg");
    let subject = image(&layout, "app:1", &[b"layer"]);
    let config = super::super::super::super::scene::blob(&layout, "application/x-sbom", b"{}");
    let text = json!({
        "schemaVersion": 2, "config": config, "layers": [], "subject": subject,
        "artifactType": "application/spdx", "annotations": { "by": "me" },
    })
    .to_string();
    let put = ask(
        &scene,
        "PUT",
        &format!("/v2/app/manifests/{}", Digest::of(text.as_bytes())),
        text.as_bytes(),
    );
    assert_eq!(put.header("oci-subject"), subject.digest.to_string());
    let path = format!("/v2/app/referrers/{}", subject.digest);
    let found = ask(&scene, "GET", &path, b"").json();
    let entry = &found["manifests"][0];
    assert_eq!(entry["digest"], Digest::of(text.as_bytes()).to_string());
    assert_eq!(entry["artifactType"], "application/spdx");
    assert_eq!(entry["annotations"]["by"], "me");
    let none = ask(&scene, "GET", &format!("{path}?artifactType=other"), b"");
    assert_eq!(none.json()["manifests"], json!([]));
    assert_eq!(none.header("oci-filters-applied"), "artifactType");
    let nobody = format!("/v2/app/referrers/{}", Digest::of(b"?"));
    assert_eq!(
        ask(&scene, "GET", &nobody, b"").json()["manifests"],
        json!([])
    );
}
