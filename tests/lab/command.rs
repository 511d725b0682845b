//! The command line of `acr-lab`.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;

use blobferry_harness::{Finished, Run, Running};
use insta::{assert_snapshot, with_settings};
use serde_json::Value;

use crate::wire::Ask;

const LAB: &str = env!("CARGO_BIN_EXE_acr-lab");

/// What is wrong with each is to be said.
const WRONG: [&[&str]; 29] = [
    &["--listen", "here"],
    &["--listen", "0.0.0.0:10000"],
    &["--tls-listen", "127.0.0.1:0"],
    &["--ca-file", "ca.pem"],
    &["--tls", "--tls-listen", "10.0.0.1:443"],
    &["--account", "Source"],
    &["--account", "source="],
    &["--threads", "0"],
    &["--blob", "source/box/blob=1EiB"],
    &["--account", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"],
    &["--account", "source=not base64 secret"],
    &["--account", "source", "--account", "source"],
    &["--blob", "source/box/blob"],
    &["--blob", "source/box/blob=many"],
    &["--blob", "source/box/blob=1MiB:ones"],
    &["--blob", "nobody/box/blob=1MiB"],
    &["--blob", "source/No/blob=1MiB"],
    &["--container", "box"],
    &["--container", "source/No"],
    &["--latency", "soon"],
    &["--cap-mbps", "0"],
    &["--copy-sources", "some"],
    &["--cloud-listen", "127.0.0.1:0"],
    &["--registry", "labregistry"],
    &["--null", "--cloud"],
    &["--cloud", "--cloud-listen", "0.0.0.0:443"],
    &["--cloud", "--registry", "four"],
    &["--cloud", "--registry", "labregistry="],
    &[
        "--cloud",
        "--registry",
        "twice",
        "--registry",
        "Twice=there",
    ],
];

fn run(words: &[&str], code: i32) -> Finished {
    Run::new(LAB)
        .args(words)
        .env_remove("COLUMNS")
        .run()
        .unwrap()
        .expect_code(code)
}

/// What it said, on both streams.
fn said(finished: &Finished) -> String {
    format!("{}{}", finished.stdout_text(), finished.stderr_text())
}

/// A lab that serves, and what it said when it did.
fn serve(words: &[&str]) -> (Running, Value) {
    let run = Run::new(LAB)
        .args(["serve", "--listen", "127.0.0.1:0", "--output", "json"])
        .args(words);
    let mut running = run.keep_stdin().spawn().unwrap();
    running
        .wait_until("its ready line", |running| {
            running.stdout_so_far().contains(&b'\n')
        })
        .unwrap();
    let ready = serde_json::from_slice(&running.stdout_so_far()).unwrap();
    (running, ready)
}

/// Its end, which must be in order.
fn ended(running: Running) -> Finished {
    running.wait().unwrap().expect_code(0)
}

fn ask(ready: &Value, method: &str, account: usize, path: &str) -> Ask {
    let http = ready["http"].as_str().unwrap();
    let account = &ready["accounts"][account];
    Ask {
        authority: http.trim_start_matches("http://").to_owned(),
        method: method.to_owned(),
        target: format!(
            "/{}/{path}?{}",
            account["name"].as_str().unwrap(),
            account["sas"].as_str().unwrap()
        ),
        headers: vec![("x-ms-version".to_owned(), "2024-08-04".to_owned())],
        body: Vec::new(),
    }
}

#[test]
fn help_ends_with_the_exit_status() {
    with_settings!({ snapshot_path => "../snapshots" }, {
        for (name, words) in [
            ("help_1", &["--help"][..]),
            ("help_2", &["serve", "--help"]),
            ("help_3", &["rehearse", "--help"]),
        ] {
            let help = run(words, 0).stdout_text();
            assert!(help.trim_end().ends_with("run the same command again to resume"), "{help}");
            assert_snapshot!(name, help);
        }
    });
    assert!(run(&["--version"], 0).stdout_text().starts_with("acr-lab "));
    run(&[], 2);
}

#[test]
fn usage_errors_say_what_is_wanted_and_end_in_2() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("faults.json");
    fs_err::write(
        &script,
        "{\"rules\": [{\"on\": \"any\", \"do\": \"explode\"}]}",
    )
    .unwrap();
    let (script, missing) = (
        script.display().to_string(),
        folder.path().join("none.json").display().to_string(),
    );
    let behaviour = folder.path().join("behaviour.json");
    fs_err::write(&behaviour, "{\"runs\": \"never\"}").unwrap();
    let behaviour = behaviour.display().to_string();
    let with_script: [&[&str]; 4] = [
        &["--faults", &script],
        &["--faults", &missing],
        &["--null", "--faults", &script],
        &["--cloud", "--behaviour", &behaviour],
    ];
    let mut all = String::new();
    for words in WRONG.into_iter().chain(with_script) {
        let mut line = vec!["serve"];
        if !words.contains(&"--listen") {
            line.extend(["--listen", "127.0.0.1:0"]);
        }
        line.extend(words);
        let finished = Run::new(LAB)
            .args(&line)
            .stdin("")
            .arg("--end-with-stdin")
            .run()
            .unwrap();
        let line = format!(
            "$ acr-lab serve {}\nexit {:?}\n",
            words.join(" "),
            finished.code()
        );
        all.extend([line, said(&finished), "\n".to_owned()]);
    }
    let all = all.replace(&folder.path().display().to_string(), "[folder]");
    with_settings!({ snapshot_path => "../snapshots" }, { assert_snapshot!("usage_errors", all); });
    for case in all.split("$ ").skip(1) {
        assert!(case.contains("\nexit Some(2)\n"), "{case}");
        let (_, said) = case.split_once('\n').unwrap();
        assert!(
            !said.contains("secret") && !said.contains("c2VjcmV0"),
            "a key is repeated: {case}"
        );
    }
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for output in ["text", "json"] {
        let finished = run(&["serve", "--listen", &address, "--output", output], 1);
        assert!(said(&finished).contains(&address), "{}", said(&finished));
        assert!(
            said(&finished).contains("--listen"),
            "a hint: {}",
            said(&finished)
        );
    }
}

