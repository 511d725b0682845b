//! What `sas mint` makes, and what it refuses to make.

use blobferry_azure_blob::sas::SasKind;
use blobferry_azure_blob::{Role, SasToken};
use blobferry_harness::{Finished, Run};
use blobferry_transfer::ErrorClass;
use blobferry_transfer::store::BlobSource as _;
use serde_json::Value;

use super::ground::{Ground, signature};

/// Whether the SAS lets one read a blob, and set its metadata.
async fn allows(ground: &Ground, blob: &str, sas: &str) -> (bool, bool) {
    let opened = ground.blob(blob, sas, Role::Source).open().await;
    if let Err(error) = &opened {
        assert_eq!(error.class, ErrorClass::Denied, "{error}");
    }
    let own = ground.mint(&["--for", "copy-to", "--expiry", "1h"]);
    let info = ground.blob(blob, &own, Role::Source).open().await.unwrap();
    let target = ground.blob(blob, sas, Role::Destination);
    let set = target
        .set_metadata(&info.properties.metadata, &info.pin.unwrap())
        .await;
    if let Err(error) = &set {
        assert_eq!(error.class, ErrorClass::Denied, "{error}");
    }
    (opened.is_ok(), set.is_ok())
}

#[tokio::test]
async fn a_sas_opens_its_purpose_and_no_more() {
    let ground = Ground::new();
    let one = ["--blob", "run.tar"];
    for (role, kind, more, reads, writes, elsewhere) in [
        ("import", "service", &[][..], true, false, true),
        ("import", "account", &["--delete"], true, false, true),
        ("export", "service", &[], true, true, true),
        ("copy-from", "service", &one[..], true, false, false),
        ("copy-to", "service", &one, true, true, false),
        ("copy-to", "account", &[], true, true, true),
    ] {
        let words = [&["--for", role, "--kind", kind, "--expiry", "7d"], more].concat();
        let sas = ground.mint(&words);
        assert_eq!(
            allows(&ground, "run.tar", &sas).await,
            (reads, writes),
            "{words:?}"
        );
        let (other, _) = allows(&ground, "other.tar", &sas).await;
        assert_eq!(other, elsewhere, "{words:?}");
    }
}

#[tokio::test]
async fn a_login_signs_for_a_week_at_most() {
    let ground = Ground::new();
    let endpoint = ground.endpoint();
    let kind = ["--kind", "user-delegation", "--endpoint", &endpoint];
    for expiry in ["1h", "7d"] {
        let words = [
            &kind[..],
            &[
                "--for",
                "copy-from",
                "--blob",
                "run.tar",
                "--expiry",
                expiry,
            ],
        ]
        .concat();
        let sas = ground.mint(&words);
        assert_eq!(
            SasToken::parse(&sas).unwrap().kind(),
            SasKind::UserDelegation
        );
        assert_eq!(allows(&ground, "run.tar", &sas).await, (true, false));
        assert_eq!(allows(&ground, "other.tar", &sas).await, (false, false));
    }
}

/// `sas mint` of an import's SAS by the login, for so long.
fn by_login(ground: &Ground, expiry: &str) -> Run {
    let words =
        "sas mint --account source --container transfer --for import --kind user-delegation";
    let words: Vec<&str> = words.split(' ').collect();
    let run = ground.command(&words);
    run.args(["--endpoint", &ground.endpoint(), "--expiry", expiry])
}

#[test]
fn a_login_that_is_none_or_asks_too_much_gets_nothing() {
    let ground = Ground::new();
    let long = by_login(&ground, "8d").run().unwrap().expect_code(2);
    let said = long.stderr_text();
    assert!(
        said.contains("at most 7 days") && said.contains("--expiry 7d"),
        "{said}"
    );
    let none = by_login(&ground, "1d").env("AZURE_CLIENT_SECRET", "wrong");
    let said = none.run().unwrap().expect_code(5).stderr_text();
    assert!(said.contains("token") && !said.contains("wrong"), "{said}");
}

