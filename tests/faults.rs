//! What goes wrong, and what becomes of a copy: every fault, on every way, with the journal and without, against the lab.
//! The same table stands in crates/lab/OUTCOMES.md, which a test here holds true.
//!
//! Of every run: exit 0 means that the destination's bytes are the source's, any other exit that the destination is what it
//! was; no run hangs; no output holds a signature; and the same command, run again without the fault, completes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "faults/cases.rs"]
mod cases;
#[path = "faults/ground.rs"]
mod ground;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use cases::{Fault, Outcome, Way};
use ground::Ground;

/// Cases under way at once. They wait for pauses far more than they compute.
const WORKERS: usize = 8;

/// What a fault was found to do.
type Found = BTreeMap<(usize, Way), String>;

#[test]
fn every_fault_on_every_way_is_survived_or_said() {
    let faults = cases::ALL;
    let mut cases: Vec<(usize, Way, bool)> = Vec::new();
    for (index, fault) in faults.iter().enumerate() {
        for way in Way::ALL {
            if fault.outcome(way) != Outcome::NotApplicable {
                cases.extend([(index, way, true), (index, way, false)]);
            }
        }
    }
    assert!(cases.len() > 150, "only {} cases", cases.len());
    let next = Mutex::new(cases.into_iter());
    let (broken, found) = (Mutex::new(Vec::new()), Mutex::new(Found::new()));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let ground = Ground::new();
                loop {
                    let case = next.lock().unwrap().next();
                    let Some((index, way, journal)) = case else {
                        break;
                    };
                    match ground.try_case(&faults[index], way, journal) {
                        Ok(outcome) => {
                            found.lock().unwrap().insert((index, way), outcome);
                        }
                        Err(why) => broken.lock().unwrap().push(why),
                    }
                }
            });
        }
    });
    println!("{}", table(faults));
    let broken = broken.into_inner().unwrap();
    assert!(
        broken.is_empty(),
        "{} broken:\n{}",
        broken.len(),
        broken.join("\n")
    );
    assert!(!found.into_inner().unwrap().is_empty());
}

/// The table of faults and outcomes, as markdown.
fn table(faults: &[Fault]) -> String {
    let row = |first: &str, cells: Vec<String>| format!("| {first} | {} |\n", cells.join(" | "));
    let titles = Way::ALL.iter().map(|way| way.title().to_owned());
    let mut text = row("fault", titles.collect());
    text.push_str(&["|", &"---|".repeat(Way::ALL.len() + 1), "\n"].concat());
    for fault in faults {
        let outcomes = Way::ALL.iter().map(|way| fault.outcome(*way).title());
        text += &row(fault.name, outcomes.collect());
    }
    text
}

#[test]
fn the_documented_table_is_the_one_that_is_tested() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/lab/OUTCOMES.md");
    let text = fs_err::read_to_string(&file).unwrap();
    let table = table(cases::ALL);
    assert!(
        text.contains(&table),
        "crates/lab/OUTCOMES.md does not hold this table:\n\n{table}"
    );
}
