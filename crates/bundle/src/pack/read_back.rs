//! Pass 2: everything is read back past the cache, stripe by stripe; blocks are compared with the
//! digests from pass 1, pieces are digested, parity is made and written, and read back as well.
//!
//! One thread reads the next load while two others hash and encode the one before.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, Builder};

use blobferry_integrity::{Sha256Digest, Sha256Lanes};

use super::lay::sync_or_remove;
use super::no_thread;
use super::site::Site;
use crate::dir::{File, ReadBack, write_all_at};
use crate::error::BundleError;
use crate::geometry::{Geometry, Piece};
use crate::table::BlockTable;
use crate::watch::{Stage, Watch};

mod load;

use load::{Load, Plan, Reader};

/// Parts that are read side by side where no parity groups them: as many streams as the widest
/// vectors hash at once.
const SIDE_BY_SIDE: usize = 16;

/// What pass 2 found and made.
#[derive(Debug)]
pub(super) struct Proof {
    /// Digests of all pieces that were read back.
    pub(super) digests: BTreeMap<Piece, Sha256Digest>,
    /// The weakest method that any of them needed.
    pub(super) read_back: ReadBack,
}

/// Pieces that are read side by side, and the parity that is made of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Team {
    data: Vec<Piece>,
    parity: Vec<Piece>,
}

/// Who works together: groups of which parity is wanted; all other wanted parts in lots.
fn teams(geometry: &Geometry, only: Option<&BTreeSet<Piece>>) -> Vec<Team> {
    let wanted = |piece: &Piece| only.is_none_or(|only| only.contains(piece));
    let (mut teams, mut alone) = (Vec::new(), Vec::new());
    for group in 0..geometry.groups() {
        let members = geometry.members(group);
        let (data, parity): (Vec<_>, Vec<_>) =
            members.partition(|piece| matches!(piece, Piece::Part(_)));
        if parity.iter().any(wanted) {
            teams.push(Team { data, parity });
        } else {
            alone.extend(data.into_iter().filter(wanted));
        }
    }
    alone.sort_unstable();
    let lots = alone.chunks(SIDE_BY_SIDE).map(|lot| Team {
        data: lot.to_vec(),
        parity: Vec::new(),
    });
    teams.extend(lots);
    teams
}

/// All pieces that are on the disk before names are given.
pub(super) fn written<'a>(
    geometry: &Geometry,
    only: Option<&'a BTreeSet<Piece>>,
) -> impl Iterator<Item = Piece> + use<'a> {
    let parity = |piece: &Piece| matches!(piece, Piece::Parity(_));
    let all_parts = only.is_none_or(|only| only.iter().any(parity));
    geometry.pieces().filter(move |piece| {
        let asked = only.is_none_or(|only| only.contains(piece));
        asked || (all_parts && !parity(piece))
    })
}

/// One run of pass 2.
struct Pass<'a> {
    site: &'a Site,
    geometry: Geometry,
    only: Option<&'a BTreeSet<Piece>>,
    table: &'a mut BlockTable,
    watch: &'a dyn Watch,
    proof: Proof,
}

/// Reads back what was laid and makes the parity. `blob` is the digest of a part that is the whole
/// blob, so that it need not be computed again.
pub(super) fn read_back(
    site: &Site,
    geometry: Geometry,
    only: Option<&BTreeSet<Piece>>,
    table: &mut BlockTable,
    blob: Sha256Digest,
    watch: &dyn Watch,
) -> Result<Proof, BundleError> {
    let teams = teams(&geometry, only);
    let wanted = |piece: &&Piece| only.is_none_or(|only| only.contains(piece));
    let total = teams.iter().map(|team| {
        let read = team.data.iter().chain(team.parity.iter().filter(wanted));
        read.map(|piece| geometry.len(*piece)).sum::<u64>()
    });
    watch.begin(Stage::ReadBack, Some(total.sum()));
    let mut digests = BTreeMap::new();
    if geometry.parts() == 1 {
        digests.insert(Piece::Part(0), blob);
    }
    let proof = Proof {
        digests,
        read_back: ReadBack::Direct,
    };
    let mut pass = Pass {
        site,
        geometry,
        only,
        table,
        watch,
        proof,
    };
    for team in teams {
        let made: Vec<Piece> = team.parity.iter().filter(wanted).copied().collect();
        pass.run(team)?;
        if !made.is_empty() {
            let data = made;
            let parity = Vec::new();
            pass.run(Team { data, parity })?;
        }
    }
    Ok(pass.proof)
}

