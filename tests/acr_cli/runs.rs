//! Runs in a lab's cloud: those that do well, those that fail behind HTTP 200, and the waiting for both.

use blobferry_harness::Running;
use blobferry_lab::cloud::{Behaviour, PutAnswer};
use insta::assert_snapshot;
use serde_json::json;

use crate::desk::{last_line, line_of, told};
use crate::pipelines::settings;
use crate::site::Site;

/// Long enough that no test waits for it.
const FOR_EVER: u64 = 600_000;

fn site(behaviour: Behaviour) -> Site {
    let site = Site::new(Behaviour {
        page: 2,
        ..behaviour
    });
    site.export_pipeline("pipe1");
    site
}

#[test]
fn a_run_that_failed_is_exit_8_although_http_said_200() {
    let message = "ExportPipeline '{pipeline}', Run '{run}': Failed to access storage. Service request failed.\nStatus: 403 \
                   (This request is not authorized to perform this operation.)\nErrorCode: AuthorizationFailure\nUrl: \
                   https://a.b/c?sig=VerySecret";
    let site = site(Behaviour {
        put: PutAnswer::Ended,
        fail_runs: Some(message.to_owned()),
        ..Behaviour::default()
    });
    let failed = site.begin("run11", &[], 8);
    let json = site.begin("run12", &["-o", "json", "--wait"], 8);
    assert_eq!(line_of(&json, "run")["state"], "failed");
    let error = last_line(&json);
    assert_eq!(
        (&error["type"], &error["exit"]),
        (&"error".into(), &8.into())
    );
    let waited = site.run(&["pipeline-run", "wait", "-n", "run11"], 8);
    let shown = site.run(&["pipeline-run", "show", "-n", "run11"], 0);
    let listed = site.run(&["pipeline-run", "list"], 0);
    for finished in [&failed, &json, &waited, &shown, &listed] {
        let said = finished.stdout_text() + &finished.stderr_text();
        assert!(!said.contains("VerySecret"), "{said}");
    }
    let all =
        told(&["pipeline-run", "create"], &failed) + &told(&["pipeline-run", "list"], &listed);
    settings().bind(|| assert_snapshot!(site.steady(&all)));
}

#[test]
fn a_run_that_is_waited_for_ends_well_and_is_not_run_twice_unless_forced() {
    let site = site(Behaviour::default());
    let first = site.begin("run11", &["--wait"], 0);
    let again = site.begin("run11", &["--wait"], 0);
    assert!(
        again.stderr_text().contains("--force-redeploy"),
        "{again:?}"
    );
    // The blob is there, and the pipeline has no OverwriteBlobs: run again, it fails.
    let forced = site.begin("run11", &["--wait", "-f"], 8);
    let said = forced.stderr_text();
    assert!(
        said.contains("OverwriteBlobs") && !said.contains("--force-redeploy"),
        "{said}"
    );
    settings().bind(|| assert_snapshot!(site.steady(&first.stdout_text())));
}

#[test]
fn without_wait_the_command_that_waits_is_told_and_works() {
    let site = site(Behaviour {
        run_milliseconds: 1_000,
        ..Behaviour::default()
    });
    let begun = site.begin("run11", &[], 0);
    let text = begun.stdout_text();
    let line = text
        .lines()
        .find(|line| line.starts_with("wait with"))
        .unwrap();
    let words: Vec<&str> = line.split_whitespace().skip(3).collect();
    let ended = site.run(&words, 0);
    assert!(ended.stdout_text().contains("Succeeded"), "{ended:?}");
    settings().bind(|| assert_snapshot!(site.steady(&text)));
}

