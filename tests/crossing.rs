//! The main job against a real Azurite: every pair of ends, both ways across, with what travels along, the
//! digests, and what may be overwritten.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use blobferry_harness::{DESTINATION, Finished, SOURCE, Scene, md5_base64, pattern, sha256_hex};
use serde_json::Value;

const BLOBFERRY: &str = env!("CARGO_BIN_EXE_blobferry");
const MIB: usize = 1 << 20;

fn run(scene: &Scene, words: &[&str], code: i32) -> Finished {
    scene.run(words).run().unwrap().expect_code(code)
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256_hex(bytes))
}

fn summary(finished: &Finished) -> Value {
    let last = finished.json_lines().unwrap().pop().unwrap();
    assert_eq!(last["type"], "summary", "{last}");
    last
}

#[test]
fn blob_to_blob_both_ways_and_by_itself() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", 5 * MIB + 77);
    for via in ["relay", "auto"] {
        let to = format!("{via}.tar");
        let words = [
            "copy",
            &scene.source("run.tar"),
            &scene.destination(&to),
            "--via",
            via,
            "--output",
            "json",
            "--expect-digest",
            &digest(&bytes),
            "--block-size-mb",
            "1",
        ];
        let done = run(&scene, &words, 0);
        let told = summary(&done);
        assert_eq!(told["sha256"], sha256_hex(&bytes));
        assert_eq!(told["proven"], true);
        assert_eq!(told["blocks"], 6);
        assert_eq!(scene.arrived(&to).unwrap(), bytes);
        // What an import trigger needs.
        assert_eq!(
            scene.arrived_header(&to, "content-md5").unwrap(),
            md5_base64(&bytes)
        );
        assert_eq!(
            scene.arrived_header(&to, "x-ms-meta-category").unwrap(),
            "acr-transfer-blob"
        );
        assert_eq!(
            scene.arrived_header(&to, "content-type").unwrap(),
            "application/x-tar"
        );
    }
}

#[test]
fn a_server_side_copy_is_proven_and_sends_nothing() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", 3 * MIB + 1);
    let (from, to) = (scene.source("run.tar"), scene.destination("run.tar"));
    let words = [
        "copy",
        &from,
        &to,
        "--via",
        "server",
        "--output",
        "json",
        "--block-size-mb",
        "1",
    ];
    let told = summary(&run(
        &scene,
        &[&words[..], &["--expect-digest", &digest(&bytes)]].concat(),
        0,
    ));
    assert_eq!(
        (&told["via"], &told["bytes_sent"]),
        (&"server".into(), &0.into())
    );
    assert_eq!(
        told["bytes_received"],
        bytes.len(),
        "one read of the source, for the proof"
    );
    assert_eq!(told["proven"], true);
    assert_eq!(scene.arrived("run.tar").unwrap(), bytes);
    // Without a digest nothing is read at all, and the summary says that nothing was proven.
    let told = summary(&run(
        &scene,
        &[&words[..], &["--digest", "none"]].concat(),
        0,
    ));
    assert_eq!(
        (&told["bytes_received"], &told["proven"]),
        (&0.into(), &false.into())
    );
    assert_eq!(scene.arrived("run.tar").unwrap(), bytes);
}

/// One size through every pair of local end and blob.
fn there_and_back(scene: &Scene, len: usize) {
    let bytes = pattern(7, len);
    fs_err::write(scene.folder().join("in"), &bytes).unwrap();
    let (file, pipe) = (format!("b{len}"), format!("p{len}"));
    let sum = digest(&bytes);
    let proven = |words: [&str; 3], block: &str| {
        let proof = ["--expect-digest", &sum, "--block-size-mb", block];
        let command = scene.run(&[&words[..], &proof[..]].concat());
        command.stdin(bytes.clone()).run().unwrap().expect_code(0)
    };
    let url = |blob: &str| scene.destination(blob);
    proven(["copy", "in", &url(&file)], "1");
    assert!(scene.arrived(&file).unwrap() == bytes, "{len} bytes up");
    proven(["copy", &url(&file), "out"], "0.5");
    let down = fs_err::read(scene.folder().join("out")).unwrap();
    assert!(down == bytes, "{len} bytes down");
    proven(["copy", "-", &url(&pipe)], "1");
    assert!(
        scene.arrived(&pipe).unwrap() == bytes,
        "{len} bytes from a pipe"
    );
    let out = proven(["copy", &url(&file), "-"], "1");
    assert!(out.stdout == bytes, "{len} bytes to a pipe");
}

#[test]
fn files_and_pipes_of_every_size() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    for len in [0, 1, MIB - 1, MIB, 2 * MIB, 2 * MIB + 1] {
        there_and_back(&scene, len);
    }
}

