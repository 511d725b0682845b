//! Piece numbers as runs: how many, then the distance and the length of each.

use std::collections::BTreeSet;
use std::ops::Range;

use super::bits::{BitReader, BitWriter};
use crate::geometry::Piece;

/// Distances are mostly small, but seldom nothing: two bits of them stand as they are.
const DISTANCE: u32 = 2;

/// The runs of rising numbers.
pub(super) fn of(numbers: impl Iterator<Item = u32>) -> Vec<Range<u32>> {
    let mut runs: Vec<Range<u32>> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some(run) if run.end == number => run.end += 1,
            _ => runs.push(number..number.saturating_add(1)),
        }
    }
    runs
}

pub(super) fn write(bits: &mut BitWriter, runs: &[Range<u32>]) {
    bits.put_number(u32::try_from(runs.len()).unwrap_or(u32::MAX), 0);
    let mut behind = 0;
    for run in runs {
        bits.put_number(run.start - behind, DISTANCE);
        bits.put_number(run.end - run.start - 1, 0);
        // The next number is in no run, or the run would be longer.
        behind = run.end + 1;
    }
}

/// Runs of numbers below `most`; `None` for anything else.
pub(super) fn read(bits: &mut BitReader<'_>, most: u32) -> Option<Vec<Range<u32>>> {
    let (mut runs, mut behind) = (Vec::new(), 0_u32);
    for _ in 0..bits.take_number(0)? {
        let start = behind.checked_add(bits.take_number(DISTANCE)?)?;
        let end = start.checked_add(bits.take_number(0)?)?.checked_add(1)?;
        if end > most {
            return None;
        }
        runs.push(start..end);
        behind = end.checked_add(1)?;
    }
    Some(runs)
}

/// Adds the pieces in gaps of at most `gap` pieces.
pub(super) fn join(pieces: &mut BTreeSet<Piece>, gap: u32) {
    let pairs = pieces.iter().zip(pieces.iter().skip(1));
    let missing = pairs.flat_map(|pair| match pair {
        (Piece::Part(a), Piece::Part(b)) if b - a <= gap + 1 => (*a..*b).map(make(Piece::Part)),
        (Piece::Parity(a), Piece::Parity(b)) if b - a <= gap + 1 => {
            (*a..*b).map(make(Piece::Parity))
        }
        _ => (0..0).map(make(Piece::Part)),
    });
    let missing: Vec<Piece> = missing.collect();
    pieces.extend(missing);
}

/// One type for both kinds.
fn make(kind: fn(u32) -> Piece) -> fn(u32) -> Piece {
    kind
}
