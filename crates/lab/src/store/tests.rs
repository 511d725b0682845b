//! The rules of the store, one by one, and directories that are opened again.

use super::*;
use crate::auth::AccountKey;
use crate::{Address, Clock, Refusal};

mod directory;
mod limits;

fn key() -> AccountKey {
    AccountKey::from_base64("a2V5").unwrap()
}

fn at(blob: &str) -> Address {
    Address {
        account: "acc".into(),
        container: "box".into(),
        blob: blob.into(),
    }
}

fn fill(store: &Store) {
    store.add_account("acc", Some(key())).unwrap();
    store.create_container(&at(""), Metadata::new()).unwrap();
}

fn store() -> (Store, Clock) {
    let clock = Clock::default();
    let store = Store::in_memory(clock.clone());
    fill(&store);
    (store, clock)
}

fn bytes(text: &str) -> Content {
    Content::memory(text.to_owned().into())
}

fn read(content: &Content) -> Vec<u8> {
    let (mut reader, mut all) = (content.reader(), Vec::new());
    while let Some(bytes) = reader.next(1 << 20).unwrap() {
        all.extend_from_slice(&bytes);
    }
    all
}

fn put(store: &Store, name: &str, text: &str) -> Arc<Blob> {
    let (about, always) = (NewBlob::default(), Conditions::default());
    store
        .put_blob(&at(name), bytes(text), about, &always)
        .unwrap()
}

fn commit(store: &Store, name: &str, list: &[(Place, &str)]) -> Result<Arc<Blob>, Refusal> {
    let list: Vec<_> = list
        .iter()
        .map(|(place, id)| (*place, (*id).to_owned()))
        .collect();
    store.commit(&at(name), &list, NewBlob::default(), &Conditions::default())
}

