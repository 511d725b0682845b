//! `diagnose`: gathers what can be seen of registry, pipeline, run, secret, SAS and blob, then judges it by everything that
//! is known to go wrong. Gathering asks and judges nothing; judging is pure.

mod check;
mod facts;
mod gather;
mod message;
mod pipeline;
mod probe;
mod registry;
mod run;
mod sas;
mod secret;
mod storage;
mod trigger;

use blobferry_terminal::{ExitStatus, Failure, quantity};
use serde::Serialize;

use crate::cli::diagnose::DiagnoseArgs;
use crate::cli::shared::CloudArgs;
use crate::streams::Streams;
use crate::table::Table;

use check::{Check, State};
use facts::Facts;

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    check: &'a Check,
}

#[derive(Serialize)]
struct Sum {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    exit: u8,
    problems: usize,
    ok: usize,
    unknown: usize,
    skipped: usize,
}

/// Does it. Ends in 3 where a problem was found.
pub(crate) async fn run(
    args: &DiagnoseArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let facts = gather::gather(args, shared).await?;
    let checks = judge(&facts);
    let mut table = Table::new(&["CHECK", "STATE", "FINDING", "WHAT_TO_DO"]);
    for check in &checks {
        streams.record(&Record {
            kind: "check",
            check,
        })?;
        table.row([
            check.name.to_owned(),
            check.state.word().to_owned(),
            check.finding.clone(),
            check.todo.clone(),
        ]);
    }
    streams.table(&table)?;
    // A table on a terminal has no room for what matters most.
    for check in checks.iter().filter(|check| check.state == State::Problem) {
        let finding: Vec<&str> = check.finding.split_whitespace().collect();
        streams.say(&format!("\n{}: {}", check.name, finding.join(" ")))?;
        streams.say(&format!("  {}", check.todo))?;
    }
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let problems = count(State::Problem);
    let many =
        |number: usize, noun| quantity::count(u64::try_from(number).unwrap_or(u64::MAX), noun);
    streams.say(&format!(
        "\n{}, {}",
        many(checks.len(), "check"),
        many(problems, "problem")
    ))?;
    let exit = if problems == 0 {
        ExitStatus::Done
    } else {
        ExitStatus::Verification
    };
    streams.record(&Sum {
        kind: "summary",
        status: if problems == 0 {
            "no_problem"
        } else {
            "problems"
        },
        exit: exit.code(),
        problems,
        ok: count(State::Ok),
        unknown: count(State::Unknown),
        skipped: count(State::Skipped),
    })?;
    Ok(exit)
}

/// Every check, in the order in which things go wrong: what is configured, how it gets at the blob, what became of it.
fn judge(facts: &Facts) -> Vec<Check> {
    [
        registry::judge(facts),
        pipeline::judge(facts),
        secret::judge(facts),
        sas::judge(facts),
        storage::judge(facts),
        trigger::judge(facts),
        run::judge(facts),
    ]
    .concat()
}

#[cfg(test)]
#[path = "diagnose/points_tests.rs"]
mod tests;
