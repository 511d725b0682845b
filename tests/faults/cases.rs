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

/// The operations that a rule is about.
#[derive(Clone, Copy, Debug)]
enum On {
    /// Those that carry the way's bytes.
    Carriers,
    /// This one, or these, as in a script.
    These(&'static str),
}

/// One fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    on: On,
    /// When, as in a script.
    when: &'static str,
    /// What, as in a script.
    act: &'static str,
    /// Up, stdin, down, relay, server: `0` done, another digit that exit, `-` not applicable.
    outcomes: &'static str,
}

impl Fault {
    /// The script's rules.
    pub(crate) fn rules(&self, way: Way) -> Value {
        let on = match self.on {
            On::Carriers => way.carriers(),
            On::These(operations) => json!(operations.split(' ').collect::<Vec<_>>()),
        };
        let mut rule = json!({ "on": on });
        for part in [self.when, self.act] {
            let part: Value = serde_json::from_str(&format!("{{{part}}}")).unwrap();
            for (name, value) in part.as_object().unwrap() {
                rule[name] = value.clone();
            }
        }
        json!([rule])
    }

    pub(crate) fn outcome(&self, way: Way) -> Outcome {
        let place = Way::ALL.iter().position(|known| *known == way).unwrap();
        match self.outcomes.as_bytes()[place] {
            b'0' => Outcome::Done,
            b'-' => Outcome::NotApplicable,
            digit => Outcome::Exit(i32::from(digit - b'0')),
        }
    }
}

/// Twice, in the middle.
const TWICE: &str = r#""every": 3, "times": 2"#;
/// Always.
const ALWAYS: &str = "";
/// The first time only.
const ONCE: &str = r#""nth": 1"#;
const BLOCKS: On = On::These("PutBlock PutBlockFromUrl");
const COMMIT: On = On::These("PutBlockList");
const GET: On = On::These("GetBlob");

const fn fault(
    name: &'static str,
    on: On,
    when: &'static str,
    act: &'static str,
    outcomes: &'static str,
) -> Fault {
    Fault {
        name,
        on,
        when,
        act,
        outcomes,
    }
}

/// Every fault, those that take longest first. Bytes within a body are a third and a half of [`BLOCK`].
#[rustfmt::skip]
pub(crate) const ALL: &[Fault] = &[
    fault("a stall before the body", On::Carriers, TWICE, r#""do": "stall", "seconds": 15"#, "00000"),
    fault("a stall in the middle of the body", On::Carriers, TWICE, r#""do": "stall", "seconds": 15, "bytes": 131072"#, "00000"),
    fault("every connection reset for good", On::Carriers, r#""after": 2"#, r#""do": "reset-before""#, "44444"),
    fault("503 for good from the third block on", On::Carriers, r#""after": 2"#, r#""do": "server-busy", "retry_after_ms": 10"#, "44444"),
    fault("503 ServerBusy with Retry-After", On::Carriers, TWICE, r#""do": "server-busy", "retry_after_ms": 50"#, "00000"),
    fault("429 with Retry-After", On::Carriers, TWICE, r#""do": "too-many-requests", "retry_after_ms": 50"#, "00000"),
    fault("500 OperationTimedOut", On::Carriers, TWICE, r#""do": "timeout""#, "00000"),
    fault("500 InternalError", On::Carriers, TWICE, r#""do": "internal-error""#, "00000"),
    fault("503 at the first contact", On::These("GetBlobProperties"), ONCE, r#""do": "server-busy""#, "00000"),
    fault("507 InsufficientStorage from the third block on", BLOCKS, r#""after": 2"#, r#""do": "full", "status": 507"#, "44-44"),
    fault("409 account full from the third block on", BLOCKS, r#""after": 2"#, r#""do": "full", "status": 409"#, "44-44"),
    fault("reset before the body", On::Carriers, TWICE, r#""do": "reset-before""#, "00000"),
    fault("reset in the middle of the body", On::Carriers, TWICE, r#""do": "reset-after", "bytes": 87381"#, "00000"),
    fault("reset after the body, before the answer", On::Carriers, TWICE, r#""do": "reset-at-end""#, "00000"),
    fault("an answer lost, its work done", On::Carriers, TWICE, r#""do": "lose-answer""#, "00000"),
    fault("a truncated body", On::Carriers, TWICE, r#""do": "truncate", "bytes": 131072"#, "00000"),
    fault("a slow body", On::Carriers, TWICE, r#""do": "slow", "bytes_per_second": 1000000"#, "00000"),
    fault("latency", On::These("any"), ALWAYS, r#""do": "latency", "ms": 30"#, "00000"),
    // Where the service fetches, its own checksum tells which read was wrong: it is carried afresh.
    fault("a bit flipped in a GET body", GET, r#""nth": 3"#, r#""do": "flip-bit", "byte": 1000"#, "--330"),
    fault("a bit flipped in every GET body", GET, ALWAYS, r#""do": "flip-bit", "byte": 1000"#, "--333"),
    fault("a lie in a CRC-64", On::Carriers, r#""nth": [2, 5]"#, r#""do": "lie-crc""#, "00-00"),
    fault("the source changes", GET, r#""nth": 3"#, r#""do": "change-etag""#, "--666"),
    fault("503 to the commit", COMMIT, ONCE, r#""do": "server-busy""#, "00-00"),
    fault("the commit's answer lost, its work done", COMMIT, ONCE, r#""do": "lose-answer""#, "00-00"),
    fault("the commit's request lost", COMMIT, ONCE, r#""do": "reset-at-end""#, "00-00"),
    fault("InvalidBlockList once", COMMIT, ONCE, r#""do": "invalid-block-list""#, "00-00"),
    // What came through a pipe cannot be read again.
    fault("uncommitted blocks forgotten at the commit", COMMIT, ONCE, r#""do": "forget-blocks""#, "01-00"),
    fault("the SAS expires", On::Carriers, r#""nth": 4"#, r#""do": "expire-sas""#, "55555"),
    fault("the SAS is revoked", On::Carriers, r#""nth": 4"#, r#""do": "revoke-sas""#, "55555"),
];
