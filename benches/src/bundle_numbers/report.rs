//! The tables as markdown, to be put into benches/README.md as they are.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::Contender::{
    self, Disk, OpensslBlob, OpensslParts, Pack, Par2Create, Restore, Split, Verify,
};
use crate::measure::Cost;
use crate::side_by_side::Machine;
use crate::size::Size;

/// Medians by contender.
pub type Results = BTreeMap<Contender, Cost>;

/// What was done about the page cache and the disk, without which the seconds say nothing.
const CONDITIONS: &str = "Before every run, off the clock: `sync` (not between split and what \
     belongs to it), then everything that the contender reads is read into the page cache. \
     blobferry-bundle syncs what it writes and reads it back past the page cache; split and par2 \
     leave it to the kernel (see `sync`), which is not counted against them. par2cmdline-turbo has \
     2 threads and blocks as large as a part: its cheapest way to survive 4 lost parts.";

/// The machine, the medians, and the targets of issue 4.
#[must_use]
pub fn report(machine: &Machine, size: Size, runs: u32, results: &Results) -> String {
    let mut text =
        format!("{machine}. Blob of {size} in 16 parts, median of {runs}. {CONDITIONS}\n\n");
    text.push_str("| run | wall, s | CPU, s | peak memory, MiB | MiB/s |\n|---|--:|--:|--:|--:|\n");
    for (contender, cost) in results {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {:.2} | {:.2} | {:.0} | {} |",
            contender.title(),
            cost.wall.as_secs_f64(),
            cost.cpu.as_secs_f64(),
            mebibytes(cost.peak_memory),
            if *contender == Contender::Sync {
                "–".to_owned()
            } else {
                format!("{:.0}", rate(size, cost))
            },
        );
    }
    text.push_str("\n| what | target | measured | |\n|---|---|--:|---|\n");
    for judged in judge(size, results).into_iter().flatten() {
        let verdict = if judged.met { "met" } else { "**missed**" };
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} | {verdict} |",
            judged.what.title(),
            judged.wanted,
            judged.measured
        );
    }
    text
}

/// A target with what was measured.
struct Judged {
    what: Contender,
    wanted: String,
    measured: f64,
    met: bool,
}

/// Every target; `None` where one of its contenders did not run.
fn judge(size: Size, results: &Results) -> [Option<Judged>; 6] {
    let wall = |who| Some(results.get(&who)?.wall.as_secs_f64());
    let peers: Option<f64> = [Split, OpensslParts, Par2Create]
        .into_iter()
        .map(wall)
        .sum();
    let ratio = |over: Option<f64>, under| Some(over? / wall(under)?);
    let speed = |who| Some(rate(size, results.get(&who)?));
    let disk = speed(Disk).map(|disk| disk.min(300.0));
    let memory = |who| {
        let peak = mebibytes(results.get(&who)?.peak_memory);
        Some(at_most(who, "peak memory, MiB", 96.0, peak))
    };
    [
        ratio(peers, Pack)
            .map(|measured| at_least(Pack, "wall of split, openssl, par2 ÷ ours", 5.0, measured)),
        memory(Pack),
        ratio(wall(OpensslBlob), Verify)
            .map(|measured| at_least(Verify, "wall of openssl ÷ ours", 1.8, measured)),
        memory(Verify),
        disk.zip(speed(Restore)).map(|(disk, measured)| {
            at_least(Restore, "MiB/s, the lower of dd and 300:", disk, measured)
        }),
        memory(Restore),
    ]
}

fn at_least(what: Contender, figure: &str, limit: f64, measured: f64) -> Judged {
    Judged {
        what,
        wanted: format!("{figure} ≥ {}", (limit * 10.0).round() / 10.0),
        measured,
        met: measured >= limit,
    }
}

fn at_most(what: Contender, figure: &str, limit: f64, measured: f64) -> Judged {
    Judged {
        what,
        wanted: format!("{figure} ≤ {limit}"),
        measured,
        met: measured <= limit,
    }
}

/// MiB of the blob per second.
fn rate(size: Size, cost: &Cost) -> f64 {
    mebibytes(size.bytes()) / cost.wall.as_secs_f64()
}

/// Bytes as MiB, for showing.
fn mebibytes(bytes: u64) -> f64 {
    // Seconds of a Duration are the standard library's one exact way from u64 to f64; below 2^53 nothing is lost.
    Duration::from_secs(bytes).as_secs_f64() / 1_048_576.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_needs_all_its_contenders() {
        let cost = |seconds, mebibytes: u64| Cost {
            wall: Duration::from_secs(seconds),
            cpu: Duration::from_secs(seconds),
            peak_memory: mebibytes << 20,
        };
        let size: Size = "4GiB".parse().unwrap();
        let mut results = Results::from([
            (Pack, cost(10, 97)),
            (Split, cost(10, 1)),
            (Restore, cost(16, 9)),
        ]);
        let met = |results: &Results| -> Vec<bool> {
            judge(size, results)
                .iter()
                .flatten()
                .map(|judged| judged.met)
                .collect()
        };
        assert_eq!(met(&results), [false, true]);
        results.extend([
            (OpensslParts, cost(10, 1)),
            (Par2Create, cost(30, 700)),
            (Disk, cost(8, 1)),
        ]);
        assert_eq!(met(&results), [true, false, false, true]);
        // A slow disk asks for less than 300 MiB/s.
        results.insert(Disk, cost(17, 1));
        assert_eq!(met(&results), [true, false, true, true]);
    }
}
