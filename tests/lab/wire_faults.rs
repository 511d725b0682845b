//! What a client sees of each action of FAULTS.md.

use std::time::Duration;

use blobferry_lab::Fill;
use serde_json::{Value, json};

use crate::ground::{Ground, KIB, MIB, block_list, escaped};
use crate::wire::{Answer, Ask, End, elements};

const ID: &str = "MDAwMQ==";
pub(crate) const BLOB: &str = "source/box/blob";

/// A lab with a blob of 1 MiB, and one rule: the action, on these operations.
pub(crate) fn under(on: &str, action: &Value) -> Ground {
    let ground = Ground::new();
    ground.synthetic(BLOB, MIB, Fill::Pattern);
    ruled(&ground, on, action);
    ground
}

fn ruled(ground: &Ground, on: &str, action: &Value) {
    let mut rule = action.clone();
    rule["on"] = json!(on);
    ground.fault(&rule);
}

pub(crate) fn block(ground: &Ground, bytes: u64) -> Ask {
    let body = vec![7; usize::try_from(bytes).unwrap()];
    ground
        .ask(
            "PUT",
            &format!("target/box/new?comp=block&blockid={}", escaped(ID)),
        )
        .body(body)
}

/// How many blocks of `target/box/new` are there.
fn staged(ground: &Ground) -> usize {
    let listed = ground.get("target/box/new?comp=blocklist&blocklisttype=uncommitted");
    elements(&listed.text(), "Name").len()
}

/// The lab's bytes of the blob.
pub(crate) fn whole(ground: &Ground) -> Vec<u8> {
    ground.control("DELETE", "faults", &Value::Null).expect(200);
    ground.get(BLOB).expect(200).body
}

fn reset(answer: &Answer, body: usize) {
    assert_eq!(
        (answer.end, answer.body.len()),
        (End::Reset, body),
        "{answer:?}"
    );
}

#[test]
fn a_reset_before_leaves_no_answer_and_does_nothing() {
    let ground = under("PutBlock", &json!({ "do": "reset-before" }));
    let answer = block(&ground, MIB).send();
    assert_eq!(answer.status, 0);
    reset(&answer, 0);
    assert_eq!(staged(&ground), 0);
    ruled(&ground, "GetBlob", &json!({ "do": "reset-before" }));
    let answer = ground.get(BLOB);
    assert_eq!(answer.status, 0);
    reset(&answer, 0);
}

#[test]
fn a_reset_after_so_many_bytes_sends_exactly_those() {
    let ground = under("GetBlob", &json!({ "do": "reset-after", "bytes": 300_000 }));
    let answer = ground.get(BLOB).expect(200);
    assert_eq!(answer.told("content-length"), MIB.to_string());
    reset(&answer, 300_000);
    assert_eq!(answer.body, whole(&ground)[..300_000]);
    // At the very beginning the head comes alone; past the end the last byte is kept back.
    for (bytes, came) in [(0, 0), (MIB, MIB - 1), (9 * MIB, MIB - 1)] {
        ruled(
            &ground,
            "GetBlob",
            &json!({ "do": "reset-after", "bytes": bytes }),
        );
        reset(
            &ground.get(BLOB).expect(200),
            usize::try_from(came).unwrap(),
        );
    }
}

#[test]
fn a_reset_in_a_requests_body_stages_nothing() {
    for bytes in [0, 100_000, MIB, 9 * MIB] {
        let ground = under("PutBlock", &json!({ "do": "reset-after", "bytes": bytes }));
        let answer = block(&ground, MIB).send();
        assert_eq!(answer.status, 0, "{bytes}: {answer:?}");
        reset(&answer, 0);
        assert_eq!(staged(&ground), 0);
    }
}

#[test]
fn a_reset_cuts_short_answers_and_those_without_a_body_too() {
    let list = "source/box?restype=container&comp=list";
    let ground = under("ListBlobs", &json!({ "do": "reset-after", "bytes": 20 }));
    reset(&ground.get(list).expect(200), 20);
    for (on, ask) in [
        ("GetBlobProperties", ground.ask("HEAD", BLOB)),
        (
            "PutBlockFromUrl",
            block(&ground, 0).header("x-ms-copy-source", ground.url(BLOB)),
        ),
    ] {
        ruled(&ground, on, &json!({ "do": "reset-after", "bytes": 20 }));
        let answer = ask.send();
        assert_eq!(answer.status, 0, "{on}: {answer:?}");
        reset(&answer, 0);
    }
    assert_eq!(staged(&ground), 1, "the work was done");
}