fn code<T>(result: Result<T, Refusal>) -> (u16, String) {
    let refusal = result.err().unwrap();
    (refusal.status, refusal.code.into_owned())
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn containers_come_and_go_with_what_is_in_them() {
    let (store, _) = store();
    assert_eq!(
        code(store.create_container(&at(""), Metadata::new())),
        is(409, "ContainerAlreadyExists")
    );
    for name in [
        "ab",
        "Box",
        "a--b",
        "-ab",
        "ab-",
        "a_b",
        "$other",
        &"a".repeat(64),
    ] {
        let at = Address {
            container: name.into(),
            ..at("")
        };
        assert_eq!(
            code(store.create_container(&at, Metadata::new())),
            is(400, "InvalidResourceName")
        );
        assert_eq!(code(store.container(&at)), is(400, "InvalidResourceName"));
    }
    let root = Address {
        container: "$root".into(),
        ..at("")
    };
    store.create_container(&root, Metadata::new()).unwrap();
    put(&store, "a", "x");
    let (page, next) = store.list_containers("acc", "", "", 1).unwrap();
    assert_eq!(page[0].0, "$root");
    let (page, next) = store.list_containers("acc", "", &next, 1).unwrap();
    assert_eq!((page[0].0.as_str(), next.as_str()), ("box", ""));
    store
        .delete_container(&at(""), &Conditions::default())
        .unwrap();
    assert_eq!(code(store.blob(&at("a"))), is(404, "ContainerNotFound"));
    store.create_container(&at(""), Metadata::new()).unwrap();
    assert_eq!(code(store.blob(&at("a"))), is(404, "BlobNotFound"));
}

#[test]
fn blocks_are_committed_by_place_and_the_rest_is_dropped() {
    let (store, _) = store();
    for (id, text) in [("AAAA", "old"), ("BBBB", "b"), ("AAAA", "a"), ("CCCC", "c")] {
        store.stage(&at("x"), id, bytes(text)).unwrap();
    }
    assert_eq!(code(store.blob(&at("x"))), is(404, "BlobNotFound"));
    assert_eq!(
        code(commit(&store, "x", &[(Place::Committed, "AAAA")])),
        is(400, "InvalidBlockList")
    );
    let twice = [
        (Place::Latest, "BBBB"),
        (Place::Uncommitted, "AAAA"),
        (Place::Latest, "BBBB"),
    ];
    let first = commit(&store, "x", &twice).unwrap();
    assert_eq!(read(&first.content), b"bab");
    assert!(store.block_list(&at("x")).unwrap().1.is_empty());
    store.stage(&at("x"), "AAAA", bytes("new")).unwrap();
    assert_eq!(store.blob(&at("x")).unwrap().etag, first.etag);
    let mixed = [
        (Place::Committed, "AAAA"),
        (Place::Latest, "AAAA"),
        (Place::Latest, "BBBB"),
    ];
    let second = commit(&store, "x", &mixed).unwrap();
    assert_eq!(read(&second.content), b"anewb");
    assert_ne!(second.etag, first.etag);
    assert_eq!(
        code(store.stage(&at("x"), "AAAAAAAA", bytes("n"))),
        is(400, "InvalidBlobOrBlock")
    );
    assert_eq!(
        code(store.stage(&at("x"), "A", bytes("n"))),
        is(400, "InvalidBlockId")
    );
    assert_eq!(
        code(store.stage(&at("x"), "AAAA", Content::zeros((4000 << 20) + 1))),
        is(413, "RequestBodyTooLarge")
    );
    let long = vec![(Place::Latest, "AAAA"); 50_001];
    assert_eq!(
        code(commit(&store, "x", &long)),
        is(400, "BlockListTooLong")
    );
    store.stage(&at("x"), "AAAA", bytes("n")).unwrap();
    put(&store, "x", "whole");
    assert_eq!(store.forget_blocks(&at("x")), 0);
}

#[test]
fn a_sparse_terabyte_from_50_000_blocks() {
    use base64::Engine as _;
    let (store, _) = store();
    let id = |number: u32| base64::engine::general_purpose::STANDARD.encode(number.to_be_bytes());
    for number in 0..100_000 {
        store
            .stage(&at("x"), &id(number), Content::zeros(22 << 20))
            .unwrap();
    }
    let past = store.stage(&at("x"), &id(100_000), Content::zeros(1));
    assert_eq!(code(past), is(409, "BlockCountExceedsLimit"));
    store
        .stage(&at("x"), &id(7), Content::zeros(22 << 20))
        .unwrap();
    let list: Vec<_> = (0..50_000)
        .map(|number| (Place::Latest, id(number)))
        .collect();
    let blob = store
        .commit(&at("x"), &list, NewBlob::default(), &Conditions::default())
        .unwrap();
    assert_eq!(blob.content.len(), 50_000 * (22 << 20));
    assert_eq!(
        (blob.content.pieces().len(), blob.blocks.len()),
        (1, 50_000)
    );
}

#[test]
fn uncommitted_blocks_go_after_seven_days() {
    let (store, clock) = store();
    store.stage(&at("x"), "AAAA", bytes("a")).unwrap();
    clock.advance(6 * 86_400);
    store.stage(&at("x"), "BBBB", bytes("b")).unwrap();
    clock.advance(6 * 86_400);
    assert_eq!(store.block_list(&at("x")).unwrap().1.len(), 2);
    let query = ListQuery {
        max_results: 10,
        include_uncommitted: true,
        ..ListQuery::default()
    };
    assert_eq!(store.list_blobs(&at(""), &query).unwrap().entries.len(), 1);
    clock.advance(86_401);
    assert!(
        store
            .list_blobs(&at(""), &query)
            .unwrap()
            .entries
            .is_empty()
    );
    assert_eq!(
        code(commit(&store, "x", &[(Place::Latest, "AAAA")])),
        is(400, "InvalidBlockList")
    );
    store.stage(&at("x"), "AAAAAAAA", bytes("c")).unwrap();
    assert_eq!(store.block_list(&at("x")).unwrap().1.len(), 1);
}

#[test]
fn conditions_are_those_of_the_service() {
    let (store, clock) = store();
    let when = |if_match, if_none_match| Conditions {
        if_match,
        if_none_match,
        ..Conditions::default()
    };
    let write = |conditions: &Conditions| {
        store.put_blob(&at("x"), bytes("x"), NewBlob::default(), conditions)
    };
    let fresh = when(None, Some(TagMatch::Any));
    assert_eq!(
        code(write(&when(Some(TagMatch::Any), None))),
        is(412, "ConditionNotMet")
    );
    let blob = write(&fresh).unwrap();
    assert_eq!(code(write(&fresh)), is(409, "BlobAlreadyExists"));
    let same = when(Some(TagMatch::Tag(blob.etag.clone())), None);
    assert_eq!(blob.etag.len(), 19);
    same.check_read(&blob).unwrap();
    clock.advance(10);
    let next = write(&same).unwrap();
    assert!(next.created > blob.created);
    assert_eq!(code(write(&same)), is(412, "ConditionNotMet"));
    assert_eq!(code(same.check_read(&next)), is(412, "ConditionNotMet"));
    let other = when(None, Some(TagMatch::Tag(next.etag.clone())));
    assert_eq!(code(other.check_read(&next)), is(304, "ConditionNotMet"));
    let since = |time| Conditions {
        if_modified_since: Some(time),
        ..Conditions::default()
    };
    assert_eq!(
        code(since(next.modified).check_read(&next)),
        is(304, "ConditionNotMet")
    );
    since(blob.modified).check_read(&next).unwrap();
    let until = Conditions {
        if_unmodified_since: Some(blob.modified),
        ..Conditions::default()
    };
    assert_eq!(code(until.check_read(&next)), is(412, "ConditionNotMet"));
    assert!(store.touch(&at("x")) && !store.touch(&at("y")));
    assert_ne!(store.blob(&at("x")).unwrap().etag, next.etag);
}

#[test]
fn listings_are_pages_in_order() {
    let (store, _) = store();
    for name in ["a/1", "a/2", "b", "c/d/1", "c/e", "é/1"] {
        put(&store, name, name);
    }
    store.stage(&at("a0"), "AAAA", bytes("x")).unwrap();
    let pages = |prefix: &str, delimiter: &str, max_results| {
        let mut query = ListQuery {
            prefix: prefix.into(),
            delimiter: delimiter.into(),
            max_results,
            ..ListQuery::default()
        };
        let mut names = Vec::new();
        loop {
            let page = store.list_blobs(&at(""), &query).unwrap();
            assert!(page.entries.len() <= max_results);
            names.extend(page.entries.into_iter().map(|entry| match entry {
                Listed::Blob(name, _) | Listed::Uncommitted(name) | Listed::Prefix(name) => name,
            }));
            if page.next_marker.is_empty() {
                return names.join(" ");
            }
            query.marker = page.next_marker;
        }
    };
    for size in 1..8 {
        assert_eq!(pages("", "", size), "a/1 a/2 b c/d/1 c/e é/1");
        assert_eq!(pages("", "/", size), "a/ b c/ é/");
        assert_eq!(pages("c/", "/", size), "c/d/ c/e");
        assert_eq!(pages("none", "/", size), "");
    }
    let query = ListQuery {
        marker: "?".into(),
        ..ListQuery::default()
    };
    assert_eq!(
        code(store.list_blobs(&at(""), &query)),
        is(400, "InvalidQueryParameterValue")
    );
}
