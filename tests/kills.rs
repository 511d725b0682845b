//! kill -9 at fifty seeded points of 1 GiB copies, each resumed by the same command: the bytes that arrive are the source's,
//! and what is sent twice after a kill is no more than the memory window.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::PathBuf;
use std::time::Duration;

use blobferry_harness::{Finished, Run, pattern, sha256_hex};
use blobferry_integrity::Sha256Digest;
use blobferry_lab::store::{Conditions, NewBlob};
use blobferry_lab::{Address, Content, Lab, Operation, Options};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const BLOBFERRY: &str = env!("CARGO_BIN_EXE_blobferry");
const MIB: u64 = 1 << 20;
/// Bytes of each copy.
const SIZE: u64 = 1 << 30;
/// Bytes of a block.
const BLOCK: u64 = 4 * MIB;
/// Bytes that are in memory at most, and so the most that is carried again.
const WINDOW: u64 = 32 * MIB;
/// Block lists and other small bodies, for each run.
const BESIDE: u64 = MIB;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up,
    Down,
    Relay,
    Server,
}

struct Scene {
    lab: Lab,
    folder: TempDir,
    way: Way,
    journal: bool,
    sum: String,
}

fn blob(account: &str) -> Address {
    Address {
        account: account.to_owned(),
        container: "transfer".to_owned(),
        blob: "run.tar".to_owned(),
    }
}

impl Scene {
    fn set(way: Way, journal: bool) -> Self {
        let lab = Lab::start(Options::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let content = Content::pattern(0, SIZE);
        lab.store()
            .put_synthetic(&blob("source"), content.clone(), NewBlob::default())
            .unwrap();
        // The container is there, and the blob is not.
        lab.store()
            .put_synthetic(&blob("target"), Content::zeros(1), NewBlob::default())
            .unwrap();
        lab.store()
            .delete_blob(&blob("target"), &Conditions::default())
            .unwrap();
        let sum = format!("sha256:{}", digest(&content));
        if way == Way::Up {
            let mut file = fs_err::File::create(folder.path().join("source")).unwrap();
            let mut reader = content.reader();
            while let Some(piece) = reader.next(1 << 20).unwrap() {
                std::io::Write::write_all(&mut file, &piece).unwrap();
            }
        }
        Self {
            lab,
            folder,
            way,
            journal,
            sum,
        }
    }

    fn copy(&self) -> Run {
        let expiry = Timestamp::now() + SignedDuration::from_hours(2);
        let (source, target) = (blob("source"), blob("target"));
        let (from, to) = match self.way {
            Way::Up => ("source".to_owned(), self.lab.url(&target, expiry)),
            Way::Down => (self.lab.url(&source, expiry), "target".to_owned()),
            _ => (self.lab.url(&source, expiry), self.lab.url(&target, expiry)),
        };
        let via = if self.way == Way::Server {
            "server"
        } else {
            "relay"
        };
        let run = Run::new(BLOBFERRY)
            .folder(self.folder.path())
            .timeout(Duration::from_secs(300))
            .args([
                "copy",
                &from,
                &to,
                "--via",
                via,
                "--expect-digest",
                &self.sum,
            ])
            .args([
                "--block-size-mb",
                "4",
                "--memory",
                "32MiB",
                "--output",
                "json",
            ]);
        if self.journal {
            run.arg("--journal-dir")
                .arg(self.folder.path().join("journals"))
        } else {
            run.arg("--no-journal")
        }
    }

    /// Bytes carried since the beginning, those carried twice included.
    fn carried(&self) -> u64 {
        let counted = self.lab.counted();
        match self.way {
            Way::Up | Way::Relay => counted.bytes_received,
            Way::Down => counted.bytes_answered,
            Way::Server => {
                let blocks = counted.requests.get(&Operation::PutBlockFromUrl);
                blocks.copied().unwrap_or(0) * BLOCK
            }
        }
    }

    fn arrived(&self) -> Option<String> {
        if self.way == Way::Down {
            let path: PathBuf = self.folder.path().join("target");
            return path
                .exists()
                .then(|| sha256_hex(&fs_err::read(&path).unwrap()));
        }
        let blob = self.lab.store().blob(&blob("target")).ok()?;
        Some(digest(&blob.content))
    }
}

/// SHA-256, hexadecimal.
fn digest(content: &Content) -> String {
    let (mut reader, mut hasher) = (content.reader(), Sha256::new());
    while let Some(piece) = reader.next(1 << 20).unwrap() {
        hasher.update(&piece);
    }
    Sha256Digest::from_bytes(hasher.finalize().into()).to_string()
}

/// Copies, kills at `points` seeded places, resumes each time; the last run completes.
fn survive(way: Way, journal: bool, seed: u64, points: usize) {
    let scene = Scene::set(way, journal);
    let random = pattern(seed, points * 8);
    let mut places: Vec<u64> = random
        .chunks(8)
        .map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()) % (SIZE - 2 * WINDOW))
        .collect();
    places.sort_unstable();
    let mut killed = 0;
    for place in places {
        let mut running = scene.copy().spawn().unwrap();
        running
            .wait_until("the place to kill it", |_| scene.carried() >= place)
            .unwrap_or_else(|error| panic!("seed {seed}, {place} bytes: {error:#}"));
        running.kill().unwrap();
        let ended = running.wait().unwrap();
        assert_eq!(ended.signal(), Some(9), "seed {seed}");
        assert!(
            scene.arrived().is_none(),
            "seed {seed}, {place}: something is visible"
        );
        killed += 1;
    }
    let done: Finished = scene.copy().run().unwrap().expect_code(0);
    let told = done.json_lines().unwrap().pop().unwrap();
    assert_eq!(told["proven"], true, "seed {seed}: {told}");
    assert_eq!(
        format!("sha256:{}", scene.arrived().unwrap()),
        scene.sum,
        "seed {seed}"
    );
    let again = scene.carried() - SIZE;
    let allowed = killed * (WINDOW + BESIDE) + BESIDE;
    assert!(
        again <= allowed,
        "seed {seed}: {again} bytes carried again, {allowed} allowed"
    );
}

#[test]
fn uploads_survive_sixteen_kills_with_a_journal() {
    survive(Way::Up, true, 1, 16);
}

#[test]
fn uploads_survive_six_kills_without_a_journal() {
    survive(Way::Up, false, 2, 6);
}

#[test]
fn downloads_survive_twelve_kills() {
    survive(Way::Down, true, 3, 12);
}

#[test]
fn relayed_copies_survive_ten_kills() {
    survive(Way::Relay, true, 4, 10);
}

#[test]
fn server_side_copies_survive_six_kills() {
    survive(Way::Server, true, 5, 6);
}
