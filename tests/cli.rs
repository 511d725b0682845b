//! The command line as a user meets it, without any service: help, usage errors, local copies, SAS
//! texts, exit status. What needs a service stands in `crossing.rs` and `resume.rs`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use blobferry_harness::{Account, Finished, Run, Sas, Terms, md5_base64, sha256_hex};
use insta::{assert_snapshot, with_settings};
use serde_json::Value;
use tempfile::TempDir;

const BLOBFERRY: &str = env!("CARGO_BIN_EXE_blobferry");
/// Nobody listens there: whatever reaches it was not refused before.
const NOBODY: &str = "http://127.0.0.1:1/account/container/blob";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        fs_err::write(self.path(name), bytes).unwrap();
        format!("sha256:{}", sha256_hex(bytes))
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs_err::read(self.path(name)).unwrap()
    }

    fn command(&self, words: &[&str]) -> Run {
        let folder = fs_err::canonicalize(self.0.path()).unwrap();
        Run::new(BLOBFERRY)
            .args(words)
            .env("HOME", &folder)
            .env("XDG_STATE_HOME", folder.join("state"))
            .env_remove("COLUMNS")
            .folder(folder)
    }

    fn run(&self, words: &[&str], code: i32) -> Finished {
        ended(self.command(words), code)
    }

    /// What changes from run to run, replaced.
    fn steady(&self, text: &str) -> String {
        let folder = fs_err::canonicalize(self.0.path()).unwrap();
        text.replace(&folder.display().to_string(), "[folder]")
    }
}

fn ended(command: Run, code: i32) -> Finished {
    command.run().unwrap().expect_code(code)
}

fn account() -> Account {
    Account {
        name: "account".to_owned(),
        key: "a2V5IG9mIG5vYm9keQ==".to_owned(),
    }
}

fn sas(terms: &Terms) -> Sas {
    terms.service(&account(), "container", None).unwrap()
}

fn last_line(finished: &Finished) -> Value {
    finished.json_lines().unwrap().pop().unwrap()
}

#[test]
fn help_of_every_command_ends_with_the_exit_status() {
    let place = Place::new();
    for words in [
        &["--help"][..],
        &["copy", "--help"],
        &["verify", "--help"],
        &["touch", "--help"],
        &["sas", "--help"],
        &["sas", "inspect", "--help"],
    ] {
        let help = place.run(words, 0).stdout_text();
        assert!(
            help.trim_end()
                .ends_with("run the same command again to resume"),
            "{help}"
        );
        assert_snapshot!(words.join("_").replace("_--", "_").replace("--", ""), help);
    }
}

#[test]
fn usage_errors_say_what_is_wanted_and_end_in_2() {
    let place = Place::new();
    place.write("in", b"abc");
    let cases: [&[&str]; 14] = [
        &["copy", "in"],
        &["copy", "in", "in"],
        &["copy", "in", "./in"],
        &["copy", "-", "-"],
        &["copy", "-", "./"],
        &["copy", "in", "out", "--memory", "64MB"],
        &["copy", "in", "out", "--block-size-mb", "0"],
        &["copy", "in", "out", "--stall-timeout", "soon"],
        &["copy", "in", "out", "--metadata", "1=2"],
        &["copy", "in", "out", "--expect-digest", "sha1:00"],
        &[
            "copy",
            "in",
            "out",
            "--expect-digest",
            "md5:900150983cd24fb0d6963f7d28e17f72",
            "--digest",
            "none",
        ],
        &["copy", "in", "out", "--overwrite", "prompt"],
        &["copy", "in", "out", "--source-sas-file", "sas"],
        &["copy", "s3://bucket/key", "out"],
    ];
    let mut all = String::new();
    for words in cases {
        let finished = place.run(words, 2);
        assert!(finished.stdout.is_empty(), "{}", finished.stdout_text());
        all.extend([
            "$ blobferry ",
            &words.join(" "),
            "\n",
            &finished.stderr_text(),
            "\n",
        ]);
    }
    assert!(!place.path("out").exists());
    assert_snapshot!(place.steady(&all));
}

