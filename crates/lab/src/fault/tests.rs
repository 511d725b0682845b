//! What scripts mean, and what is refused.

use super::*;

fn faults(script: &str) -> Faults {
    let faults = Faults::default();
    faults.set(Script::parse(script).unwrap());
    faults
}

fn at(account: &str, container: &str, blob: &str) -> Address {
    Address {
        account: account.to_owned(),
        container: container.to_owned(),
        blob: blob.to_owned(),
    }
}

/// The numbers, from 1, of those of `count` Put Blocks upon which a lone rule with this text acts.
fn acts_on(count: u64, rule: &str) -> Vec<u64> {
    let text =
        format!(r#"{{ "seed": 7, "rules": [{{ "on": "PutBlock", {rule}, "do": "lie-crc" }}] }}"#);
    let faults = faults(&text);
    (1..=count)
        .filter(|_| {
            !faults
                .decide(Operation::PutBlock, &at("a", "c", "b"))
                .is_empty()
        })
        .collect()
}

fn refused(script: &str) -> String {
    Script::parse(script).unwrap_err().to_string()
}

#[test]
fn triggers_count_from_one_and_windows_shift_them() {
    assert_eq!(acts_on(6, r#""nth": 3"#), [3]);
    assert_eq!(acts_on(6, r#""nth": [5, 1, 5]"#), [1, 5]);
    assert_eq!(acts_on(11, r#""every": 5"#), [5, 10]);
    assert_eq!(
        acts_on(30, r#""every": 5, "after": 2, "times": 3"#),
        [7, 12, 17]
    );
    assert_eq!(acts_on(5, r#""after": 3"#), [4, 5]);
    assert_eq!(acts_on(5, r#""times": 2"#), [1, 2]);
    assert_eq!(acts_on(5, r#""probability": 0"#), [0; 0]);
    assert_eq!(acts_on(3, r#""probability": 1"#), [1, 2, 3]);
}

#[test]
fn dice_are_fair_and_belong_to_the_rule() {
    let alone = acts_on(10_000, r#""probability": 0.02"#);
    assert!((150..=250).contains(&alone.len()), "{}", alone.len());
    assert_eq!(alone, acts_on(10_000, r#""probability": 0.02"#));

    // Requests that other rules are about, in between, change nothing.
    let faults = faults(
        r#"{ "seed": 7, "rules": [{ "on": "PutBlock", "probability": 0.02, "do": "lie-crc" },
                                  { "on": "any", "probability": 0.5, "do": "reset-at-end" }] }"#,
    );
    let mut acted = Vec::new();
    for count in 1..=10_000 {
        faults.decide(Operation::GetBlob, &at("a", "c", "b"));
        let actions = faults.decide(Operation::PutBlock, &at("a", "c", "b"));
        if actions.contains(&Action::LieCrc) {
            acted.push(count);
        }
    }
    assert_eq!(acted, alone);
}

#[test]
fn rules_choose_by_operation_account_and_path() {
    let faults = faults(
        r#"{ "rules": [{ "on": "PutBlock", "account": "target", "path": "transfer/*.tar", "do": "reset-after", "bytes": 9 },
                       { "on": "reads", "do": "truncate", "bytes": 1 },
                       { "on": ["writes", "GetBlob"], "do": "lose-answer" },
                       { "on": "any", "account": "t*", "do": "latency", "ms": 1.5 }] }"#,
    );
    let later = Action::Latency(Duration::from_micros(1500));
    let tar = at("target", "transfer", "x/y.tar");
    assert_eq!(
        faults.decide(Operation::PutBlock, &tar),
        [Action::ResetAfter(9), Action::LoseAnswer, later.clone()]
    );
    assert_eq!(
        faults.decide(Operation::GetBlob, &at("source", "transfer", "x.tar")),
        [Action::Truncate(1), Action::LoseAnswer]
    );
    assert_eq!(faults.decide(Operation::Unsupported, &tar), [later]);
    let report = faults.report();
    let counts: Vec<_> = report
        .iter()
        .map(|rule| (rule.matches, rule.acted))
        .collect();
    assert_eq!(counts, [(1, 1), (1, 1), (2, 2), (2, 2)]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json[1]["rule"]["do"], "truncate");
}

#[test]
fn a_new_script_counts_anew_and_clear_ends_it() {
    let script = Script::parse(
        r#"{ "line": { "total_mbps": 8 }, "rules": [{ "on": "any", "nth": 1, "do": "lie-crc" }] }"#,
    );
    let script = script.unwrap();
    let faults = Faults::default();
    let asked = || faults.decide(Operation::GetBlob, &Address::default()).len();
    assert_eq!(asked(), 0);
    faults.set(script.clone());
    assert_eq!((asked(), asked()), (1, 0));
    faults.set(script);
    assert_eq!((asked(), faults.line().in_total), (1, Some(1_000_000)));
    faults.clear();
    assert_eq!((asked(), faults.line()), (0, LineLimits::default()));
    assert!(faults.report().is_empty());
}

#[test]
fn every_refusal_can_be_written() {
    let second = Duration::from_secs(1);
    let answer = |status, code: &str| Action::Answer {
        status,
        code: code.to_owned(),
        message: "m".to_owned(),
        retry_after: Some(second),
    };
    let preset = r#""message": "m", "retry_after_ms": 1000"#;
    for (what, action) in [
        (
            format!(r#""answer", "status": 412, "code": "X", {preset}"#),
            answer(412, "X"),
        ),
        (
            format!(r#""server-busy", {preset}"#),
            answer(503, "ServerBusy"),
        ),
        (
            format!(r#""timeout", {preset}"#),
            answer(500, "OperationTimedOut"),
        ),
        (
            format!(r#""internal-error", {preset}"#),
            answer(500, "InternalError"),
        ),
        (
            format!(r#""too-many-requests", {preset}"#),
            answer(429, "TooManyRequests"),
        ),
        (
            format!(r#""full", {preset}"#),
            answer(507, "InsufficientStorage"),
        ),
        (
            format!(r#""full", "status": 409, {preset}"#),
            answer(409, "AccountCapacityExceeded"),
        ),
        (
            format!(r#""invalid-block-list", {preset}"#),
            answer(400, "InvalidBlockList"),
        ),
    ] {
        does(&what, action);
    }
}

/// A lone rule with this text does this.
fn does(what: &str, action: Action) {
    let faults = faults(&format!(
        r#"{{ "rules": [{{ "on": "any", "do": {what} }}] }}"#
    ));
    let decided = faults.decide(Operation::GetBlob, &Address::default());
    assert_eq!(decided, [action], "{what}");
}

#[test]
fn every_mischief_can_be_written() {
    let second = Duration::from_secs(1);
    for (what, action) in [
        (r#""reset-before""#, Action::ResetBefore),
        (r#""reset-after", "bytes": 0"#, Action::ResetAfter(0)),
        (r#""reset-at-end""#, Action::ResetAtEnd),
        (r#""lose-answer""#, Action::LoseAnswer),
        (r#""stall", "seconds": 1"#, Action::Stall(second)),
        (
            r#""stall", "seconds": 1, "bytes": 5"#,
            Action::StallAfter(5, second),
        ),
        (r#""slow", "bytes_per_second": 5"#, Action::Slow(5)),
        (r#""truncate", "bytes": 5"#, Action::Truncate(5)),
        (r#""flip-bit", "byte": 5"#, Action::FlipBit(5)),
        (r#""lie-crc""#, Action::LieCrc),
        (r#""change-etag""#, Action::ChangeEtag),
        (r#""expire-sas""#, Action::ExpireSas),
        (r#""revoke-sas""#, Action::RevokeSas),
        (r#""forget-blocks""#, Action::ForgetBlocks),
        (r#""latency", "ms": 1000"#, Action::Latency(second)),
    ] {
        does(what, action);
    }
}

/// What stands in the second rule, and what the error says.
const MISTAKES: &[(&str, &str)] = &[
    (r#""do": "lie-crc""#, "rule 2: `on` is missing"),
    (
        r#""on": "PutBlok", "do": "lie-crc""#,
        "rule 2: `on` `PutBlok` is no operation",
    ),
    (
        r#""on": "Unsupported", "do": "lie-crc""#,
        "`Unsupported` is no operation",
    ),
    (
        r#""on": [], "do": "lie-crc""#,
        "rule 2: `on` is an empty list",
    ),
    (
        r#""on": 5, "do": "lie-crc""#,
        "rule 2: `on` must be a name or a list",
    ),
    (r#""on": "any""#, "rule 2: `do` is missing"),
    (
        r#""on": "any", "do": "explode""#,
        "rule 2: `do` `explode` is not known; there are: answer",
    ),
    (
        r#""on": "any", "nth": 0, "do": "lie-crc""#,
        "rule 2: `nth` counts from 1",
    ),
    (
        r#""on": "any", "nth": [], "do": "lie-crc""#,
        "rule 2: `nth` is an empty list",
    ),
    (
        r#""on": "any", "nth": "x", "do": "lie-crc""#,
        "rule 2: `nth` must be a number or",
    ),
    (
        r#""on": "any", "nth": 1, "every": 2, "do": "lie-crc""#,
        "rule 2: `every` and `nth` exclude",
    ),
    (
        r#""on": "any", "nth": 1, "times": 2, "do": "lie-crc""#,
        "rule 2: `times` has no meaning",
    ),
    (
        r#""on": "any", "every": 0, "do": "lie-crc""#,
        "rule 2: `every` must be at least 1",
    ),
    (
        r#""on": "any", "times": 0, "do": "lie-crc""#,
        "rule 2: `times` must be at least 1",
    ),
    (
        r#""on": "any", "after": -1, "do": "lie-crc""#,
        "rule 2: `after` invalid value",
    ),
    (
        r#""on": "any", "probability": 1.5, "do": "lie-crc""#,
        "rule 2: `probability` must be between",
    ),
    (
        r#""on": "any", "path": "", "do": "lie-crc""#,
        "rule 2: `path` must be 1 to",
    ),
    (
        r#""on": "any", "do": "lie-crc", "bytes": 4"#,
        "rule 2: `bytes` is not a field of a rule that does lie-crc",
    ),
    (
        r#""on": "any", "do": "truncate""#,
        "rule 2: `bytes` is missing",
    ),
    (
        r#""on": "any", "do": "stall", "seconds": -1"#,
        "rule 2: `seconds` must be between 0 and a day",
    ),
    (
        r#""on": "any", "do": "stall", "seconds": 1e300"#,
        "rule 2: `seconds` must be between 0 and a day",
    ),
    (
        r#""on": "any", "do": "slow", "bytes_per_second": 0"#,
        "rule 2: `bytes_per_second` must be at least",
    ),
    (
        r#""on": "any", "do": "answer", "code": "X""#,
        "rule 2: `status` is missing",
    ),
    (
        r#""on": "any", "do": "answer", "status": 200, "code": "X""#,
        "rule 2: `status` must be an error",
    ),
    (
        r#""on": "any", "do": "answer", "status": 99999, "code": "X""#,
        "rule 2: `status` invalid value",
    ),
    (
        r#""on": "any", "do": "answer", "status": 400, "code": "a\nb""#,
        "rule 2: `code` must be 1 to",
    ),
    (
        r#""on": "any", "do": "full", "status": 500"#,
        "rule 2: `status` must be 507 or 409",
    ),
    (
        r#""on": "any", "do": "timeout", "retry_after_ms": 1, "retry_after_seconds": 1"#,
        "exclude each other",
    ),
];

#[test]
fn mistakes_name_their_rule_and_field() {
    for (rule, words) in MISTAKES {
        let error = refused(&format!(
            r#"{{ "rules": [{{ "on": "any", "do": "lie-crc" }}, {{ {rule} }}] }}"#
        ));
        assert!(error.contains(words), "{rule}: {error}");
    }
}

#[test]
fn mistakes_around_the_rules_are_named_too() {
    for (script, words) in [
        ("nonsense", "is not JSON"),
        ("[]", "the script: must be an object"),
        (
            r#"{ "rule": [] }"#,
            "the script: `rule` is not a field of a script",
        ),
        (r#"{ "rules": [5] }"#, "rule 1: must be an object"),
        (r#"{ "rules": {} }"#, "the script: `rules` invalid type"),
        (r#"{ "seed": -1 }"#, "the script: `seed` invalid value"),
        (
            r#"{ "line": { "latency": 5 } }"#,
            "line: `latency` is not a field of line",
        ),
        (
            r#"{ "line": { "total_mbps": 0 } }"#,
            "line: `total_mbps` must be between",
        ),
        (
            r#"{ "line": { "latency_ms": -5 } }"#,
            "line: `latency_ms` must be between",
        ),
    ] {
        let error = refused(script);
        assert!(error.contains(words), "{script}: {error}");
    }
    let many = vec![r#"{ "on": "any", "do": "lie-crc" }"#; 1001].join(",");
    assert!(refused(&format!(r#"{{ "rules": [{many}] }}"#)).contains("too long"));
    assert!(refused(&" ".repeat(1 << 21)).contains("too long"));
}

#[test]
fn a_script_serialises_as_it_was_written() {
    let text =
        r#"{ "note": "n", "line": { "latency_ms": 0.5, "connection_mbps": 0.5 }, "rules": [] }"#;
    let script = Script::parse(text).unwrap();
    assert_eq!(script.line.latency, Duration::from_micros(500));
    assert_eq!(script.line.per_connection, Some(62_500));
    let again: Script = serde_json::from_str(&serde_json::to_string(&script).unwrap()).unwrap();
    assert_eq!(again, script);
    let empty = serde_json::to_string(&Script::default()).unwrap();
    assert!(
        serde_json::from_str::<Script>(&empty)
            .unwrap()
            .rules
            .is_empty()
    );
}

#[test]
fn the_examples_of_the_description_can_be_used() {
    let examples: Vec<_> = include_str!("../../FAULTS.md")
        .split("```json")
        .skip(1)
        .collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let json = example.split("```").next().unwrap();
        assert!(!Script::parse(json).unwrap().rules.is_empty(), "{json}");
    }
}
