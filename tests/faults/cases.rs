//! The faults: what the lab is told to do, and what must become of the copy.

use serde_json::{Value, json};

/// Bytes of a block in these copies. The blob has eight of them.
pub(crate) const BLOCK: usize = 256 << 10;

/// Which way a copy goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    Up,
    Stdin,
    Down,
    Relay,
    Server,
}

impl Way {
    pub(crate) const ALL: [Self; 5] =
        [Self::Up, Self::Stdin, Self::Down, Self::Relay, Self::Server];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Up => "file → blob",
            Self::Stdin => "stdin → blob",
            Self::Down => "blob → file",
            Self::Relay => "relay",
            Self::Server => "server",
        }
    }

    /// Whether it reads a blob.
    fn reads(self) -> bool {
        !matches!(self, Self::Up | Self::Stdin)
    }

    /// Whether it writes a blob.
    fn writes(self) -> bool {
        self != Self::Down
    }

    /// The operations that carry its bytes.
    fn carriers(self) -> Value {
        match self {
            Self::Up | Self::Stdin => json!(["PutBlock"]),
            Self::Down => json!(["GetBlob"]),
            Self::Relay => json!(["GetBlob", "PutBlock"]),
            Self::Server => json!(["GetBlob", "PutBlockFromUrl"]),
        }
    }
}

/// What must become of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit 0, the right bytes.
    Done,
    /// This exit, and the destination as it was.
    Exit(i32),
    /// The fault cannot happen on this way.
    NotApplicable,
}

impl Outcome {
    pub(crate) fn title(self) -> String {
        match self {
            Self::Done => "done".to_owned(),
            Self::Exit(code) => format!("exit {code}"),
            Self::NotApplicable => "–".to_owned(),
        }
    }
}

/// One fault.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// The script's rules.
    pub(crate) rules: fn(Way) -> Value,
    pub(crate) outcome: fn(Way) -> Outcome,
    /// It ends without waiting for time-outs or many pauses.
    pub(crate) is_quick: bool,
}

/// A rule for the operations that carry the bytes: twice, in the middle.
fn on_carriers(way: Way, action: Value) -> Value {
    rule(way.carriers(), json!({ "every": 3, "times": 2 }), action)
}

fn rule(on: Value, when: Value, action: Value) -> Value {
    let mut rule = json!({ "on": on });
    for part in [when, action] {
        for (name, value) in part.as_object().unwrap() {
            rule[name] = value.clone();
        }
    }
    json!([rule])
}

const DONE: fn(Way) -> Outcome = |_| Outcome::Done;
const FAILED: fn(Way) -> Outcome = |_| Outcome::Exit(4);
const DENIED: fn(Way) -> Outcome = |_| Outcome::Exit(5);

fn reading(way: Way, outcome: Outcome) -> Outcome {
    if way.reads() {
        outcome
    } else {
        Outcome::NotApplicable
    }
}

fn writing(way: Way, outcome: Outcome) -> Outcome {
    if way.writes() {
        outcome
    } else {
        Outcome::NotApplicable
    }
}

fn quick(name: &'static str, rules: fn(Way) -> Value, outcome: fn(Way) -> Outcome) -> Fault {
    Fault {
        name,
        rules,
        outcome,
        is_quick: true,
    }
}

fn slow(name: &'static str, rules: fn(Way) -> Value, outcome: fn(Way) -> Outcome) -> Fault {
    Fault {
        name,
        rules,
        outcome,
        is_quick: false,
    }
}

/// Every fault.
pub(crate) fn all() -> Vec<Fault> {
    [refusals(), lines(), damage(), commits(), credentials()]
        .into_iter()
        .flatten()
        .collect()
}

fn refusals() -> Vec<Fault> {
    vec![
        quick(
            "503 ServerBusy with Retry-After",
            |way| on_carriers(way, json!({ "do": "server-busy", "retry_after_ms": 50 })),
            DONE,
        ),
        quick(
            "429 with Retry-After",
            |way| {
                on_carriers(
                    way,
                    json!({ "do": "too-many-requests", "retry_after_ms": 50 }),
                )
            },
            DONE,
        ),
        quick(
            "500 OperationTimedOut",
            |way| on_carriers(way, json!({ "do": "timeout" })),
            DONE,
        ),
        quick(
            "500 InternalError",
            |way| on_carriers(way, json!({ "do": "internal-error" })),
            DONE,
        ),
        quick(
            "503 at the first contact",
            |_| {
                rule(
                    json!("GetBlobProperties"),
                    json!({ "nth": 1 }),
                    json!({ "do": "server-busy" }),
                )
            },
            DONE,
        ),
        slow(
            "503 for good from the third block on",
            |way| {
                rule(
                    way.carriers(),
                    json!({ "after": 2 }),
                    json!({ "do": "server-busy", "retry_after_ms": 10 }),
                )
            },
            FAILED,
        ),
        quick(
            "507 InsufficientStorage from the third block on",
            |way| {
                let on = json!(["PutBlock", "PutBlockFromUrl"]);
                let _ = way;
                rule(
                    on,
                    json!({ "after": 2 }),
                    json!({ "do": "full", "status": 507 }),
                )
            },
            |way| writing(way, Outcome::Exit(4)),
        ),
        quick(
            "409 account full from the third block on",
            |way| {
                let on = json!(["PutBlock", "PutBlockFromUrl"]);
                let _ = way;
                rule(
                    on,
                    json!({ "after": 2 }),
                    json!({ "do": "full", "status": 409 }),
                )
            },
            |way| writing(way, Outcome::Exit(4)),
        ),
    ]
}

