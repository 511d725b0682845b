//! What is not a manifest is refused, for a reason, and fast.

use super::{example, text};
use crate::manifest::{LONGEST_MANIFEST, Manifest};

fn refused(bytes: &[u8]) -> String {
    let started = std::time::Instant::now();
    let error = Manifest::parse(bytes).unwrap_err().to_string();
    assert!(started.elapsed().as_secs() < 5, "{error}");
    assert!(error.len() < 700, "a long message: {error}");
    error
}

/// Texts that are not canonical, and what is said of them.
const NOT_CANONICAL: [(&str, &str); 26] = [
    ("", "no value"),
    ("\n", "white space"),
    ("{}", "one newline"),
    ("{}\n\n", "something follows"),
    ("{}\r\n", "one newline"),
    (" {}\n", "white space"),
    ("{\"a\": 1}\n", "white space"),
    ("{\"a\":1,}\n", "no string"),
    ("{,\"a\":1}\n", "no string"),
    ("{\"b\":1,\"a\":1}\n", "order of their bytes"),
    ("{\"a\":1,\"a\":1}\n", "twice"),
    ("{\"a\":1.0}\n", "no plain integer"),
    ("{\"a\":1e3}\n", "no plain integer"),
    ("{\"a\":-1}\n", "negative"),
    ("{\"a\":01}\n", "leading zero"),
    ("{\"a\":9007199254740992}\n", "above 2^53"),
    ("{\"a\":nul}\n", "no value"),
    ("{\"a\":NaN}\n", "no value"),
    ("{\"a\":\"\\u0041\"}\n", "an escape"),
    ("{\"a\":\"\\u001F\"}\n", "an escape"),
    ("{\"a\":\"\\u000a\"}\n", "an escape"),
    ("{\"a\":\"\\ud800\"}\n", "an escape"),
    ("{\"a\":\"\\/\"}\n", "an escape"),
    ("{\"a\":\"\0\"}\n", "a control character"),
    ("{\"a\":\"\\", "an escape"),
    ("{\"a\":[1", "neither , nor ]"),
];

/// All refused texts of this file, for a comparison with another reader.
pub(crate) fn texts() -> Vec<String> {
    let example = text(&example());
    let spoiled = SPOILED
        .iter()
        .map(|(from, to, _)| example.replacen(from, to, 1));
    let others = NOT_CANONICAL.iter().map(|(text, _)| (*text).to_owned());
    others.chain(spoiled).collect()
}

#[test]
fn json_that_is_not_canonical() {
    for (json, reason) in NOT_CANONICAL {
        let error = refused(json.as_bytes());
        assert!(error.contains(reason), "{json:?}: {error}");
    }
    assert!(refused(b"{\"a\":\"\xed\xa0\x80\"}\n").contains("byte 6: not UTF-8"));
    assert!(refused(b"\xef\xbb\xbf{}\n").contains("no value"));
}

#[test]
fn large_and_deep_ones() {
    let deep = |depth: usize| format!("{}{}\n", "[".repeat(depth), "]".repeat(depth));
    assert!(refused(deep(8).as_bytes()).contains("the root is no object"));
    assert!(refused(deep(9).as_bytes()).contains("too deep"));
    assert!(refused("[".repeat(4 << 20).as_bytes()).contains("too deep"));
    assert!(refused("{\"a\":".repeat(800_000).as_bytes()).contains("too deep"));
    assert!(refused(&vec![b' '; 5 << 20]).contains("5242880 bytes"));
    assert!(refused(format!("[{}0]\n", "0,".repeat(2_000_000)).as_bytes()).contains("too many"));
    assert!(refused("9".repeat(4 << 20).as_bytes()).contains("above 2^53"));
    let keys: Vec<String> = (0..100_000).map(|key| format!("\"{key:06}\":0")).collect();
    let many = format!("{{{}}}\n", keys.join(","));
    assert!(many.len() < usize::try_from(LONGEST_MANIFEST).unwrap());
    assert_eq!(refused(many.as_bytes()), "format is missing");
    let long = format!("{{\"format\":\"{}\"}}\n", "\u{1f4a9}".repeat(1 << 19));
    assert!(refused(long.as_bytes()).starts_with("format is"));
}

/// Replaces something of the example's text and says why that is refused.
fn spoiled(from: &str, to: &str) -> String {
    let text = text(&example());
    let spoiled = text.replacen(from, to, 1);
    assert_ne!(text, spoiled, "{from} is not there");
    refused(spoiled.as_bytes())
}

