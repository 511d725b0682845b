//! Pipelines in a lab's cloud, from their making to their end, and what the resource manager refuses.

use blobferry_lab::cloud::{Behaviour, PutAnswer};
use insta::{Settings, assert_snapshot};

use crate::desk::{last_line, line_of};
use crate::site::{CLIENT_SECRET, Site};

/// Snapshots beside the others, with what the service makes up replaced.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.add_filter(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[guid]");
    settings.add_filter(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[time]");
    settings.add_filter(r"  00:00:\d\d  ", "  [length]  ");
    settings.add_filter(r"took( +)[\d.]+ s", "took$1[length]");
    settings.add_filter(r"sha256:[0-9a-f]{64}", "[digest]");
    settings
}

#[test]
fn pipelines_live_whatever_way_the_service_answers() {
    for (put, delete) in [
        (PutAnswer::Done, 200),
        (PutAnswer::Created, 202),
        (PutAnswer::Ended, 204),
    ] {
        let site = Site::new(Behaviour {
            put,
            delete,
            ..Behaviour::default()
        });
        for group in ["export-pipeline", "import-pipeline"] {
            let container = site.container("source");
            let words = [
                group,
                "create",
                "-n",
                "pipe1",
                "-m",
                "ManagedIdentity",
                "-c",
                &container,
            ];
            let made = site.run(&[&words[..], &["-o", "json"]].concat(), 0);
            let pipeline = line_of(&made, "pipeline");
            assert_eq!(pipeline["provisioning_state"], "Succeeded");
            assert_eq!(pipeline["container"], container);
            assert!(pipeline["principal_id"].is_string(), "{pipeline}");
            assert_eq!(last_line(&made)["status"], "created");
            let listed = site.run(&[group, "list", "-o", "json"], 0);
            assert_eq!(last_line(&listed)["count"], 1);
            assert_eq!(line_of(&listed, "pipeline")["name"], "pipe1");
            let shown = site.run(&[group, "show", "-n", "PIPE1", "-o", "json"], 0);
            assert_eq!(line_of(&shown, "pipeline")["name"], "pipe1");
            let gone = site.run(&[group, "delete", "-n", "pipe1", "-y"], 0);
            assert!(gone.stdout_text().starts_with("deleted  "), "{gone:?}");
            drop(site.run(&[group, "show", "-n", "pipe1"], 1));
            drop(site.run(&[group, "delete", "-n", "pipe1"], 1));
        }
    }
}

#[test]
fn a_new_pipeline_is_told_with_what_its_identity_needs() {
    let site = Site::new(Behaviour::default());
    let container = site.container("source");
    let secret = "https://vault1.vault.localhost/secrets/exportSas";
    let mut all = String::new();
    for words in [
        &[
            "export-pipeline",
            "create",
            "-n",
            "pipe1",
            "-c",
            &container,
            "-s",
            secret,
            "-z",
            "OverwriteBlobs",
        ][..],
        &[
            "import-pipeline",
            "create",
            "-n",
            "pipe2",
            "-c",
            &container,
            "-s",
            secret,
            "-e",
            "false",
        ],
        &["export-pipeline", "show", "-n", "pipe1", "-o", "table"],
        &["export-pipeline", "list"],
        &["import-pipeline", "list"],
        &["import-pipeline", "list", "-r", "registry2"],
    ] {
        let finished = site.run(words, 0);
        all.push_str(&crate::desk::told(words, &finished));
    }
    settings().bind(|| assert_snapshot!(site.steady(&all)));
}

#[test]
fn what_is_not_there_is_named_with_the_command_that_lists_what_there_is() {
    let site = Site::new(Behaviour::default());
    let mut all = String::new();
    for words in [
        &["export-pipeline", "show", "-n", "pipe1"][..],
        &["export-pipeline", "list", "-r", "registry9"],
        &["export-pipeline", "show", "-n", "pipe1", "-r", "registry9"],
        &["pipeline-run", "list", "-g", "group9"],
        &["pipeline-run", "list", "--subscription", "elsewhere"],
        &[
            "pipeline-run",
            "create",
            "-n",
            "run11",
            "-p",
            "pipe9",
            "-t",
            "import",
            "-b",
            "a",
        ],
        &["pipeline-run", "wait", "-n", "run_9"],
    ] {
        let finished = site.run(words, 1);
        all.push_str(&crate::desk::told(words, &finished));
    }
    settings().bind(|| assert_snapshot!(site.steady(&all)));
}

#[test]
fn a_wrong_client_secret_is_exit_5_and_not_repeated() {
    let site = Site::new(Behaviour::default());
    for form in ["text", "json"] {
        let wrong = "another~secret~than~that";
        let finished = site
            .command(&["pipeline-run", "list", "-o", form])
            .env("AZURE_CLIENT_SECRET", wrong)
            .run()
            .unwrap()
            .expect_code(5);
        let said = finished.stdout_text() + &finished.stderr_text();
        assert!(said.contains("client secret"), "{said}");
        assert!(
            !said.contains(wrong) && !said.contains(CLIENT_SECRET),
            "{said}"
        );
    }
}

#[test]
fn a_throttled_request_is_asked_again_and_verbose_says_so_without_a_token() {
    let site = Site::new(Behaviour {
        throttle: 2,
        ..Behaviour::default()
    });
    let finished = site.run(&["export-pipeline", "list", "--verbose"], 0);
    let said = finished.stderr_text();
    assert_eq!(said.matches("status=429").count(), 2, "{said}");
    assert!(
        said.contains(" id=\"") && said.contains("/exportPipelines"),
        "{said}"
    );
    assert!(!said.contains("eyJ") && !said.contains("Bearer"), "{said}");
}

#[test]
fn a_machines_own_identity_logs_in_without_any_secret() {
    let site = Site::new(Behaviour::default());
    let endpoint = site.lab.cloud().unwrap().identity_endpoint().to_owned();
    let finished = site
        .command(&[
            "export-pipeline",
            "list",
            "--login",
            "managed",
            "-o",
            "json",
        ])
        .env("AZURE_POD_IDENTITY_AUTHORITY_HOST", endpoint)
        .env_remove("AZURE_CLIENT_ID")
        .env_remove("AZURE_CLIENT_SECRET")
        .run()
        .unwrap()
        .expect_code(0);
    assert_eq!(last_line(&finished)["count"], 0);
}
