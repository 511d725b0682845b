//! The whole journey with a gap in the middle: a blob of one Azurite account goes into a bundle, loses parts, is mended,
//! and goes up to the other account; and everything that must not go up.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use blobferry_bundle::{Bundle, OsDir, Trust, Unwatched, repair};
use blobferry_harness::{Finished, Scene, md5_base64, sha256_hex};
use serde_json::Value;

const BLOBFERRY: &str = env!("CARGO_BIN_EXE_blobferry");
const MIB: usize = 1 << 20;

/// Six parts of at most 1 MiB, and two of parity.
const CUT: [&str; 4] = ["--part-size", "1MiB", "--parity", "2"];

struct Journey {
    scene: Scene,
    bytes: Vec<u8>,
    bundle: PathBuf,
}

impl Journey {
    fn begin() -> Option<Self> {
        let scene = Scene::set(BLOBFERRY)?;
        let bytes = scene.export("run.tar", 5 * MIB + 77);
        let bundle = scene.folder().join("bundle");
        Some(Self {
            scene,
            bytes,
            bundle,
        })
    }

    /// Begins, with the blob in its bundle.
    fn packed() -> Option<Self> {
        let journey = Self::begin()?;
        journey.pack(&[], 0);
        Some(journey)
    }

    fn end(&self) -> String {
        format!("bundle:{}", self.bundle.display())
    }

    fn pack(&self, more: &[&str], code: i32) -> Finished {
        let (from, to) = (self.scene.source("run.tar"), self.end());
        let words = [&["copy", &from, &to, "--output", "json"], &CUT[..], more].concat();
        self.scene.run(&words).run().unwrap().expect_code(code)
    }

    fn upload(&self, more: &[&str], code: i32) -> Finished {
        let (from, to) = (self.end(), self.scene.destination("run.tar"));
        let words = [&["copy", &from, &to, "--output", "json"], more].concat();
        self.scene.run(&words).run().unwrap().expect_code(code)
    }

    fn nothing_arrived(&self) {
        assert_eq!(self.scene.arrived("run.tar"), None);
        assert_eq!(self.scene.staged("run.tar"), 0);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.bundle.join(name)
    }

