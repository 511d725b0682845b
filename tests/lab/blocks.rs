//! Blocks: ids, lists, and the week after which uncommitted ones are gone.

use serde_json::json;

use crate::ground::Ground;
use crate::wire::elements;

/// `0001`, `0002`, `0003` and one that is longer.
const IDS: [&str; 3] = ["MDAwMQ==", "MDAwMg==", "MDAwMw=="];
const LONG: &str = "MDAwMDAwMDE=";
const WEEK: i64 = 7 * 24 * 3600;

#[test]
fn blocks_become_a_blob_in_the_lists_order() {
    let ground = Ground::new();
    let blob = ground.name();
    for (id, bytes) in IDS.iter().zip(["two", "one", "three"]) {
        ground.stage(&blob, id, bytes).expect(201);
    }
    let made = ground.commit(&blob, &[IDS[1], IDS[0], IDS[2]]).expect(201);
    let got = ground.get(&blob).expect(200);
    assert_eq!(got.text(), "onetwothree");
    assert_eq!(got.header("etag"), made.header("etag"));
}

#[test]
fn all_ids_of_a_blob_have_one_length() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.stage(&blob, IDS[0], "x").expect(201);
    ground
        .stage(&blob, LONG, "x")
        .refused(400, "InvalidBlobOrBlock");
    ground.commit(&blob, &[IDS[0]]).expect(201);
    // Of committed blocks, too.
    ground
        .stage(&blob, LONG, "x")
        .refused(400, "InvalidBlobOrBlock");
    ground.stage(&blob, IDS[1], "x").expect(201);
}

#[test]
fn an_id_is_base64_of_at_most_64_bytes() {
    let ground = Ground::new();
    let blob = ground.name();
    for id in ["*", "QQ", &"QUJD".repeat(22)] {
        let refused = ground.stage(&blob, id, "x").expect(400);
        assert!(
            refused.told("x-ms-error-code").starts_with("Invalid"),
            "{refused:?}"
        );
    }
    ground
        .ask("PUT", &format!("{blob}?comp=block"))
        .body("x")
        .send()
        .refused(400, "MissingRequiredQueryParameter");
    ground
        .stage(&blob, &format!("{}QQ==", "QUJD".repeat(21)), "x")
        .expect(201);
}

#[test]
fn a_block_that_is_put_again_counts_as_put_last() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.stage(&blob, IDS[0], "first").expect(201);
    ground.stage(&blob, IDS[0], "last").expect(201);
    ground.commit(&blob, &[IDS[0]]).expect(201);
    assert_eq!(ground.get(&blob).text(), "last");
}

#[test]
fn a_list_with_an_unknown_block_is_refused_and_changes_nothing() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.put(&blob, "before");
    ground.stage(&blob, IDS[0], "x").expect(201);
    ground
        .commit(&blob, &[IDS[0], IDS[1]])
        .refused(400, "InvalidBlockList");
    assert_eq!(ground.get(&blob).text(), "before");
    let listed = ground
        .get(&format!("{blob}?comp=blocklist&blocklisttype=uncommitted"))
        .expect(200);
    assert_eq!(elements(&listed.text(), "Name"), [IDS[0]]);
}

#[test]
fn a_commit_drops_what_it_does_not_list() {
    let ground = Ground::new();
    let blob = ground.name();
    for id in IDS {
        ground.stage(&blob, id, id).expect(201);
    }
    ground.commit(&blob, &IDS[..2]).expect(201);
    let listed = ground
        .get(&format!("{blob}?comp=blocklist&blocklisttype=all"))
        .expect(200);
    assert_eq!(listed.told("x-ms-blob-content-length"), "16");
    let (committed, uncommitted) = listed
        .text()
        .split_once("<UncommittedBlocks>")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    assert_eq!(elements(&committed, "Name"), IDS[..2]);
    assert_eq!(elements(&committed, "Size"), ["8", "8"]);
    assert!(elements(&uncommitted, "Name").is_empty());
}

#[test]
fn uncommitted_blocks_are_gone_after_a_week() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.stage(&blob, IDS[0], "x").expect(201);
    let moved = |seconds: i64| {
        ground
            .control("POST", "clock", &json!({ "advance_seconds": seconds }))
            .expect(200)
    };
    let listed = || ground.get(&format!("{blob}?comp=blocklist&blocklisttype=uncommitted"));
    moved(WEEK - 60);
    assert_eq!(elements(&listed().expect(200).text(), "Name"), [IDS[0]]);
    moved(120);
    listed().refused(404, "BlobNotFound");
    ground
        .commit(&blob, &[IDS[0]])
        .refused(400, "InvalidBlockList");
}

#[test]
fn a_blob_of_blocks_only_is_not_there_yet() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.stage(&blob, IDS[0], "x").expect(201);
    ground.get(&blob).refused(404, "BlobNotFound");
    let listed = ground
        .get("source/box?restype=container&comp=list")
        .expect(200)
        .text();
    assert!(elements(&listed, "Name").is_empty());
    let listed = ground
        .get("source/box?restype=container&comp=list&include=uncommittedblobs")
        .expect(200)
        .text();
    assert_eq!(elements(&listed, "Name"), ["blob1"]);
}

#[test]
fn an_empty_block_is_refused_and_an_empty_list_makes_an_empty_blob() {
    let ground = Ground::new();
    let blob = ground.name();
    ground
        .stage(&blob, IDS[0], "")
        .refused(400, "InvalidHeaderValue");
    ground.commit(&blob, &[]).expect(201);
    assert_eq!(ground.get(&blob).expect(200).told("content-length"), "0");
}