#[test]
fn a_reset_at_the_end_does_nothing_and_a_lost_answer_did_it_all() {
    for (action, blocks) in [("reset-at-end", 0), ("lose-answer", 1)] {
        let ground = under("PutBlock", &json!({ "do": action }));
        let answer = block(&ground, MIB).send();
        assert_eq!(answer.status, 0, "{answer:?}");
        reset(&answer, 0);
        assert_eq!(staged(&ground), blocks, "{action}");
    }
    let ground = under("PutBlockList", &json!({ "do": "lose-answer", "nth": 1 }));
    block(&ground, 10).send().expect(201);
    let commit = || {
        ground
            .ask("PUT", "target/box/new?comp=blocklist")
            .header("if-none-match", "*")
            .body(block_list(&[ID]))
            .send()
    };
    assert_eq!(commit().status, 0);
    ground.get("target/box/new").expect(200);
    commit().refused(409, "BlobAlreadyExists");
}

#[test]
fn a_truncated_body_ends_in_order_and_too_soon() {
    for (bytes, came) in [(0, 0), (300_000, 300_000), (9 * MIB, MIB - 1)] {
        let ground = under("GetBlob", &json!({ "do": "truncate", "bytes": bytes }));
        let answer = ground.get(BLOB).expect(200);
        assert_eq!(answer.told("content-length"), MIB.to_string());
        assert_eq!(
            (answer.end, answer.body.len()),
            (End::Closed, usize::try_from(came).unwrap())
        );
    }
    let ground = under("ListBlobs", &json!({ "do": "truncate", "bytes": 30 }));
    let answer = ground
        .get("source/box?restype=container&comp=list")
        .expect(200);
    assert_eq!((answer.end, answer.body.len()), (End::Closed, 30));
}

#[test]
fn one_bit_is_flipped_and_no_other() {
    for (byte, at) in [(0, 0), (777_777, 777_777), (9 * MIB, MIB - 1)] {
        let ground = under("GetBlob", &json!({ "do": "flip-bit", "byte": byte }));
        let answer = ground.get(BLOB).expect(200);
        let good = whole(&ground);
        assert_eq!(answer.body.len(), good.len());
        let pairs = answer.body.iter().zip(&good).enumerate();
        let differ: Vec<(usize, u32)> = pairs
            .filter(|(_, (a, b))| a != b)
            .map(|(at, (a, b))| (at, (a ^ b).count_ones()))
            .collect();
        assert_eq!(differ, [(usize::try_from(at).unwrap(), 1)]);
    }
}

#[test]
fn a_lie_is_told_in_the_crc_alone() {
    let ground = under("any", &json!({ "do": "lie-crc" }));
    let said = block(&ground, 10)
        .send()
        .expect(201)
        .told("x-ms-content-crc64")
        .to_owned();
    let part = ground
        .ask("GET", BLOB)
        .header("x-ms-range", "bytes=0-9")
        .header("x-ms-range-get-content-crc64", "true")
        .send()
        .expect(206);
    let told = part.told("x-ms-content-crc64").to_owned();
    ground.control("DELETE", "faults", &Value::Null).expect(200);
    assert_ne!(
        block(&ground, 10)
            .send()
            .expect(201)
            .told("x-ms-content-crc64"),
        said
    );
    assert_ne!(blobferry_integrity::Crc64::of(&part.body).to_base64(), told);
    assert_eq!(part.body, whole(&ground)[..10]);
}