    fn open(&self) -> Bundle {
        let trust = Trust {
            allowed: None,
            required: 0,
            at: jiff::Timestamp::now(),
            previous: None,
        };
        Bundle::open(Arc::new(OsDir::open(&self.bundle).unwrap()), &trust).unwrap()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs_err::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries
        .map(name)
        .map(|name| name.into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn last(finished: &Finished) -> Value {
    finished.json_lines().unwrap().pop().unwrap()
}

#[test]
fn a_blob_crosses_the_gap_and_loses_two_parts_on_the_way() {
    let Some(journey) = Journey::begin() else {
        return;
    };
    let told = last(&journey.pack(&[], 0));
    assert_eq!(told["type"], "summary", "{told}");
    assert_eq!(told["sha256"], sha256_hex(&journey.bytes));
    assert_eq!(
        names(&journey.bundle),
        [
            "SHA256SUMS",
            "blocks.sha256",
            "manifest.json",
            "parity-000",
            "parity-001",
            "part-0000",
            "part-0001",
            "part-0002",
            "part-0003",
            "part-0004",
            "part-0005",
        ]
    );
    // The gap: one part is lost, another arrives damaged.
    fs_err::remove_file(journey.file("part-0001")).unwrap();
    let mut part = fs_err::read(journey.file("part-0004")).unwrap();
    part[4000] ^= 1;
    fs_err::write(journey.file("part-0004"), part).unwrap();
    let refused = last(&journey.upload(&[], 3));
    let hints = refused["hints"].to_string();
    assert!(hints.contains("blobferry-bundle repair"), "{refused}");
    journey.nothing_arrived();

    let bundle = journey.open();
    let report = bundle.verify(false, &Unwatched).unwrap();
    assert_eq!((report.problems.len(), report.mendable), (2, true));
    assert_eq!(repair(&bundle, None, &Unwatched).unwrap().pieces.len(), 2);

    journey.upload(&[], 0);
    let scene = &journey.scene;
    assert_eq!(scene.arrived("run.tar").unwrap(), journey.bytes);
    for (header, value) in [
        ("content-md5", md5_base64(&journey.bytes)),
        ("x-ms-meta-category", "acr-transfer-blob".to_owned()),
        ("content-type", "application/x-tar".to_owned()),
    ] {
        assert_eq!(scene.arrived_header("run.tar", header).unwrap(), value);
    }
}

#[test]
fn a_damaged_block_is_found_while_it_is_read_and_nothing_goes_up() {
    let Some(journey) = Journey::packed() else {
        return;
    };
    let path = journey.file("part-0005");
    let mut part = fs_err::read(&path).unwrap();
    part[76] ^= 0x80;
    fs_err::write(&path, part).unwrap();
    let refused = last(&journey.upload(&[], 3));
    let causes = refused["causes"].to_string();
    assert!(
        causes.contains("part-0005 is damaged in block 0"),
        "{refused}"
    );
    assert_eq!(journey.scene.arrived("run.tar"), None);
}

#[test]
fn another_blob_than_expected_is_neither_packed_nor_sent() {
    let Some(journey) = Journey::begin() else {
        return;
    };
    let wrong = format!("sha256:{}", sha256_hex(b"another blob"));
    let refused = last(&journey.pack(&["--expect-digest", &wrong], 3));
    assert!(
        refused["message"].to_string().contains("SHA-256")
            || refused["causes"].to_string().contains("SHA-256"),
        "{refused}"
    );
    let visible = names(&journey.bundle);
    assert!(
        visible.iter().all(|name| name.starts_with('.')),
        "{visible:?}"
    );

    journey.pack(&[], 0);
    journey.upload(&["--expect-digest", &wrong], 3);
    journey.nothing_arrived();
}

#[test]
fn an_interrupted_pack_goes_on_where_it_was() {
    let Some(journey) = Journey::begin() else {
        return;
    };
    let (from, to) = (journey.scene.source("run.tar"), journey.end());
    let slowly = [
        "--cap-mbps",
        "16",
        "--block-size-mb",
        "0.25",
        "--memory",
        "1MiB",
    ];
    let words = [&["copy", &from, &to], &CUT[..], &slowly].concat();
    let mut running = journey.scene.run(&words).spawn().unwrap();
    // Two parts' worth: then at least one is whole on the disk.
    let enough = || {
        let entries = fs_err::read_dir(&journey.bundle)
            .into_iter()
            .flatten()
            .flatten();
        let bytes: u64 = entries
            .filter_map(|entry| Some(entry.metadata().ok()?.len()))
            .sum();
        bytes > 2 << 20
    };
    running.wait_until("two parts", |_| enough()).unwrap();
    running.interrupt().unwrap();
    let stopped = running.wait().unwrap().expect_code(130);
    assert!(!stopped.stderr_text().is_empty());
    assert!(!journey.file("manifest.json").exists());

    let told = last(&journey.pack(&["--block-size-mb", "0.25"], 0));
    assert!(told["blocks_resumed"].as_u64().unwrap() > 0, "{told}");
    journey.upload(&[], 0);
    assert_eq!(journey.scene.arrived("run.tar").unwrap(), journey.bytes);
}

#[test]
fn a_bundle_is_never_replaced_and_needs_the_signatures_that_are_asked_for() {
    let Some(journey) = Journey::packed() else {
        return;
    };
    let manifest = fs_err::read(journey.file("manifest.json")).unwrap();
    journey.pack(&[], 1);
    assert_eq!(
        fs_err::read(journey.file("manifest.json")).unwrap(),
        manifest
    );

    let nobody = journey.scene.folder().join("allowed_signers");
    fs_err::write(&nobody, "# nobody yet\n").unwrap();
    let allowed = ["--allowed-signers", nobody.to_str().unwrap()];
    journey.upload(&allowed, 3);
    journey.upload(&["--require-signatures", "1"], 2);
    journey.nothing_arrived();
}

#[test]
fn a_bundle_restores_to_a_file_under_the_blobs_own_name() {
    let Some(journey) = Journey::packed() else {
        return;
    };
    let there = journey.scene.folder().join("there");
    fs_err::create_dir(&there).unwrap();
    let (from, to) = (journey.end(), there.to_str().unwrap().to_owned());
    let run = journey.scene.run(&["copy", &from, &to]).run().unwrap();
    let done = run.expect_code(0);
    assert!(
        done.stdout_text().contains("run.tar"),
        "{}",
        done.stdout_text()
    );
    assert_eq!(fs_err::read(there.join("run.tar")).unwrap(), journey.bytes);
    let verified = journey.scene.run(&["verify", &from, "--output", "json"]);
    let told = last(&verified.run().unwrap().expect_code(0));
    assert_eq!(
        (&told["proven"], &told["sha256"]),
        (&true.into(), &sha256_hex(&journey.bytes).into())
    );
}
