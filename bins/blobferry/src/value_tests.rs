//! What flags accept, and that their errors never repeat a value.

use super::*;

fn pairs<const N: usize>(list: [(&str, &str); N]) -> Result<Pairs, String> {
    let owned = list.map(|(k, v)| (k.to_owned(), v.to_owned()));
    let pairs = Pairs::from(owned);
    if pairs.len() == N {
        Ok(pairs)
    } else {
        Err("a key stands twice in the test".to_owned())
    }
}

#[test]
fn azcopys_forms_are_read() {
    assert_eq!(memory("64MiB"), Ok(64 << 20));
    assert_eq!(block_size("0.25"), Ok(256 << 10));
    assert_eq!(cap("8"), Ok(Some(1_000_000)));
    assert_eq!(cap("0"), Ok(None));
    assert_eq!(cap("0.0"), Ok(None));
    assert_eq!(concurrency("3000"), Ok(3000));
    assert_eq!(retries("0"), Ok(0));
    assert_eq!(version("2021-12-02"), Ok("2021-12-02".to_owned()));
    assert_eq!(header(" text/plain "), Ok("text/plain".to_owned()));
    for (text, millis) in [
        ("60", 60_000),
        ("60s", 60_000),
        ("1.5m", 90_000),
        ("500ms", 500),
        ("2h", 7_200_000),
    ] {
        assert_eq!(time(text), Ok(Duration::from_millis(millis)), "{text}");
    }
}

#[test]
fn pairs_are_read_with_their_escapes() {
    assert_eq!(metadata("a=1;b=x=y;"), pairs([("a", "1"), ("b", "x=y")]));
    assert_eq!(metadata(r"a=1\;2;b=\\"), pairs([("a", "1;2"), ("b", r"\")]));
    assert_eq!(metadata(""), pairs([]));
    assert_eq!(tags("a%20b=c%2Fd&e="), pairs([("a b", "c/d"), ("e", "")]));
}

#[test]
fn nothing_wrong_is_accepted_or_repeated() {
    type Reads = fn(&str) -> bool;
    let readers: [(&str, Reads); 9] = [
        ("memory", |text| {
            memory(text).is_err_and(|error| !error.contains(text))
        }),
        ("block size", |text| {
            block_size(text).is_err_and(|error| !error.contains(text))
        }),
        ("cap", |text| {
            cap(text).is_err_and(|error| !error.contains(text))
        }),
        ("concurrency", |text| {
            concurrency(text).is_err_and(|error| !error.contains(text))
        }),
        ("retries", |text| {
            retries(text).is_err_and(|error| !error.contains(text))
        }),
        ("time", |text| {
            time(text).is_err_and(|error| !error.contains(text))
        }),
        ("metadata", |text| {
            metadata(text).is_err_and(|error| !error.contains(text))
        }),
        ("tags", |text| {
            tags(text).is_err_and(|error| !error.contains(text))
        }),
        ("version", |text| {
            version(text).is_err_and(|error| !error.contains(text))
        }),
    ];
    for (name, refuses) in readers {
        assert!(
            refuses("https://host/c/b?sv=2021-12-02&sig=SECRET"),
            "{name}"
        );
    }
    assert!(memory("1KiB").is_err());
    assert!(block_size("0").is_err() && block_size("-8").is_err());
    assert!(cap("0.0000001").is_err());
    assert!(concurrency("0").is_err());
    assert!(time("0s").is_err());
    assert!(metadata("a=1;A=2").is_err() && metadata("1a=2").is_err() && metadata("a=é").is_err());
    assert!(tags("a=1&a=2").is_err() && tags("a=%00").is_err() && tags("=1").is_err());
    let eleven: Vec<String> = (0..11).map(|n| format!("k{n}=v")).collect();
    assert!(tags(&eleven.join("&")).is_err());
    assert!(expect(&["md5:xx".to_owned()]).is_err());
    let different = ["a", "b"].map(|digit| format!("sha256:{}", digit.repeat(64)));
    assert!(expect(&different).is_err());
}
