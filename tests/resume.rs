//! Interruptions against a real Azurite: kill -9 and Ctrl-C at several points, with the journal and without; a source
//! that changes; a SAS that is rotated in the middle.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use blobferry_harness::{DESTINATION, Finished, Run, SOURCE, Scene, pattern, sha256_hex};
use serde_json::Value;

const BLOBFERRY: &str = env!("CARGO_BIN_EXE_blobferry");
const MIB: usize = 1 << 20;
/// 5 MiB/s: slow enough to be met in the middle, also by a test that has to share its cores.
const SLOW: [&str; 2] = ["--cap-mbps", "42"];
const BLOCKS: usize = 24;

fn summary(finished: &Finished) -> Value {
    let last = finished.json_lines().unwrap().pop().unwrap();
    assert_eq!(last["type"], "summary", "{last}");
    last
}

fn words<'a>(from: &'a str, to: &'a str, sum: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec![
        "copy",
        from,
        to,
        "--expect-digest",
        sum,
        "--block-size-mb",
        "1",
        "--memory",
        "4MiB",
        "--via",
        "relay",
        "--output",
        "json",
    ];
    words.extend_from_slice(more);
    words
}

/// Bytes that may be read or sent twice after a kill: what was in memory.
const WINDOW: u64 = 4 << 20;

#[test]
fn killed_uploads_go_on_where_they_were() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", BLOCKS * MIB);
    let sum = format!("sha256:{}", sha256_hex(&bytes));
    for (case, at) in [1, 6, 14].into_iter().enumerate() {
        for journal in [true, false] {
            let to = format!("{case}-{journal}.tar");
            let (from, url) = (scene.source("run.tar"), scene.destination(&to));
            let none: &[&str] = if journal { &[] } else { &["--no-journal"] };
            let slow = [none, &SLOW].concat();
            let mut running = scene.run(&words(&from, &url, &sum, &slow)).spawn().unwrap();
            running
                .wait_until("blocks", |_| scene.staged(&to) >= at)
                .unwrap();
            running.kill().unwrap();
            assert_eq!(running.wait().unwrap().signal(), Some(9));
            assert!(scene.arrived(&to).is_none(), "nothing is visible");
            let kept = u64::try_from(scene.staged(&to) * MIB).unwrap();

            let again = scene
                .run(&words(&from, &url, &sum, none))
                .run()
                .unwrap()
                .expect_code(0);
            let told = summary(&again);
            assert_eq!(scene.arrived(&to).unwrap(), bytes);
            assert_eq!(told["proven"], true);
            let all = u64::try_from(bytes.len()).unwrap();
            let number = |name: &str| told[name].as_u64().unwrap();
            assert!(
                number("bytes_sent") <= all - kept,
                "sent {} with {kept} kept",
                number("bytes_sent")
            );
            if journal {
                assert!(
                    number("bytes_received") <= all - kept + WINDOW,
                    "read {}",
                    number("bytes_received")
                );
            }
        }
    }
}

#[test]
fn killed_downloads_go_on_where_they_were() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", BLOCKS * MIB);
    let sum = format!("sha256:{}", sha256_hex(&bytes));
    for journal in [true, false] {
        let name = format!("{journal}.tar");
        let target = scene.folder().join(&name);
        let none: &[&str] = if journal { &[] } else { &["--no-journal"] };
        let slow = [none, &SLOW].concat();
        let from = scene.source("run.tar");
        let mut running = scene
            .run(&words(&from, &name, &sum, &slow))
            .spawn()
            .unwrap();
        let partial = || {
            let entries = fs_err::read_dir(scene.folder()).unwrap();
            let names = entries.map(|entry| entry.unwrap());
            let ours = names.filter(|entry| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .starts_with(&format!(".{name}"))
            });
            ours.map(|entry| entry.metadata().unwrap().len())
                .max()
                .unwrap_or(0)
        };
        running
            .wait_until("bytes on disk", |_| partial() > 8 << 20)
            .unwrap();
        running.kill().unwrap();
        let _ = running.wait().unwrap();
        assert!(!target.exists());
        let kept = partial() >> 20 << 20;

        let again = scene
            .run(&words(&from, &name, &sum, none))
            .run()
            .unwrap()
            .expect_code(0);
        assert_eq!(fs_err::read(&target).unwrap(), bytes);
        let told = summary(&again);
        assert!(
            told["blocks_resumed"].as_u64().unwrap() >= kept >> 20,
            "{told}"
        );
    }
}

#[test]
fn ctrl_c_stops_cleanly_and_says_how_to_go_on() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", BLOCKS * MIB);
    let sum = format!("sha256:{}", sha256_hex(&bytes));
    for terminate in [false, true] {
        let to = format!("{terminate}.tar");
        let (from, url) = (scene.source("run.tar"), scene.destination(&to));
        let plain = [
            "copy",
            &from,
            &url,
            "--expect-digest",
            &sum,
            "--block-size-mb",
            "1",
            "--cap-mbps",
            "42",
            "--via",
            "relay",
        ];
        let mut running = scene.run(&plain).spawn().unwrap();
        running
            .wait_until("blocks", |_| scene.staged(&to) >= 4)
            .unwrap();
        let signalled = if terminate {
            running.terminate()
        } else {
            running.interrupt()
        };
        signalled.unwrap();
        let stopped = running.wait().unwrap().expect_code(130);
        assert!(
            stopped.stderr_text().contains("same command"),
            "{}",
            stopped.stderr_text()
        );
        assert!(scene.arrived(&to).is_none());
        let again = scene
            .run(&words(&from, &url, &sum, &[]))
            .run()
            .unwrap()
            .expect_code(0);
        assert!(summary(&again)["blocks_resumed"].as_u64().unwrap() >= 4);
        assert_eq!(scene.arrived(&to).unwrap(), bytes);
    }
}

