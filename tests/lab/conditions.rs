//! Conditional headers, on both ends.

use crate::ground::{Ground, block_list, escaped};
use crate::wire::Ask;

const ID: &str = "MDAwMQ==";
const OTHER: &str = "\"0x8D0000000000000\"";
const LONG_AGO: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const FAR_AHEAD: &str = "Fri, 06 Nov 2065 08:49:37 GMT";

/// Put Blob and Put Block List on `blob`.
fn writes(ground: &Ground, blob: &str) -> [Ask; 2] {
    ground.stage(blob, ID, "by list").expect(201);
    [
        ground
            .ask("PUT", &format!("{blob}?comp=blocklist"))
            .body(block_list(&[ID])),
        ground
            .ask("PUT", blob)
            .header("x-ms-blob-type", "BlockBlob")
            .body("whole"),
    ]
}

#[test]
fn a_write_that_shall_create_does_not_replace() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.put(&blob, "before");
    for write in writes(&ground, &blob) {
        write
            .header("if-none-match", "*")
            .send()
            .refused(409, "BlobAlreadyExists");
    }
    assert_eq!(ground.get(&blob).text(), "before");
    for write in writes(&ground, &ground.name()) {
        let first = write.header("if-none-match", "*").send();
        assert!(matches!(first.status, 201 | 409), "{first:?}");
    }
}

#[test]
fn a_write_that_shall_replace_wants_that_very_blob() {
    let ground = Ground::new();
    let blob = ground.name();
    for write in writes(&ground, &blob) {
        write
            .header("if-match", "*")
            .send()
            .refused(412, "ConditionNotMet");
    }
    for which in 0..2 {
        let etag = ground.put(&blob, "before").told("etag").to_owned();
        let write = writes(&ground, &blob)[which].clone();
        write
            .clone()
            .header("if-match", OTHER)
            .send()
            .refused(412, "ConditionNotMet");
        write
            .clone()
            .header("if-unmodified-since", LONG_AGO)
            .send()
            .refused(412, "ConditionNotMet");
        assert_eq!(ground.get(&blob).text(), "before");
        let made = write.header("if-match", &etag).send().expect(201);
        assert_ne!(made.told("etag"), etag);
    }
}

#[test]
fn a_read_wants_its_conditions_met() {
    let ground = Ground::new();
    let blob = ground.name();
    let etag = ground.put(&blob, "bytes").told("etag").to_owned();
    for method in ["GET", "HEAD"] {
        let ask = |name: &str, value: &str| ground.ask(method, &blob).header(name, value).send();
        ask("if-match", &etag).expect(200);
        ask("if-match", etag.trim_matches('"')).expect(200);
        ask("if-match", OTHER).refused(412, "ConditionNotMet");
        ask("if-unmodified-since", LONG_AGO).refused(412, "ConditionNotMet");
        let unchanged = ask("if-none-match", &etag).refused(304, "ConditionNotMet");
        assert!(unchanged.body.is_empty());
        ask("if-modified-since", FAR_AHEAD).refused(304, "ConditionNotMet");
        ask("if-modified-since", LONG_AGO).expect(200);
    }
}

#[test]
fn a_copy_wants_the_conditions_of_its_source_met() {
    let ground = Ground::new();
    let source = ground.name();
    let etag = ground.put(&source, "bytes").told("etag").to_owned();
    let block = format!("target/box/copy?comp=block&blockid={}", escaped(ID));
    let copies = |name: &str, value: &str| {
        [&block, "target/box/copy"].map(|to| {
            let copy = ground
                .ask("PUT", to)
                .header("x-ms-copy-source", ground.url(&source));
            copy.header("x-ms-blob-type", "BlockBlob")
                .header(name, value)
                .send()
        })
    };
    for (name, good, bad) in [
        ("x-ms-source-if-match", etag.as_str(), OTHER),
        ("x-ms-source-if-none-match", OTHER, etag.as_str()),
        ("x-ms-source-if-modified-since", LONG_AGO, FAR_AHEAD),
        ("x-ms-source-if-unmodified-since", FAR_AHEAD, LONG_AGO),
    ] {
        for copy in copies(name, bad) {
            copy.refused(412, "SourceConditionNotMet");
        }
        for copy in copies(name, good) {
            copy.expect(201);
        }
    }
}

#[test]
fn blocks_and_tags_leave_the_etag_and_metadata_changes_it() {
    let ground = Ground::new();
    let blob = ground.name();
    let etag = ground.put(&blob, "bytes").told("etag").to_owned();
    ground.stage(&blob, ID, "x").expect(201);
    let tags = "<Tags><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tags>";
    ground
        .ask("PUT", &format!("{blob}?comp=tags"))
        .body(tags)
        .send()
        .expect(204);
    assert_eq!(ground.get(&blob).told("etag"), etag);
    ground
        .ask("PUT", &format!("{blob}?comp=metadata"))
        .header("x-ms-meta-a", "1")
        .send()
        .expect(200);
    let now = ground.get(&blob);
    assert_ne!(now.told("etag"), etag);
    assert_eq!(
        (now.told("x-ms-meta-a"), now.told("x-ms-tag-count")),
        ("1", "1")
    );
}

#[test]
fn a_delete_wants_its_conditions_met() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.put(&blob, "bytes");
    ground
        .ask("DELETE", &blob)
        .header("if-match", OTHER)
        .send()
        .refused(412, "ConditionNotMet");
    ground.ask("DELETE", &blob).send().expect(202);
    ground
        .ask("DELETE", &blob)
        .send()
        .refused(404, "BlobNotFound");
}
