//! What the numbers were to be, set before the engine was written: ratios to peers in the same run, so that they hold on
//! another machine of this class; memory and start-up in absolute terms.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Contender::{
    self, AzcopyDownload, AzcopyUpload, FerryRelay, FerryTiny, FerryUpload, FerryUploadSmall,
    FerryUploadUnproven, OpensslDigest,
};
use crate::measure::Cost;

/// Medians by contender.
pub type Results = BTreeMap<Contender, Cost>;

const MIB: f64 = 1_048_576.0;

/// A target with what was measured.
#[derive(Debug)]
pub struct Judged {
    /// Whose target.
    pub what: &'static str,
    /// The target in words.
    pub wanted: String,
    /// The figure, in the target's unit.
    pub measured: f64,
    /// Whether it is on the right side.
    pub met: bool,
}

/// Every target whose contenders have run.
#[must_use]
pub fn judge(results: &Results) -> Vec<Judged> {
    let figures = Figures(results);
    figures
        .speed()
        .into_iter()
        .chain(figures.footprint())
        .flatten()
        .collect()
}

/// Medians by what is asked of them; `None` for a contender that did not run.
struct Figures<'a>(&'a Results);

impl Figures<'_> {
    fn wall(&self, who: Contender) -> Option<f64> {
        Some(self.0.get(&who)?.wall.as_secs_f64())
    }

    fn cpu(&self, who: Contender) -> Option<f64> {
        Some(self.0.get(&who)?.cpu.as_secs_f64())
    }

    fn memory(&self, who: Contender) -> Option<f64> {
        Some(mebibytes(self.0.get(&who)?.peak_memory))
    }

    /// Wall of the first by wall of the second.
    fn ratio(&self, over: Contender, under: Contender) -> Option<f64> {
        Some(self.wall(over)? / self.wall(under)?)
    }

    /// What is done today where two accounts cannot reach each other: to a disk, a digest, and up again.
    fn by_disk(&self) -> Option<f64> {
        [AzcopyDownload, OpensslDigest, AzcopyUpload]
            .into_iter()
            .map(|who| self.wall(who))
            .sum()
    }

    fn speed(&self) -> [Option<Judged>; 6] {
        let faster = "azcopy's wall ÷ ours";
        let unproven_cpu = self.cpu(FerryUploadUnproven).zip(self.cpu(AzcopyUpload));
        let around = self.by_disk().zip(self.wall(FerryRelay));
        [
            at_most(
                FerryUpload,
                "wall ÷ openssl",
                1.10,
                self.ratio(FerryUpload, OpensslDigest),
            ),
            at_least(
                FerryUpload,
                faster,
                1.8,
                self.ratio(AzcopyUpload, FerryUpload),
            ),
            at_least(
                FerryUploadUnproven,
                faster,
                3.5,
                self.ratio(AzcopyUpload, FerryUploadUnproven),
            ),
            at_most(
                FerryUploadUnproven,
                "CPU ÷ azcopy's",
                0.45,
                unproven_cpu.map(|(ours, theirs)| ours / theirs),
            ),
            at_least(
                FerryRelay,
                "wall of azcopy down, openssl, azcopy up ÷ ours",
                4.0,
                around.map(|(theirs, ours)| theirs / ours),
            ),
            at_most(
                FerryRelay,
                "wall ÷ openssl",
                1.25,
                self.ratio(FerryRelay, OpensslDigest),
            ),
        ]
    }

    fn footprint(&self) -> [Option<Judged>; 5] {
        let peak = "peak memory, MiB";
        let tiny = self.wall(FerryTiny).map(|seconds| seconds * 1000.0);
        [
            at_most(FerryUpload, peak, 160.0, self.memory(FerryUpload)),
            at_most(FerryRelay, peak, 160.0, self.memory(FerryRelay)),
            at_most(FerryUploadSmall, peak, 64.0, self.memory(FerryUploadSmall)),
            at_least(
                FerryUploadSmall,
                "speed ÷ the default's",
                0.70,
                self.ratio(FerryUpload, FerryUploadSmall),
            ),
            at_most(FerryTiny, "whole process, ms", 50.0, tiny),
        ]
    }
}

/// Bytes as MiB, for showing.
pub(super) fn mebibytes(bytes: u64) -> f64 {
    // Seconds of a Duration are the standard library's one exact way from u64 to f64; below 2^53 nothing is lost.
    Duration::from_secs(bytes).as_secs_f64() / MIB
}

fn at_most(who: Contender, figure: &str, limit: f64, measured: Option<f64>) -> Option<Judged> {
    let measured = measured?;
    let wanted = format!("{figure} ≤ {limit}");
    Some(Judged {
        what: who.title(),
        wanted,
        measured,
        met: measured <= limit,
    })
}

fn at_least(who: Contender, figure: &str, limit: f64, measured: Option<f64>) -> Option<Judged> {
    let measured = measured?;
    let wanted = format!("{figure} ≥ {limit}");
    Some(Judged {
        what: who.title(),
        wanted,
        measured,
        met: measured >= limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_needs_all_its_contenders() {
        let cost = |millis, mebibytes: u64| Cost {
            wall: Duration::from_millis(millis),
            cpu: Duration::from_millis(millis),
            peak_memory: mebibytes << 20,
        };
        let mut results = Results::from([(FerryUpload, cost(1000, 161))]);
        let judged = judge(&results);
        assert_eq!(judged.len(), 1);
        assert!(!judged[0].met && (judged[0].measured - 161.0).abs() < 0.001);

        results.insert(OpensslDigest, cost(1000, 5));
        results.insert(AzcopyUpload, cost(1700, 5));
        let met: Vec<bool> = judge(&results).iter().map(|judged| judged.met).collect();
        assert_eq!(met, [true, false, false]);
    }
}