#[test]
fn ctrl_c_ends_a_copy_that_waits_for_a_silent_producer() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let url = scene.destination("silent.tar");
    let mut running = scene
        .run(&["copy", "-", &url])
        .keep_stdin()
        .spawn()
        .unwrap();
    let held = running.stdin();
    // It answers signals once it has begun: its signal handlers are in place when it says so.
    running
        .wait_until("a first word", |running| {
            !running.stderr_so_far().is_empty()
        })
        .unwrap();
    running.interrupt().unwrap();
    let stopped = running.wait().unwrap().expect_code(130);
    assert!(stopped.elapsed < Duration::from_secs(60));
    drop(held);
}

#[test]
fn a_source_that_changed_since_the_interruption_is_refused() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", BLOCKS * MIB);
    let (from, url) = (scene.source("run.tar"), scene.destination("run.tar"));
    let base = [
        "copy",
        &from,
        &url,
        "--block-size-mb",
        "1",
        "--via",
        "relay",
    ];
    let mut running = scene.run(&[&base[..], &SLOW].concat()).spawn().unwrap();
    running
        .wait_until("blocks", |_| scene.staged("run.tar") >= 3)
        .unwrap();
    running.kill().unwrap();
    let _ = running.wait().unwrap();
    let other = pattern(99, bytes.len());
    scene.put("run.tar", &other, &[]);
    let refused = scene.run(&base).run().unwrap().expect_code(6);
    assert!(
        refused.stderr_text().contains("--restart"),
        "{}",
        refused.stderr_text()
    );
    assert!(scene.arrived("run.tar").is_none());
    let _ = scene
        .run(&[&base[..], &["--restart"]].concat())
        .run()
        .unwrap()
        .expect_code(0);
    assert_eq!(scene.arrived("run.tar").unwrap(), other);
}

#[test]
fn a_source_that_is_overwritten_in_the_middle_is_never_blended() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", BLOCKS * MIB);
    for via in ["relay", "auto"] {
        let to = format!("{via}.tar");
        let (from, url) = (scene.source("run.tar"), scene.destination(&to));
        let base = [
            "copy",
            &from,
            &url,
            "--block-size-mb",
            "1",
            "--via",
            via,
            "--memory",
            "4MiB",
        ];
        let mut running = scene.run(&[&base[..], &SLOW].concat()).spawn().unwrap();
        running
            .wait_until("blocks", |_| scene.staged(&to) >= 3)
            .unwrap();
        scene.put("run.tar", &pattern(5, bytes.len()), &[]);
        let changed = running.wait().unwrap().expect_code(6);
        assert!(
            changed.stderr_text().contains("changed"),
            "{}",
            changed.stderr_text()
        );
        assert!(scene.arrived(&to).is_none());
        let _ = scene.export("run.tar", BLOCKS * MIB);
    }
}

#[test]
fn a_file_that_may_not_grow_is_an_error_that_resumes() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", 8 * MIB);
    let sum = format!("sha256:{}", sha256_hex(&bytes));
    let from = scene.source("run.tar");
    let words = words(&from, "out.tar", &sum, &[]);
    // As FAT32 does at 4 GiB: EFBIG.
    let limited = Run::new("bash")
        .args(["-c", "ulimit -f 4000; exec \"$0\" \"$@\"", BLOBFERRY])
        .args(&words)
        .folder(scene.folder());
    let stopped = limited.run().unwrap().expect_code(4);
    assert!(
        stopped.stdout_text().contains("File too large"),
        "{}",
        stopped.stdout_text()
    );
    assert!(!scene.folder().join("out.tar").exists());
    let again = scene.run(&words).run().unwrap().expect_code(0);
    assert!(summary(&again)["blocks_resumed"].as_u64().unwrap() >= 3);
    assert_eq!(fs_err::read(scene.folder().join("out.tar")).unwrap(), bytes);
}

#[test]
fn a_rotated_sas_carries_on_in_the_middle() {
    rotate("relay");
}

#[test]
fn a_rotated_sas_carries_on_where_the_service_fetches() {
    rotate("server");
}

fn rotate(via: &str) {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", BLOCKS * MIB);
    let account = scene.azurite.account(SOURCE).unwrap();
    let short = blobferry_harness::Terms::new("r")
        .expires_in(8)
        .service(account, &scene.from, None)
        .unwrap();
    let file = scene.folder().join("sas");
    fs_err::write(&file, format!("?{}\n", short.query())).unwrap();
    let from = scene.azurite.blob_url(SOURCE, &scene.from, "run.tar");
    let base = [
        "copy",
        &from,
        &scene.destination("run.tar"),
        "--block-size-mb",
        "1",
        "--via",
        via,
        "--cap-mbps",
        "16",
        "--source-sas-file",
        "sas",
    ];
    let mut running = scene.run(&base).spawn().unwrap();
    running
        .wait_until("blocks", |_| scene.staged("run.tar") >= 2)
        .unwrap();
    let fresh = scene.azurite.sas(SOURCE, &scene.from, None, "r").unwrap();
    fs_err::write(&file, fresh.query()).unwrap();
    let done = running.wait().unwrap().expect_code(0);
    assert_eq!(scene.arrived("run.tar").unwrap(), bytes);
    assert_eq!(
        scene.azurite.list(DESTINATION, &scene.to).unwrap(),
        ["run.tar"]
    );
    for sas in [&short, &fresh] {
        assert_eq!(sas.found_in(&done.stderr), None);
    }
}