/// What is replaced in the example, by what, and what is said of it.
const SPOILED: [(&str, &str, &str); 30] = [
    ("\"size\":20000", "\"size\":20001", "parts[2].size is 3616"),
    (
        "\"size\":20000",
        "\"size\":90071992547409",
        "blob.size is refused: 90071992547409 bytes in parts",
    ),
    ("\"size\":3616", "\"size\":3617", "parts[2].size is 3617"),
    ("\"per_group\":2", "\"per_group\":3", "parity.parts has 2"),
    (
        "\"per_group\":2",
        "\"per_group\":0",
        "parity.per_group cannot be 0",
    ),
    (
        "\"per_group\":2",
        "\"per_group\":4294967298",
        "parity.per_group cannot be",
    ),
    (
        "\"groups\":1",
        "\"groups\":4",
        "parity.groups is refused: 4 groups",
    ),
    (
        "\"part_size\":8192",
        "\"part_size\":8193",
        "part_size is refused",
    ),
    (
        "\"part_size\":8192",
        "\"part_size\":0",
        "part_size is refused",
    ),
    (
        "\"size\":4096",
        "\"size\":2048",
        "blocks.size is refused: a block of 2048",
    ),
    ("-gf16-high", "-gf8", "parity.code is"),
    (
        "\"sequence\":2",
        "\"sequence\":1",
        "chain.previous has no place",
    ),
    ("\"sequence\":2", "\"sequence\":0", "chain.sequence begins"),
    (
        "\"channel\":\"east-1\"",
        "\"channel\":\"East\"",
        "chain.channel is",
    ),
    (
        "\"name\":\"run42.tar\"",
        "\"name\":\"../x\"",
        "blob.name is refused",
    ),
    (
        "\"name\":\"run42.tar\"",
        "\"name\":\"a\\u0000b\"",
        "blob.name is refused",
    ),
    (
        "\"name\":\"run42.tar\"",
        "\"name\":7",
        "blob.name is no string",
    ),
    (
        "application/x-tar",
        "a\\r\\nx: y",
        "blob.content_type holds",
    ),
    (
        "{\"category\"",
        "{\"Category\":\"\",\"category\"",
        "blob.metadata cannot have",
    ),
    (
        "{\"category\"",
        "{\"\":\"\",\"category\"",
        "blob.metadata cannot have",
    ),
    (
        ":\"Images \\\"a\\\"\"",
        ":7",
        "blob.metadata holds what is no",
    ),
    ("08:00:00Z", "08:00:00+01:00", "created is"),
    ("2026-11-21T", "2026-13-21T", "created is"),
    (
        "\"created\":\"2026-11-21T08:00:00Z\",",
        "",
        "created is missing",
    ),
    (
        "00000000000000ab",
        "+0000000000000ab",
        "blob.crc64 is no CRC",
    ),
    (
        "00000000000000ab",
        "00000000000000AB",
        "blob.crc64 is no CRC",
    ),
    ("\"md5\":\"", "\"md5\":\"md5:", "blob.md5 is no digest"),
    (
        "\"sha256\":\"",
        "\"sha256\":\"0",
        "blob.sha256 is no digest",
    ),
    ("\"tool\":\"", "\"tool\":\"\\u007f", "an escape"),
    ("\"tool\":\"", "\"tool\":\"\u{7f}", "tool holds a control"),
];

#[test]
fn fields_that_contradict_each_other() {
    for (from, to, reason) in SPOILED {
        let error = spoiled(from, to);
        assert!(error.contains(reason), "{to}: {error}");
    }
}

#[test]
fn what_is_written_is_checked_by_the_same_rules() {
    let mut manifest = example();
    manifest.parts.pop();
    assert!(manifest.check().is_err());
    let mut manifest = example();
    let metadata = &mut manifest.blob.properties.metadata;
    (0..600).for_each(|number| drop(metadata.insert(format!("n{number}"), String::new())));
    let error = manifest.check().unwrap_err().to_string();
    assert_eq!(error, "blob.metadata has 601 entries: at most 512");
    let mut manifest = example();
    manifest.blob.properties.cache_control = Some("x".repeat(70_000));
    assert!(
        manifest
            .check()
            .unwrap_err()
            .to_string()
            .contains("at most 65536")
    );
    let mut manifest = example();
    manifest.chain.as_mut().unwrap().previous = None;
    assert_eq!(
        manifest.check().unwrap_err().to_string(),
        "chain.previous is missing"
    );
}

#[test]
fn a_table_that_would_not_fit_in_memory() {
    let huge = crate::Geometry::of(40 << 40, 1 << 42, 4096, 1, 0).unwrap();
    let mut manifest = example();
    manifest.geometry = huge;
    manifest.parts = vec![manifest.table; 10];
    manifest.parity.clear();
    let error = refused(&manifest.to_bytes());
    assert!(error.contains("blocks.size makes a table of"), "{error}");
}