#[test]
fn refusals_are_the_scripts_own() {
    for (action, status, code) in [
        (json!({ "do": "server-busy" }), 503, "ServerBusy"),
        (json!({ "do": "timeout" }), 500, "OperationTimedOut"),
        (json!({ "do": "internal-error" }), 500, "InternalError"),
        (json!({ "do": "too-many-requests" }), 429, "TooManyRequests"),
        (json!({ "do": "full" }), 507, "InsufficientStorage"),
        (
            json!({ "do": "full", "status": 409 }),
            409,
            "AccountCapacityExceeded",
        ),
        (
            json!({ "do": "invalid-block-list" }),
            400,
            "InvalidBlockList",
        ),
        (
            json!({ "do": "answer", "status": 418, "code": "Teapot" }),
            418,
            "Teapot",
        ),
    ] {
        let ground = under("PutBlock", &action);
        block(&ground, MIB).send().refused(status, code);
        assert_eq!(staged(&ground), 0);
    }
    let told = |action: &Value| block(&under("PutBlock", action), 10).send().expect(503);
    let busy =
        told(&json!({ "do": "server-busy", "message": "not <now>", "retry_after_seconds": 7 }));
    assert_eq!(busy.told("retry-after"), "7");
    assert!(busy.text().contains("not &lt;now&gt;"), "{busy:?}");
    let busy = told(&json!({ "do": "server-busy", "retry_after_ms": 1500 }));
    assert_eq!(
        (busy.header("retry-after"), busy.told("x-ms-retry-after-ms")),
        (None, "1500")
    );
}

#[test]
fn a_sas_expires_or_is_revoked_for_good_and_alone() {
    for (action, words) in [
        ("expire-sas", "time frame"),
        ("revoke-sas", "did not match"),
    ] {
        let ground = under("GetBlob", &json!({ "do": action, "nth": 2 }));
        let (mine, other) = (ground.ask("GET", BLOB), ground.bare("GET", BLOB));
        let sas = ground.sas(&crate::ground::at("source", "box", "blob"), "r");
        let other = Ask {
            target: format!("{}?{sas}", other.target),
            ..other
        };
        mine.clone().send().expect(200);
        for _ in 0..3 {
            let refused = mine.clone().send().refused(403, "AuthenticationFailed");
            assert!(refused.text().contains(words), "{refused:?}");
        }
        other.send().expect(200);
    }
}

#[test]
fn an_etag_changes_under_a_read_and_the_bytes_stay() {
    let ground = under("GetBlob", &json!({ "do": "change-etag", "nth": 2 }));
    let etag = ground.ask("HEAD", BLOB).send().told("etag").to_owned();
    let ask = || {
        ground
            .ask("GET", BLOB)
            .header("if-match", &etag)
            .header("range", format!("bytes=0-{}", KIB - 1))
    };
    ask().send().expect(206);
    ask().send().refused(412, "ConditionNotMet");
    assert_ne!(ground.ask("HEAD", BLOB).send().told("etag"), etag);
    assert_eq!(ground.get(BLOB).expect(200).body, whole(&ground));
}

#[test]
fn blocks_are_forgotten_before_the_commit() {
    let ground = under("PutBlockList", &json!({ "do": "forget-blocks", "nth": 1 }));
    block(&ground, 10).send().expect(201);
    ground
        .commit("target/box/new", &[ID])
        .refused(400, "InvalidBlockList");
    assert_eq!(staged(&ground), 0);
    block(&ground, 10).send().expect(201);
    ground.commit("target/box/new", &[ID]).expect(201);
}

#[test]
fn several_rules_act_in_the_scripts_order() {
    let ground = Ground::new();
    ground.synthetic(BLOB, MIB, Fill::Pattern);
    let script = json!({ "rules": [
        { "on": "GetBlob", "do": "latency", "ms": 100 },
        { "on": "reads", "account": "source", "path": "box/b*", "after": 1, "times": 1, "do": "server-busy" },
        { "on": "GetBlob", "path": "box/other", "do": "reset-before" },
    ] });
    ground.control("PUT", "faults", &script).expect(200);
    let came = [200, 503, 200].map(|status| ground.get(BLOB).expect(status));
    assert!(
        came.iter()
            .all(|answer| answer.took >= Duration::from_millis(100))
    );
}

#[test]
fn a_fault_finds_the_end_of_a_body_of_unknown_length() {
    let ground = under(
        "PutBlockList",
        &json!({ "do": "reset-after", "bytes": 1_000_000 }),
    );
    let list = block_list(&[ID]);
    let chunked = format!("{:x}\r\n{list}\r\n0\r\n\r\n", list.len());
    let ask = ground
        .ask("PUT", "target/box/new?comp=blocklist")
        .header("transfer-encoding", "chunked")
        .body(chunked);
    let answer = ask.send();
    assert_eq!(answer.status, 0, "{answer:?}");
    reset(&answer, 0);
}