#[test]
fn an_interrupt_ends_the_waiting_and_not_the_run() {
    let site = site(Behaviour {
        run_milliseconds: FOR_EVER,
        ..Behaviour::default()
    });
    drop(site.begin("run11", &[], 0));
    for form in ["text", "json"] {
        let words = ["pipeline-run", "wait", "-n", "run11", "-o", form];
        let mut waiting = site.command(&words).spawn().unwrap();
        waiting
            .wait_until("progress", |so_far| {
                let said = [so_far.stdout_so_far(), so_far.stderr_so_far()].concat();
                String::from_utf8_lossy(&said).contains("Running")
            })
            .unwrap();
        waiting.interrupt().unwrap();
        let finished = waiting.wait().unwrap().expect_code(130);
        let said = finished.stdout_text() + &finished.stderr_text();
        assert!(said.contains("the run run11 goes on"), "{said}");
        assert!(
            said.contains("acr-transfer pipeline-run wait --subscription "),
            "{said}"
        );
    }
    let shown = site.run(&["pipeline-run", "show", "-n", "run11", "-o", "json"], 0);
    assert_eq!(line_of(&shown, "run")["state"], "running");
}

#[test]
fn the_same_command_meets_the_run_that_goes_on_and_another_is_refused() {
    let site = site(Behaviour {
        run_milliseconds: 1_500,
        ..Behaviour::default()
    });
    drop(site.begin("run11", &[], 0));
    let other = site.begin("run11", &["other:1"], 1);
    assert!(other.stderr_text().contains("something else"), "{other:?}");
    // `-f`, too: two runs at a time would write the same blob.
    let again = site.begin("run11", &["--wait", "-f"], 0);
    assert!(again.stderr_text().contains("running already"), "{again:?}");
    assert!(again.stdout_text().contains("Succeeded"), "{again:?}");
}

#[test]
fn of_a_run_that_nobody_saw_it_is_not_said_that_it_goes_on() {
    let site = Site::new(Behaviour::default());
    let token = site.desk.write("token", "not.a.token");
    // Its certificate is not trusted here: it is asked once, and not at all.
    let endpoint = site.lab.cloud().unwrap().endpoint();
    let metadata = json!({
        "resourceManager": endpoint,
        "authentication": { "loginEndpoint": endpoint, "audiences": ["a"] },
    });
    let cloud = site.desk.write("cloud.json", &metadata.to_string());
    let words =
        "pipeline-run wait -n run11 -g g1 -r registry1 --subscription s1 --login token --cloud";
    let words: Vec<&str> = words.split(' ').chain([cloud.as_str()]).collect();
    let asked = site.desk.command(&words);
    let asked = asked.env("ACR_TRANSFER_TOKEN_FILE", token);
    let said = asked.run().unwrap().expect_code(1).stderr_text();
    assert!(
        said.contains("--ca-file") && !said.contains("goes on"),
        "{said}"
    );
}

#[test]
fn patience_that_ends_is_exit_4_and_says_how_to_go_on() {
    let site = site(Behaviour {
        run_milliseconds: FOR_EVER,
        ..Behaviour::default()
    });
    let finished = site.begin("run11", &["--wait", "--timeout", "1s", "-o", "json"], 4);
    let error = last_line(&finished);
    assert_eq!(error["exit"], 4);
    assert!(
        error["hints"].to_string().contains("pipeline-run wait"),
        "{error}"
    );
}

#[test]
fn a_token_that_expires_and_a_service_that_throttles_do_not_end_the_waiting() {
    let site = site(Behaviour {
        run_milliseconds: FOR_EVER,
        ..Behaviour::default()
    });
    drop(site.begin("run11", &[], 0));
    let words = ["pipeline-run", "wait", "-n", "run11", "--verbose"];
    let mut waiting = site.command(&words).spawn().unwrap();
    let said = |so_far: &Running| String::from_utf8_lossy(&so_far.stderr_so_far()).into_owned();
    let running = |so_far: &Running| said(so_far).contains("run11: Running");
    waiting.wait_until("progress", running).unwrap();
    site.lab.clock().advance(24 * 3600);
    site.change(|behaviour| behaviour.throttle = 2);
    let goes_on = |so_far: &Running| {
        let said = said(so_far);
        let (_, after) = said.rsplit_once("status=429").unwrap_or_default();
        said.contains("status=401") && after.contains("status=200")
    };
    waiting.wait_until("going on", goes_on).unwrap();
    waiting.interrupt().unwrap();
    drop(waiting.wait().unwrap().expect_code(130));
}

