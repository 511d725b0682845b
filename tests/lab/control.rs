//! The control endpoint: faults, clock, blobs, counts.

use serde_json::{Value, json};

use crate::ground::{GIB, Ground, at};

#[test]
fn changes_want_a_header_that_no_web_page_can_send() {
    let ground = Ground::new();
    for (method, what) in [
        ("PUT", "faults"),
        ("DELETE", "faults"),
        ("POST", "clock"),
        ("PUT", "blob"),
    ] {
        let refused = ground
            .bare(method, &format!("_lab/{what}"))
            .body("{}")
            .send()
            .expect(403);
        assert!(refused.text().contains("x-lab-control"), "{refused:?}");
    }
    let status = ground.bare("GET", "_lab/status").send().expect(200);
    assert_eq!(status.told("content-type"), "application/json");
    let status: Value = serde_json::from_slice(&status.body).unwrap();
    assert_eq!(status["accounts"], json!(["source", "target"]));
    assert_eq!(status["clock_ahead_seconds"], 0);
    ground.control("GET", "nothing", &Value::Null).expect(404);
}

#[test]
fn a_bad_script_is_refused_by_rule_and_field_and_the_last_one_stays() {
    let ground = Ground::new();
    ground.fault(&json!({ "on": "GetBlob", "do": "server-busy" }));
    for (script, named) in [
        (
            json!({ "rules": [{ "on": "GetBlob", "do": "server-busy" }, { "on": "GetBlob", "do": "explode" }] }),
            ["rule 2", "`do`"],
        ),
        (
            json!({ "rules": [{ "on": "FetchBlob", "do": "server-busy" }] }),
            ["rule 1", "`on`"],
        ),
        (
            json!({ "rules": [{ "on": "any", "do": "reset-after" }] }),
            ["rule 1", "`bytes`"],
        ),
        (
            json!({ "rules": [{ "on": "any", "do": "lie-crc", "bytes": 1 }] }),
            ["rule 1", "bytes"],
        ),
        (
            json!({ "line": { "latency_ms": -1 } }),
            ["line", "latency_ms"],
        ),
    ] {
        let refused = ground.control("PUT", "faults", &script).expect(400).text();
        for word in named {
            assert!(refused.contains(word), "{word} is not in {refused}");
        }
    }
    ground
        .bare("PUT", "_lab/faults")
        .header("x-lab-control", "1")
        .body("{")
        .send()
        .expect(400);
    ground.get("source/box/blob").refused(503, "ServerBusy");
    ground.control("DELETE", "faults", &Value::Null).expect(200);
    ground.get("source/box/blob").refused(404, "BlobNotFound");
}

#[test]
fn what_was_asked_and_carried_is_counted() {
    let ground = Ground::new();
    ground.fault(&json!({ "on": "GetBlob", "every": 2, "do": "server-busy" }));
    ground.put("source/box/blob", "123456789");
    for status in [200, 503, 200] {
        ground.get("source/box/blob").expect(status);
    }
    ground.get("source/box/blob?comp=lease").expect(501);
    let status = ground.status();
    let counted = &status["counted"];
    assert_eq!(counted["requests"]["PutBlob"], 1);
    assert_eq!(counted["requests"]["GetBlob"], 3);
    assert_eq!(counted["requests"]["Unsupported"], 1);
    assert_eq!(counted["bytes_received"], 9);
    assert!(counted["bytes_answered"].as_u64().unwrap() >= 18);
    assert_eq!(
        serde_json::to_value(ground.lab.counted()).unwrap(),
        *counted,
        "asking is not counted"
    );
    let rule = &status["faults"][0];
    assert!(
        rule.to_string().contains('1') && rule.to_string().contains('3'),
        "{rule}"
    );
}

#[test]
fn a_blob_of_any_size_is_made_of_nothing() {
    let ground = Ground::new();
    let blob = json!({ "account": "source", "container": "new", "blob": "dir/big", "size": 1024 * GIB, "fill": "pattern", "metadata": { "run": "42" } });
    ground.control("PUT", "blob", &blob).expect(200);
    let head = ground.ask("HEAD", "source/new/dir/big").send().expect(200);
    assert_eq!(head.told("content-length"), (1024 * GIB).to_string());
    assert_eq!(head.told("x-ms-meta-run"), "42");
    for (field, value, status) in [
        ("size", json!(-1), 400),
        ("size", json!(u64::MAX), 413),
        ("fill", json!("ones"), 400),
        ("container", json!("No"), 400),
        ("account", json!("nobody"), 404),
        ("colour", json!("red"), 400),
    ] {
        let mut bad = blob.clone();
        bad[field] = value;
        let refused = ground.control("PUT", "blob", &bad).expect(status);
        assert!(refused.text().contains("\"error\""), "{refused:?}");
    }
    assert!(
        ground
            .lab
            .store()
            .blob(&at("source", "new", "dir/big"))
            .is_ok()
    );
}

#[test]
fn the_clock_moves_both_ways_and_not_out_of_time() {
    let ground = Ground::new();
    let moved =
        |seconds: i64| ground.control("POST", "clock", &json!({ "advance_seconds": seconds }));
    moved(86_400).expect(200);
    moved(-3600).expect(200);
    assert_eq!(ground.status()["clock_ahead_seconds"], 82_800);
    for far in [i64::MAX, i64::MIN, 1 << 50] {
        moved(far).expect(400);
    }
    assert_eq!(ground.status()["clock_ahead_seconds"], 82_800);
    ground
        .control("POST", "clock", &json!({ "seconds": 1 }))
        .expect(400);
}
