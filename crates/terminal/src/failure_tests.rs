//! Errors as a user and a program read them.

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
