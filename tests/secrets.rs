//! The signature of a SAS appears nowhere: a run of the whole binary with marked SAS through success and every kind of
//! failure, looking into stdout, stderr, the journal, the partial files and the log at trace level. (`/proc/PID/cmdline`
//! is the caller's: who puts a SAS into argv has published it; the environment and files are there for that.)

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use blobferry_harness::{DESTINATION, Finished, SOURCE, Sas, Scene, Terms, sha256_hex};

const BLOBFERRY: &str = env!("CARGO_BIN_EXE_blobferry");
const MIB: usize = 1 << 20;

/// Everything below `folder`, whatever it is.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

struct Case<'a> {
    scene: &'a Scene,
    secrets: Vec<Sas>,
}

impl Case<'_> {
    fn check(&self, finished: &Finished) {
        for sas in &self.secrets {
            assert_eq!(
                sas.found_in(&finished.stdout),
                None,
                "in stdout of {}",
                finished.command
            );
            assert_eq!(
                sas.found_in(&finished.stderr),
                None,
                "in stderr of {}",
                finished.command
            );
            for file in files(self.scene.folder()) {
                let bytes = fs_err::read(&file).unwrap();
                assert_eq!(sas.found_in(&bytes), None, "in {}", file.display());
            }
        }
    }

    fn run(&self, words: &[&str], code: i32) {
        for form in ["text", "json"] {
            let traced = [words, &["--output", form, "--log-level", "trace"]].concat();
            self.check(&self.scene.run(&traced).run().unwrap().expect_code(code));
            let logged = [
                words,
                &[
                    "--output",
                    form,
                    "--log-level",
                    "trace",
                    "--log-file",
                    "log",
                ],
            ]
            .concat();
            self.check(&self.scene.run(&logged).run().unwrap().expect_code(code));
        }
    }
}

/// A stage with a blob, marked SAS for both ends, and the URLs with them.
fn marked(scene: &Scene) -> (Case<'_>, String, String) {
    let (source_sas, from) = scene.with_sas(SOURCE, &scene.from, "run.tar", "r");
    let (destination_sas, to) = scene.with_sas(DESTINATION, &scene.to, "out.tar", "rcw");
    let secrets = vec![source_sas, destination_sas];
    (Case { scene, secrets }, from, to)
}

#[test]
fn no_signature_anywhere_whatever_happens() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", 2 * MIB);
    let right = format!("sha256:{}", sha256_hex(&bytes));
    let wrong = format!("sha256:{}", sha256_hex(b"typo"));
    let (case, from, to) = marked(&scene);
    let proven = ["copy", &from, &to, "--expect-digest", &right];
    case.run(&proven, 0);
    let relay = ["--via", "relay", "--restart"];
    case.run(&[&proven[..], &relay[..]].concat(), 0);
    case.run(&["copy", &from, "file.tar", "--expect-digest", &right], 0);
    case.run(&["copy", "file.tar", &to, "--dry-run"], 0);
    case.run(&["verify", &from, "--expect-digest", &right], 0);
    case.run(&["sas", "inspect", &from], 0);
    case.run(&["copy", &from, &to, "--expect-digest", &wrong], 3);
    case.run(&["verify", &from, "--expect-digest", &wrong], 3);
    case.run(&["copy", &from, &to, "--overwrite", "false"], 1);
    let absent = from.replace("run.tar", "absent.tar");
    case.run(&["copy", &absent, &to, "--max-retries", "0"], 1);
    let nobody = from.replace(scene.azurite.endpoint(), "http://127.0.0.1:1");
    case.run(&["copy", &nobody, "x.tar", "--max-retries", "0"], 1);
}

