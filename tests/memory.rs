//! Peak memory follows the budget, not the blob: real copies, with the operating system's own count of the peak.

use blobferry_harness::{Scene, write_pattern_file};

const BLOBFERRY: &str = env!("CARGO_BIN_EXE_blobferry");
const MIB: u64 = 1 << 20;
/// What a process may use beside the budget: the program, its runtime, connections, hashers.
const BESIDE: u64 = 32 * MIB;

#[test]
fn peak_memory_follows_the_budget_not_the_blob() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let big = scene.folder().join("big");
    write_pattern_file(&big, 1, 256 * MIB).unwrap();
    let (to, from) = (scene.destination("big"), scene.destination("big"));
    let second = scene.destination("second");
    let copies: [&[&str]; 4] = [
        &["copy", "big", &to, "--memory", "16MiB"],
        &["copy", &from, "back", "--memory", "16MiB"],
        &[
            "copy",
            &from,
            &second,
            "--memory",
            "16MiB",
            "--via",
            "relay",
            "--block-size-mb",
            "2",
        ],
        &["verify", "big", "--memory", "16MiB"],
    ];
    for words in copies {
        let done = scene
            .run(&[words, &["--output", "json"]].concat())
            .run()
            .unwrap()
            .expect_code(0);
        let told = done.json_lines().unwrap().pop().unwrap();
        let peak = told["peak_memory_bytes"].as_u64().unwrap();
        assert!(
            peak <= 16 * MIB + BESIDE,
            "{} MiB for {words:?}",
            peak / MIB
        );
    }
}