fn lines() -> Vec<Fault> {
    vec![
        quick(
            "reset before the body",
            |way| on_carriers(way, json!({ "do": "reset-before" })),
            DONE,
        ),
        quick(
            "reset in the middle of the body",
            |way| on_carriers(way, json!({ "do": "reset-after", "bytes": BLOCK / 3 })),
            DONE,
        ),
        quick(
            "reset after the body, before the answer",
            |way| on_carriers(way, json!({ "do": "reset-at-end" })),
            DONE,
        ),
        quick(
            "an answer lost, its work done",
            |way| on_carriers(way, json!({ "do": "lose-answer" })),
            DONE,
        ),
        quick(
            "a truncated body",
            |way| on_carriers(way, json!({ "do": "truncate", "bytes": BLOCK / 2 })),
            DONE,
        ),
        slow(
            "a stall before the body",
            |way| on_carriers(way, json!({ "do": "stall", "seconds": 60 })),
            DONE,
        ),
        slow(
            "a stall in the middle of the body",
            |way| {
                on_carriers(
                    way,
                    json!({ "do": "stall", "seconds": 60, "bytes": BLOCK / 2 }),
                )
            },
            DONE,
        ),
        quick(
            "a slow body",
            |way| on_carriers(way, json!({ "do": "slow", "bytes_per_second": 1 << 20 })),
            DONE,
        ),
        quick(
            "latency",
            |_| {
                rule(
                    json!("any"),
                    json!({}),
                    json!({ "do": "latency", "ms": 30 }),
                )
            },
            DONE,
        ),
        slow(
            "every connection reset for good",
            |way| {
                rule(
                    way.carriers(),
                    json!({ "after": 2 }),
                    json!({ "do": "reset-before" }),
                )
            },
            FAILED,
        ),
    ]
}

fn damage() -> Vec<Fault> {
    vec![
        quick(
            "a bit flipped in a GET body",
            |_| {
                rule(
                    json!("GetBlob"),
                    json!({ "nth": 3 }),
                    json!({ "do": "flip-bit", "byte": 1000 }),
                )
            },
            |way| match way {
                // The service's own checksum tells which read was wrong, and it is read again.
                Way::Server => Outcome::Done,
                _ => reading(way, Outcome::Exit(3)),
            },
        ),
        quick(
            "a bit flipped in every GET body",
            |_| {
                rule(
                    json!("GetBlob"),
                    json!({}),
                    json!({ "do": "flip-bit", "byte": 1000 }),
                )
            },
            |way| reading(way, Outcome::Exit(3)),
        ),
        quick(
            "a lie in a CRC-64",
            |way| {
                rule(
                    way.carriers(),
                    json!({ "nth": [2, 5] }),
                    json!({ "do": "lie-crc" }),
                )
            },
            |way| writing(way, Outcome::Done),
        ),
        quick(
            "the source changes",
            |_| {
                rule(
                    json!("GetBlob"),
                    json!({ "nth": 3 }),
                    json!({ "do": "change-etag" }),
                )
            },
            |way| reading(way, Outcome::Exit(6)),
        ),
    ]
}

fn commits() -> Vec<Fault> {
    let commit = || json!("PutBlockList");
    let _ = commit;
    vec![
        quick(
            "503 to the commit",
            |_| {
                rule(
                    json!("PutBlockList"),
                    json!({ "nth": 1 }),
                    json!({ "do": "server-busy" }),
                )
            },
            |way| writing(way, Outcome::Done),
        ),
        quick(
            "the commit's answer lost, its work done",
            |_| {
                rule(
                    json!("PutBlockList"),
                    json!({ "nth": 1 }),
                    json!({ "do": "lose-answer" }),
                )
            },
            |way| writing(way, Outcome::Done),
        ),
        quick(
            "the commit's request lost",
            |_| {
                rule(
                    json!("PutBlockList"),
                    json!({ "nth": 1 }),
                    json!({ "do": "reset-at-end" }),
                )
            },
            |way| writing(way, Outcome::Done),
        ),
        quick(
            "InvalidBlockList once",
            |_| {
                rule(
                    json!("PutBlockList"),
                    json!({ "nth": 1 }),
                    json!({ "do": "invalid-block-list" }),
                )
            },
            |way| writing(way, Outcome::Done),
        ),
        quick(
            "uncommitted blocks forgotten at the commit",
            |_| {
                rule(
                    json!("PutBlockList"),
                    json!({ "nth": 1 }),
                    json!({ "do": "forget-blocks" }),
                )
            },
            |way| match way {
                // What came through a pipe cannot be read again.
                Way::Stdin => Outcome::Exit(1),
                _ => writing(way, Outcome::Done),
            },
        ),
    ]
}

fn credentials() -> Vec<Fault> {
    vec![
        quick(
            "the SAS expires",
            |way| {
                rule(
                    way.carriers(),
                    json!({ "nth": 4 }),
                    json!({ "do": "expire-sas" }),
                )
            },
            DENIED,
        ),
        quick(
            "the SAS is revoked",
            |way| {
                rule(
                    way.carriers(),
                    json!({ "nth": 4 }),
                    json!({ "do": "revoke-sas" }),
                )
            },
            DENIED,
        ),
    ]
}
