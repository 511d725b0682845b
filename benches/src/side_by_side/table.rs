//! The report as markdown, to be put into benches/README.md as it is.

use std::fmt::Write as _;

use super::targets::{Results, judge, mebibytes};
use super::{Contender, Machine};
use crate::measure::Cost;
use crate::size::Size;

/// The machine, the medians, and the targets.
#[must_use]
pub fn report(machine: &Machine, size: Size, runs: u32, results: &Results) -> String {
    let mut text = format!(
        "{machine}. Blob of {size}, null blob service on loopback sharing the cores, median of {runs}.\n\n"
    );
    text.push_str("| run | wall, s | CPU, s | peak memory, MiB | GiB/s |\n|---|--:|--:|--:|--:|\n");
    for (contender, cost) in results {
        line(&mut text, *contender, cost, size);
    }
    text.push_str("\n| run | target | measured | |\n|---|---|--:|---|\n");
    for judged in judge(results) {
        let verdict = if judged.met { "met" } else { "**missed**" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} | {verdict} |",
            judged.what, judged.wanted, judged.measured
        );
    }
    text
}

fn line(text: &mut String, contender: Contender, cost: &Cost, size: Size) {
    let seconds = cost.wall.as_secs_f64();
    let tiny = matches!(contender, Contender::FerryTiny | Contender::AzcopyTiny);
    let rate = if tiny {
        "–".to_owned()
    } else {
        format!("{:.2}", mebibytes(size.bytes()) / 1024.0 / seconds)
    };
    let _ = writeln!(
        text,
        "| {} | {seconds:.3} | {:.3} | {:.0} | {rate} |",
        contender.title(),
        cost.cpu.as_secs_f64(),
        mebibytes(cost.peak_memory),
    );
}