#[test]
fn usage_errors_in_json_are_one_line() {
    let place = Place::new();
    for words in [
        &["copy", "--output", "json"][..],
        &["copy", "in", "in", "--output=json"],
    ] {
        let finished = place.run(words, 2);
        let lines = finished.json_lines().unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["type"], "error");
        assert_eq!(lines[0]["exit"], 2);
        assert!(finished.stderr.is_empty(), "{}", finished.stderr_text());
    }
}

#[test]
fn a_url_or_sas_in_the_wrong_place_is_refused_without_its_signature() {
    let place = Place::new();
    place.write("in", b"abc");
    let sas = sas(&Terms::new("rcw"));
    let url = sas.on("https://account.blob.core.windows.net/container/blob");
    let cases: [(&[&str], i32); 14] = [
        (&["copy", "in", "out", &url], 2),
        (&["copy", "in", &format!("--{url}")], 2),
        (&["copy", "in", "out", "--memory", &url], 2),
        (&["copy", "in", "out", "--overwrite", &url], 2),
        (&["copy", "in", "out", "--expect-digest", &url], 2),
        (&["copy", "in", "out", "--metadata", &url], 2),
        (&["copy", "in", "out", "--x-ms-version", &url], 2),
        (&["copy", "in", sas.query()], 2),
        (&["copy", &url.replace("https:", "http:"), "out"], 2),
        (&["copy", &url.replace("https:", "ftp:"), "out"], 2),
        (&["copy", &url.replace("/blob?", "?"), "out"], 2),
        (&["copy", &format!("{url}&sig=again"), "out"], 5),
        (&["copy", &url.replace("&sig=", "&sig=%zz"), "out"], 5),
        (&[&url], 2),
    ];
    for (words, code) in cases {
        for form in ["text", "json"] {
            let finished = place.run(&[words, &["--output", form]].concat(), code);
            for output in [&finished.stdout, &finished.stderr] {
                assert_eq!(sas.found_in(output), None, "{words:?}");
            }
        }
    }
    assert!(!place.path("out").exists());
}

#[test]
fn a_sas_that_cannot_work_is_refused_before_any_connection() {
    let place = Place::new();
    place.write("in", b"abc");
    let hour = |terms: Terms| sas(&terms).on(NOBODY);
    let cases = [
        (
            "expired",
            hour(Terms::new("r").expires_in(-3600)),
            "expired at",
        ),
        (
            "early",
            hour(Terms::new("r").starts_in(3600).expires_in(7200)),
            "is not valid before",
        ),
        ("list only", hour(Terms::new("l")), "lacks permission r"),
        (
            "https only",
            hour(Terms::new("r").protocol(Some("https"))),
            "allows https only",
        ),
        (
            "cut at &",
            format!("{NOBODY}?sv=2021-12-02"),
            "has no signature",
        ),
    ];
    for (name, url, reason) in cases {
        let finished = place.run(&["copy", &url, "out"], 5);
        let text = finished.stderr_text();
        assert!(
            text.contains(reason) && text.contains("\nhint: "),
            "{name}: {text}"
        );
        let json = place.run(&["verify", &url, "--output", "json"], 5);
        let error = last_line(&json);
        assert_eq!(
            (&error["type"], &error["exit"]),
            (&"error".into(), &5.into()),
            "{name}"
        );
    }
    let read_only = hour(Terms::new("r"));
    let refused = place.run(&["copy", "in", &read_only], 5).stderr_text();
    assert!(refused.contains("lacks permission w"), "{refused}");
    let none = place.run(&["copy", "in", NOBODY], 5).stderr_text();
    assert!(none.contains("BLOBFERRY_DESTINATION_SAS"), "{none}");
}

