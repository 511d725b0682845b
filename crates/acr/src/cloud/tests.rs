//! Clouds by name, by discovery of both ages, by file.

use serde_json::{Value, json};

use super::*;
use crate::http::NetworkOptions;
use crate::loopback_tests::{Loopback, Reply};

fn network() -> Network {
    Network::new(NetworkOptions::default()).unwrap()
}

fn entry(name: &str, arm: &str) -> Value {
    json!({
        "name": name,
        "portal": "https://portal.example/",
        "resourceManager": arm,
        "authentication": {
            "loginEndpoint": "https://login.example",
            "audiences": ["https://management.core.example/", "https://management.example/"],
            "tenant": "common",
        },
        "suffixes": {
            "acrLoginServer": "azurecr.example",
            "keyVaultDns": ".vault.example",
            "storage": ".core.example",
        },
    })
}

#[test]
fn known_clouds_have_many_names() {
    for (word, name) in [
        ("public", "AzureCloud"),
        ("azurecloud", "AzureCloud"),
        ("UsGov", "AzureUSGovernment"),
        ("AzureUSGovernment", "AzureUSGovernment"),
        ("china", "AzureChinaCloud"),
        ("BLEU", "AzureBleuCloud"),
    ] {
        let cloud = Cloud::by_name(word).unwrap();
        assert_eq!(cloud.name, name);
        assert_eq!(cloud.resource_manager.scheme(), "https");
    }
    assert_eq!(Cloud::by_name("mars"), None);
    let cloud = Cloud::by_name("china").unwrap();
    assert_eq!(cloud.login_server("MyRegistry"), "myregistry.azurecr.cn");
    assert!(cloud.is_registry("MyRegistry.azurecr.cn"));
    assert!(cloud.is_registry("https://r.westeurope.geo.azurecr.cn:443/"));
    for other in [
        "docker.io",
        "azurecr.cn",
        "r.azurecr.cn.example",
        "r.azurecr.io",
    ] {
        assert!(!cloud.is_registry(other), "{other}");
    }
    let vault = |text| cloud.vault_url(text).map(String::from);
    assert_eq!(
        vault("My-Vault").as_deref(),
        Some("https://my-vault.vault.azure.cn/")
    );
    let given = "https://v.vault.example/";
    assert_eq!(vault(given).as_deref(), Some(given));
    for bad in [
        "",
        "a",
        "a.b.c",
        "http://v.vault.azure.cn",
        "https://",
        "x".repeat(25).as_str(),
    ] {
        assert_eq!(cloud.vault_url(bad), None, "{bad}");
    }
}

#[tokio::test]
async fn a_resource_manager_describes_its_cloud() {
    let described = entry("Sealed", "https://arm.example");
    let server = Loopback::start([Reply::new(200, described)]).await;
    let cloud = Cloud::find(server.url().as_str(), &network())
        .await
        .unwrap();
    assert_eq!(
        server.seen()[0].target,
        "/metadata/endpoints?api-version=2022-09-01"
    );
    assert_eq!(
        cloud,
        Cloud {
            name: "Sealed".to_owned(),
            resource_manager: Url::parse("https://arm.example/").unwrap(),
            login: Url::parse("https://login.example/").unwrap(),
            arm_audience: "https://management.core.example/".to_owned(),
            storage_suffix: "core.example".to_owned(),
            vault_suffix: ".vault.example".to_owned(),
            registry_suffix: ".azurecr.example".to_owned(),
        }
    );
}

#[tokio::test]
async fn the_older_form_is_asked_for_next() {
    let server = Loopback::start([]).await;
    let list = json!([
        entry("First", "https://arm.example"),
        entry("Own", server.url().as_str())
    ]);
    for refusal in [
        Reply::new(400, "{}"),
        Reply::new(200, "{}"),
        Reply::new(200, "<html>"),
    ] {
        server.reply([refusal, Reply::new(200, &list)]);
        let cloud = Cloud::find(server.url().as_str(), &network())
            .await
            .unwrap();
        assert_eq!(cloud.name, "Own");
        let asked = server.seen().pop().unwrap().target;
        assert!(asked.ends_with("2019-05-01"), "{asked}");
    }
}

#[tokio::test]
async fn what_is_missing_is_filled_in_from_what_was_asked() {
    let least = json!({ "authentication": { "loginEndpoint": "login.example/x" } });
    let server = Loopback::start([Reply::new(200, least)]).await;
    let cloud = Cloud::find(server.url().as_str(), &network())
        .await
        .unwrap();
    assert_eq!(cloud.resource_manager, server.url());
    assert_eq!(
        (cloud.name.as_str(), cloud.login.as_str()),
        ("127.0.0.1", "https://login.example/x")
    );
    assert_eq!(cloud.arm_audience, server.url().as_str());
    assert_eq!(cloud.vault_url("myvault"), None);
    assert_eq!(cloud.login_server("MyRegistry"), "myregistry");
}

#[tokio::test]
async fn a_lab_has_addresses_instead_of_suffixes() {
    let mut lab = entry("Lab", "https://127.0.0.1:8443");
    lab["suffixes"]["keyVaultDns"] = json!("127.0.0.1:8443");
    lab["suffixes"]["acrLoginServer"] = json!("localhost:5000");
    let server = Loopback::start([Reply::new(200, lab)]).await;
    let cloud = Cloud::find(server.url().as_str(), &network())
        .await
        .unwrap();
    assert_eq!(
        cloud.vault_url("myvault").unwrap().as_str(),
        "https://127.0.0.1:8443/"
    );
    assert_eq!(cloud.login_server("registry"), "localhost:5000");
}

#[tokio::test]
async fn what_describes_no_cloud_is_an_error() {
    let mut plain = entry("Plain", "https://arm.example");
    plain["authentication"]["loginEndpoint"] = json!("http://login.example");
    let long = " ".repeat((1 << 20) + 1);
    for (body, word) in [
        ("[]".to_owned(), "empty list"),
        ("7".to_owned(), "expected struct"),
        (json!({ "name": "x" }).to_string(), "authentication"),
        (plain.to_string(), "not https"),
        (long, "longer"),
    ] {
        let server = Loopback::start(Reply::new(200, body).times(2)).await;
        let error = Cloud::find(server.url().as_str(), &network())
            .await
            .unwrap_err();
        assert!(matches!(error, CloudError::Discovery { .. }));
        assert!(error.to_string().contains(word), "{error}");
    }
    for url in [
        "http://arm.example",
        "https://me:SECRET@arm.example",
        "https://",
    ] {
        let error = Cloud::find(url, &network()).await.unwrap_err();
        assert!(matches!(error, CloudError::Discovery { .. }), "{error}");
        assert!(!error.to_string().contains("SECRET"), "{error}");
    }
}

#[tokio::test]
async fn a_file_describes_a_cloud_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloud.json");
    let word = path.to_str().unwrap();
    let one = entry("File", "https://arm.example");
    for text in [one.to_string(), json!([one]).to_string()] {
        fs_err::write(&path, text).unwrap();
        assert_eq!(Cloud::find(word, &network()).await.unwrap().name, "File");
    }
    for text in ["", "{}", &" ".repeat((1 << 20) + 1)] {
        fs_err::write(&path, text).unwrap();
        let error = Cloud::find(word, &network()).await.unwrap_err();
        assert!(matches!(error, CloudError::File { .. }), "{error}");
    }
    let error = Cloud::find("mars", &network()).await.unwrap_err();
    assert!(matches!(error, CloudError::Unknown { .. }), "{error}");
}