#[test]
fn the_ready_line_has_all_that_a_program_needs() {
    let (running, ready) = serve(&[
        "--account",
        "one=c2VjcmV0a2V5",
        "--account",
        "two",
        "--blob",
        "one/box/big=1TiB:pattern",
        "--container",
        "two/box",
    ]);
    assert_eq!(ready["type"], "ready");
    assert_eq!(
        (&ready["https"], &ready["ca_file"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        ready["control"],
        format!("{}/_lab/status", ready["http"].as_str().unwrap())
    );
    let names: Vec<&str> = ready["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(ready["accounts"][0]["key"], "c2VjcmV0a2V5");
    assert_eq!(
        ready["accounts"][1]["url"],
        format!("{}/two", ready["http"].as_str().unwrap())
    );
    let head = ask(&ready, "HEAD", 0, "box/big").send().expect(200);
    assert_eq!(head.told("content-length"), (1_u64 << 40).to_string());
    let put = ask(&ready, "PUT", 1, "box/new")
        .header("x-ms-blob-type", "BlockBlob")
        .body("x");
    put.send().expect(201);
    running.interrupt().unwrap();
    let finished = ended(running);
    assert_eq!(finished.stdout_text().lines().count(), 1);
    assert_eq!(finished.stderr_text(), "");
}

#[test]
fn the_prose_names_what_the_line_names() {
    let mut running = Run::new(LAB)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .keep_stdin()
        .spawn()
        .unwrap();
    running
        .wait_until("its last line", |running| {
            running.stdout_so_far().ends_with(b"ends it.\n")
        })
        .unwrap();
    let text = String::from_utf8(running.stdout_so_far()).unwrap();
    for word in [
        "serving http://127.0.0.1:",
        "account source",
        "account target",
        "key ",
        "SAS ",
        "/_lab/status",
    ] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
}

#[test]
fn a_cloud_says_where_its_services_are_and_who_may_log_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (ca_file, layout) = (file("ca.pem"), format!("otherregistry={}", file("layout")));
    let words = "--cloud --cloud-listen 127.0.0.1:0 --tls-listen 127.0.0.1:0 --registry samples";
    let words: Vec<&str> = words
        .split(' ')
        .chain(["--ca-file", &ca_file, "--registry", &layout])
        .collect();
    let (running, ready) = serve(&words);
    let cloud = &ready["cloud"];
    for field in [
        "tenant",
        "identity",
        "subscription",
        "client_id",
        "client_secret",
        "resource_group",
    ] {
        assert!(
            !cloud[field].as_str().unwrap().is_empty(),
            "{field}: {cloud}"
        );
    }
    assert!(
        cloud["endpoint"]
            .as_str()
            .unwrap()
            .starts_with("https://127.0.0.1:"),
        "{cloud}"
    );
    let names: Vec<&str> = cloud["registries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|registry| registry["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["samples", "otherregistry"]);
    assert!(
        cloud["registries"][0]["login_server"]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1:")
    );
    let account = ready["accounts"][0]["https_url"].as_str().unwrap();
    assert!(
        account.starts_with("https://127.0.0.1:") && account.ends_with("/source"),
        "{account}"
    );
    assert!(
        fs_err::read_to_string(&ca_file)
            .unwrap()
            .contains("CERTIFICATE")
    );
    running.terminate().unwrap();
    ended(running);
}

#[test]
fn a_registry_s_url_is_refused_without_its_password() {
    for url in ["http://me:hush@127.0.0.1/path", "https://me:hush@"] {
        let registry = format!("other={url}");
        let words = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--tls-listen",
            "127.0.0.1:0",
        ];
        let more = [
            "--cloud",
            "--cloud-listen",
            "127.0.0.1:0",
            "--registry",
            &registry,
        ];
        let said = said(&run(&[&words[..], &more].concat(), 2));
        assert!(said.contains("other") && !said.contains("hush"), "{said}");
    }
}

#[test]
fn signals_and_the_end_of_standard_input_end_it_well() {
    let (running, _) = serve(&[]);
    running.terminate().unwrap();
    ended(running);
    let (running, _) = serve(&[]);
    running.interrupt().unwrap();
    ended(running);
    let (mut running, ready) = serve(&["--end-with-stdin"]);
    let mut stdin = running.stdin().unwrap();
    stdin.write_all(b"is not read\n").unwrap();
    ask(&ready, "GET", 0, "box/none").send().expect(404);
    drop(stdin);
    ended(running);
}

#[test]
fn the_authoritys_certificate_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let shown = ca_file.display().to_string();
    let (_running, ready) = serve(&["--tls", "--tls-listen", "127.0.0.1:0", "--ca-file", &shown]);
    assert!(
        ready["https"]
            .as_str()
            .unwrap()
            .starts_with("https://127.0.0.1:")
    );
    assert_eq!(ready["ca_file"], shown);
    let pem = fs_err::read_to_string(&ca_file).unwrap();
    assert!(
        pem.starts_with("-----BEGIN CERTIFICATE-----") && !pem.contains("PRIVATE"),
        "{pem}"
    );
    let nowhere = folder.path().join("none/ca.pem").display().to_string();
    let words = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--tls",
        "--tls-listen",
        "127.0.0.1:0",
        "--ca-file",
        &nowhere,
    ];
    assert!(said(&run(&words, 1)).contains(&nowhere));
}

