//! A disk that fills up under a download: a real small file system, the documented exit, nothing under the final name, and
//! the same command completes once there is room.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use blobferry_harness::skip::or_skip;
use blobferry_harness::{Run, pattern, sha256_hex};
use blobferry_lab::store::NewBlob;
use blobferry_lab::{Address, Content, Lab, Options};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

const BLOBFERRY: &str = env!("CARGO_BIN_EXE_blobferry");
const MIB: usize = 1 << 20;

/// A tmpfs of a few MiB, unmounted when this is dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where this machine lets nobody mount, which is said loudly (and is a failure in CI).
    fn mount(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let words = ["-t", "tmpfs", "-o", options, "blobferry-test"];
        let mounted = if mount(&words, folder.path()) {
            Ok(Self(folder))
        } else {
            Err(anyhow::anyhow!("mounting a tmpfs takes root"))
        };
        or_skip("a small tmpfs", mounted)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn grow(&self, options: &str) {
        assert!(mount(&["-o", options], self.path()), "remounting");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn mount(words: &[&str], at: &Path) -> bool {
    Command::new("mount")
        .args(words)
        .arg(at)
        .output()
        .is_ok_and(|output| output.status.success())
}

/// A lab with a blob of 8 MiB, its URL, and its bytes.
fn source() -> (Lab, String, Vec<u8>) {
    let lab = Lab::start(Options::default()).unwrap();
    let at = Address {
        account: "source".to_owned(),
        container: "transfer".to_owned(),
        blob: "run.tar".to_owned(),
    };
    let bytes = pattern(11, 8 * MIB);
    let content = Content::memory(Bytes::from(bytes.clone()));
    lab.store()
        .put_synthetic(&at, content, NewBlob::default())
        .unwrap();
    let url = lab.url(&at, Timestamp::now() + SignedDuration::from_hours(1));
    (lab, url, bytes)
}

fn download(url: &str, to: PathBuf, bytes: &[u8], journals: &Path) -> Run {
    let sum = format!("sha256:{}", sha256_hex(bytes));
    Run::new(BLOBFERRY)
        .args(["copy", url])
        .arg(to)
        .args([
            "--expect-digest",
            &sum,
            "--block-size-mb",
            "1",
            "--memory",
            "2MiB",
        ])
        .arg("--journal-dir")
        .arg(journals)
}

#[test]
fn a_download_onto_a_full_disk_keeps_what_it_has_and_resumes() {
    let Some(disk) = SmallDisk::mount("size=4m") else {
        return;
    };
    let (_lab, url, bytes) = source();
    let journals = tempfile::tempdir().unwrap();
    let target = disk.path().join("run.tar");
    let full = download(&url, target.clone(), &bytes, journals.path())
        .run()
        .unwrap()
        .expect_code(4);
    let said = full.stderr_text();
    assert!(
        said.contains("No space left on device") && said.contains("hint:"),
        "{said}"
    );
    assert!(!target.exists(), "nothing stands under the final name");
    disk.grow("remount,size=32m");
    let done = download(&url, target.clone(), &bytes, journals.path())
        .run()
        .unwrap()
        .expect_code(0);
    assert!(
        fs_err::read(&target).unwrap() == bytes,
        "{}",
        done.stdout_text()
    );
}

#[test]
fn what_stood_there_survives_a_full_disk() {
    let Some(disk) = SmallDisk::mount("size=4m") else {
        return;
    };
    let (_lab, url, bytes) = source();
    let journals = tempfile::tempdir().unwrap();
    let target = disk.path().join("run.tar");
    fs_err::write(&target, "what stood here before").unwrap();
    let _ = download(&url, target.clone(), &bytes, journals.path())
        .run()
        .unwrap()
        .expect_code(4);
    assert_eq!(
        fs_err::read_to_string(&target).unwrap(),
        "what stood here before"
    );
}
