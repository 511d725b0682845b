//! Errors as a user and a program read them.

use blobferry_transfer::End;
use insta::assert_snapshot;

use super::*;

fn text(failure: &Failure) -> String {
    let mut out = Vec::new();
    failure.write_text(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(failure: &Failure) -> String {
    let mut out = Vec::new();
    failure.write_json(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn broken_read(resumable: bool) -> CopyError {
    let reset = io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer");
    let source = StoreError::new(
        ErrorClass::Transient,
        "GET https://h/c/b failed: connection reset by peer",
    )
    .with_source(reset)
    .with_hint("check the network between here and h");
    CopyError::Store {
        end: End::Source,
        doing: "reading block 17".to_owned(),
        source,
        resumable,
    }
}

#[test]
fn an_error_names_cause_and_next_step_and_repeats_nothing() {
    let failure = Failure::from(&broken_read(true));
    assert_eq!(failure.exit(), ExitStatus::Incomplete);
    assert_snapshot!(text(&failure), @"
    error: reading block 17
    Caused by:
      GET https://h/c/b failed: connection reset by peer
    hint: check the network between here and h
    hint: run the same command again to resume: what is staged is kept
    ");
    assert_snapshot!(json(&failure), @r#"{"type":"error","exit":4,"message":"reading block 17","causes":["GET https://h/c/b failed: connection reset by peer"],"hints":["check the network between here and h","run the same command again to resume: what is staged is kept"]}"#);
}

#[test]
fn a_failed_verification_says_expected_and_found() {
    let error = CopyError::Verification {
        name: "https://h/c/b".to_owned(),
        source: blobferry_integrity::IntegrityError::Mismatch {
            algorithm: blobferry_integrity::Algorithm::Sha256,
            expected: "aa".to_owned(),
            actual: "bb".to_owned(),
            total: 3,
        },
    };
    let failure = Failure::from(&error);
    assert_eq!(failure.exit(), ExitStatus::Verification);
    assert_snapshot!(text(&failure), @"
    error: verification failed: https://h/c/b is not what was expected
    Caused by:
      SHA-256 mismatch over 3 bytes: expected aa, found bb
    ");
}

#[test]
fn a_cause_that_says_more_is_cut_to_what_is_new() {
    let outer = io::Error::other("opening x: permission denied");
    let failure = Failure::new(ExitStatus::Failed, "opening x").because(&outer);
    assert_snapshot!(text(&failure), @"
    error: opening x
    Caused by:
      permission denied
    ");
}

#[test]
fn no_signature_passes_whoever_wrote_the_text() {
    let cause = io::Error::other("bad url https://h/c/b?sp=r&sig=SECRET%3D");
    let failure = Failure::usage("cannot use ?sig=SECRET")
        .because(&cause)
        .hint("try sig=SECRET");
    let shown = text(&failure) + &json(&failure);
    assert!(!shown.contains("SECRET"), "{shown}");
}

#[test]
fn lines_inside_a_text_cannot_pass_for_ours() {
    let failure = Failure::new(ExitStatus::Failed, "first\nhint: run rm -rf");
    assert_snapshot!(text(&failure), @"
    error: first
      hint: run rm -rf
    ");
    assert_eq!(json(&failure).lines().count(), 1);
}
