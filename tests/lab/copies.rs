//! Copies that the service makes itself: inside the lab by reference, and from another lab over HTTP.

use blobferry_integrity::{Crc64, Md5Digest};
use blobferry_lab::{CopySources, Fill, Options};
use serde_json::json;

use crate::ground::{GIB, Ground, MIB, at, escaped};
use crate::wire::{Answer, Ask};

const ID: &str = "MDAwMQ==";
const OTHER: &str = "\"0x8D0000000000000\"";

/// Put Block From URL to `target/box/copy`.
fn block(ground: &Ground, source: &str) -> Ask {
    let to = format!("target/box/copy?comp=block&blockid={}", escaped(ID));
    ground.ask("PUT", &to).header("x-ms-copy-source", source)
}

/// Put Blob From URL.
fn whole(ground: &Ground, source: &str) -> Ask {
    let put = ground
        .ask("PUT", "target/box/copy")
        .header("x-ms-blob-type", "BlockBlob");
    put.header("x-ms-copy-source", source)
}

fn unverified(answer: Answer, status: u16, code: &str) {
    let answer = answer.refused(status, "CannotVerifyCopySource");
    assert_eq!(
        answer.told("x-ms-copy-source-status-code"),
        status.to_string()
    );
    assert_eq!(answer.told("x-ms-copy-source-error-code"), code);
}

