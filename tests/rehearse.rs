//! `acr-lab rehearse`, whole: connected, across the gap, and every scenario, by the built programs.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use blobferry_harness::{Finished, Run, Running};
use serde_json::Value;

const LAB: &str = env!("CARGO_BIN_EXE_acr-lab");

/// What is in fixtures/images, and what the rehearsal adds. The SBOM has a digest for a name.
const ARTIFACTS: [&str; 6] = [
    "charts/hello:0.1.0",
    "samples/data:1.0",
    "samples/hello:1.0",
    "samples/hello:latest",
    "samples/hello@sha256:",
    "samples/zones:2025b",
];

/// `acr-lab rehearse`, with the programs that it needs beside it: `cargo test --workspace` builds them, a test of this package
/// alone does not.
fn rehearse(words: &[&str]) -> Run {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let is_there = |program| Path::new(LAB).with_file_name(program).is_file();
        if !["blobferry", "blobferry-bundle", "acr-transfer"]
            .into_iter()
            .all(is_there)
        {
            let words =
                "build --quiet --locked -p blobferry -p blobferry-bundle-bin -p acr-transfer";
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            let mut cargo = Command::new(env!("CARGO"));
            let ended = cargo.args(words.split(' ')).current_dir(root).status();
            assert!(ended.unwrap().success(), "cargo {words}");
        }
    });
    Run::new(LAB)
        .arg("rehearse")
        .args(words)
        .env("TMPDIR", std::env::temp_dir())
}

/// Each line of a rehearsal that did well.
fn events(words: &[&str]) -> Vec<Value> {
    let finished = rehearse(&[&["--output", "json"], words].concat())
        .run()
        .unwrap();
    let finished = finished.expect_code(0);
    no_secrets(&finished);
    let events = finished.json_lines().unwrap();
    let folder = events[0]["folder"].as_str().unwrap();
    assert!(!Path::new(folder).exists(), "{folder} is left behind");
    events
}

/// Of one type.
fn of<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["type"] == kind)
}

/// No signature in all that was said.
fn no_secrets(finished: &Finished) {
    let said = format!("{}{}", finished.stdout_text(), finished.stderr_text());
    for after in said.split("sig=").skip(1) {
        let signature: String = after
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "%+/".contains(*c))
            .collect();
        assert!(
            signature.len() < 20,
            "a signature: sig={}…",
            &signature[..5]
        );
    }
}

/// Every step did as documented, and everything arrived.
fn all_well(events: &[Value], scenario: Option<&str>) {
    for step in of(events, "step") {
        assert_eq!(step["ok"], true, "{step}");
        assert_eq!(step["exit"], step["expected"], "{step}");
    }
    let arrived: Vec<&Value> = of(events, "artifact").collect();
    assert_eq!(arrived.len(), ARTIFACTS.len(), "{arrived:?}");
    for (artifact, name) in arrived.into_iter().zip(ARTIFACTS) {
        assert!(
            artifact["name"].as_str().unwrap().starts_with(name),
            "{artifact}"
        );
        assert_eq!(artifact["arrived"], artifact["digest"]);
        assert_eq!(artifact["same"], true, "{artifact}");
        assert!(artifact["blobs"].as_u64().unwrap() > 0, "{artifact}");
    }
    let summary = events.last().unwrap();
    assert_eq!(summary["type"], "summary", "{summary}");
    assert_eq!(summary["ok"], true);
    assert_eq!(summary["scenario"].as_str(), scenario);
    assert_eq!(
        summary["steps"].as_u64(),
        u64::try_from(of(events, "step").count()).ok()
    );
}