#[test]
fn a_sas_comes_from_the_url_a_file_or_the_environment() {
    let place = Place::new();
    let expired = sas(&Terms::new("r").expires_in(-3600));
    fs_err::write(place.path("sas"), format!("?{}\n", expired.query())).unwrap();
    for query in [expired.query().to_owned(), format!("?{}", expired.query())] {
        let command = place
            .command(&["copy", NOBODY, "out"])
            .env("BLOBFERRY_SOURCE_SAS", query);
        let text = ended(command, 5).stderr_text();
        assert!(text.contains("expired at"), "{text}");
    }
    let text = place
        .run(&["verify", NOBODY, "--source-sas-file", "sas"], 5)
        .stderr_text();
    assert!(text.contains("expired at"), "{text}");
    let twice = place
        .run(
            &[
                "copy",
                &expired.on(NOBODY),
                "out",
                "--source-sas-file",
                "sas",
            ],
            2,
        )
        .stderr_text();
    assert!(twice.contains("--source-sas-file names another"), "{twice}");
    let absent = place
        .run(&["copy", NOBODY, "out", "--source-sas-file", "absent"], 5)
        .stderr_text();
    assert!(
        absent.contains("cannot read the SAS file absent"),
        "{absent}"
    );
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let place = Place::new();
    let url = sas(&Terms::new("r")).on("http://account.blob.core.windows.net/container/blob");
    let text = place.run(&["copy", &url, "out"], 2).stderr_text();
    assert!(
        text.contains("in the clear") && text.contains("--allow-http"),
        "{text}"
    );
}

#[test]
fn a_file_is_copied_and_proven() {
    let place = Place::new();
    let digest = place.write("in", b"what is carried");
    let finished = place.run(&["copy", "in", "out", "--expect-digest", &digest], 0);
    assert_eq!(place.read("out"), b"what is carried");
    assert!(finished.stderr.is_empty(), "{}", finished.stderr_text());
    with_settings!({ filters => vec![(r"time .*", "time   [time]")] }, {
        assert_snapshot!(place.steady(&finished.stdout_text()));
    });
}

#[test]
fn a_wrong_digest_leaves_the_destination_alone() {
    let place = Place::new();
    place.write("in", b"what is carried");
    place.write("out", b"an earlier one");
    let wrong = format!("sha256:{}", sha256_hex(b"typo"));
    let finished = place.run(&["copy", "in", "out", "--expect-digest", &wrong], 3);
    assert_eq!(place.read("out"), b"an earlier one");
    assert!(finished.stdout.is_empty());
    assert_snapshot!(place.steady(&finished.stderr_text()));
    let json = place.run(
        &[
            "copy",
            "in",
            "out",
            "--expect-digest",
            &wrong,
            "--output",
            "json",
        ],
        3,
    );
    let error = last_line(&json);
    assert_eq!(
        (&error["type"], &error["exit"]),
        (&"error".into(), &3.into())
    );
    assert!(json.stderr.is_empty(), "{}", json.stderr_text());
    let md5 = place.run(
        &[
            "verify",
            "in",
            "--expect-digest",
            "md5:900150983cd24fb0d6963f7d28e17f72",
        ],
        3,
    );
    assert!(
        md5.stderr_text().contains("MD5 mismatch"),
        "{}",
        md5.stderr_text()
    );
}

#[test]
fn standard_output_carries_nothing_but_the_blob() {
    let place = Place::new();
    place.write("in", b"what is carried");
    for form in ["text", "json"] {
        let finished = place.run(&["copy", "in", "-", "--output", form], 0);
        assert_eq!(finished.stdout, b"what is carried");
        assert!(
            finished.stderr_text().contains("copied"),
            "{}",
            finished.stderr_text()
        );
    }
    let wrong = format!("sha256:{}", sha256_hex(b"typo"));
    let refused = place
        .run(&["copy", "in", "-", "--expect-digest", &wrong], 3)
        .stderr_text();
    assert!(
        refused.contains("discard what was made of them"),
        "{refused}"
    );
}

