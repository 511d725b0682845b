//! `acr-transfer preflight`, `export`, `import` and `diagnose` against a lab's cloud: what is carried is proven, what is not
//! the export's is never run, what was done is not done again.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "acr_flow/diagnosis.rs"]
mod diagnosis;
#[path = "acr_flow/ground.rs"]
mod ground;
#[path = "acr_flow/interrupted.rs"]
mod interrupted;
#[path = "acr_flow/real_registry.rs"]
mod real_registry;

use blobferry_lab::store::Conditions;
use ground::{Ground, at, of_type};
use serde_json::Value;

fn few() -> Vec<String> {
    ["app:1", "app:2", "team/tool:1"]
        .map(str::to_owned)
        .to_vec()
}

fn many() -> Vec<String> {
    (0..120)
        .map(|number| format!("team/app:{number:03}"))
        .collect()
}

fn results(lines: &[Value]) -> Vec<&str> {
    let runs = of_type(lines, "run");
    runs.iter()
        .map(|run| run["result"].as_str().unwrap())
        .collect()
}

#[test]
fn what_is_exported_arrives_and_every_manifest_is_proven() {
    let ground = Ground::new(&few());
    let lines = ground.export(&["-a", "app:1", "team/*"], 0);
    assert_eq!(results(&lines), ["exported"]);
    let receipt = ground.receipt();
    let run = &receipt["runs"][0];
    assert_eq!(run["status"], "Succeeded");
    assert_eq!(run["artifacts"].as_array().unwrap().len(), 2);
    assert_eq!(run["blob"]["metadata"]["category"], "acr-transfer-blob");
    assert_eq!(
        run["catalogDigest"], run["blob"]["sha256"],
        "the lab's digest is the tar's"
    );
    ground.carry("week.tar", |_, _| {});
    let lines = ground.import(&["--receipt", "receipt.json"], 0);
    let summary = lines.last().unwrap();
    assert_eq!(
        (&summary["artifacts"], &summary["proven"]),
        (&2.into(), &2.into())
    );
    // Again: the run is found, nothing is run.
    let runs = ground.runs("registry2");
    let again = ground.import(&["--receipt", "receipt.json"], 0);
    assert_eq!(again.last().unwrap()["proven"], 2);
    assert_eq!(ground.runs("registry2"), runs);
}

#[test]
fn another_blob_is_never_run() {
    let ground = Ground::new(&few());
    ground.export(&["-a", "app:1"], 0);
    ground.carry("week.tar", |bytes, _| bytes[1000] ^= 1);
    let lines = ground.import(&["--receipt", "receipt.json"], 3);
    assert!(
        lines.last().unwrap()["causes"]
            .to_string()
            .contains("nothing was run")
    );
    let digest = format!("sha256:{}", "0".repeat(64));
    ground.import(&["--catalog-digest", &digest, "-b", "week.tar"], 3);
    ground.carry("week.tar", |bytes, _| bytes.push(0));
    ground.import(&["--receipt", "receipt.json"], 3);
    ground.import(&["--receipt", "receipt.json", "-b", "not-there.tar"], 1);
    assert!(ground.runs("registry2").is_empty());
    ground.carry("week.tar", |_, _| {});
    let receipt = ground.receipt();
    let right = receipt["runs"][0]["blob"]["sha256"].as_str().unwrap();
    ground.import(&["--catalog-digest", right, "-b", "week.tar"], 0);
    assert_eq!(ground.runs("registry2").len(), 1);
}

#[test]
fn what_would_fail_in_the_cloud_is_not_begun() {
    let ground = Ground::new(&few());
    for (artifact, code) in [("app:9", 3), ("nothing/*", 7)] {
        ground.export(&["-a", artifact], code);
        let words = ["preflight", "-r", "registry1", "-o", "json", "-a", artifact];
        let lines = ground.run(&words, code).json_lines().unwrap();
        assert_eq!(lines.last().unwrap()["exit"], code);
    }
    assert!(ground.runs("registry1").is_empty());
    assert!(!ground.path("receipt.json").exists());
    ground.write("list", "app:1 # the first\n\nteam/*\n");
    let words = [
        "preflight",
        "-r",
        "registry1",
        "-o",
        "json",
        "--artifacts-file",
        "list",
    ];
    let lines = ground.run(&words, 0).json_lines().unwrap();
    assert_eq!(of_type(&lines, "artifact").len(), 2);
    assert_eq!(lines.last().unwrap()["runs"], 1);
    let table = ground.run(&["preflight", "-r", "registry1", "-a", "app:*"], 0);
    assert!(
        table.stdout_text().contains("app:2"),
        "{}",
        table.stdout_text()
    );
}