#[test]
fn the_url_and_json_hold_the_sas_and_notes_do_not() {
    let ground = Ground::new();
    let endpoint = ground.endpoint();
    let url = ground.mint(&[
        "--for",
        "copy-from",
        "--blob",
        "a b/c%d",
        "--expiry",
        "2h",
        "--url",
        "--endpoint",
        &endpoint,
    ]);
    assert!(
        url.starts_with(&format!("{endpoint}/transfer/a%20b/c%25d?se=")),
        "{url}"
    );
    let public = ground.mint(&[
        "--for", "import", "--expiry", "2h", "--url", "--cloud", "china",
    ]);
    assert!(
        public.starts_with("https://source.blob.core.chinacloudapi.cn/transfer?se="),
        "{public}"
    );
    let words = [
        "sas",
        "mint",
        "--account",
        "source",
        "--container",
        "transfer",
        "--for",
        "export",
        "--expiry",
        "70d",
        "-o",
        "json",
    ];
    let lines: Vec<Value> = ground.run(&words, 0).json_lines().unwrap();
    let sas = lines.iter().find(|line| line["type"] == "sas").unwrap();
    assert_eq!(
        (&sas["permissions"], &sas["url"]),
        (&Value::from("rawl"), &Value::Null)
    );
    let sign = signature(sas["sas"].as_str().unwrap());
    let notes: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["text"].as_str())
        .collect();
    assert!(
        notes.iter().any(|note| note.contains("60 days")),
        "{notes:?}"
    );
    assert!(
        notes
            .iter()
            .any(|note| note.contains("read, add (append), write, list")),
        "{notes:?}"
    );
    assert!(notes.iter().all(|note| !note.contains(sign)));
}

fn refused(ground: &Ground, more: &[&str], code: i32) -> Finished {
    let words = [
        "sas",
        "mint",
        "--account",
        "source",
        "--container",
        "transfer",
    ];
    let finished = ground.run(&[&words, more].concat(), code);
    assert!(finished.stdout.is_empty(), "{}", finished.stdout_text());
    finished
}

#[test]
fn what_should_not_be_made_is_not_made() {
    let ground = Ground::new();
    for (words, said) in [
        ("export --expiry soon", "wanted a span"),
        ("export --expiry 2001-01-01", "in the past"),
        ("export --expiry 400d", "366 days"),
        ("export --expiry 1d --start 2d", "--start"),
        ("export --expiry 1d --blob run", "container"),
        ("export --expiry 1d --delete", "--for import"),
        ("import --expiry 1d --ip 10.0.0.0/8", "IPv4"),
        ("import --expiry 1d --endpoint http://h", "https"),
        (
            "import --expiry 1d --endpoint https://h/?sig=topsecret",
            "query",
        ),
        ("import", "--expiry"),
    ] {
        let list: Vec<&str> = std::iter::once("--for").chain(words.split(' ')).collect();
        let text = refused(&ground, &list, 2).stderr_text();
        assert!(
            text.contains(said) && !text.contains("topsecret"),
            "{words}: {text}"
        );
    }
}

#[test]
fn the_accounts_key_comes_by_file_pipe_or_environment() {
    let ground = Ground::new();
    let mint = "sas mint --for import --account source --container transfer --expiry 1d";
    let mint: Vec<&str> = mint.split(' ').collect();
    let none = ground
        .command(&mint)
        .env_remove("AZURE_STORAGE_KEY")
        .run()
        .unwrap();
    let said = none.expect_code(5).stderr_text();
    for part in ["--key-file", "AZURE_STORAGE_KEY", "user-delegation"] {
        assert!(said.contains(part), "{said}");
    }
    let bad = ground
        .command(&mint)
        .env("AZURE_STORAGE_KEY", "topsecret!")
        .run()
        .unwrap();
    let said = bad.expect_code(5).stderr_text();
    assert!(
        said.contains("not base64") && !said.contains("topsecret"),
        "{said}"
    );
    let piped = ground
        .command(&mint)
        .args(["--key-file", "-"])
        .env_remove("AZURE_STORAGE_KEY");
    let piped = piped
        .stdin(format!("{}\n", ground.key()))
        .run()
        .unwrap()
        .expect_code(0);
    assert!(piped.stdout_text().contains("sp=rl&"));
}
