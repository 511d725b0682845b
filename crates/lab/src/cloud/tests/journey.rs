//! The whole way: a run exports from a layout, its blob is carried, and the source trigger imports it into another.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::CopySources;
use crate::auth::SasTerms;
use crate::cloud::registry::layout::Layout;
use crate::cloud::registry::name::Name;
use crate::cloud::scene::{at, image};
use crate::store::Metadata;

/// A cloud with two registries that are layouts in `folder`.
fn site(folder: &std::path::Path) -> Site {
    site_with(folder, CopySources::Any)
}

fn site_with(folder: &std::path::Path, copy_sources: CopySources) -> Site {
    let registry = |name: &str| RegistryOptions {
        name: name.to_owned(),
        content: RegistryContent::Layout(folder.join(name)),
    };
    let cloud = CloudOptions {
        registries: vec![registry("myRegistry"), registry("otherRegistry")],
        ..options(Behaviour {
            trigger_milliseconds: 20,
            ..Behaviour::default()
        })
    };
    let site = Site::with(cloud, copy_sources);
    for account in ["source", "target"] {
        let at = at(account, "transfer", "");
        site.lab
            .store()
            .create_container(&at, Metadata::new())
            .unwrap();
    }
    site
}

/// A pipeline between a container and a registry by the cloud's identity or by a SAS in the vault.
async fn pipeline(site: &Site, direction: &str, account: &str, by_sas: bool) -> Value {
    let uri = format!("{}/{account}/transfer", site.lab.endpoint());
    let mut place = json!({ "type": "AzureStorageBlobContainer", "uri": uri });
    if by_sas {
        let terms = SasTerms {
            permissions: "racwdl".to_owned(),
            expiry: Some(Timestamp::now() + SignedDuration::from_hours(24)),
            ..SasTerms::default()
        };
        let key = site.lab.store().key(account).unwrap();
        let sas = terms.sign(&at(account, "transfer", ""), &key);
        let secret = json!({ "value": format!("?{sas}") });
        let path = format!("/secrets/{account}");
        assert_eq!(
            site.vault(Method::PUT, &path, Some(&secret)).await.status,
            200
        );
        place["keyVaultUri"] = json!(format!("{}{path}", site.cloud().endpoint()));
    } else {
        place["storageAccessMode"] = json!("ManagedIdentity");
    }
    json!({ "identity": { "type": "SystemAssigned" }, "properties": { direction: place } })
}

/// Asks until `wanted` says what is there.
async fn until<T>(site: &Site, url: &str, wanted: impl Fn(&Answer) -> Option<T>) -> T {
    let until = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        let endpoint = site.cloud().endpoint();
        let answer = site.ask_for(endpoint, &Method::GET, url, None).await;
        if let Some(found) = wanted(&answer) {
            return found;
        }
        assert!(std::time::Instant::now() < until, "{answer:?}");
    }
}

/// Exports `team/app:1` by a SAS and carries the blob into the other account. Answers the catalog digest.
async fn export_and_carry(site: &Site) -> Value {
    let export = pipeline(site, "target", "source", true).await;
    assert_eq!(
        site.put("/exportPipelines/pipeline1", &export).await.status,
        200
    );
    let mut run = export_run("pipeline1");
    run["properties"]["request"]["artifacts"] = json!(["team/app:1"]);
    site.put("/pipelineRuns/exportRun1", &run).await;
    site.cloud().idle(Duration::from_secs(30)).unwrap();
    let exported = site.get("/pipelineRuns/exportRun1").await;
    let response = exported.at("/properties/response");
    assert_eq!(response["status"], "Succeeded", "{exported:?}");
    assert_eq!(response["progress"]["percentage"], "100");
    let store = site.lab.store();
    let blob = store.blob(&at("source", "transfer", "team.tar")).unwrap();
    let to = at("target", "transfer", "team.tar");
    store
        .put_synthetic(&to, blob.content.clone(), blob.about.clone())
        .unwrap();
    response["catalogDigest"].clone()
}

