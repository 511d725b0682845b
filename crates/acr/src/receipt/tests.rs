//! Receipts there and back, and those that are none.

use serde_json::{Value, json};

use super::*;

fn sha(digit: &str) -> String {
    format!("sha256:{}", digit.repeat(64))
}

fn receipt() -> Receipt {
    Receipt {
        receipt_version: VERSION,
        tool: "acr-transfer 0.1.0".into(),
        created: "2026-11-21T12:00:00Z".parse().unwrap(),
        registry: "source.azurecr.io".into(),
        pipeline: "/subscriptions/s/…/exportPipelines/p".into(),
        runs: vec![RunReceipt {
            run: "run00001".into(),
            status: "Succeeded".into(),
            artifacts: vec![ArtifactReceipt {
                artifact: "team/app:1".into(),
                digest: Some(sha("a")),
            }],
            blob: Some(BlobReceipt {
                name: "x.tar".into(),
                url: "https://a.blob.core.windows.net/c/x.tar".into(),
                size: 10,
                sha256: sha("b"),
                content_md5: Some("1B2M2Y8AsgTpgAmY7PhCfg==".into()),
                metadata: [("category".to_owned(), "acr-transfer-blob".to_owned())].into(),
                etag: "\"0x1\"".into(),
            }),
            catalog_digest: None,
            error: None,
            started: None,
            finished: None,
            correlation: None,
        }],
    }
}

/// What reading says of a receipt in which `change` was made.
fn refusal(change: impl FnOnce(&mut Value)) -> String {
    let mut value = serde_json::to_value(receipt()).unwrap();
    change(&mut value);
    Receipt::parse(value.to_string().as_bytes()).unwrap_err()
}

#[test]
fn what_is_written_is_read_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipt.json");
    let mut made = receipt();
    made.write(&path).unwrap();
    assert_eq!(Receipt::read(&path).unwrap(), made);
    made.runs.clear();
    made.write(&path).unwrap();
    assert_eq!(Receipt::read(&path).unwrap(), made);
    let left = fs_err::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "no temporary file is left");
}

#[test]
fn a_failed_write_leaves_what_stood_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipt.json");
    receipt().write(&path).unwrap();
    let mut bad = receipt();
    bad.runs[0].artifacts[0].digest = Some("sha256:no".into());
    bad.write(&path).unwrap_err();
    assert_eq!(Receipt::read(&path).unwrap(), receipt());
    let nowhere = folder.path().join("none").join("receipt.json");
    let error = receipt().write(&nowhere).unwrap_err().to_string();
    assert!(error.contains("none"), "{error}");
}

#[test]
fn fields_of_the_same_version_are_borne_and_other_versions_are_not() {
    let mut value = serde_json::to_value(receipt()).unwrap();
    value["extra"] = json!({"a": 1});
    value["runs"][0]["blob"]["extra"] = json!(true);
    Receipt::parse(value.to_string().as_bytes()).unwrap();
    for version in [0, 2] {
        let text = json!({"receiptVersion": version}).to_string();
        let reason = Receipt::parse(text.as_bytes()).unwrap_err();
        assert!(reason.contains(&format!("version {version}")), "{reason}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let upper = sha("A");
    for (pointer, bad, words) in [
        ("/runs/0/artifacts/0/digest", json!(upper), "no digest"),
        ("/runs/0/artifacts/0/artifact", json!("App:1"), "lower case"),
        ("/runs/0/blob/sha256", json!("b"), "no digest"),
        ("/runs/0/blob/size", json!(u64::MAX), "no blob is larger"),
        ("/runs/0/blob/size", json!(-1), "no receipt"),
        ("/runs/0/blob/contentMd5", json!("MTIz"), "contentMd5"),
        ("/runs/0/blob/url", json!("here"), "url"),
        ("/runs/0/blob/url", json!("https://a/b?sig=SECRET"), "query"),
        ("/created", json!("today"), "no receipt"),
        ("/receiptVersion", json!("1"), "no receipt"),
    ] {
        let reason = refusal(|value| *value.pointer_mut(pointer).unwrap() = bad);
        assert!(reason.contains(words), "{pointer}: {reason}");
        assert!(!reason.contains("SECRET"), "{reason}");
    }
}

#[test]
fn a_file_that_is_too_large_or_no_json_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipt.json");
    fs_err::File::create(&path)
        .unwrap()
        .set_len(LARGEST + 1)
        .unwrap();
    assert!(Receipt::read(&path).unwrap_err().reason.contains("16 MiB"));
    fs_err::write(&path, "[").unwrap();
    assert!(
        Receipt::read(&path)
            .unwrap_err()
            .reason
            .contains("no receipt")
    );
    let deep = "[".repeat(1 << 20);
    fs_err::write(&path, deep).unwrap();
    Receipt::read(&path).unwrap_err();
    assert!(Receipt::read(folder.path()).is_err());
}
