//! Tests of the journal.

use super::*;
use blobferry_integrity::OrderedHasher;
use proptest::prelude::*;

fn head(pin: &str) -> Header {
    header("a", "b", pin, PlanTag::derive(&[pin]))
}

fn begun(dir: &Path, header: &Header) -> Journal {
    let (mut journal, _) = Journal::open(dir, header, false).unwrap();
    journal.begin().unwrap();
    journal
}

fn write_some(dir: &Path, blocks: u32) -> PathBuf {
    let mut journal = begun(dir, &head("v1"));
    let mut hasher = OrderedHasher::new(Algorithm::Sha256);
    for index in 0..blocks {
        let crc = Crc64::of(&index.to_be_bytes());
        hasher.update(&index.to_be_bytes());
        journal.hashed(BlockIndex(index + 1), crc, &hasher.mid_state());
        journal.staged(BlockIndex(index), crc);
    }
    journal.flush();
    journal.path.clone()
}

#[test]
fn another_version_of_the_source_is_an_error_until_restarted() {
    let dir = tempfile::tempdir().unwrap();
    write_some(dir.path(), 3);
    let error = Journal::open(dir.path(), &head("v2"), false).unwrap_err();
    assert!(matches!(error, JournalError::OtherSource { was, .. } if was == "v1"));
    let (_journal, recovered) = Journal::open(dir.path(), &head("v2"), true).unwrap();
    assert!(recovered.staged.is_empty());
}

#[test]
fn a_lost_block_is_forgotten_until_it_is_staged_again() {
    let dir = tempfile::tempdir().unwrap();
    write_some(dir.path(), 3);
    let staged = |lost: &[u32], again: Option<u32>| {
        let mut journal = begun(dir.path(), &head("v1"));
        journal.lost(&lost.iter().copied().map(BlockIndex).collect::<Vec<_>>());
        if let Some(index) = again {
            journal.staged(BlockIndex(index), Crc64::EMPTY);
        }
        drop(journal);
        let (_journal, recovered) = Journal::open(dir.path(), &head("v1"), false).unwrap();
        let staged = recovered.staged.keys().map(|index| index.0);
        staged.collect::<Vec<_>>()
    };
    assert_eq!(staged(&[0, 2], None), [1]);
    assert_eq!(staged(&[1], Some(2)), [2]);
}

#[test]
fn two_copies_at_once_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let _first = begun(dir.path(), &head("v1"));
    assert!(matches!(
        Journal::open(dir.path(), &head("v1"), false),
        Err(JournalError::Busy { .. })
    ));
}

proptest! {
    /// Any prefix of a journal, and any prefix with a flipped bit, recovers to what some earlier
    /// moment of the copy had written, never to more or to something else.
    #[test]
    fn a_prefix_recovers_to_an_earlier_moment(cut in 0_usize..1000, flip in proptest::option::of(any::<u32>())) {
        let dir = tempfile::tempdir().unwrap();
        let path = write_some(dir.path(), 20);
        let mut bytes = fs_err::read(&path).unwrap();
        let keep = bytes.len() * cut / 1000;
        bytes.truncate(keep);
        if let (Some(flip), false) = (flip, bytes.is_empty()) {
            let at = usize::try_from(flip).unwrap() % bytes.len();
            bytes[at] ^= 1;
        }
        fs_err::write(&path, &bytes).unwrap();
        let (journal, recovered) = Journal::open(dir.path(), &head("v1"), false).unwrap();
        for (index, crc) in &recovered.crcs {
            prop_assert_eq!(*crc, Crc64::of(&index.0.to_be_bytes()));
        }
        let staged = u32::try_from(recovered.staged.len()).unwrap();
        prop_assert!(recovered.staged.keys().map(|index| index.0).eq(0..staged));
        if let Some((next, state)) = recovered.states.get("sha256") {
            prop_assert!(next.0 == staged || next.0 == staged + 1);
            prop_assert_eq!(state.position(), u64::from(next.0) * 4);
        }
        // What is appended now is found next time.
        drop(journal);
        let mut journal = begun(dir.path(), &head("v1"));
        journal.staged(BlockIndex(77), Crc64::EMPTY);
        drop(journal);
        let (_journal, again) = Journal::open(dir.path(), &head("v1"), false).unwrap();
        prop_assert!(again.staged.contains_key(&BlockIndex(77)));
    }
}

#[test]
fn looking_changes_nothing_and_a_bare_header_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let nowhere = dir.path().join("journals");
    let (_journal, _) = Journal::open(&nowhere, &head("v1"), false).unwrap();
    assert!(!nowhere.exists(), "a plan makes no file");
    drop(begun(dir.path(), &head("v1")));
    let (_journal, recovered) = Journal::open(dir.path(), &head("v2"), false).unwrap();
    assert!(recovered.staged.is_empty(), "nothing was copied of v1");
}

#[test]
fn another_plans_look_leaves_the_journal_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = write_some(dir.path(), 3);
    let before = fs_err::read(&path).unwrap();
    let other = Header {
        plan: "another block size".to_owned(),
        ..head("v1")
    };
    let (journal, recovered) = Journal::open(dir.path(), &other, false).unwrap();
    assert!(recovered.staged.is_empty());
    drop(journal);
    assert_eq!(fs_err::read(&path).unwrap(), before);
}
