//! `diagnose` against a lab's cloud: each fault is named by its check, and a sound set-up has none.

use serde_json::Value;

use crate::few;
use crate::ground::{Ground, of_type};

fn diagnose(ground: &Ground, more: &[&str], code: i32) -> Vec<Value> {
    let words = [&["diagnose", "-o", "json"][..], more].concat();
    ground.run(&words, code).json_lines().unwrap()
}

fn problems(lines: &[Value]) -> Vec<&str> {
    let checks = of_type(lines, "check").into_iter();
    let bad = checks.filter(|check| check["state"] == "problem");
    bad.map(|check| check["check"].as_str().unwrap()).collect()
}

#[test]
fn an_expired_sas_in_the_secret_is_named() {
    let mut ground = Ground::new(&few());
    let vault = ground.lab.cloud().unwrap().endpoint().to_owned();
    let secret = format!("{vault}/secrets/sas1");
    let sas = ground.sas("source", "rawl", 7200);
    ground.write("secret.sas", &sas);
    drop(ground.run(
        &["secret", "set", "-s", &secret, "--value-file", "secret.sas"],
        0,
    ));
    let container = ground.container("source");
    let words = [
        "export-pipeline",
        "create",
        "-r",
        "registry1",
        "-n",
        "pipe3",
        "-c",
        &container,
        "-s",
        &secret,
    ];
    drop(ground.run(&words, 0));
    let pipeline = ["-r", "registry1", "-p", "pipe3", "-b", "x.tar"];
    // The lab's SAS allows plain http, because its storage is asked by it.
    assert_eq!(problems(&diagnose(&ground, &pipeline, 3)), ["sas-https"]);
    ground.lab.clock().advance(3 * 3600);
    let lines = diagnose(&ground, &pipeline, 3);
    assert!(problems(&lines).contains(&"storage-answer"), "{lines:?}");
    let old = ground.sas("source", "rawl", -60);
    ground.write("old.sas", &old);
    let url = format!("{container}/x.tar");
    let lines = diagnose(
        &ground,
        &["-b", &url, "--sas-file", "old.sas", "-t", "export"],
        3,
    );
    let found = problems(&lines);
    assert!(
        found.contains(&"sas-time") && found.contains(&"storage-answer"),
        "{found:?}"
    );
}

#[test]
fn a_sound_pipeline_has_no_problem_and_a_failed_run_is_explained() {
    let ground = Ground::new(&few());
    ground.export(&["-a", "app:1"], 0);
    let lines = diagnose(
        &ground,
        &["-r", "registry1", "-p", "pipe1", "-a", "app:1"],
        0,
    );
    assert_eq!(lines.last().unwrap()["status"], "no_problem");
    ground.change(|behaviour| {
        behaviour.fail_runs = Some("RESPONSE 403 AuthorizationFailure".to_owned());
    });
    ground.export_to("other.tar", "other.json", &["-a", "app:2"], 8);
    let run = ground.runs("registry1");
    let receipt = ground.path("other.json");
    let receipt: Value = serde_json::from_slice(&fs_err::read(receipt).unwrap()).unwrap();
    let name = receipt["runs"][0]["run"].as_str().unwrap();
    assert!(run.iter().any(|known| known == name));
    let lines = diagnose(&ground, &["-r", "registry1", "-n", name], 3);
    let outcome = of_type(&lines, "check")
        .into_iter()
        .find(|check| check["check"] == "run-outcome");
    assert!(
        outcome.unwrap()["todo"].to_string().contains("firewall"),
        "{outcome:?}"
    );
    let table = ground.run(&["diagnose", "-r", "registry1", "-n", name], 3);
    assert!(table.stdout_text().contains("run-outcome"));
}

#[test]
fn what_keeps_a_trigger_from_firing_is_named() {
    let ground = Ground::new(&few());
    ground.export(&["-a", "app:1"], 0);
    ground.carry("week.tar", |_, about| {
        about.metadata.clear();
        about.headers.content_md5 = None;
    });
    let words = [
        "-r",
        "registry2",
        "-p",
        "pipe2",
        "-b",
        "week.tar",
        "--sas-file",
        "target.sas",
    ];
    let found = diagnose(&ground, &words, 3);
    let found = problems(&found);
    for check in ["trigger-enabled", "trigger-category"] {
        assert!(found.contains(&check), "{found:?}");
    }
}
