//! `blobferry touch` against the lab: Last-Modified moves, everything else stays, and what an import trigger wants is added.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use blobferry_harness::{Finished, Run, md5_base64, pattern};
use blobferry_lab::auth::SasTerms;
use blobferry_lab::store::{Blob, NewBlob};
use blobferry_lab::{Address, Content, Lab, Options};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const BLOBFERRY: &str = env!("CARGO_BIN_EXE_blobferry");

/// A lab with one blob in it.
struct Ground {
    lab: Lab,
    bytes: Vec<u8>,
}

fn at(blob: &str) -> Address {
    Address {
        account: "source".to_owned(),
        container: "transfer".to_owned(),
        blob: blob.to_owned(),
    }
}

impl Ground {
    /// With a blob that has all properties and some metadata, put 61 days ago.
    fn new() -> Self {
        let lab = Lab::start(Options::default()).unwrap();
        lab.clock().advance(-61 * 86_400);
        let bytes = pattern(3, 300_000);
        let mut about = NewBlob::default();
        about.headers.content_type = Some("application/x-tar".to_owned());
        about.headers.cache_control = Some("no-cache".to_owned());
        about.headers.content_disposition = Some("attachment".to_owned());
        about.headers.content_language = Some("de".to_owned());
        about.metadata = metadata(&[("run", "42"), ("Origin", "east")]);
        let content = Content::memory(Bytes::from(bytes.clone()));
        lab.store()
            .put_synthetic(&at("run.tar"), content, about)
            .unwrap();
        lab.clock().advance(61 * 86_400);
        Self { lab, bytes }
    }

    fn url(&self) -> String {
        format!("{}/source/transfer/run.tar", self.lab.endpoint())
    }

    fn sas(&self, permissions: &str) -> String {
        let terms = SasTerms {
            permissions: permissions.to_owned(),
            expiry: Some(Timestamp::now() + SignedDuration::from_hours(2)),
            ..SasTerms::default()
        };
        terms.sign(&at(""), &self.lab.store().key("source").unwrap())
    }

    fn blob(&self) -> std::sync::Arc<Blob> {
        self.lab.store().blob(&at("run.tar")).unwrap()
    }

    /// With a SAS of these permissions in the environment; it must not show up.
    fn touch(&self, permissions: &str, words: &[&str], code: i32) -> Finished {
        let sas = self.sas(permissions);
        let run = Run::new(BLOBFERRY).args(["touch", &self.url()]).args(words);
        let finished = run.env("BLOBFERRY_SAS", &sas).run().unwrap();
        silent(&finished, &sas);
        finished.expect_code(code)
    }

    fn touched(&self, words: &[&str]) -> Value {
        let words = [words, &["--output", "json"]].concat();
        self.touch("rw", &words, 0)
            .json_lines()
            .unwrap()
            .pop()
            .unwrap()
    }
}

fn silent(finished: &Finished, sas: &str) {
    let signature = sas.split("sig=").nth(1).unwrap().split('&').next().unwrap();
    let said = [&finished.stdout[..], &finished.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(!said.contains(signature), "{said}");
}

fn metadata(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pair = |(name, value): &(&str, &str)| (String::from(*name), String::from(*value));
    pairs.iter().map(pair).collect()
}

#[test]
fn the_time_moves_and_everything_else_stays() {
    let ground = Ground::new();
    let before = ground.blob();
    let said = ground.touch("rw", &[], 0);
    let after = ground.blob();
    assert!(after.modified > before.modified);
    assert_ne!(after.etag, before.etag);
    assert_eq!(after.about.headers, before.about.headers);
    let lower = metadata(&[("run", "42"), ("origin", "east")]);
    let own = after
        .about
        .metadata
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    assert_eq!(own.collect::<BTreeMap<_, _>>(), lower);
    let text = said.stdout_text();
    for part in ["touched", "before", "run=42", "--category", "--put-md5"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn category_metadata_and_md5_are_added_and_the_rest_is_kept() {
    let ground = Ground::new();
    let before = ground.blob();
    let md5 = md5_base64(&ground.bytes);
    let said = ground.touched(&["--category", "--metadata", "ORIGIN=west", "--put-md5"]);
    assert_eq!(said["type"], "summary");
    assert_eq!(said["status"], "touched");
    assert_eq!(
        said["metadata"],
        json!({"category": "acr-transfer-blob", "ORIGIN": "west", "run": "42"})
    );
    assert_eq!(said["metadata_set"], json!(["ORIGIN", "category"]));
    assert_eq!(
        (&said["content_md5"], &said["content_md5_added"]),
        (&json!(md5), &json!(true))
    );
    assert_eq!(said["notes"], json!([]));
    let time = |field: &str| said[field].as_str().unwrap().parse::<Timestamp>().unwrap();
    let moved = time("last_modified").as_second() - time("last_modified_before").as_second();
    assert!(moved > 60 * 86_400, "{moved}");
    let mut headers = before.about.headers.clone();
    headers.content_md5 = Some(md5.clone());
    assert_eq!(ground.blob().about.headers, headers);
    let again = ground.touched(&["--put-md5"]);
    assert_eq!(
        (&again["content_md5"], &again["content_md5_added"]),
        (&json!(md5), &json!(false))
    );
    assert_eq!(again["metadata_set"], json!([]));
    assert_eq!(again["metadata"]["category"], "acr-transfer-blob");
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_sent() {
    let ground = Ground::new();
    let before = ground.blob();
    for (permissions, lacks) in [
        ("r", "lacks permission w"),
        ("w", "lacks permission r"),
        ("rc", "lacks permission w"),
    ] {
        let said = ground.touch(permissions, &[], 5).stderr_text();
        assert!(said.contains(lacks), "{permissions}: {said}");
    }
    ground.touch("rw", &["--metadata", "1=2"], 2);
    ground.touch("rw", &["--sas-file", "/does/not/exist"], 5);
    let none = Run::new(BLOBFERRY)
        .args(["touch", &ground.url()])
        .run()
        .unwrap();
    let said = none.expect_code(5).stderr_text();
    assert!(
        said.contains("--sas-file") && said.contains("BLOBFERRY_SAS"),
        "{said}"
    );
    let nothing = Run::new(BLOBFERRY).args(["touch", &ground.url().replace("run.tar", "other")]);
    let nothing = nothing
        .env("BLOBFERRY_SAS", ground.sas("rw"))
        .run()
        .unwrap();
    let said = nothing.expect_code(1).stderr_text();
    assert!(said.contains("BlobNotFound"), "{said}");
    assert_eq!(ground.blob().etag, before.etag);
}
