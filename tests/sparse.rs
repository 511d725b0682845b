//! A blob of 1 TiB: planned and copied by the lab's service within 512 MiB for lab and client together. A test binary of its
//! own, because its peak memory is the lab's.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use blobferry_harness::Run;
use blobferry_lab::store::NewBlob;
use blobferry_lab::{Address, Content, Lab, Options};
use jiff::{SignedDuration, Timestamp};

const BLOBFERRY: &str = env!("CARGO_BIN_EXE_blobferry");
const TIB: u64 = 1 << 40;
const MIB: u64 = 1 << 20;

/// Peak resident set of this process, bytes, as the kernel counts it.
fn own_peak() -> u64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap();
    kibibytes << 10
}

#[test]
fn a_tebibyte_is_copied_by_the_service_in_little_memory() {
    let lab = Lab::start(Options::default()).unwrap();
    let [from, to] = ["source", "target"].map(|account| Address {
        account: account.to_owned(),
        container: "transfer".to_owned(),
        blob: "tebibyte.tar".to_owned(),
    });
    for (at, content) in [(&from, Content::zeros(TIB)), (&to, Content::zeros(1))] {
        lab.store()
            .put_synthetic(at, content, NewBlob::default())
            .unwrap();
    }
    let expiry = Timestamp::now() + SignedDuration::from_hours(2);
    // Reading 1 TiB for its SHA-256 would take an hour here: what is proven is each block's CRC-64, and the sizes.
    let done = Run::new(BLOBFERRY)
        .timeout(Duration::from_secs(600))
        .args(["copy", &lab.url(&from, expiry), &lab.url(&to, expiry)])
        .args([
            "--via",
            "server",
            "--digest",
            "none",
            "--no-journal",
            "--output",
            "json",
        ])
        .run()
        .unwrap()
        .expect_code(0);
    let told = done.json_lines().unwrap().pop().unwrap();
    let blob = lab.store().blob(&to).unwrap();
    assert_eq!(blob.content.len(), TIB);
    assert!(blob.blocks.len() <= 50_000, "{} blocks", blob.blocks.len());
    assert_eq!(
        blob.content.crc64().unwrap(),
        Content::zeros(TIB).crc64().unwrap()
    );
    let (client, own) = (told["peak_memory_bytes"].as_u64().unwrap(), own_peak());
    println!("client {} MiB, lab {} MiB", client / MIB, own / MIB);
    assert!(client + own <= 512 * MIB, "client {client}, lab {own}");
}