#[tokio::test]
async fn what_is_exported_arrives_by_the_source_trigger() {
    let folder = tempfile::TempDir::new().unwrap();
    let site = site(folder.path());
    let sent = Layout::open(&folder.path().join("myRegistry")).unwrap();
    image(&sent, "team/app:1", &[b"layer"]);
    let digest = export_and_carry(&site).await;
    let other = REGISTRY.replace("myRegistry", "otherRegistry");
    let import = pipeline(&site, "source", "target", false).await;
    let url = format!("{other}/importPipelines/pipeline2?api-version={VERSION}");
    let put = site
        .ask_for(site.cloud().endpoint(), &Method::PUT, &url, Some(&import))
        .await;
    assert_eq!(put.status, 200);
    let runs = format!("{other}/pipelineRuns?api-version={VERSION}");
    let run = until(&site, &runs, |list| {
        let ended = list
            .at("/value/0/properties/response/finishTime")
            .is_string();
        ended.then(|| list.at("/value/0").clone())
    })
    .await;
    let response = &run["properties"]["response"];
    assert_eq!(response["status"], "Succeeded", "{run}");
    assert_eq!(response["importedArtifacts"], json!(["team/app:1"]));
    assert_eq!(response["catalogDigest"], digest);
    assert!(
        response["trigger"]["sourceTrigger"]["timestamp"].is_string(),
        "{run}"
    );
    assert!(
        run["name"].as_str().unwrap().starts_with("pipeline2_"),
        "{run}"
    );
    let arrived = Layout::open(&folder.path().join("otherRegistry")).unwrap();
    let name = Name::parse("team/app:1").unwrap();
    let (sent, arrived) = (
        sent.manifest(&name).unwrap(),
        arrived.manifest(&name).unwrap(),
    );
    assert_eq!(arrived.unwrap().bytes, sent.unwrap().bytes);
    let findings = site.cloud().trigger_findings();
    assert!(
        matches!(findings[0].verdict, TriggerVerdict::Started(_)),
        "{findings:?}"
    );
}

/// West's container by plain http, with a SAS of the west's that may do everything: what a user would need to bridge two
/// clouds that shall not see each other.
#[tokio::test]
async fn runs_and_triggers_of_a_cloud_on_its_own_reach_no_other() {
    let west = Lab::start(Options::default()).unwrap();
    let at = at("target", "transfer", "");
    west.store().create_container(&at, Metadata::new()).unwrap();
    for (copy_sources, is_alone) in [(CopySources::Any, false), (CopySources::Own, true)] {
        let folder = tempfile::TempDir::new().unwrap();
        let east = site_with(folder.path(), copy_sources);
        let sent = Layout::open(&folder.path().join("myRegistry")).unwrap();
        image(&sent, "team/app:1", &[b"layer"]);
        let mut there = pipeline(&east, "target", "source", true).await;
        let terms = SasTerms {
            permissions: "racwdl".to_owned(),
            expiry: Some(Timestamp::now() + SignedDuration::from_hours(24)),
            ..SasTerms::default()
        };
        let sas = terms.sign(&at, &west.store().key("target").unwrap());
        let secret = json!({ "value": sas });
        east.vault(Method::PUT, "/secrets/source", Some(&secret))
            .await;
        let uri = format!("{}/target/transfer", west.endpoint());
        there["properties"]["target"]["uri"] = json!(uri);
        east.put("/exportPipelines/pipeline1", &there).await;
        let mut run = export_run("pipeline1");
        run["properties"]["request"]["artifacts"] = json!(["team/app:1"]);
        east.put("/pipelineRuns/exportRun1", &run).await;
        east.cloud().idle(Duration::from_secs(30)).unwrap();
        let ended = east.get("/pipelineRuns/exportRun1").await;
        let said = ended.at("/properties/response").to_string();
        assert_eq!(said.contains("cannot be reached"), is_alone, "{said}");
        assert_eq!(said.contains("Succeeded"), !is_alone, "{said}");
        let mut import = there.clone();
        let place = import["properties"]["target"].take();
        import["properties"] = json!({ "source": place });
        east.put("/importPipelines/pipeline2", &import).await;
        let finding = loop {
            if let Some(finding) = east.cloud().trigger_findings().pop() {
                break finding;
            }
            tokio::task::yield_now().await;
        };
        let unseen = matches!(finding.verdict, TriggerVerdict::Unseen(_));
        assert_eq!(unseen, is_alone, "{finding:?}");
    }
}

#[tokio::test]
async fn a_registry_has_a_listener_of_its_own_that_takes_the_cloud_s_tokens() {
    let folder = tempfile::TempDir::new().unwrap();
    let site = site(folder.path());
    let server = site.cloud().login_server("MYREGISTRY").unwrap();
    assert_ne!(format!("https://{server}"), site.cloud().endpoint());
    assert_eq!(
        site.get("?api-version=2023-07-01")
            .await
            .at("/properties/loginServer"),
        &json!(server)
    );
    let bare = site
        .send(site.request(&Method::GET, &format!("https://{server}/v2/")))
        .await;
    assert_eq!(bare.status, 401);
    let exchange = async |token: &str| {
        let form = [
            ("grant_type", "access_token"),
            ("service", &server),
            ("access_token", token),
        ];
        let url = format!("https://{server}/oauth2/exchange");
        site.send(site.request(&Method::POST, &url).body(form_body(&form)))
            .await
    };
    let token = site.token(site.cloud().endpoint()).await;
    assert!(exchange(&token).await.at("/refresh_token").is_string());
    assert_eq!(
        exchange(&site.token("https://vault.azure.net").await)
            .await
            .status,
        401
    );
    site.lab.clock().advance(3601);
    assert_eq!(exchange(&token).await.status, 401);
    assert_eq!(site.cloud().login_server("nosuch"), None);
}
