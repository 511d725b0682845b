//! What users would notice of SAS handling: parsing, redaction, preflight, and signatures equal to
//! Microsoft's.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

mod mint;

const SIG: &str = "c2lnbmF0dXJlLW1hcmtlci0zMi1ieXRlcy1sb25nISE";
const NOW: &str = "2026-11-20T12:00:00Z";

fn token(rest: &str) -> SasToken {
    SasToken::parse(&format!("{rest}&sig={SIG}%3D")).unwrap()
}

fn url(text: &str) -> SasUrl {
    SasUrl::parse(text, Plaintext::LoopbackOnly).unwrap()
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn fatal(rest: &str, purpose: Use) -> Option<String> {
    let url = url("https://acct.example/c/b");
    let found = token(rest).check(&url, Need::of(purpose), now());
    let fatal = found
        .into_iter()
        .find(|finding| finding.severity == Severity::Fatal)?;
    Some(fatal.message)
}

#[test]
fn question_mark_blanks_and_newline_do_not_matter() {
    let plain = token("sv=2022-11-02&sr=b&sp=r&se=2027-01-01");
    let text = format!("  ?{}\r\n", plain.expose());
    assert_eq!(SasToken::parse(&text).unwrap(), plain);
}

#[test]
fn values_are_percent_decoded_and_a_bare_plus_in_the_signature_survives() {
    let sas = SasToken::parse("sv=x&se=2027-01-01T00%3A00%3A00Z&sr=c&sp=r&sig=a+b/c==").unwrap();
    assert_eq!(sas.field("se"), Some("2027-01-01T00:00:00Z"));
    assert!(sas.expose().ends_with("sig=a%2Bb/c=="));
    assert_eq!(sas.field("sig"), None);
}

#[test]
fn errors_name_the_field_and_nothing_else() {
    for (text, wanted) in [
        ("", "empty"),
        ("?", "empty"),
        ("https://a/b?sig=TOPSECRET", "URL"),
        ("sv=1&sp=r", "`sig`"),
        ("sv=1&sv=2&sig=TOPSECRET", "`sv` twice"),
        ("se=tomorrow&sig=TOPSECRET", "`se` is not a time"),
        ("st=2026-99-01&sig=TOPSECRET", "`st` is not a time"),
        ("sig=TOPSECRET%2", "number 1"),
        ("sv=1&TOPSECRET", "number 2"),
    ] {
        let error = SasToken::parse(text).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(error.to_string().contains(wanted), "{said}");
        assert!(!said.contains("TOPSECRET"), "{said}");
    }
}

#[test]
fn a_url_is_taken_apart_and_shows_an_allow_list_only() {
    let text = format!(
        "https://acct.blob.example:8443/tr/dir/my%20blob.tar?snapshot=2026-01-01T00%3A00%3A00Z&sv=2022-11-02\
         &sr=b&sp=rl&se=2027-01-01&sip=1.2.3.4&skoid=object&sig={SIG}%3D"
    );
    let url = url(&text);
    assert_eq!(
        url.base().as_str(),
        "https://acct.blob.example:8443/tr/dir/my%20blob.tar?snapshot=2026-01-01T00%3A00%3A00Z"
    );
    assert_eq!(
        (url.container().as_str(), url.blob_name().as_str()),
        ("tr", "dir/my blob.tar")
    );
    let shown = format!("{url} {url:?}");
    assert!(
        shown.contains("sp=rl") && shown.contains("se=2027-01-01"),
        "{shown}"
    );
    assert!(
        !shown.contains("1.2.3.4") && !shown.contains("object"),
        "{shown}"
    );
    assert!(url.writable().is_err());
    assert!(url.signed(url.sas()).as_str().contains("sig="));
}

#[test]
fn path_style_keeps_the_account_in_the_path() {
    let url = url("http://127.0.0.1:10000/devstoreaccount1/transfer/a/b");
    assert_eq!(
        (url.container().as_str(), url.blob_name().as_str()),
        ("transfer", "a/b")
    );
    assert!(url.sas().is_none());
}

#[test]
fn urls_that_name_no_blob_or_are_unsafe_are_refused() {
    for (text, wanted) in [
        ("https://acct.example/container", "no blob"),
        ("https://acct.example/container/", "no blob"),
        ("https://acct.example/container/dir/", "no blob"),
        ("http://127.0.0.1:1/account/container", "no blob"),
        (
            "http://acct.example/c/b?sig=TOPSECRET&sv=1",
            "in the clear to acct.example",
        ),
        ("http://localhost.example/c/b", "in the clear"),
        ("https://u:TOPSECRET@acct.example/c/b", "user name"),
        ("https://acct.example/c/b#TOPSECRET", "fragment"),
        ("ftp://acct.example/c/b", "scheme is ftp"),
        ("https://acct.example/c/b?sv=2022-11-02", "cannot be used"),
        (
            "https://acct.example/c/b%3Fsv=1&sig=TOPSECRET",
            "path holds a SAS",
        ),
        ("TOPSECRET", "not a URL"),
    ] {
        let error = SasUrl::parse(text, Plaintext::LoopbackOnly).unwrap_err();
        assert!(error.to_string().contains(wanted), "{text}: {error}");
        assert!(
            !format!("{error} {error:?}").contains("TOPSECRET"),
            "{error:?}"
        );
    }
    for text in [
        "http://[::1]:1/a/c/b",
        "http://az.localhost/c/b",
        "http://127.9.9.9/a/c/b",
    ] {
        assert!(
            SasUrl::parse(text, Plaintext::LoopbackOnly).is_ok(),
            "{text}"
        );
    }
    assert!(SasUrl::parse("http://acct.example/c/b", Plaintext::Anywhere).is_ok());
}

#[test]
fn an_unquoted_url_gets_the_hint_about_quotes() {
    let error = SasUrl::parse(
        "https://acct.example/c/b?sv=2022-11-02",
        Plaintext::LoopbackOnly,
    )
    .unwrap_err();
    assert!(error.hint().unwrap().contains("quotes"));
}

#[test]
fn preflight_refuses_what_the_service_would() {
    let good = "sv=1&sr=b&se=2027-01-01";
    for (rest, purpose, wanted) in [
        (
            "sv=1&sr=b&sp=r&se=2026-11-20T11:00Z".to_owned(),
            Use::Source,
            "expired at",
        ),
        (
            format!("{good}&sp=r&st=2026-11-21"),
            Use::Source,
            "not valid before",
        ),
        ("sv=1&sr=b&sp=r".to_owned(), Use::Source, "no expiry"),
        (good.to_owned(), Use::Source, "no permissions"),
        (format!("{good}&sp=wl"), Use::Source, "lacks permission r"),
        (
            format!("{good}&sp=rl"),
            Use::Destination,
            "lacks permission w or c",
        ),
        (
            format!("{good}&sp=rl&ske=2026-11-20&skoid=o"),
            Use::Source,
            "key expired",
        ),
        (
            "sv=1&ss=q&srt=sco&sp=r&se=2027-01-01".to_owned(),
            Use::Source,
            "ss lacks b",
        ),
        (
            "sv=1&ss=b&srt=sc&sp=r&se=2027-01-01".to_owned(),
            Use::Source,
            "srt lacks o",
        ),
        (
            "sv=1&ss=b&srt=so&sp=l&se=2027-01-01".to_owned(),
            Use::List,
            "srt lacks c",
        ),
        (format!("{good}&sp=l"), Use::List, "one blob"),
        (
            "sv=1&sr=bv&sp=w&se=2027-01-01".to_owned(),
            Use::Destination,
            "a version",
        ),
        (
            "sv=1&sr=f&sp=r&se=2027-01-01".to_owned(),
            Use::Source,
            "sr=f",
        ),
        ("sv=1&sp=r&se=2027-01-01".to_owned(), Use::Source, "no sr"),
    ] {
        let said = fatal(&rest, purpose).unwrap_or_default();
        assert!(said.contains(wanted), "{rest}: {said}");
    }
}

#[test]
fn preflight_lets_pass_what_may_work() {
    for (rest, purpose) in [
        ("sv=1&sr=c&sp=racwdl&se=2027-01-01", Use::Source),
        ("sv=1&sr=b&sp=c&se=2027-01-01", Use::Destination),
        ("sv=1&sr=b&sp=w&se=2027-01-01", Use::Destination),
        ("sv=1&sr=c&si=policy", Use::Source),
        ("sv=1&ss=bf&srt=sco&sp=rl&se=2027-01-01", Use::List),
    ] {
        assert_eq!(fatal(rest, purpose), None, "{rest}");
    }
}

#[test]
fn https_only_does_not_go_with_http() {
    let url = url("http://127.0.0.1:1/a/c/b");
    let sas = token("sv=1&sr=b&sp=r&se=2027-01-01&spr=https");
    let found = sas.check(&url, Need::of(Use::Source), now());
    assert!(found[0].message.contains("https only"), "{found:?}");
}

#[test]
fn notes_tell_of_soon_expiry_sip_and_create_only() {
    let sas = token("sv=1&sr=b&sp=rc&se=2026-11-20T12:30Z&sip=10.0.0.1");
    let url = url("https://acct.example/c/b");
    let notes = |purpose| {
        let found = sas.check(&url, Need::of(purpose), now());
        assert!(
            found
                .iter()
                .all(|finding| finding.severity == Severity::Note)
        );
        found
            .into_iter()
            .map(|finding| finding.message)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(notes(Use::Source).contains("expires in 30 min"));
    assert!(notes(Use::Source).contains("sip"));
    assert!(notes(Use::Destination).contains("cannot be replaced"));
}

#[test]
fn inspection_tells_everything_but_the_secret() {
    let url = url(&format!(
        "https://acct.example/c/b?sv=2022-11-02&sr=c&sp=rl&se=2026-11-21T12:00:00Z&sig={SIG}%3D"
    ));
    let seen = Inspection::new(&url, url.sas().unwrap(), now());
    assert_eq!(seen.remaining_seconds, Some(86_400));
    let able: Vec<_> = seen
        .abilities
        .iter()
        .map(|ability| ability.able.unwrap())
        .collect();
    assert_eq!(able, [true, false, true, false]);
    let json = serde_json::to_string(&seen).unwrap();
    assert!(
        json.contains("\"word\":\"list\"") && !json.contains(SIG),
        "{json}"
    );
}

#[test]
fn a_rewritten_file_gives_the_new_sas_and_only_then() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sas");
    let (old, new) = (
        token("sv=1&sr=b&sp=r&se=2027-01-01"),
        token("sv=1&sr=b&sp=r&se=2028-01-01"),
    );
    fs_err::write(&path, format!("?{}\n", old.expose())).unwrap();
    let source = SasSource::file(&path).unwrap();
    assert!(!source.refresh(Some(&old)).unwrap());
    fs_err::write(&path, new.expose()).unwrap();
    assert!(source.refresh(Some(&old)).unwrap());
    assert_eq!(source.current(), Some(new.clone()));
    // Another task that still held the old one need not read again.
    assert!(source.refresh(Some(&old)).unwrap());
    assert!(!source.refresh(Some(&new)).unwrap());
    assert!(!format!("{source:?}").contains(SIG));
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC*") {
        let _ = SasToken::parse(&text);
        let _ = SasUrl::parse(&text, Plaintext::Anywhere);
        let _ = SasUrl::parse(&format!("https://h/c/b?{text}"), Plaintext::Anywhere);
    }

    #[test]
    fn a_signature_is_never_shown(
        secret in "[a-zA-Z0-9]{20,43}",
        extra in "[a-z]{1,4}=[a-zA-Z0-9%+/]{0,8}",
        name in "(sig|SIG|Sig)",
    ) {
        let query = format!("sv=1&sr=b&{extra}&sp=r&{name}={secret}&se=2027-01-01");
        let address = format!("https://h/c/b?{query}");
        let shown = format!("{:?} {:?}", SasToken::parse(&query), SasUrl::parse(&address, Plaintext::Anywhere));
        prop_assert!(!shown.contains(&secret), "{shown}");
    }
}
