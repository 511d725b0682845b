//! ^C and kill -9 while a run goes on, and blobs that change at the wrong moment: the same command finishes the work, starts
//! no run twice, and takes nothing for proven that is not.

use blobferry_harness::Finished;
use serde_json::Value;

use crate::ground::{Ground, IMPORT, export_words, of_type};
use crate::{few, many, results};

/// How a command is stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Interrupt,
    Kill,
}

/// Starts a command, and stops it as soon as it has said this.
fn stopped(ground: &Ground, words: &[&str], said: &str, stop: Stop) -> Finished {
    let mut running = ground.command(words).spawn().unwrap();
    running
        .wait_until(said, |running| {
            String::from_utf8_lossy(&running.stdout_so_far()).contains(said)
        })
        .unwrap();
    match stop {
        Stop::Interrupt => running.interrupt().unwrap(),
        Stop::Kill => running.kill().unwrap(),
    }
    running.wait().unwrap()
}

fn told(finished: &Finished) -> Value {
    finished.json_lines().unwrap().last().unwrap().clone()
}

#[test]
fn an_interrupted_export_says_so_and_the_same_command_ends_it() {
    let ground = Ground::new(&few());
    ground.change(|behaviour| behaviour.run_milliseconds = 4000);
    let words = [
        &export_words("week.tar", "receipt.json")[..],
        &["-a", "app:1"],
    ]
    .concat();
    let ended = stopped(&ground, &words, "started run", Stop::Interrupt).expect_code(130);
    let end = told(&ended);
    assert_eq!(end["exit"], 130);
    assert!(
        end.to_string().contains("run the same command again"),
        "{end}"
    );
    let lines = ground.export(&["-a", "app:1"], 0);
    assert_eq!(results(&lines), ["exported"]);
    assert_eq!(ground.runs("registry1").len(), 1);
}

#[test]
fn a_receipt_of_an_export_that_was_killed_is_not_whole() {
    let ground = Ground::new(&many());
    ground.change(|behaviour| behaviour.run_milliseconds = 1500);
    let more = ["-a", "team/*", "--parallel-runs", "1"];
    let words = [&export_words("week.tar", "receipt.json")[..], &more].concat();
    // The first blob is done and written down, the second goes on, the third is not begun.
    let killed = stopped(&ground, &words, "week-002.tar: started", Stop::Kill);
    assert_eq!(killed.signal(), Some(9));
    let runs = ground.receipt()["runs"].as_array().unwrap().clone();
    let states: Vec<&str> = runs
        .iter()
        .map(|run| run["status"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["Succeeded", "Pending", "Pending"]);
    ground.carry("week-001.tar", |_, _| {});
    let refused = ground.import(&["--receipt", "receipt.json"], 2);
    assert!(refused.last().unwrap().to_string().contains("not complete"));
    assert!(ground.runs("registry2").is_empty());
    let lines = ground.export(&more, 0);
    assert_eq!(results(&lines), ["kept", "exported", "exported"]);
    assert_eq!(ground.runs("registry1").len(), 3);
    assert_eq!(ground.receipt()["runs"].as_array().unwrap().len(), 3);
}

#[test]
fn an_interrupted_import_is_found_again() {
    let ground = Ground::new(&few());
    ground.export(&["-a", "app:1"], 0);
    ground.carry("week.tar", |_, _| {});
    ground.change(|behaviour| behaviour.run_milliseconds = 4000);
    let words = [&IMPORT[..], &["--receipt", "receipt.json"]].concat();
    let ended = stopped(&ground, &words, "started run", Stop::Interrupt).expect_code(130);
    assert!(told(&ended).to_string().contains("finds the run"));
    let lines = ground.import(&["--receipt", "receipt.json"], 0);
    assert!(
        of_type(&lines, "note")
            .iter()
            .any(|note| note.to_string().contains("found run"))
    );
    assert_eq!(lines.last().unwrap()["proven"], 1);
    assert_eq!(ground.runs("registry2").len(), 1);
}

#[test]
fn a_blob_that_is_newer_than_its_import_is_imported_again() {
    let ground = Ground::new(&few());
    ground.export(&["-a", "app:1"], 0);
    ground.carry("week.tar", |_, _| {});
    ground.import(&["--receipt", "receipt.json"], 0);
    // What stood there when the run began may have been another blob.
    ground.lab.clock().advance(60);
    ground.carry("week.tar", |_, _| {});
    let again = |lines: &[Value]| {
        let notes = of_type(lines, "note");
        notes
            .iter()
            .any(|note| note.to_string().contains("started run"))
    };
    assert!(again(&ground.import(&["--receipt", "receipt.json"], 0)));
    assert!(!again(&ground.import(&["--receipt", "receipt.json"], 0)));
}

#[test]
fn a_receipt_of_another_export_and_one_that_cannot_be_written_are_refused_first() {
    let ground = Ground::new(&few());
    ground.export(&["-a", "app:1"], 0);
    let receipt = ground.receipt();
    let refused = ground.export_to("other.tar", "receipt.json", &["-a", "app:2"], 2);
    assert!(
        refused
            .last()
            .unwrap()
            .to_string()
            .contains("another export")
    );
    assert_eq!(ground.receipt(), receipt);
    ground.export_to("other.tar", "no/such/receipt.json", &["-a", "app:2"], 1);
    assert_eq!(ground.runs("registry1").len(), 1);
}

#[test]
fn two_runs_never_write_one_blob() {
    let ground = Ground::new(&few());
    ground.change(|behaviour| behaviour.run_milliseconds = 4000);
    ground.export(&["-a", "app:1", "--no-wait"], 0);
    let refused = ground.export_to("week.tar", "other.json", &["-a", "app:2"], 4);
    assert!(
        refused
            .last()
            .unwrap()
            .to_string()
            .contains("pipeline-run wait")
    );
    assert_eq!(ground.runs("registry1").len(), 1);
}