#[test]
fn a_long_list_becomes_runs_and_the_same_command_does_nothing_more() {
    let ground = Ground::new(&many());
    let lines = ground.export(&["-a", "team/*", "--parallel-runs", "2"], 0);
    assert_eq!(results(&lines), ["exported"; 3]);
    let names: Vec<Value> = ground.receipt()["runs"].as_array().unwrap().clone();
    let blobs: Vec<&str> = names
        .iter()
        .map(|run| run["blob"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(blobs, ["week-001.tar", "week-002.tar", "week-003.tar"]);
    let (runs, receipt) = (ground.runs("registry1"), ground.receipt());
    let again = ground.export(&["-a", "team/*"], 0);
    assert_eq!(results(&again), ["kept"; 3]);
    assert_eq!(ground.runs("registry1"), runs);
    assert_eq!(ground.receipt()["runs"], receipt["runs"]);
    for blob in blobs {
        ground.carry(blob, |_, _| {});
    }
    let lines = ground.import(&["--receipt", "receipt.json"], 0);
    assert_eq!(lines.last().unwrap()["proven"], 120);
}

#[test]
fn one_run_fails_and_only_that_one_is_run_again() {
    let ground = Ground::new(&many());
    ground
        .lab
        .store()
        .put_synthetic(
            &at("source", "week-002.tar"),
            blobferry_lab::content::Content::zeros(10),
            blobferry_lab::store::NewBlob::default(),
        )
        .unwrap();
    let refused = ground.export(&["-a", "team/*"], 3);
    assert!(
        refused.last().unwrap()["causes"]
            .to_string()
            .contains("week-002.tar")
    );
    assert!(ground.runs("registry1").is_empty());
    let lines = ground.export(&["-a", "team/*", "--skip-preflight"], 8);
    assert_eq!(results(&lines), ["exported", "failed", "exported"]);
    let failed = of_type(&lines, "run")[1];
    assert_eq!(failed["artifacts"].as_array().unwrap().len(), 50);
    assert_eq!(ground.receipt()["runs"].as_array().unwrap().len(), 3);
    ground
        .lab
        .store()
        .delete_blob(&at("source", "week-002.tar"), &Conditions::default())
        .unwrap();
    let lines = ground.export(&["-a", "team/*"], 0);
    assert_eq!(results(&lines), ["kept", "exported", "kept"]);
    assert_eq!(
        ground.runs("registry1").len(),
        3,
        "the failed run ran again by its own name"
    );
}

#[test]
fn a_run_that_goes_on_is_found_and_a_lost_blob_is_made_again() {
    let ground = Ground::new(&few());
    ground.change(|behaviour| behaviour.run_milliseconds = 1500);
    let lines = ground.export(&["-a", "app:1", "--no-wait"], 0);
    assert_eq!(results(&lines), ["started"]);
    ground.change(|behaviour| behaviour.run_milliseconds = 0);
    let lines = ground.export(&["-a", "app:1"], 0);
    assert_eq!(results(&lines), ["exported"]);
    assert_eq!(ground.runs("registry1").len(), 1);
    ground
        .lab
        .store()
        .delete_blob(&at("source", "week.tar"), &Conditions::default())
        .unwrap();
    let lines = ground.export(&["-a", "app:1"], 0);
    assert_eq!(results(&lines), ["exported"]);
    // Another ETag alone is no other blob.
    assert!(ground.lab.store().touch(&at("source", "week.tar")));
    let lines = ground.export(&["-a", "app:1"], 0);
    assert_eq!(results(&lines), ["kept"]);
}

#[test]
fn a_trigger_s_run_is_waited_for_and_its_conditions_are_looked_at_first() {
    let ground = Ground::new(&few());
    ground.export(&["-a", "app:1"], 0);
    let trigger = [
        "--receipt",
        "receipt.json",
        "--via-trigger",
        "--trigger-patience",
        "30",
    ];
    ground.carry("week.tar", |_, about| about.metadata.clear());
    let refused = ground.import(&trigger, 3);
    let said = refused.last().unwrap().to_string();
    assert!(
        said.contains("source trigger is disabled") && said.contains("category"),
        "{said}"
    );
    ground.pipeline("import", "registry2", "pipe2", "target", &["-e", "true"]);
    ground.carry("week.tar", |_, _| {});
    let lines = ground.import(&trigger, 0);
    assert_eq!(lines.last().unwrap()["proven"], 1);
    assert!(
        ground.runs("registry2")[0].contains('_'),
        "a trigger names its runs"
    );
}

#[test]
fn a_failed_import_says_why_and_a_deleted_blob_is_no_failure() {
    let ground = Ground::new(&few());
    ground.export(&["-a", "app:1"], 0);
    ground.carry("week.tar", |_, _| {});
    ground.change(|behaviour| behaviour.fail_runs = Some("the lab wants {run} to fail".to_owned()));
    let lines = ground.import(&["--receipt", "receipt.json"], 8);
    assert!(
        lines.last().unwrap()["causes"]
            .to_string()
            .contains("wants import")
    );
    ground.change(|behaviour| behaviour.fail_runs = None);
    let delete = ["-e", "false", "-z", "DeleteSourceBlobOnSuccess"];
    ground.pipeline("import", "registry2", "pipe2", "target", &delete);
    ground.import(&["--receipt", "receipt.json"], 0);
    assert!(ground.lab.store().blob(&at("target", "week.tar")).is_err());
    let lines = ground.import(&["--receipt", "receipt.json"], 0);
    assert_eq!(lines.last().unwrap()["proven"], 1);
}