#[test]
fn a_hundred_gib_are_copied_by_reference() {
    let ground = Ground::new();
    ground.synthetic("source/box/big", 100 * GIB, Fill::Zeros);
    let (url, size) = (ground.url("source/box/big"), 4000 * MIB);
    let mut ids = Vec::new();
    for (number, first) in (0..100 * GIB)
        .step_by(usize::try_from(size).unwrap())
        .enumerate()
    {
        let id = format!("{number:04}");
        let to = format!("target/box/big?comp=block&blockid={id}");
        let last = (first + size).min(100 * GIB) - 1;
        let put = ground.ask("PUT", &to).header("x-ms-copy-source", &url);
        put.header("x-ms-source-range", format!("bytes={first}-{last}"))
            .send()
            .expect(201);
        ids.push(id);
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ground.commit("target/box/big", &ids).expect(201);
    let head = ground.ask("HEAD", "target/box/big").send().expect(200);
    assert_eq!(head.told("content-length"), (100 * GIB).to_string());
    let more = block(&ground, &url).header("x-ms-source-range", format!("bytes=0-{size}"));
    assert_eq!(more.send().status, 413);
}

#[test]
fn the_service_says_what_it_took_in() {
    for (ground, source) in [(Ground::new(), None), (Ground::new(), Some(Ground::new()))] {
        let source = source.as_ref().unwrap_or(&ground);
        source.synthetic("source/box/blob", 3 * MIB, Fill::Pattern);
        let url = source.url("source/box/blob");
        let part = &source.get("source/box/blob").body[1000..2_000_000];
        let range = |ask: Ask| ask.header("x-ms-source-range", "bytes=1000-1999999");
        let (crc, md5) = (Crc64::of(part).to_base64(), Md5Digest::of(part).to_base64());
        let put = range(block(&ground, &url)).send().expect(201);
        assert_eq!(put.told("x-ms-content-crc64"), crc);
        let put = range(block(&ground, &url))
            .header("x-ms-source-content-md5", &md5)
            .send()
            .expect(201);
        assert_eq!(
            (put.told("content-md5"), put.header("x-ms-content-crc64")),
            (md5.as_str(), None)
        );
        range(block(&ground, &url))
            .header("x-ms-source-content-crc64", &crc)
            .send()
            .expect(201);
        block(&ground, &url)
            .header("x-ms-source-content-crc64", &crc)
            .send()
            .refused(400, "Crc64Mismatch");
        block(&ground, &url)
            .header("x-ms-source-content-md5", &md5)
            .send()
            .refused(400, "Md5Mismatch");
        ground.commit("target/box/copy", &[ID]).expect(201);
        assert_eq!(ground.get("target/box/copy").body, part);
    }
}

#[test]
fn a_source_that_refuses_is_reported_with_its_own_status() {
    for (ground, source) in [(Ground::new(), None), (Ground::new(), Some(Ground::new()))] {
        let source = source.as_ref().unwrap_or(&ground);
        source.put("source/box/blob", "x");
        let url = source.url("source/box/blob");
        for copy in [block, whole] {
            unverified(
                copy(&ground, &source.url("source/box/none")).send(),
                404,
                "BlobNotFound",
            );
            unverified(
                copy(&ground, &url.replace("sig=", "sig=A")).send(),
                403,
                "AuthenticationFailed",
            );
            let write_only = source.sas(&at("source", "box", "blob"), "cw");
            let url = format!("{}/source/box/blob?{write_only}", source.lab.endpoint());
            unverified(
                copy(&ground, &url).send(),
                403,
                "AuthorizationPermissionMismatch",
            );
        }
        for (name, value) in [
            ("x-ms-source-if-match", OTHER),
            ("x-ms-source-if-none-match", "*"),
        ] {
            for copy in [block, whole] {
                copy(&ground, &url)
                    .header(name, value)
                    .send()
                    .refused(412, "SourceConditionNotMet");
            }
        }
        let past = block(&ground, &url)
            .header("x-ms-source-range", "bytes=5-9")
            .send();
        unverified(past, 416, "InvalidRange");
    }
}

#[test]
fn a_source_that_cannot_be_reached_is_said_so() {
    let ground = Ground::new();
    let refused = block(&ground, "http://127.0.0.1:1/a/b/c")
        .send()
        .refused(500, "CannotVerifyCopySource");
    assert_eq!(refused.told("x-ms-copy-source-status-code"), "500");
    for bad in [
        "",
        "ftp://127.0.0.1/a",
        "source/box/blob",
        &format!("http://x/{}", "y".repeat(2048)),
    ] {
        block(&ground, bad)
            .send()
            .refused(400, "InvalidHeaderValue");
    }
    block(&ground, &ground.url("source/box/x"))
        .header("x-ms-source-range", "1-2")
        .send()
        .refused(400, "InvalidHeaderValue");
    block(&ground, &ground.url("source/box/x"))
        .body("bytes")
        .send()
        .expect(400);
}

#[test]
fn a_source_that_refuses_by_script_is_reported_alike() {
    let (ground, far) = (Ground::new(), Ground::new());
    for source in [&ground, &far] {
        source.put("source/box/blob", "x");
        source.fault(&json!({ "on": "GetBlob", "do": "server-busy" }));
        let refused = block(&ground, &source.url("source/box/blob")).send();
        let refused = refused.refused(500, "CannotVerifyCopySource");
        assert_eq!(refused.told("x-ms-copy-source-status-code"), "503");
    }
}

#[test]
fn copies_reach_as_far_as_the_lab_lets_them() {
    let far = Ground::new();
    far.put("source/box/blob", "x");
    for (copy_sources, own, other) in [
        (CopySources::Any, 201, 201),
        (CopySources::Own, 201, 403),
        (CopySources::Nothing, 403, 403),
    ] {
        let ground = Ground::with(Options {
            copy_sources,
            ..Options::default()
        });
        ground.put("source/box/blob", "x");
        for copy in [block, whole] {
            copy(&ground, &ground.url("source/box/blob"))
                .send()
                .expect(own);
            copy(&ground, &far.url("source/box/blob"))
                .send()
                .expect(other);
        }
    }
}

#[test]
fn a_whole_copy_takes_over_what_describes_its_source() {
    let ground = Ground::new();
    let put = ground
        .ask("PUT", "source/box/blob")
        .header("x-ms-blob-type", "BlockBlob")
        .body("bytes");
    put.header("content-type", "text/plain")
        .header("x-ms-meta-run", "42")
        .send()
        .expect(201);
    let made = whole(&ground, &ground.url("source/box/blob"))
        .send()
        .expect(201);
    let copy = ground.get("target/box/copy").expect(200);
    assert_eq!(copy.header("etag"), made.header("etag"));
    assert_eq!(
        (copy.told("content-type"), copy.told("x-ms-meta-run")),
        ("text/plain", "42")
    );
    assert_eq!(
        copy.told("content-md5"),
        Md5Digest::of(b"bytes").to_base64()
    );
    let plain = whole(&ground, &ground.url("source/box/blob"))
        .header("x-ms-copy-source-blob-properties", "false");
    plain.send().expect(201);
    assert_eq!(
        ground.get("target/box/copy").told("content-type"),
        "application/octet-stream"
    );
    let again = whole(&ground, &ground.url("source/box/blob")).header("if-none-match", "*");
    again.send().refused(409, "BlobAlreadyExists");
}

#[test]
fn copy_blob_takes_what_no_put_could() {
    let ground = Ground::new();
    ground.synthetic("source/box/big", 100 * GIB, Fill::Zeros);
    let url = ground.url("source/box/big");
    ground
        .ask("PUT", "target/box/copy")
        .header("x-ms-copy-source", &url)
        .send()
        .expect(202);
    let head = ground.ask("HEAD", "target/box/copy").send().expect(200);
    assert_eq!(
        head.told("x-ms-copy-progress"),
        format!("{0}/{0}", 100 * GIB)
    );
    assert_eq!(whole(&ground, &url).send().status, 413);
}

#[test]
fn copy_blob_says_which_copy_it_was() {
    let ground = Ground::new();
    ground.put("source/box/blob", "bytes");
    for is_sync in [false, true] {
        let ask = ground
            .ask("PUT", "target/box/copy")
            .header("x-ms-copy-source", ground.url("source/box/blob"));
        let ask = if is_sync {
            ask.header("x-ms-requires-sync", "true")
        } else {
            ask
        };
        let copied = ask.send().expect(202);
        assert_eq!(copied.told("x-ms-copy-status"), "success");
        let id = copied.told("x-ms-copy-id");
        let head = ground.ask("HEAD", "target/box/copy").send().expect(200);
        assert_eq!(
            (head.told("x-ms-copy-id"), head.told("x-ms-copy-progress")),
            (id, "5/5")
        );
        assert_eq!(
            head.told("x-ms-copy-source"),
            format!("{}/source/box/blob", ground.lab.endpoint())
        );
        let abort = ground.ask("PUT", &format!("target/box/copy?comp=copy&copyid={id}"));
        abort
            .header("x-ms-copy-action", "abort")
            .send()
            .refused(409, "NoPendingCopyOperation");
    }
    assert_eq!(ground.get("target/box/copy").text(), "bytes");
}