#[test]
fn standard_input_and_directories_are_ends_too() {
    let place = Place::new();
    let digest = place.write("in", b"what is carried");
    let piped = place
        .command(&["copy", "-", "piped", "--expect-digest", &digest])
        .stdin(&b"what is carried"[..]);
    ended(piped, 0);
    assert_eq!(place.read("piped"), b"what is carried");
    let verified = place
        .command(&["verify", "-", "--expect-digest", &digest])
        .stdin(&b"what is carried"[..]);
    let text = ended(verified, 0).stdout_text();
    assert!(
        text.starts_with("verified") && text.contains("the bytes are what was expected"),
        "{text}"
    );
    fs_err::create_dir(place.path("folder")).unwrap();
    place.run(&["copy", "in", "folder"], 0);
    assert_eq!(place.read("folder/in"), b"what is carried");
    let missing = place.run(&["copy", "in", "absent/"], 1).stderr_text();
    assert!(missing.contains("there is no directory"), "{missing}");
    for bytes in [&b""[..], b"x"] {
        ended(place.command(&["copy", "-", "small"]).stdin(bytes), 0);
        assert_eq!(place.read("small"), bytes);
    }
}

#[test]
fn overwriting_is_a_choice() {
    let place = Place::new();
    place.write("in", b"new");
    place.write("out", b"old");
    let refused = place
        .run(&["copy", "in", "out", "--overwrite", "false"], 1)
        .stderr_text();
    assert!(refused.contains("hint: "), "{refused}");
    assert_eq!(place.read("out"), b"old");
    let skipped = place.run(
        &[
            "copy",
            "in",
            "out",
            "--overwrite",
            "ifsourcenewer",
            "--output",
            "json",
        ],
        0,
    );
    assert_eq!(last_line(&skipped)["status"], "skipped");
    let planned = place.run(&["copy", "in", "out", "--dry-run", "--output", "json"], 0);
    assert_eq!(last_line(&planned)["status"], "planned");
    assert_eq!(place.read("out"), b"old");
    place.run(&["copy", "in", "out", "--overwrite", "true"], 0);
    assert_eq!(place.read("out"), b"new");
}

