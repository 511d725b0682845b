//! Actions of FAULTS.md that take time. Times are held from below only: how late an answer may come is the machine's
//! affair.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use blobferry_lab::Fill;
use serde_json::Value;
use serde_json::json;

use crate::ground::{Ground, MIB};
use crate::wire_faults::{BLOB, block, under, whole};

#[test]
fn a_stall_waits_before_the_body_or_within() {
    let half = Duration::from_millis(500);
    for action in [
        json!({ "do": "stall", "seconds": 0.5 }),
        json!({ "do": "stall", "seconds": 0.5, "bytes": 300_000 }),
        json!({ "do": "stall", "seconds": 0.5, "bytes": 9 * MIB }),
    ] {
        let ground = under("any", &action);
        for ask in [ground.ask("GET", BLOB), block(&ground, MIB)] {
            let answer = ask.send();
            assert!(
                answer.took >= half && answer.status < 300,
                "{action}: {:?}",
                answer.took
            );
        }
        let got = ground.get(BLOB);
        assert_eq!(got.body, whole(&ground));
    }
}

#[test]
fn a_slow_body_takes_its_time() {
    // 1 MiB at 2 MiB a second, less the last piece of a tenth of a second.
    let ground = under("any", &json!({ "do": "slow", "bytes_per_second": 2 * MIB }));
    for ask in [ground.ask("GET", BLOB), block(&ground, MIB)] {
        let answer = ask.send();
        assert!(
            answer.took >= Duration::from_millis(350) && answer.status < 300,
            "{:?}",
            answer.took
        );
    }
}

#[test]
fn latency_is_waited_before_each_answer() {
    let ground = under("GetBlobProperties", &json!({ "do": "latency", "ms": 200 }));
    assert!(ground.ask("HEAD", BLOB).send().took >= Duration::from_millis(200));
    let script = json!({ "line": { "latency_ms": 150 }, "rules": [{ "on": "GetBlobProperties", "do": "latency", "ms": 200 }] });
    ground.control("PUT", "faults", &script).expect(200);
    assert!(ground.ask("HEAD", BLOB).send().took >= Duration::from_millis(350));
    assert!(
        ground.get("source/box/none").took >= Duration::from_millis(150),
        "refusals, too"
    );
}

#[test]
fn the_line_is_as_thin_as_the_script_says() {
    let ground = Ground::new();
    // Larger than what the kernel's buffers take in at once.
    ground.synthetic(BLOB, 16 * MIB, Fill::Pattern);
    let line = |line: &Value| {
        ground
            .control("PUT", "faults", &json!({ "line": line }))
            .expect(200);
    };
    line(&json!({ "connection_mbps": 200 }));
    let got = ground.get(BLOB).expect(200);
    // 16 MiB at 25 MB a second are 0.67 s; the burst, and what the buffers hold.
    assert!(got.took >= Duration::from_millis(300), "{:?}", got.took);
    let put = block(&ground, 16 * MIB).send().expect(201);
    assert!(put.took >= Duration::from_millis(300), "{:?}", put.took);
    line(&json!({ "total_mbps": 400 }));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| ground.get(BLOB).expect(200));
        }
    });
    // 48 MiB at 50 MB a second are 1 s.
    assert!(
        begun.elapsed() >= Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
    line(&json!({}));
    ground.get(BLOB).expect(200);
}

#[test]
fn a_lab_that_ends_waits_for_nobody() {
    let ground = under(
        "GetBlob",
        &json!({ "do": "stall", "seconds": 3600, "bytes": 10 }),
    );
    let ask = ground.ask("GET", BLOB);
    let mut stream = TcpStream::connect(&ask.authority).unwrap();
    stream.write_all(&ask.bytes()).unwrap();
    // The answer has begun, and stalls.
    stream.read_exact(&mut [0; 20]).unwrap();
    let begun = Instant::now();
    drop(ground);
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.len() < 10_000, "the body was not finished");
}
