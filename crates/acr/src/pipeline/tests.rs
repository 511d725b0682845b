//! What is refused before the service is asked, and what quirks of answers are borne. Bodies against Microsoft's schema
//! are checked in `tests/schema.rs`.

use serde_json::json;

use super::*;

const ID: &str = "/subscriptions/0/resourcegroups/My-RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Who";

fn spec(direction: Direction) -> PipelineSpec {
    PipelineSpec {
        direction,
        location: None,
        container: url("https://Account.blob.core.windows.net/container"),
        mode: StorageAccessMode::SasToken,
        secret: Some(url("https://myvault.vault.azure.net/secrets/AcrSas")),
        identity: Identity::parse(&[]).unwrap(),
        options: Vec::new(),
        source_trigger: None,
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn options(words: &[&str]) -> Vec<PipelineOption> {
    words
        .iter()
        .map(|word| PipelineOption::parse(word).unwrap())
        .collect()
}

#[test]
fn uris_of_containers_are_taken_or_refused() {
    for good in [
        "https://a.blob.core.windows.net/abc",
        "https://a.blob.core.windows.net/abc/",
        "https://a.z12.blob.storage.azure.net/abc",
        "https://a.blob.local.azurestack.external/abc",
        "https://a.blob.core.windows.net/$root",
        "http://127.0.0.1:10000/devstoreaccount1/abc",
        "https://10.0.0.7:443/account/abc",
    ] {
        let spec = PipelineSpec {
            container: url(good),
            ..spec(Direction::Export)
        };
        assert_eq!(spec.check("2025-06-01-preview"), Ok(()), "{good}");
    }
    for (bad, word) in [
        ("http://a.blob.core.windows.net/abc", "https"),
        ("https://a.blob.core.windows.net/", "container"),
        ("https://a.blob.core.windows.net/abc/blob.tar", "no more"),
        (
            "https://a.blob.core.windows.net/abc?sv=1&sig=SECRET",
            "Key Vault",
        ),
        ("https://me:SECRET@a.blob.core.windows.net/abc", "user name"),
        ("https://a.vault.azure.net/abc", "no blob endpoint"),
        ("https://a.blob.core.windows.net/UPPER", "lower-case"),
        ("https://a.blob.core.windows.net/ab", "3 to 63"),
    ] {
        let spec = PipelineSpec {
            container: url(bad),
            ..spec(Direction::Export)
        };
        let error = spec.check("2025-06-01-preview").unwrap_err().to_string();
        assert!(error.contains(word) && !error.contains("SECRET"), "{error}");
    }
}

#[test]
fn secrets_are_uris_of_key_vault_secrets() {
    for (secret, good) in [
        (Some("https://v.vault.azure.net/secrets/Name-1"), true),
        (Some("https://v.vault.azure.net/secrets/n/0123abcd"), true),
        (Some("https://127.0.0.1:8443/secrets/n"), true),
        (Some("https://v.vault.azure.net/keys/n"), false),
        (Some("https://v.vault.azure.net/secrets"), false),
        (Some("https://v.vault.azure.net/secrets/n/1/2"), false),
        (Some("https://v.vault.azure.net/secrets/a_b"), false),
        (
            Some("https://v.vault.azure.net/secrets/n?sig=SECRET"),
            false,
        ),
        (Some("http://v.vault.azure.net/secrets/n"), false),
        (None, false),
    ] {
        let spec = PipelineSpec {
            secret: secret.map(url),
            ..spec(Direction::Import)
        };
        let checked = spec.check("2023-11-01-preview");
        assert_eq!(checked.is_ok(), good, "{secret:?}: {checked:?}");
        assert!(!format!("{checked:?}").contains("SECRET"));
    }
    let slash = PipelineSpec {
        secret: Some(url("https://myvault.vault.azure.net/secrets/AcrSas/")),
        ..spec(Direction::Export)
    };
    assert_eq!(slash.check("2025-06-01-preview"), Ok(()));
    let body = slash.body("2025-06-01-preview");
    let sent = &body["properties"]["target"]["keyVaultUri"];
    assert_eq!(sent, "https://myvault.vault.azure.net/secrets/AcrSas");
}

#[test]
fn options_belong_to_a_direction() {
    let export = ["OverwriteBlobs", "continueonerrors"];
    let import = [
        "OverwriteTags",
        "DeleteSourceBlobOnSuccess",
        "ContinueOnErrors",
    ];
    for (direction, mine, others) in [
        (Direction::Export, &export[..], &import[..2]),
        (Direction::Import, &import[..], &export[..1]),
    ] {
        let with = |words: &[&str]| PipelineSpec {
            options: options(words),
            ..spec(direction)
        };
        assert_eq!(with(mine).check("2025-06-01-preview"), Ok(()));
        for other in others {
            let error = with(&[*other]).check("2025-06-01-preview").unwrap_err();
            assert!(error.to_string().contains("pipeline takes"), "{error}");
        }
        let twice = [mine[0], mine[0]];
        assert!(with(&twice).check("2025-06-01-preview").is_err());
    }
    let error = PipelineOption::parse("OverwriteEverything")
        .unwrap_err()
        .to_string();
    assert!(error.contains("OverwriteTags, OverwriteBlobs"), "{error}");
}

#[test]
fn identities_are_words_of_the_az_extension() {
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let system = Identity::parse(&[]).unwrap();
    assert!(system.system && system.user.is_empty());
    let both = Identity::parse(&words(&["[System]", ID, &ID.to_uppercase()])).unwrap();
    assert!(both.system);
    assert_eq!(both.user, [ID]);
    assert_eq!(both.body()["type"], "SystemAssigned, UserAssigned");
    let user = Identity::parse(&words(&[ID])).unwrap();
    assert_eq!(
        user.body(),
        json!({ "type": "UserAssigned", "userAssignedIdentities": { ID: {} } })
    );
    for bad in [
        "system",
        "me",
        "/subscriptions/0/resourceGroups/g",
        &format!("{ID}/more"),
    ] {
        assert!(Identity::parse(&words(&[bad])).is_err(), "{bad}");
    }
    let none = Identity {
        system: false,
        user: Vec::new(),
    };
    let spec = PipelineSpec {
        identity: none,
        ..spec(Direction::Export)
    };
    assert!(spec.check("2025-06-01-preview").is_err());
}

#[test]
fn the_mode_is_of_2025_06() {
    let managed = PipelineSpec {
        mode: StorageAccessMode::ManagedIdentity,
        ..spec(Direction::Export)
    };
    assert_eq!(managed.check("2025-06-01-preview"), Ok(()));
    assert!(managed.check("2025-05-01-preview").is_err());
    let body = managed.body("2025-06-01-preview");
    assert_eq!(
        body,
        json!({
            "identity": { "type": "SystemAssigned" },
            "properties": { "target": {
                "type": "AzureStorageBlobContainer",
                "uri": "https://account.blob.core.windows.net/container",
                "storageAccessMode": "ManagedIdentity",
            }},
        })
    );
    let old = spec(Direction::Import).body("2019-12-01-preview");
    assert!(
        old["properties"]["source"]
            .get("storageAccessMode")
            .is_none()
    );
    assert_eq!(
        old["properties"]["source"]["keyVaultUri"],
        "https://myvault.vault.azure.net/secrets/AcrSas"
    );
    assert!(old.get("location").is_none());
}

#[test]
fn only_imports_have_a_trigger() {
    let with = |direction, on| PipelineSpec {
        source_trigger: Some(on),
        ..spec(direction)
    };
    assert!(
        with(Direction::Export, true)
            .check("2025-06-01-preview")
            .is_err()
    );
    let body = with(Direction::Import, false).body("2025-06-01-preview");
    assert_eq!(
        body["properties"]["trigger"]["sourceTrigger"]["status"],
        "Disabled"
    );
}

#[test]
fn answers_without_a_field_say_which() {
    for (raw, word) in [
        (json!([]), "id"),
        (json!({ "id": "/x/y" }), "properties"),
        (json!({ "id": "/x/y", "properties": null }), "properties"),
        (
            json!({ "id": "/x/y", "properties": {}, "type": "a/importPipelines" }),
            "type",
        ),
    ] {
        let error = Pipeline::read(Direction::Export, raw).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
    let least = json!({ "id": "/x/y", "properties": {}, "new": 1 });
    let least = Pipeline::read(Direction::Import, least).unwrap();
    assert_eq!(
        (least.name.as_str(), least.mode),
        ("y", StorageAccessMode::SasToken)
    );
    assert_eq!(least.storage_account(), None);
}

#[test]
fn the_account_is_in_the_host_or_in_the_path() {
    for (uri, account) in [
        ("https://acct.blob.core.windows.net/c", Some("acct")),
        ("https://127.0.0.1:4443/acct/c", Some("acct")),
        ("no url", None),
    ] {
        let raw = json!({ "id": "/x/y", "properties": { "target": { "uri": uri } } });
        let read = Pipeline::read(Direction::Export, raw).unwrap();
        assert_eq!(read.storage_account().as_deref(), account);
    }
}
