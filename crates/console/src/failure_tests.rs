//! The engine's errors as a user and a program read them.

use std::io;

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
    let failure = of_copy(&broken_read(true));
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
    let failure = of_copy(&error);
    assert_eq!(failure.exit(), ExitStatus::Verification);
    assert_snapshot!(text(&failure), @"
    error: verification failed: https://h/c/b is not what was expected
    Caused by:
      SHA-256 mismatch over 3 bytes: expected aa, found bb
    ");
}

fn store(class: ErrorClass, end: End, resumable: bool) -> CopyError {
    CopyError::Store {
        end,
        doing: "reading block 1".to_owned(),
        source: StoreError::new(class, "it failed"),
        resumable,
    }
}

#[test]
fn what_time_may_mend_is_incomplete_only_where_work_is_kept() {
    for class in [
        ErrorClass::Transient,
        ErrorClass::Throttled,
        ErrorClass::Full,
    ] {
        let status = |resumable| of_copy(&store(class, End::Source, resumable)).exit();
        assert_eq!(status(true), ExitStatus::Incomplete);
        assert_eq!(status(false), ExitStatus::Failed);
    }
    let denied = store(ErrorClass::Denied, End::Destination, true);
    assert_eq!(of_copy(&denied).exit(), ExitStatus::Denied);
}

#[test]
fn only_a_changed_source_is_a_changed_source() {
    let source = store(ErrorClass::Changed, End::Source, false);
    assert_eq!(of_copy(&source).exit(), ExitStatus::SourceChanged);
    let destination = store(ErrorClass::Changed, End::Destination, false);
    assert_eq!(of_copy(&destination).exit(), ExitStatus::Failed);
}
