//! Which blocks of which pieces cannot be used, and whether the parity is enough for them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::geometry::{BlockNumber, Geometry, Piece};
use crate::problem::Problem;

/// Damaged, unreadable and missing blocks, as runs in rising order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Damage(BTreeMap<Piece, Vec<RangeInclusive<BlockNumber>>>);

impl Damage {
    /// Adds a block. Those of a piece come in rising order.
    pub(crate) fn add(&mut self, piece: Piece, block: BlockNumber) {
        let runs = self.0.entry(piece).or_default();
        match runs.last_mut() {
            Some(run) if run.end().checked_add(1) == Some(block) => *run = *run.start()..=block,
            _ => runs.push(block..=block),
        }
    }

    /// Adds all blocks of a piece.
    pub(crate) fn add_whole(&mut self, geometry: &Geometry, piece: Piece) {
        if let Some(last) = geometry.blocks(piece).checked_sub(1) {
            self.0.insert(piece, vec![0..=last]);
        }
    }

    /// Whether any block of the piece is bad.
    pub(crate) fn touches(&self, piece: Piece) -> bool {
        self.0.contains_key(&piece)
    }

    /// As a problem to report.
    pub(crate) fn problem(&self, piece: Piece) -> Option<Problem> {
        let blocks = self.0.get(&piece)?.clone();
        Some(Problem::Blocks { piece, blocks })
    }

    /// All of it, to report.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.0
            .keys()
            .filter_map(|piece| self.problem(*piece))
            .collect()
    }

    /// Whether every stripe has at most as many bad blocks as its group has parity parts.
    pub(crate) fn mendable(&self, geometry: &Geometry) -> bool {
        let mut groups: BTreeMap<u32, Vec<&RangeInclusive<BlockNumber>>> = BTreeMap::new();
        for (piece, runs) in &self.0 {
            groups
                .entry(geometry.group(*piece))
                .or_default()
                .extend(runs);
        }
        groups
            .values()
            .all(|runs| most_at_once(runs) <= geometry.per_group())
    }
}

/// How many runs cover the block that most of them cover.
fn most_at_once(runs: &[&RangeInclusive<BlockNumber>]) -> u32 {
    // A run ends behind its last block, and ends sort in front of starts at the same place.
    let starts = runs.iter().map(|run| (u64::from(*run.start()), true));
    let ends = runs.iter().map(|run| (u64::from(*run.end()) + 1, false));
    let mut edges: Vec<(u64, bool)> = starts.chain(ends).collect();
    edges.sort_unstable();
    let (mut now, mut most) = (0_u32, 0);
    for (_, start) in edges {
        now = if start {
            now.saturating_add(1)
        } else {
            now.saturating_sub(1)
        };
        most = most.max(now);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_counted_per_stripe_of_a_group() {
        // Parts 0, 2, 4 and parity 0 are one group; parts 1, 3 and parity 1 the other.
        let geometry = Geometry::of(5 * 8 * 4096, 8 * 4096, 4096, 2, 1).unwrap();
        let mut damage = Damage::default();
        for block in [0, 1, 5] {
            damage.add(Piece::Part(0), block);
        }
        damage.add(Piece::Part(2), 2);
        damage.add_whole(&geometry, Piece::Part(1));
        assert!(damage.mendable(&geometry));
        assert_eq!(
            damage.problem(Piece::Part(0)).unwrap().to_string(),
            "part-0000 is damaged in block 0-1, 5"
        );
        damage.add(Piece::Parity(0), 5);
        assert!(!damage.mendable(&geometry));
        assert!(damage.touches(Piece::Part(1)) && !damage.touches(Piece::Part(3)));
    }

    #[test]
    fn without_parity_one_bad_block_is_too_many() {
        let geometry = Geometry::of(5000, 4096, 4096, 1, 0).unwrap();
        let mut damage = Damage::default();
        assert!(damage.mendable(&geometry));
        damage.add(Piece::Part(1), 0);
        assert!(!damage.mendable(&geometry));
    }
}