#[test]
fn clean_deletes_the_failed_runs_and_no_others() {
    let site = site(Behaviour {
        put: PutAnswer::Ended,
        ..Behaviour::default()
    });
    drop(site.begin("good1", &[], 0));
    site.change(|behaviour| behaviour.fail_runs = Some("no".to_owned()));
    for name in ["failed1", "failed2", "failed3"] {
        drop(site.begin(name, &[], 8));
    }
    let planned = site.run(&["pipeline-run", "clean", "--dry-run", "-o", "json"], 0);
    assert_eq!(last_line(&planned)["count"], 3);
    assert!(
        site.run(&["pipeline-run", "clean", "--dry-run"], 0)
            .stdout_text()
            .contains("failed2")
    );
    // A list comes in pages of two.
    let listed = site.run(&["pipeline-run", "list", "-o", "json"], 0);
    assert_eq!(last_line(&listed)["count"], 4);
    let last = site.run(&["pipeline-run", "list", "-o", "json", "--top", "1"], 0);
    let all: Vec<_> = listed.json_lines().unwrap();
    assert_eq!(line_of(&last, "run")["name"], all[3]["name"]);
    let cleaned = site.run(&["pipeline-run", "clean"], 0).stdout_text();
    let mut lines: Vec<&str> = cleaned.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["deleted  failed1", "deleted  failed2", "deleted  failed3"]
    );
    assert_eq!(
        last_line(&site.run(&["pipeline-run", "list", "-o", "json"], 0))["count"],
        1
    );
    let nothing = site.run(&["pipeline-run", "clean"], 0);
    assert!(
        nothing.stderr_text().contains("no failed run"),
        "{nothing:?}"
    );
}

#[test]
fn a_run_that_a_trigger_began_is_shown_listed_and_deleted_by_its_own_name() {
    let site = site(Behaviour::default());
    let container = site.container("source");
    let words = [
        "import-pipeline",
        "create",
        "-n",
        "pipe2",
        "-m",
        "ManagedIdentity",
        "-c",
        &container,
        "-r",
        "registry2",
    ];
    drop(site.run(&words, 0));
    drop(site.begin("run11", &["--wait"], 0));
    let list = ["pipeline-run", "list", "-r", "registry2", "-o", "json"];
    let name = loop {
        let listed = site.run(&list, 0);
        let lines = listed.json_lines().unwrap();
        if lines[0]["type"] == "run" {
            assert_eq!(lines[0]["source_trigger"], true);
            break lines[0]["name"].as_str().unwrap().to_owned();
        }
    };
    assert!(name.contains('_'), "{name}");
    let waited = site.run(&["pipeline-run", "wait", "-r", "registry2", "-n", &name], 0);
    assert!(waited.stdout_text().contains("imported"), "{waited:?}");
    let table = site
        .run(&["pipeline-run", "list", "-r", "registry2"], 0)
        .stdout_text();
    settings().bind(|| assert_snapshot!(site.steady(&table).replace(&name, "[run]")));
    drop(site.run(
        &[
            "pipeline-run",
            "delete",
            "-r",
            "registry2",
            "-n",
            &name,
            "--yes",
        ],
        0,
    ));
}

#[test]
fn a_secret_that_is_not_there_fails_the_run_with_a_hint() {
    let site = Site::new(Behaviour::default());
    let secret = format!("{}/secrets/nothing", site.lab.cloud().unwrap().endpoint());
    let container = site.container("source");
    let words = [
        "export-pipeline",
        "create",
        "-n",
        "pipe1",
        "-c",
        &container,
        "-s",
        &secret,
    ];
    drop(site.run(&words, 0));
    let failed = site.begin("run11", &["--wait"], 8);
    assert!(failed.stderr_text().contains("Caused by:"), "{failed:?}");
}