impl Pass<'_> {
    fn run(&mut self, team: Team) -> Result<(), BundleError> {
        let Team { data, parity } = team;
        let plan = Plan::new(self.geometry, data, parity);
        let (reader, read_back) = Reader::open(self.site, &plan, self.watch)?;
        self.proof.read_back = self.proof.read_back.weaker(read_back);
        let made = self.create(&plan.parity)?;
        // Two loads: one is filled while the other is worked on.
        let (empty, to_fill) = sync_channel(2);
        let (full, filled) = sync_channel(1);
        for _ in 0..2 {
            let _ = empty.send(plan.load());
        }
        thread::scope(|scope| {
            let reading = Builder::new()
                .name("read back".to_owned())
                .spawn_scoped(scope, move || reader.run(&to_fill, &full))
                .map_err(|_| no_thread())?;
            let worked = self.work(&plan, &made, filled, |load| {
                let _ = empty.send(load);
            });
            drop(empty);
            let read = reading.join().map_err(|_| no_thread())?;
            // The reader stops when nobody listens: then the worker knows why.
            worked.and(read)
        })?;
        made.into_iter().flatten().try_for_each(|(name, file)| {
            sync_or_remove(self.site, &self.site.temporary(&name), file)
        })
    }

    /// New files for the parity that is wanted; none for what has its final name: that is compared
    /// with what was computed when it is read back.
    fn create(&self, parity: &[Piece]) -> Result<Vec<Option<Made>>, BundleError> {
        let made = parity.iter().map(|piece| {
            let name = piece.to_string();
            let wanted = self.only.is_none_or(|only| only.contains(piece));
            if !wanted || self.site.is_named(&name) {
                return Ok(None);
            }
            let temporary = self.site.temporary(&name);
            self.site.remove(&temporary)?;
            let file = self.site.dir.create(&temporary);
            let file = file.map_err(self.site.failed("create", &temporary))?;
            Ok(Some((name, file)))
        });
        made.collect()
    }

    fn work(
        &mut self,
        plan: &Plan,
        made: &[Option<Made>],
        filled: Receiver<Load>,
        done: impl Fn(Load),
    ) -> Result<(), BundleError> {
        // What has its digest already is only compared block by block.
        let has_digest = |piece: &Piece| self.proof.digests.contains_key(piece);
        let known = plan.data.iter().all(has_digest);
        let mut data = Hasher::new(if known { 0 } else { plan.data.len() });
        let mut parity = Hasher::new(plan.parity.len());
        for mut load in filled {
            let blocks = plan.data_blocks(&load);
            data.take(&load, &blocks, || Ok(()))?;
            if let Some(found) = data.blocks_end(plan, &load) {
                self.compare(plan, &load, &found)?;
            }
            if !plan.parity.is_empty() {
                load.encode();
                let blocks = plan.parity_blocks(&load);
                parity.take(&load, &blocks, || self.write(made, &load, &blocks))?;
                if let Some(found) = parity.blocks_end(plan, &load) {
                    self.note(plan, &load, &found);
                }
            }
            done(load);
        }
        self.proof.digests.extend(data.end(&plan.data));
        self.proof.digests.extend(parity.end(&plan.parity));
        Ok(())
    }

    fn compare(&self, plan: &Plan, load: &Load, found: &[Sha256Digest]) -> Result<(), BundleError> {
        for ((stripe, piece), found) in load.places(&plan.data).zip(found) {
            // Shorter pieces have no block there.
            let wanted = self.table.get(piece, stripe);
            if wanted.is_some_and(|wanted| wanted != *found) {
                return Err(self.site.condemned(&piece.to_string()));
            }
        }
        Ok(())
    }

    fn note(&mut self, plan: &Plan, load: &Load, found: &[Sha256Digest]) {
        for ((stripe, piece), found) in load.places(&plan.parity).zip(found) {
            self.table.set(piece, stripe, found);
        }
    }

    fn write(
        &self,
        made: &[Option<Made>],
        load: &Load,
        blocks: &[&[u8]],
    ) -> Result<(), BundleError> {
        for (row, blocks) in blocks.chunks(made.len()).enumerate() {
            let at = load.offset(row, self.geometry.block_size());
            for (made, bytes) in made.iter().zip(blocks) {
                let Some((name, file)) = made else { continue };
                let wrote: io::Result<()> = write_all_at(file.as_ref(), bytes, at);
                wrote.map_err(|error| {
                    let name = self.site.temporary(name);
                    self.site.failed("write", &name)(error)
                })?;
                file.start_writeback(at, super::wide(bytes.len()));
            }
        }
        Ok(())
    }
}