#[test]
fn null_mode_serves_a_pattern_under_names_that_are_sizes() {
    let (_running, ready) = serve(&["--null"]);
    let got = ask(&ready, "GET", 0, "src/1000000").send().expect(200);
    assert_eq!(got.body.len(), 1_000_000);
    let head = ask(&ready, "HEAD", 0, "src/1099511627776")
        .send()
        .expect(200);
    assert_eq!(head.told("content-length"), "1099511627776");
}

#[test]
fn faults_latency_and_cap_go_together() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("faults.json");
    fs_err::write(
        &script,
        "{\"rules\": [{\"on\": \"GetBlob\", \"do\": \"server-busy\"}]}",
    )
    .unwrap();
    let script = script.display().to_string();
    let (_running, ready) = serve(&[
        "--faults",
        &script,
        "--latency",
        "50ms",
        "--cap-mbps",
        "800",
    ]);
    let busy = ask(&ready, "GET", 0, "box/blob")
        .send()
        .refused(503, "ServerBusy");
    assert!(busy.took.as_millis() >= 50, "{busy:?}");
}

#[test]
fn a_folder_keeps_blobs_and_keys_from_run_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let words = [
        "--data",
        &data,
        "--container",
        "source/box",
        "--blob",
        "source/box/big=5GiB",
    ];
    let (running, first) = serve(&words);
    ask(&first, "PUT", 0, "box/new")
        .header("x-ms-blob-type", "BlockBlob")
        .body("kept")
        .send()
        .expect(201);
    let head = ask(&first, "HEAD", 0, "box/big").send().expect(200);
    let etag = head.header("etag").map(str::to_owned);
    in_use(folder.path());
    running.terminate().unwrap();
    ended(running);
    // The same command again.
    let (_running, again) = serve(&words);
    let now = ask(&again, "HEAD", 0, "box/big").send().expect(200);
    assert_eq!(now.header("etag"), etag.as_deref(), "what is there stays");
    assert_eq!(first["accounts"][0]["key"], again["accounts"][0]["key"]);
    assert_eq!(
        ask(&again, "GET", 0, "box/new").send().expect(200).text(),
        "kept"
    );
}

/// Another lab on that folder.
fn in_use(folder: &Path) {
    let shown = folder.display().to_string();
    let finished = run(&["serve", "--listen", "127.0.0.1:0", "--data", &shown], 1);
    assert!(said(&finished).contains(&shown), "{}", said(&finished));
}

#[test]
fn refused_requests_are_logged_without_signatures() {
    let (running, ready) = serve(&["--verbose"]);
    ask(&ready, "GET", 0, "box/none").send().expect(404);
    running.terminate().unwrap();
    let log = running.wait().unwrap().stderr_text();
    assert!(log.contains("box/none") && log.contains("GetBlob"), "{log}");
    let signature = ready["accounts"][0]["sas"]
        .as_str()
        .unwrap()
        .split("sig=")
        .nth(1)
        .unwrap();
    assert!(!log.contains(signature) && !log.contains("sig="), "{log}");
}
