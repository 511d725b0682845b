//! Secrets in the lab's Key Vault.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ground::{Ground, signature};

fn secret(ground: &Ground, words: &[&str], sas: &str, code: i32) -> (Option<Value>, String) {
    let vault = ground.vault();
    let place = [
        "--vault",
        &vault,
        "--name",
        "Export-SAS",
        "--output",
        "json",
    ];
    let words = [&["secret"], words, &place].concat();
    let finished = ground
        .command(&words)
        .env("ACR_TRANSFER_SAS", sas)
        .run()
        .unwrap();
    let text = finished.stdout_text();
    if !words.contains(&"--show-value") && sas.contains("sig=") {
        let all = [&text, &finished.stderr_text()]
            .map(String::as_str)
            .concat();
        assert!(!all.contains(signature(sas)), "{all}");
    }
    let finished = finished.expect_code(code);
    let lines = finished.json_lines().unwrap();
    (
        lines.into_iter().find(|line| line["type"] == "secret"),
        text,
    )
}

#[test]
fn a_minted_sas_is_kept_with_its_own_end() {
    let ground = Ground::new();
    let words = [
        "--for",
        "import",
        "--expiry",
        "30d",
        "--start",
        "2026-01-01",
    ];
    let sas = ground.mint(&words);
    let (set, _) = secret(&ground, &["set"], &sas, 0);
    let set = set.unwrap();
    assert_eq!(set["status"], "set");
    assert_eq!(
        set["secret_uri"],
        json!(format!("{}/secrets/Export-SAS", ground.vault()))
    );
    let kept = ground.lab.cloud().unwrap().secret("Export-SAS").unwrap();
    assert_eq!(kept, format!("?{sas}"), "with its question mark");
    let (shown, _) = secret(&ground, &["show"], &sas, 0);
    let shown = shown.unwrap();
    assert_eq!(shown["expires"], shown["sas"]["expires"]);
    let end: Timestamp = shown["expires"].as_str().unwrap().parse().unwrap();
    assert!(end > Timestamp::now());
    assert_eq!(shown["sas"]["kind"], "service");
    assert_eq!(shown["sas"]["permissions"], "rl");
    let roles = shown["sas"]["roles"].as_array().unwrap();
    let suits: Vec<_> = roles
        .iter()
        .map(|role| {
            (
                role["role"].as_str().unwrap(),
                role["suits"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        suits,
        [
            ("export", false),
            ("import", true),
            ("import, delete", false)
        ]
    );
    assert_eq!((&shown["notes"], shown.get("value")), (&json!([]), None));
    let (asked, _) = secret(&ground, &["show", "--show-value"], &sas, 0);
    assert_eq!(asked.unwrap()["value"], json!(kept));
    let uri = set["id"].as_str().unwrap();
    let text = ground
        .run(&["secret", "show", "--secret-uri", uri, "--show-value"], 0)
        .stdout_text();
    assert_eq!(text.lines().last(), Some(kept.as_str()));
    let text = ground.run(&["secret", "show", "-s", uri], 0).stdout_text();
    assert!(
        text.contains("for export     no: the SAS lacks permission a")
            && text.contains("for import     yes"),
        "{text}"
    );
    assert!(!text.contains(signature(&sas)));
}

#[test]
fn without_a_login_it_is_exit_5() {
    let ground = Ground::new();
    let vault = ground.vault();
    let words = ["secret", "show", "--vault", &vault, "--name", "Export-SAS"];
    let none = ground.command(&words).env("AZURE_CLIENT_SECRET", "wrong");
    let said = none.run().unwrap().expect_code(5).stderr_text();
    assert!(said.contains("token") && !said.contains("wrong"), "{said}");
}

#[test]
fn what_opens_nothing_is_not_kept() {
    let ground = Ground::new();
    let sig = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D";
    for (value, code, said) in [
        (String::new(), 5, "--value-file"),
        ("password".to_owned(), 2, "this is no SAS"),
        (
            "https://a.example/c?sig=0123456789abcdef".to_owned(),
            2,
            "a URL, not a SAS",
        ),
        (
            format!("sv=2021-12-02&sr=c&sp=rl&se=2001-01-01&sig={sig}"),
            5,
            "expired",
        ),
        (
            format!("sv=2021-12-02&sr=c&sp=rl&sig={sig}"),
            5,
            "no expiry",
        ),
    ] {
        let (_, text) = secret(&ground, &["set"], &value, code);
        assert!(text.contains(said), "{value}: {text}");
    }
    assert!(ground.lab.cloud().unwrap().secret("Export-SAS").is_err());
    let version = format!("{}/secrets/a/0123", ground.vault());
    let sas = ground.mint(&["--for", "import", "--expiry", "1d"]);
    let set = ground
        .command(&["secret", "set", "-s", &version])
        .env("ACR_TRANSFER_SAS", &sas);
    assert!(
        set.run()
            .unwrap()
            .expect_code(2)
            .stderr_text()
            .contains("version")
    );
    let http = ["secret", "show", "-s", "http://127.0.0.1:1/secrets/a"];
    assert!(ground.run(&http, 2).stderr_text().contains("https://"));
}

#[test]
fn the_vaults_refusals_come_with_a_way_on() {
    let ground = Ground::new();
    let (_, text) = secret(&ground, &["show"], "", 1);
    assert!(
        text.contains("SecretNotFound") && text.contains("may have been deleted"),
        "{text}"
    );
    let nobody = [
        "secret",
        "show",
        "--vault",
        "https://127.0.0.1:1",
        "--name",
        "a",
    ];
    let said = ground.run(&nobody, 1).stderr_text();
    assert!(
        said.contains("no answer") && said.contains("network"),
        "{said}"
    );
    let wrong = ground.command(&["secret", "show", "--vault", &ground.vault(), "--name", "a"]);
    let said = wrong
        .env("AZURE_CLIENT_SECRET", "wrong")
        .run()
        .unwrap()
        .stderr_text();
    assert!(said.contains("token") && said.contains("--login"), "{said}");
}

#[test]
fn a_policys_sas_suits_what_its_policy_says() {
    let ground = Ground::new();
    let sig = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D";
    let (set, _) = secret(
        &ground,
        &["set"],
        &format!("?sv=2021-12-02&sr=c&si=transfer&sig={sig}"),
        0,
    );
    let set = set.unwrap();
    assert_eq!(set["expires"], Value::Null);
    assert_eq!(set["sas"]["roles"][0]["suits"], Value::Null);
    let notes = set["notes"].to_string();
    assert!(
        notes.contains("no expiry date") && notes.contains("plain http"),
        "{notes}"
    );
}
