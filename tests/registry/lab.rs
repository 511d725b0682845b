//! The lab's registry over https with the lab's own CA: what an Azure registry asks of a client, from Entra to the manifest.

use std::path::Path;

use blobferry_acr::cloud::Cloud;
use blobferry_acr::http::{Network, NetworkOptions};
use blobferry_acr::login::{Credential, Login, Secret};
use blobferry_acr::preflight::{Many, preflight};
use blobferry_acr::registry::{Registry, RegistryClass, RegistryLogin};
use blobferry_harness::image::{Image, Layout};
use blobferry_lab::cloud::{Behaviour, CloudOptions, RegistryContent, RegistryOptions};
use blobferry_lab::{Lab, Options};

use crate::{artifact, expanded, selections};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const CLIENT: &str = "9d0351b5-bad2-4121-8f2a-17fa189c6ee4";

/// A lab whose one registry holds what is in `layout`.
fn lab(layout: &Path) -> Lab {
    let cloud = CloudOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        name: "AzureLabEast".to_owned(),
        tenant: TENANT.to_owned(),
        subscription: "00000000-0000-0000-0000-000000000000".to_owned(),
        resource_group: "group".to_owned(),
        client: (CLIENT.to_owned(), "right".to_owned()),
        registries: vec![RegistryOptions {
            name: "source".to_owned(),
            content: RegistryContent::Layout(layout.to_owned()),
        }],
        behaviour: Behaviour::default(),
    };
    let options = Options {
        cloud: Some(cloud),
        ..Options::default()
    };
    Lab::start(options).unwrap()
}

fn network(lab: &Lab) -> Network {
    let ca = lab.ca_certificate().unwrap().as_bytes().to_vec();
    Network::new(NetworkOptions {
        ca_certs: vec![ca],
        ..NetworkOptions::default()
    })
    .unwrap()
}

async fn entra(lab: &Lab, network: &Network, secret: &str) -> RegistryLogin {
    let endpoint = lab.cloud().unwrap().endpoint();
    let cloud = Cloud::find(endpoint, network).await.unwrap();
    let login = Login::ClientSecret {
        tenant: TENANT.to_owned(),
        client: CLIENT.to_owned(),
        secret: Secret::new(secret),
    };
    RegistryLogin::Entra {
        credential: Credential::new(&login, &cloud, network).unwrap(),
        audience: cloud.arm_audience,
        tenant: Some(TENANT.to_owned()),
    }
}

#[tokio::test]
async fn an_entra_login_reads_the_labs_registry() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let image = layout.image(&Image::oci(&["one", "two"])).unwrap();
    let index = layout.index(std::slice::from_ref(&image)).unwrap();
    layout.name("team/app:1", &image).unwrap();
    layout.name("team/app:all", &index).unwrap();
    layout
        .name(
            "other:1",
            &layout.image(&Image::docker(&["three"])).unwrap(),
        )
        .unwrap();
    let lab = lab(folder.path());
    let network = network(&lab);
    let host = lab.cloud().unwrap().login_server("source").unwrap();

    let right = entra(&lab, &network, "right").await;
    let registry = Registry::connect(&host, &right, &network, false)
        .await
        .unwrap();
    let found = expanded(&registry, &["team/*", "none*"]).await;
    assert_eq!(found, [vec!["team/app:1", "team/app:all"], vec![]]);
    let digest = registry.digest(&artifact("team/app:all")).await.unwrap();
    assert_eq!(digest.as_deref(), index["digest"].as_str());
    let report = preflight(&registry, &selections(&["*"]), Many::Refused)
        .await
        .unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(
        (report.registry.as_str(), report.selected.len()),
        (host.as_str(), 3)
    );

    let wrong = entra(&lab, &network, "WRONG").await;
    let registry = Registry::connect(&host, &wrong, &network, false)
        .await
        .unwrap();
    let error = registry.digest(&artifact("other:1")).await.unwrap_err();
    assert_eq!(error.class, RegistryClass::Denied);
    assert!(!error.to_string().contains("WRONG"), "{error}");
    // Without the lab's CA nobody is believed.
    let strangers = crate::network();
    let nobody = RegistryLogin::Anonymous;
    let registry = Registry::connect(&host, &nobody, &strangers, false).await;
    let error = registry
        .unwrap()
        .digest(&artifact("other:1"))
        .await
        .unwrap_err();
    assert_eq!(error.class, RegistryClass::Unavailable, "{error}");
}
