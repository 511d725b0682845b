//! Key Vault: challenge, versions, attributes, refusals.

use super::*;

#[tokio::test]
async fn a_secret_has_versions_and_the_newest_counts() {
    let site = Site::new(Behaviour::default());
    let exp = json!({ "exp": 4_000_000_000_i64 });
    let body = json!({ "value": "?sv=1", "contentType": "text/plain", "attributes": exp });
    let first = site.vault(Method::PUT, "/secrets/sas-1", Some(&body)).await;
    let body = json!({ "value": "?sv=2" });
    let second = site.vault(Method::PUT, "/secrets/sas-1", Some(&body)).await;
    assert_eq!((first.status, second.status), (200, 200), "{first:?}");
    let id = first.at("/id").as_str().unwrap().to_owned();
    assert!(
        id.starts_with(&format!("{}/secrets/sas-1/", site.cloud().endpoint())),
        "{id}"
    );
    assert_eq!(first.at("/attributes/exp"), &json!(4_000_000_000_i64));
    assert_eq!(first.at("/attributes/enabled"), true);
    assert_eq!(first.at("/contentType"), "text/plain");
    let newest = site.vault(Method::GET, "/secrets/SAS-1", None).await;
    assert_eq!(newest.body, second.body);
    assert_eq!(newest.at("/value"), "?sv=2");
    let old = site.vault(Method::GET, &id, None).await;
    assert_eq!(old.at("/value"), "?sv=1");
    let versions = site
        .vault(Method::GET, "/secrets/sas-1/versions", None)
        .await;
    assert_eq!(versions.at("/value").as_array().unwrap().len(), 2);
    assert_eq!(versions.at("/value/0/value"), &Value::Null);
    assert_eq!(site.cloud().secret("sas-1"), Ok("?sv=2".to_owned()));
    assert_eq!(
        site.vault(Method::DELETE, "/secrets/sas-1", None)
            .await
            .status,
        200
    );
    assert_eq!(
        site.vault(Method::GET, "/secrets/sas-1", None)
            .await
            .error()
            .1,
        "SecretNotFound"
    );
}

#[tokio::test]
async fn the_challenge_names_login_and_resource() {
    let site = Site::new(Behaviour::default());
    let url = "/secrets/sas?api-version=7.5";
    let bare = site.send(site.request(&Method::GET, url)).await;
    assert_eq!((bare.status, bare.error().1), (401, "Unauthorized"));
    let login = format!("{}/{TENANT}", site.cloud().endpoint());
    let wanted = format!("Bearer authorization=\"{login}\", resource=\"https://vault.localhost\"");
    assert_eq!(bare.header("www-authenticate"), wanted);
    let endpoint = site.cloud().endpoint().to_owned();
    let other = site.ask_for(&endpoint, &Method::GET, url, None).await;
    assert!(other.error().2.starts_with("AKV10022"), "{other:?}");
    let token = site.token("https://vault.azure.net").await;
    site.lab.clock().advance(3601);
    let late = site
        .send(site.request(&Method::GET, url).bearer_auth(token))
        .await;
    assert_eq!(late.status, 401);
    assert!(late.error().2.contains("expired"), "{late:?}");
}

#[tokio::test]
async fn what_the_vault_refuses() {
    let site = Site::new(Behaviour::default());
    let none = site.vault(Method::GET, "/secrets/none", None).await;
    assert_eq!((none.status, none.error().1), (404, "SecretNotFound"));
    let body = json!({ "value": "hush" });
    let set = site.vault(Method::PUT, "/secrets/sas", Some(&body)).await;
    let path = set.at("/id").as_str().unwrap().to_owned();
    let off = json!({ "attributes": { "enabled": false } });
    assert_eq!(
        site.vault(Method::PATCH, &path, Some(&off)).await.status,
        200
    );
    let disabled = site.vault(Method::GET, "/secrets/sas", None).await;
    assert_eq!((disabled.status, disabled.error().1), (403, "Forbidden"));
    assert_eq!(disabled.at("/error/innererror/code"), "SecretDisabled");
    assert!(site.cloud().secret("sas").unwrap_err().contains("disabled"));
    for (name, body, code) in [
        ("under_score", &body, "BadParameter"),
        ("empty", &json!({}), "BadParameter"),
        ("list", &json!([]), "BadParameter"),
    ] {
        let refused = site
            .vault(Method::PUT, &format!("/secrets/{name}"), Some(body))
            .await;
        assert_eq!((refused.status, refused.error().1), (400, code), "{name}");
    }
    let audience = "https://vault.localhost";
    let old = site
        .ask_for(
            audience,
            &Method::GET,
            "/secrets/sas?api-version=2016-10-01",
            None,
        )
        .await;
    assert_eq!(old.error().1, "BadParameter");
}

#[tokio::test]
async fn a_secret_s_times_keep_nobody_from_reading_it() {
    let site = Site::new(Behaviour::default());
    let now = site.lab.clock().now().as_second();
    let late = json!({ "value": "v", "attributes": { "exp": now - 10 } });
    site.vault(Method::PUT, "/secrets/late", Some(&late)).await;
    let early = json!({ "value": "v", "attributes": { "nbf": now + 1000 } });
    site.vault(Method::PUT, "/secrets/early", Some(&early))
        .await;
    assert_eq!(
        site.vault(Method::GET, "/secrets/late", None)
            .await
            .at("/value"),
        "v"
    );
    assert_eq!(site.cloud().secret("late"), Ok("v".to_owned()));
    assert_eq!(site.cloud().secret("early"), Ok("v".to_owned()));
}