/// The commands that ended in that status, without their arguments.
fn ended_in(events: &[Value], exit: u8) -> Vec<String> {
    of(events, "step")
        .filter(|step| step["exit"] == exit)
        .map(|step| {
            let words = step["command"].as_str().unwrap().split(' ');
            words.take(2).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// What all steps said.
fn said(events: &[Value]) -> String {
    of(events, "step")
        .map(|step| step["output"].to_string())
        .collect()
}

#[test]
fn artifacts_cross_by_wire() {
    let events = events(&[]);
    all_well(&events, None);
    let commands = ended_in(&events, 0);
    for wanted in [
        "acr-transfer export-pipeline",
        "acr-transfer preflight",
        "acr-transfer export",
        "blobferry copy",
        "blobferry verify",
        "acr-transfer import-pipeline",
        "acr-transfer import",
    ] {
        assert!(
            commands.iter().any(|command| command == wanted),
            "{wanted}: {commands:?}"
        );
    }
    assert!(of(&events, "step").all(|step| step["exit"].is_null() || step["exit"] == 0));
    let seconds = events.last().unwrap()["seconds"].as_f64().unwrap();
    assert!(
        seconds < 60.0,
        "{seconds} s, and this is not even a release build"
    );
}

#[test]
fn artifacts_cross_the_gap_and_a_part_is_lost() {
    let events = events(&["--air-gap"]);
    all_well(&events, None);
    assert_eq!(ended_in(&events, 3), ["blobferry-bundle verify"]);
    assert!(ended_in(&events, 0).contains(&"blobferry-bundle repair".to_owned()));
}

#[test]
fn more_parts_than_the_parity_are_lost_and_sent_again() {
    let events = events(&["--scenario", "lost-part"]);
    all_well(&events, Some("lost-part"));
    assert_eq!(
        ended_in(&events, 3),
        ["blobferry-bundle repair", "blobferry-bundle missing"]
    );
}

#[test]
fn an_expired_sas_fails_the_run_and_is_named() {
    let events = events(&["--scenario", "expired-sas"]);
    all_well(&events, Some("expired-sas"));
    assert_eq!(ended_in(&events, 8), ["acr-transfer export"]);
}

#[test]
fn a_failed_run_in_a_200_is_a_failure() {
    let events = events(&["--scenario", "failed-run"]);
    all_well(&events, Some("failed-run"));
    assert_eq!(ended_in(&events, 8), ["acr-transfer export"]);
    assert!(said(&events).contains("the storage account is being moved"));
}

#[test]
fn a_layer_of_9_gb_is_found_before_anything_runs() {
    let events = events(&["--scenario", "big-layer"]);
    all_well(&events, Some("big-layer"));
    assert_eq!(
        ended_in(&events, 3),
        ["acr-transfer preflight", "acr-transfer export"]
    );
}

#[test]
fn a_blob_that_somebody_changed_is_not_imported() {
    for words in [
        &["--scenario", "wrong-digest"][..],
        &["--scenario", "wrong-digest", "--air-gap"],
    ] {
        let events = events(words);
        all_well(&events, Some("wrong-digest"));
        assert!(ended_in(&events, 3).contains(&"acr-transfer import".to_owned()));
    }
}

#[test]
fn the_prose_fits_a_terminal_of_80_columns() {
    let finished = rehearse(&["--air-gap"]).run().unwrap().expect_code(0);
    no_secrets(&finished);
    let text = finished.stdout_text();
    assert_eq!(finished.stderr_text(), "");
    for line in text.lines().filter(|line| line.chars().count() > 80) {
        // One word that cannot be broken.
        assert!(
            line.split_whitespace().filter(|word| *word != "\\").count() <= 2,
            "{line:?}"
        );
    }
    for wanted in [
        "$ acr-transfer export ",
        "$ blobferry-bundle repair ",
        "== All steps",
        "exit 3",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }
    assert!(text.contains("export AZURE_CLIENT_SECRET="), "{text}");
}

#[test]
fn programs_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().display().to_string();
    let finished = Run::new(LAB)
        .args(["rehearse", "--bin-dir", &nowhere])
        .run()
        .unwrap();
    let text = finished.expect_code(2).stderr_text();
    assert!(
        text.contains("cargo build --release --locked -p blobferry "),
        "{text}"
    );
}

#[test]
fn programs_of_another_build_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for program in ["blobferry", "blobferry-bundle", "acr-transfer"] {
        fs_err::write(folder.path().join(program), "#!/bin/sh\nexit 2\n").unwrap();
    }
    let program = folder.path().join("acr-transfer").display().to_string();
    let nowhere = folder.path().display().to_string();
    let run = || rehearse(&["--bin-dir", &nowhere]).run().unwrap();
    let text = run().expect_code(1).stderr_text();
    assert!(text.contains(&format!("{program} cannot be run")), "{text}");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs_err::set_permissions(&program, mode).unwrap();
    let text = run().expect_code(1).stderr_text();
    let wanted = format!("is {program} of another build? `cargo rehearse` builds all");
    assert!(text.contains(&wanted), "{text}");
}

#[test]
fn a_temporary_folder_that_cannot_be_written_is_named() {
    let run = rehearse(&[]).env("TMPDIR", "/dev/null").run().unwrap();
    let text = run.expect_code(1).stderr_text();
    assert!(
        text.contains("/dev/null/rehearsal-") && text.contains("TMPDIR says where"),
        "{text}"
    );
}

/// Whatever is in their names: folders are quoted where a shell reads them, and nobody shares anything.
#[test]
fn two_rehearsals_at_a_time_in_a_strange_folder() {
    let folder = tempfile::tempdir().unwrap();
    let strange = folder.path().join("it's a \"folder\"");
    fs_err::create_dir(&strange).unwrap();
    let begin = || {
        rehearse(&["--keep"])
            .env("TMPDIR", &strange)
            .spawn()
            .unwrap()
    };
    let mut both = [begin(), begin()];
    for running in &mut both {
        let serves = |running: &Running| {
            String::from_utf8_lossy(&running.stdout_so_far()).contains("stays after ^C")
        };
        running.wait_until("kept", serves).unwrap();
        let said = String::from_utf8(running.stdout_so_far()).unwrap();
        let mut lines = said.lines().filter(|line| line.starts_with("$ cd "));
        let cd = lines.next_back().unwrap().trim_start_matches("$ ");
        let list = "acr-transfer pipeline-run list -g lab -r eastregistry --ca-file east/ca.pem";
        let script = format!("{cd} && . east/environment && {list}");
        let listed = Run::new("sh").args(["-c", &script]).run().unwrap();
        assert!(listed.expect_code(0).stdout_text().contains("Succeeded"));
    }
    for running in both {
        running.interrupt().unwrap();
        drop(running.wait().unwrap().expect_code(0));
    }
}

/// A rehearsal that has said so much.
fn until(words: &[&str], what: &str) -> (Running, Vec<Value>) {
    let mut running = rehearse(&[&["--output", "json"], words].concat())
        .spawn()
        .unwrap();
    let wanted = format!("\"type\":\"{what}\"");
    running
        .wait_until(what, |running| {
            let said = running.stdout_so_far();
            said.ends_with(b"\n")
                && String::from_utf8(said).is_ok_and(|said| said.contains(&wanted))
        })
        .unwrap();
    let said = String::from_utf8(running.stdout_so_far()).unwrap();
    let events = said.lines().map(|line| serde_json::from_str(line).unwrap());
    let events = events.collect();
    (running, events)
}

#[test]
fn an_interrupted_rehearsal_leaves_nothing_behind() {
    let (running, events) = until(&[], "step");
    let folder = events[0]["folder"].as_str().unwrap();
    assert!(Path::new(folder).exists());
    running.interrupt().unwrap();
    let _ = running.wait().unwrap().expect_code(130);
    assert!(!Path::new(folder).exists(), "{folder} is left behind");
}

#[test]
fn what_is_kept_can_be_played_with() {
    let (running, events) = until(&["--keep"], "kept");
    let folder = Path::new(events[0]["folder"].as_str().unwrap());
    for side in ["east", "west"] {
        let script = format!(
            ". {side}/environment && acr-transfer pipeline-run list -g lab -r {side}registry --ca-file {side}/ca.pem -o json"
        );
        let listed = Run::new("sh")
            .args(["-c", &script])
            .folder(folder)
            .run()
            .unwrap();
        let text = listed.expect_code(0).stdout_text();
        assert!(text.contains("Succeeded"), "{side}: {text}");
    }
    running.interrupt().unwrap();
    let _ = running.wait().unwrap().expect_code(0);
    assert!(
        folder.join("run1.receipt.json").exists(),
        "--keep keeps the folder"
    );
    fs_err::remove_dir_all(folder).unwrap();
}