#[test]
fn verify_tells_right_from_wrong() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", MIB + 5);
    let url = scene.source("run.tar");
    let right = run(
        &scene,
        &["verify", &url, "--expect-digest", &digest(&bytes)],
        0,
    );
    assert!(right.stdout_text().contains(&sha256_hex(&bytes)));
    let wrong = run(
        &scene,
        &["verify", &url, "--expect-digest", &digest(b"typo")],
        3,
    );
    assert!(
        wrong.stderr_text().contains(&sha256_hex(&bytes)),
        "{}",
        wrong.stderr_text()
    );
    run(&scene, &["verify", &url], 0);
}

#[test]
fn a_wrong_digest_commits_nothing_and_what_stood_there_stands() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", 3 * MIB);
    let (azurite, old) = (scene.azurite, b"what stood there");
    azurite
        .put_blob(DESTINATION, &scene.to, "old.tar", old, &[])
        .unwrap();
    for (to, via) in [
        ("old.tar", "relay"),
        ("old.tar", "auto"),
        ("new.tar", "relay"),
    ] {
        let words = [
            "copy",
            &scene.source("run.tar"),
            &scene.destination(to),
            "--via",
            via,
            "--block-size-mb",
            "1",
            "--expect-digest",
            &digest(b"typo"),
        ];
        let failed = run(&scene, &words, 3);
        assert!(
            failed.stderr_text().contains("hint:"),
            "{}",
            failed.stderr_text()
        );
    }
    assert_eq!(scene.arrived("old.tar").unwrap(), old);
    assert!(scene.arrived("new.tar").is_none());
    // Corrected, the same command sends nothing twice.
    let words = [
        "copy",
        &scene.source("run.tar"),
        &scene.destination("new.tar"),
        "--via",
        "relay",
        "--block-size-mb",
        "1",
        "--expect-digest",
        &digest(&bytes),
        "--output",
        "json",
    ];
    let told = summary(&run(&scene, &words, 0));
    assert_eq!(
        (&told["blocks_resumed"], &told["bytes_sent"]),
        (&3.into(), &0.into())
    );
    assert_eq!(scene.arrived("new.tar").unwrap(), bytes);
}

#[test]
fn the_sources_own_md5_is_believed_only_when_it_is_true() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = pattern(3, 1000);
    scene.put("lies.tar", &bytes, &[]);
    // The service checks the MD5 of Put Blob, but stores whatever Set Blob Properties says.
    let set = |blob: &str, md5: &str| {
        let url = scene.azurite.blob_url(SOURCE, &scene.from, blob);
        let headers = [("x-ms-blob-content-md5", md5)];
        let answer = scene
            .azurite
            .ask("PUT", SOURCE, &url, "comp=properties", &headers, &[])
            .unwrap();
        assert_eq!(answer.status, 200);
    };
    set("lies.tar", &md5_base64(b"else"));
    let (from, to) = (scene.source("lies.tar"), scene.destination("lies.tar"));
    run(&scene, &["copy", &from, &to], 3);
    assert!(scene.arrived("lies.tar").is_none());
    let looked = run(&scene, &["copy", &from, &to, "--check-md5", "LogOnly"], 0);
    assert!(
        looked.stderr_text().contains("Content-MD5"),
        "{}",
        looked.stderr_text()
    );
    assert_eq!(
        scene.arrived_header("lies.tar", "content-md5").unwrap(),
        md5_base64(&bytes)
    );
    fs_err::write(scene.folder().join("bare"), &bytes).unwrap();
    // Blocks that are committed without an MD5 make a blob that has none.
    run(&scene, &["copy", "bare", &to, "--overwrite", "true"], 0);
    assert_eq!(scene.arrived_header("lies.tar", "content-md5"), None);
    run(
        &scene,
        &[
            "copy",
            &to,
            "back",
            "--check-md5",
            "FailIfDifferentOrMissing",
        ],
        3,
    );
    assert!(!scene.folder().join("back").exists());
}

#[test]
fn a_file_gets_the_properties_that_were_asked_for() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = pattern(4, 2000);
    fs_err::write(scene.folder().join("in.tar"), &bytes).unwrap();
    let words = [
        "copy",
        "in.tar",
        &scene.destination("in.tar"),
        "--put-md5",
        "--content-type",
        "application/x-tar",
        "--metadata",
        "category=acr-transfer-blob;run=42",
        "--cache-control",
        "no-store",
    ];
    run(&scene, &words, 0);
    let header = |name| scene.arrived_header("in.tar", name).unwrap();
    assert_eq!(header("content-md5"), md5_base64(&bytes));
    assert_eq!(header("content-type"), "application/x-tar");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-ms-meta-category"), "acr-transfer-blob");
    assert_eq!(header("x-ms-meta-run"), "42");
}

