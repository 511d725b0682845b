//! Which blobs fire a source trigger, and what is said of the others.

use jiff::{SignedDuration, Timestamp};

use super::super::scene::{Scene, at};
use super::*;
use crate::Content;
use crate::store::{Conditions, NewBlob};

const MD5: &str = "1B2M2Y8AsgTpgAmY7PhCfg==";

fn watched(scene: &Scene, permissions: &str) -> Watched {
    let (container, access) = scene.place("target", "inbox", permissions);
    Watched {
        pipeline: "p".to_owned(),
        container,
        access,
    }
}

fn put(scene: &Scene, name: &str, md5: Option<&str>, category: Option<(&str, &str)>) {
    let mut about = NewBlob::default();
    about.headers.content_md5 = md5.map(str::to_owned);
    let category = category.map(|(name, value)| (name.to_owned(), value.to_owned()));
    about.metadata.extend(category);
    let at = at("target", "inbox", name);
    let put = scene
        .lab
        .store()
        .put_synthetic(&at, Content::default(), about);
    put.unwrap();
}

fn look(scene: &Scene, triggers: &Triggers, watched: &Watched, now: Timestamp) -> Vec<String> {
    let looked = triggers.look(&scene.client, watched, now);
    let fired = scene.runtime.block_on(looked);
    fired.into_iter().map(|fired| fired.blob).collect()
}

fn verdict(triggers: &Triggers, blob: &str) -> String {
    let findings = triggers.findings();
    let found = findings.iter().find(|finding| finding.blob == blob);
    found.map_or(String::new(), |finding| finding.verdict.to_string())
}

#[test]
fn only_a_young_blob_with_md5_and_category_fires() {
    let scene = Scene::new();
    let category = Some(("category", CATEGORY));
    put(&scene, "a & b/ü.tar", Some(MD5), category);
    put(&scene, "capital", Some(MD5), Some(("Category", CATEGORY)));
    put(&scene, "no-md5", None, category);
    put(&scene, "bad-md5", Some("AAAA"), category);
    put(&scene, "no-category", Some(MD5), None);
    put(&scene, "other-category", Some(MD5), Some(("category", "x")));
    let (triggers, watched) = (Triggers::default(), watched(&scene, "rl"));
    let now = scene.lab.clock().now();
    assert_eq!(
        look(&scene, &triggers, &watched, now),
        ["a & b/ü.tar", "capital"]
    );
    for (blob, told) in [
        ("capital", "a run was started"),
        ("no-md5", "no valid Content-MD5"),
        ("bad-md5", "no valid Content-MD5"),
        ("no-category", "no metadata category=acr-transfer-blob"),
        ("other-category", "no metadata category=acr-transfer-blob"),
    ] {
        let said = verdict(&triggers, blob);
        assert!(said.contains(told), "{blob}: {said}");
    }
    assert_eq!(triggers.findings().len(), 6);
    // Each fires once, until it changes.
    assert!(look(&scene, &triggers, &watched, now).is_empty());
    let capital = at("target", "inbox", "capital");
    let store = scene.lab.store();
    store
        .change(&capital, &Conditions::default(), true, &mut |_| {})
        .unwrap();
    assert_eq!(look(&scene, &triggers, &watched, now), ["capital"]);
    triggers.forget("p");
    assert_eq!(look(&scene, &triggers, &watched, now).len(), 2);
}

#[test]
fn after_60_days_a_blob_has_to_be_touched() {
    let scene = Scene::new();
    put(&scene, "old", Some(MD5), Some(("category", CATEGORY)));
    let (triggers, watched) = (Triggers::default(), watched(&scene, "l"));
    let later = scene.lab.clock().now() + AGE + SignedDuration::from_secs(1);
    assert!(look(&scene, &triggers, &watched, later).is_empty());
    let said = verdict(&triggers, "old");
    assert!(said.contains("over 60 days ago"), "{said}");
    let day_before = later - SignedDuration::from_hours(1);
    assert_eq!(look(&scene, &triggers, &watched, day_before), ["old"]);
}

#[test]
fn without_list_nothing_fires() {
    let scene = Scene::new();
    put(&scene, "blob", Some(MD5), Some(("category", CATEGORY)));
    let triggers = Triggers::default();
    let now = scene.lab.clock().now();
    assert!(look(&scene, &triggers, &watched(&scene, "rd"), now).is_empty());
    let said = verdict(&triggers, "");
    assert!(
        said.contains("cannot be listed: Failed to access storage"),
        "{said}"
    );
    assert!(said.contains("AuthorizationPermissionMismatch"), "{said}");
    assert_eq!(
        look(&scene, &triggers, &watched(&scene, "l"), now),
        ["blob"]
    );
    assert_eq!(verdict(&triggers, ""), "");
}
