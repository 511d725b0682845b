//! Content-MD5 and CRC-64: checked, echoed, never both.

use blobferry_integrity::{Crc64, Md5Digest};

use crate::ground::{Ground, block_list, escaped};
use crate::wire::element;

const ID: &str = "MDAwMQ==";
const BODY: &[u8] = b"123456789";

fn md5() -> String {
    Md5Digest::of(BODY).to_base64()
}

fn crc64() -> String {
    Crc64::of(BODY).to_base64()
}

/// The three calls that take a body with a checksum.
fn puts(ground: &Ground) -> [crate::wire::Ask; 2] {
    let blob = ground.name();
    [
        ground
            .ask("PUT", &blob)
            .header("x-ms-blob-type", "BlockBlob")
            .body(BODY),
        ground
            .ask("PUT", &format!("{blob}?comp=block&blockid={}", escaped(ID)))
            .body(BODY),
    ]
}

#[test]
fn the_services_own_crc_comes_where_no_md5_was_sent() {
    let ground = Ground::new();
    for put in puts(&ground) {
        let put = put.send().expect(201);
        assert_eq!(put.told("x-ms-content-crc64"), crc64());
    }
}

#[test]
fn an_md5_is_checked_and_echoed() {
    let ground = Ground::new();
    for put in puts(&ground) {
        let good = put.clone().header("content-md5", md5()).send().expect(201);
        assert_eq!(good.told("content-md5"), md5());
        assert_eq!(good.header("x-ms-content-crc64"), None);
        let wrong = Md5Digest::of(b"other").to_base64();
        let refused = put
            .clone()
            .header("content-md5", &wrong)
            .send()
            .refused(400, "Md5Mismatch");
        assert_eq!(
            element(&refused.text(), "UserSpecifiedHash"),
            Some(wrong.as_str())
        );
        assert_eq!(
            element(&refused.text(), "ServerCalculatedHash"),
            Some(md5().as_str())
        );
        put.header("content-md5", "no md5")
            .send()
            .refused(400, "InvalidMd5");
    }
}

#[test]
fn a_crc_is_checked_and_echoed() {
    let ground = Ground::new();
    for put in puts(&ground) {
        let good = put
            .clone()
            .header("x-ms-content-crc64", crc64())
            .send()
            .expect(201);
        assert_eq!(good.told("x-ms-content-crc64"), crc64());
        put.clone()
            .header("x-ms-content-crc64", "AAAAAAAAAAA=")
            .send()
            .refused(400, "Crc64Mismatch");
        put.header("x-ms-content-crc64", "AA==")
            .send()
            .refused(400, "InvalidHeaderValue");
    }
}

#[test]
fn both_checksums_at_once_are_refused() {
    let ground = Ground::new();
    for put in puts(&ground) {
        let both = put
            .header("content-md5", md5())
            .header("x-ms-content-crc64", crc64());
        both.send().expect(400);
    }
}

#[test]
fn a_refused_block_is_not_staged() {
    let ground = Ground::new();
    let [_, block] = puts(&ground);
    block
        .header("x-ms-content-crc64", "AAAAAAAAAAA=")
        .send()
        .refused(400, "Crc64Mismatch");
    ground
        .commit("source/box/blob1", &[ID])
        .refused(400, "InvalidBlockList");
}

#[test]
fn a_block_list_has_checksums_of_its_own() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.stage(&blob, ID, BODY).expect(201);
    let list = block_list(&[ID]);
    let commit = ground
        .ask("PUT", &format!("{blob}?comp=blocklist"))
        .body(&list);
    commit
        .clone()
        .header("content-md5", md5())
        .send()
        .refused(400, "Md5Mismatch");
    // What is stored with the blob is not checked.
    let made = commit
        .header("x-ms-blob-content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")
        .send()
        .expect(201);
    assert_eq!(
        made.told("x-ms-content-crc64"),
        Crc64::of(list.as_bytes()).to_base64()
    );
    assert_eq!(
        ground.get(&blob).told("content-md5"),
        "AAAAAAAAAAAAAAAAAAAAAA=="
    );
}

#[test]
fn put_blob_stores_the_md5_that_it_computes() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.put(&blob, BODY);
    let head = ground.ask("HEAD", &blob).send().expect(200);
    assert_eq!(head.told("content-md5"), md5());
    assert_eq!(head.told("content-length"), "9");
}