#[test]
fn no_signature_of_a_sas_that_is_refused() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let _ = scene.export("run.tar", 1000);
    let (mut case, from, to) = marked(&scene);
    let azurite = scene.azurite;
    let account = azurite.account(SOURCE).unwrap();
    let on_source = |terms: Terms| terms.service(account, &scene.from, None).unwrap();
    let expired = on_source(Terms::new("r").expires_in(-60));
    let early = on_source(Terms::new("r").starts_in(3600).expires_in(7200));
    let listing = on_source(Terms::new("l"));
    let other = azurite.account(DESTINATION).unwrap();
    let other_key = Terms::new("r").service(other, &scene.from, None).unwrap();
    let at = |sas: &Sas| sas.on(&azurite.blob_url(SOURCE, &scene.from, "run.tar"));
    let read_only = azurite.sas(DESTINATION, &scene.to, None, "r").unwrap();
    let no_write = read_only.on(&azurite.blob_url(DESTINATION, &scene.to, "out.tar"));
    let refused = [expired, early, listing, other_key];
    case.secrets
        .extend(refused.iter().cloned().chain([read_only]));
    for sas in &refused {
        case.run(&["copy", &at(sas), &to, "--max-retries", "0"], 5);
    }
    case.run(&["copy", &from, &no_write], 5);
    case.run(&["sas", "inspect", &at(&refused[0])], 5);
}

#[test]
fn no_signature_in_what_the_command_line_refuses() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let (case, from, to) = marked(&scene);
    case.run(&["copy", &from, &to, "--expect-digest", &from], 2);
    case.run(&["copy", &from, &to, "--overwrite", &to], 2);
    case.run(&["copy", &from, &to, "--memory", &to], 2);
    case.run(&["copy", &from, &to, &from], 2);
    case.run(&["copy", &format!("--sas={from}"), &from, &to], 2);
    case.run(&["copy", &format!("{from}#fragment"), &to], 2);
    case.run(&["copy", &from.replace("run.tar", ""), &to], 2);
    case.run(&["copy", &from.replace("127.0.0.1", "203.0.113.9"), &to], 2);
}

#[test]
fn an_interrupted_copy_leaves_no_signature_behind() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let _ = scene.export("run.tar", 16 * MIB);
    let (source_sas, from) = scene.with_sas(SOURCE, &scene.from, "run.tar", "r");
    let (destination_sas, to) = scene.with_sas(DESTINATION, &scene.to, "out.tar", "rcw");
    let words = [
        "copy",
        &from,
        &to,
        "--via",
        "relay",
        "--block-size-mb",
        "1",
        "--cap-mbps",
        "42",
        "--log-level",
        "trace",
    ];
    let mut running = scene.run(&words).spawn().unwrap();
    running
        .wait_until("blocks", |_| scene.staged("out.tar") >= 2)
        .unwrap();
    running.interrupt().unwrap();
    let stopped = running.wait().unwrap().expect_code(130);
    assert!(
        !files(&scene.journals()).is_empty(),
        "there is a journal to look into"
    );
    Case {
        scene: &scene,
        secrets: vec![source_sas, destination_sas],
    }
    .check(&stopped);
}

#[test]
fn credentials_come_from_files_and_the_environment_too() {
    let Some(scene) = Scene::set(BLOBFERRY) else {
        return;
    };
    let bytes = scene.export("run.tar", 1000);
    let source_sas = scene.azurite.sas(SOURCE, &scene.from, None, "r").unwrap();
    let destination_sas = scene
        .azurite
        .sas(DESTINATION, &scene.to, None, "rcw")
        .unwrap();
    let from = scene.azurite.blob_url(SOURCE, &scene.from, "run.tar");
    let to = scene.azurite.blob_url(DESTINATION, &scene.to, "run.tar");
    let by_environment = scene
        .run(&["copy", &from, &to])
        .env("BLOBFERRY_SOURCE_SAS", source_sas.query())
        .env(
            "BLOBFERRY_DESTINATION_SAS",
            format!("?{}", destination_sas.query()),
        );
    let done = by_environment.run().unwrap().expect_code(0);
    assert_eq!(scene.arrived("run.tar").unwrap(), bytes);
    Case {
        scene: &scene,
        secrets: vec![source_sas, destination_sas],
    }
    .check(&done);
    let without = scene
        .run(&["copy", &from, &to])
        .run()
        .unwrap()
        .expect_code(5);
    assert!(
        without.stderr_text().contains("BLOBFERRY_DESTINATION_SAS"),
        "{}",
        without.stderr_text()
    );
}