#[test]
fn tags_and_tier_travel_when_asked() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let tags = [("x-ms-tags", "run=42&by=night%20shift")];
    scene.put("tagged.tar", &pattern(8, 1000), &tags);
    let (_, from) = scene.with_sas(SOURCE, &scene.from, "tagged.tar", "rt");
    let arrived = |blob: &str| {
        let url = scene.azurite.blob_url(DESTINATION, &scene.to, blob);
        let answer = scene
            .azurite
            .ask("GET", DESTINATION, &url, "comp=tags", &[], &[]);
        String::from_utf8(answer.unwrap().body).unwrap()
    };
    let to = |blob: &str| scene.with_sas(DESTINATION, &scene.to, blob, "rcwt").1;
    run(&scene, &["copy", &from, &to("without.tar")], 0);
    assert!(!arrived("without.tar").contains("night"), "only when asked");
    let asked = ["--s2s-preserve-blob-tags", "--block-blob-tier", "Cool"];
    run(
        &scene,
        &[&["copy", &from, &to("with.tar")], &asked[..]].concat(),
        0,
    );
    assert!(
        arrived("with.tar").contains("night shift"),
        "{}",
        arrived("with.tar")
    );
    assert_eq!(
        scene
            .arrived_header("with.tar", "x-ms-access-tier")
            .unwrap(),
        "Cool"
    );
    run(
        &scene,
        &["copy", &from, &to("own.tar"), "--blob-tags", "a=b"],
        0,
    );
    assert!(
        arrived("own.tar").contains("<Key>a</Key>"),
        "{}",
        arrived("own.tar")
    );
    let untagged = scene.destination("refused.tar");
    let refused = run(&scene, &["copy", &from, &untagged, "--blob-tags", "a=b"], 5);
    assert!(
        refused.stderr_text().contains("tags"),
        "{}",
        refused.stderr_text()
    );
}

#[test]
fn overwrite_does_what_it_says() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let first = scene.export("first.tar", 1000);
    let second = scene.export("second.tar", 2000);
    let to = scene.destination("there.tar");
    let copy = |from: &str, mode: &str, code| {
        run(
            &scene,
            &["copy", &scene.source(from), &to, "--overwrite", mode],
            code,
        )
    };
    copy("first.tar", "false", 0);
    let refused = copy("second.tar", "false", 1);
    assert!(
        refused.stderr_text().contains("--overwrite true"),
        "{}",
        refused.stderr_text()
    );
    assert_eq!(scene.arrived("there.tar").unwrap(), first);
    copy("second.tar", "ifSourceNewer", 0);
    assert_eq!(
        scene.arrived("there.tar").unwrap(),
        first,
        "the destination is the newer one"
    );
    // Nobody to ask.
    copy("second.tar", "prompt", 2);
    copy("second.tar", "true", 0);
    assert_eq!(scene.arrived("there.tar").unwrap(), second);
}

#[test]
fn another_tools_uncommitted_blocks_are_no_obstacle() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", 1000);
    // azcopy's ids are 48 bytes before base64.
    let id = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB";
    scene
        .azurite
        .put_block(DESTINATION, &scene.to, "run.tar", id, b"foreign")
        .unwrap();
    run(
        &scene,
        &[
            "copy",
            &scene.source("run.tar"),
            &scene.destination("run.tar"),
        ],
        0,
    );
    assert_eq!(scene.arrived("run.tar").unwrap(), bytes);
    scene
        .azurite
        .put_block(DESTINATION, &scene.to, "short.tar", "QQ==", b"foreign")
        .unwrap();
    let refused = run(
        &scene,
        &[
            "copy",
            &scene.source("run.tar"),
            &scene.destination("short.tar"),
        ],
        1,
    );
    assert!(
        refused.stderr_text().contains("another"),
        "{}",
        refused.stderr_text()
    );
}

#[test]
fn the_plan_moves_no_byte() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let _ = scene.export("run.tar", 3 * MIB);
    let words = [
        "copy",
        &scene.source("run.tar"),
        &scene.destination("run.tar"),
        "--dry-run",
        "--block-size-mb",
        "1",
    ];
    let planned = run(&scene, &words, 0);
    assert!(
        planned.stdout_text().contains("3 blocks of 1.00 MiB"),
        "{}",
        planned.stdout_text()
    );
    assert!(scene.arrived("run.tar").is_none());
    assert_eq!(scene.staged("run.tar"), 0);
}

#[test]
fn missing_things_are_named() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let _ = scene.export("run.tar", 10);
    let absent = run(
        &scene,
        &["copy", &scene.source("absent.tar"), &scene.destination("x")],
        1,
    );
    assert!(
        absent.stderr_text().contains("absent.tar"),
        "{}",
        absent.stderr_text()
    );
    let (_, nowhere) = scene.with_sas(DESTINATION, "no-such-container", "x", "rcw");
    let refused = run(&scene, &["copy", &scene.source("run.tar"), &nowhere], 1);
    assert!(
        refused.stderr_text().contains("container"),
        "{}",
        refused.stderr_text()
    );
    let no_host = scene
        .source("run.tar")
        .replace("127.0.0.1", "no-such-host.invalid");
    let refused = run(&scene, &["copy", &no_host, "out", "--allow-http"], 1);
    assert!(refused.elapsed.as_secs() < 20, "an unknown name fails fast");
    assert!(
        refused.stderr_text().contains("no-such-host.invalid"),
        "{}",
        refused.stderr_text()
    );
}