#[test]
fn the_json_summary_has_its_fields_in_order_and_as_numbers() {
    let place = Place::new();
    let digest = place.write("in", b"what is carried");
    let md5 = format!("md5:{}", md5_base64(b"what is carried"));
    let words = [
        "copy",
        "in",
        "out",
        "--expect-digest",
        &digest,
        "--expect-digest",
        &md5,
        "--output",
        "json",
    ];
    let finished = place.run(&words, 0);
    assert!(finished.stderr.is_empty(), "{}", finished.stderr_text());
    let text = place.steady(&finished.stdout_text());
    for line in text.lines() {
        assert!(line.starts_with("{\"type\":\""), "{line}");
    }
    let filters = vec![
        (r#""seconds":[0-9.]+"#, r#""seconds":[number]"#),
        (
            r#""peak_memory_bytes":[0-9]+"#,
            r#""peak_memory_bytes":[number]"#,
        ),
        (r#""bottleneck":("[a-z]+"|null)"#, r#""bottleneck":[phase]"#),
    ];
    with_settings!({ filters => filters }, {
        assert_snapshot!(text.lines().last().unwrap());
    });
}

#[test]
fn a_home_that_is_missing_or_read_only_stops_nothing() {
    let place = Place::new();
    let digest = place.write("in", b"what is carried");
    let words = ["copy", "in", "out", "--expect-digest", &digest];
    let homeless = place
        .command(&words)
        .env_remove("HOME")
        .env_remove("XDG_STATE_HOME")
        .env("XDG_STATE_HOME", "");
    ended(homeless, 0);
    // Not even root can make a directory there.
    let unwritable = [&words[..], &["--journal-dir", "/proc/blobferry"]].concat();
    let finished = place.run(&unwritable, 0);
    let told = finished.stderr_text();
    assert_eq!(told.matches("no journal").count(), 1, "{told}");
    assert!(
        !finished.stdout_text().contains("no journal"),
        "{}",
        finished.stdout_text()
    );
    let folder = place.path("locked");
    fs_err::create_dir(&folder).unwrap();
    fs_err::set_permissions(&folder, std::fs::Permissions::from_mode(0o500)).unwrap();
    ended(place.command(&words).env("XDG_STATE_HOME", &folder), 0);
    place.run(&[&words[..], &["--no-journal"]].concat(), 0);
}

#[test]
fn an_inspection_says_everything_but_the_signature() {
    let place = Place::new();
    let sas = Terms::new("rl")
        .expires_in(86_400 * 400)
        .service(&account(), "container", None)
        .unwrap();
    let blob = sas.on("https://account.blob.core.windows.net/container/blob");
    let container = sas.on("https://account.blob.core.windows.net/container");
    let filters = vec![
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[time]"),
        (r"in \d+ d \d\d h", "in [duration]"),
    ];
    let text = place.run(&["sas", "inspect", &blob], 0);
    assert_eq!(sas.found_in(&text.stdout), None);
    with_settings!({ filters => filters }, { assert_snapshot!(text.stdout_text()) });
    for given in [
        container.as_str(),
        sas.query(),
        &format!("?{}", sas.query()),
    ] {
        let finished = place.run(&["sas", "inspect", given, "--output", "json"], 0);
        let piped = place
            .command(&["sas", "inspect", "-", "--output", "json"])
            .stdin(format!("{given}\n"));
        for finished in [finished, ended(piped, 0)] {
            assert_eq!(sas.found_in(&finished.stdout), None);
            let lines = finished.json_lines().unwrap();
            assert_eq!(
                (&lines[0]["type"], &lines[0]["kind"]),
                (&"sas".into(), &"service".into())
            );
            assert_eq!(lines[0]["abilities"][0]["able"], true);
            assert_eq!(lines[0]["abilities"][1]["able"], false);
            assert_eq!(lines[1]["status"], "usable");
        }
    }
}

#[test]
fn an_inspection_of_a_dead_sas_ends_in_5() {
    let place = Place::new();
    for terms in [
        Terms::new("rcwl").expires_in(-60),
        Terms::new("rcwl").starts_in(600),
    ] {
        let sas = sas(&terms);
        let finished = place.run(&["sas", "inspect", sas.query(), "--output", "json"], 5);
        let error = last_line(&finished);
        assert_eq!(
            (&error["type"], &error["exit"]),
            (&"error".into(), &5.into())
        );
        assert_eq!(error["causes"].as_array().unwrap().len(), 1, "{error}");
    }
    for nonsense in [
        "",
        "hello",
        "https://account.blob.core.windows.net/container/blob",
        "sv=1&sig",
    ] {
        place.run(&["sas", "inspect", nonsense], 2);
    }
}

#[test]
fn the_first_signal_stops_and_the_exit_status_says_so() {
    let place = Place::new();
    for (words, form) in [
        (&["copy", "-", "out"][..], "text"),
        (&["verify", "-"], "json"),
    ] {
        let command = place.command(
            &[
                words,
                &[
                    "--output",
                    form,
                    "--log-level",
                    "debug",
                    "--log-file",
                    "log",
                ],
            ]
            .concat(),
        );
        let mut running = command.keep_stdin().spawn().unwrap();
        let pipe = running.stdin();
        // The runtime takes signals from here on; before, they end the process as they end any.
        running
            .wait_until("handlers", |running| catches_interrupts(running.pid()))
            .unwrap();
        running.interrupt().unwrap();
        let finished = running.wait().unwrap().expect_code(130);
        let said = finished.stdout_text() + &finished.stderr_text();
        assert!(said.contains("stopping"), "{said}");
        assert!(said.contains("interrupted"), "{said}");
        drop(pipe);
    }
    assert!(!place.path("out").exists());
}

/// Whether the process has a handler for SIGINT, which is signal 2 and so bit 1 of the mask.
fn catches_interrupts(pid: u32) -> bool {
    let status = fs_err::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"))
        .unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .unwrap_or("0");
    u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 0b10 != 0)
}

#[test]
fn the_log_is_ours_alone() {
    let place = Place::new();
    place.write("in", b"what is carried");
    let url = sas(&Terms::new("rcw")).on(NOBODY);
    let words = [
        "copy",
        "in",
        &url,
        "--max-retries",
        "0",
        "--log-level",
        "trace",
        "--log-file",
        "log",
    ];
    place.run(&words, 1);
    let log = String::from_utf8(place.read("log")).unwrap_or_default();
    for line in log.lines() {
        assert!(line.contains(" blobferry"), "{line}");
    }
}