/// A parity file that is being written, and its final name.
type Made = (String, Box<dyn File>);

/// Hashes pieces and their blocks side by side.
struct Hasher {
    /// One stream per piece; none where the digests are known.
    pieces: Sha256Lanes,
    is_wanted: bool,
    members: usize,
    /// One stream per block of the load, over the loads that it is split into.
    blocks: Option<Sha256Lanes>,
}

impl Hasher {
    fn new(pieces: usize) -> Self {
        Self {
            pieces: Sha256Lanes::new(pieces),
            is_wanted: pieces > 0,
            members: pieces,
            blocks: None,
        }
    }

    /// Takes a load's blocks, member by member and stripe by stripe. Their own digests are computed on
    /// another thread, those of the pieces and `also` on this one.
    fn take(
        &mut self,
        load: &Load,
        blocks: &[&[u8]],
        also: impl FnOnce() -> Result<(), BundleError>,
    ) -> Result<(), BundleError> {
        if load.is_first_column() {
            self.blocks = Some(Sha256Lanes::new(blocks.len()));
        }
        let (lanes, pieces) = (&mut self.blocks, &mut self.pieces);
        thread::scope(|scope| {
            let hashing = Builder::new()
                .name("blocks".to_owned())
                .spawn_scoped(scope, || {
                    if let Some(lanes) = lanes {
                        lanes.update(blocks);
                    }
                })
                .map_err(|_| no_thread())?;
            if self.is_wanted {
                for stripe in blocks.chunks(self.members) {
                    pieces.update(stripe);
                }
            }
            let also = also();
            hashing.join().map_err(|_| no_thread())?;
            also
        })
    }

    /// The blocks' digests, when the load is their last.
    fn blocks_end(&mut self, plan: &Plan, load: &Load) -> Option<Vec<Sha256Digest>> {
        let blocks = self.blocks.take_if(|_| plan.is_last_column(load))?;
        Some(blocks.finish())
    }

    fn end(self, pieces: &[Piece]) -> Vec<(Piece, Sha256Digest)> {
        let digests = self.pieces.finish();
        pieces.iter().copied().zip(digests).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_without_wanted_parity_are_read_in_lots() {
        let geometry = Geometry::of(40 * 4096, 4096, 4096, 2, 1).unwrap();
        let all = teams(&geometry, None);
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].data[0], Piece::Part(1));
        assert_eq!(all[1].parity, [Piece::Parity(1)]);
        let only = [Piece::Parity(0), Piece::Part(3), Piece::Part(1)].into();
        let some = teams(&geometry, Some(&only));
        assert_eq!(some.len(), 2);
        assert_eq!(some[1].data, [Piece::Part(1), Piece::Part(3)]);
        assert_eq!(written(&geometry, Some(&only)).count(), 41);
    }
}
