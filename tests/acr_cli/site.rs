//! A lab's cloud with two registries and a container, and `acr-transfer` logged in to it as its application.

use std::time::Duration;

use blobferry_harness::{Finished, Run, sha256_hex};
use blobferry_lab::cloud::{Behaviour, CloudOptions, RegistryContent, RegistryOptions};
use blobferry_lab::store::Metadata;
use blobferry_lab::{Address, Lab, Options};
use serde_json::{Value, json};

use crate::desk::Desk;

pub(crate) const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000005";
pub(crate) const GROUP: &str = "group1";
const TENANT: &str = "00000000-0000-0000-0000-00000000000a";
const CLIENT: &str = "00000000-0000-0000-0000-00000000000c";
pub(crate) const CLIENT_SECRET: &str = "not~much~of~a~secret";

pub(crate) struct Site {
    pub(crate) desk: Desk,
    pub(crate) lab: Lab,
}

impl Site {
    /// `registry1` holds `app:1`, `registry2` nothing; both accounts have the container `box`.
    pub(crate) fn new(behaviour: Behaviour) -> Self {
        let desk = Desk::new();
        layout(&desk);
        let registry = |name: &str| RegistryOptions {
            name: name.to_owned(),
            content: RegistryContent::Layout(desk.folder().join(name)),
        };
        let cloud = CloudOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            name: "AzureLabEast".to_owned(),
            tenant: TENANT.to_owned(),
            subscription: SUBSCRIPTION.to_owned(),
            resource_group: GROUP.to_owned(),
            client: (CLIENT.to_owned(), CLIENT_SECRET.to_owned()),
            registries: vec![registry("registry1"), registry("registry2")],
            behaviour,
        };
        let lab = Lab::start(Options {
            cloud: Some(cloud),
            ..Options::default()
        })
        .unwrap();
        let at = |account: &str| Address {
            account: account.to_owned(),
            container: "box".to_owned(),
            blob: String::new(),
        };
        for account in ["source", "target"] {
            let made = lab.store().create_container(&at(account), Metadata::new());
            assert!(made.is_ok());
        }
        desk.write("ca.pem", lab.ca_certificate().unwrap());
        Self { desk, lab }
    }

    /// URL of `account`'s container.
    pub(crate) fn container(&self, account: &str) -> String {
        format!("{}/{account}/box", self.lab.endpoint())
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        let cloud = self.lab.cloud().unwrap();
        let mut behaviour = cloud.behaviour();
        change(&mut behaviour);
        cloud.set_behaviour(behaviour);
    }

    /// With the login in the environment; what says where comes behind the words, unless they say it.
    pub(crate) fn command(&self, words: &[&str]) -> Run {
        let endpoint = self.lab.cloud().unwrap().endpoint();
        let mut words = words.to_vec();
        for (flag, value) in [("-g", GROUP), ("-r", "registry1"), ("--ca-file", "ca.pem")] {
            if !words.contains(&flag) {
                words.extend([flag, value]);
            }
        }
        self.desk
            .command(&words)
            .env("ACR_TRANSFER_CLOUD", endpoint)
            .env("AZURE_SUBSCRIPTION_ID", SUBSCRIPTION)
            .env("AZURE_TENANT_ID", TENANT)
            .env("AZURE_CLIENT_ID", CLIENT)
            .env("AZURE_CLIENT_SECRET", CLIENT_SECRET)
            .timeout(Duration::from_secs(60))
    }

    pub(crate) fn run(&self, words: &[&str], code: i32) -> Finished {
        let finished = self.command(words).run().unwrap().expect_code(code);
        let said = finished.stdout_text() + &finished.stderr_text();
        assert!(!said.contains(CLIENT_SECRET), "{said}");
        finished
    }

    /// An export pipeline that uses its own identity, so that no secret is needed.
    pub(crate) fn export_pipeline(&self, name: &str) {
        let container = self.container("source");
        let words = [
            "export-pipeline",
            "create",
            "-n",
            name,
            "-m",
            "ManagedIdentity",
            "-c",
            &container,
        ];
        drop(self.run(&words, 0));
    }

    /// Begins a run of `app:1`; `more`: further flags.
    pub(crate) fn begin(&self, name: &str, more: &[&str], code: i32) -> Finished {
        let blob = format!("{name}.tar");
        let words = [
            &[
                "pipeline-run",
                "create",
                "-n",
                name,
                "-p",
                "pipe1",
                "-t",
                "export",
                "-b",
                &blob,
                "-a",
                "app:1",
            ][..],
            more,
        ];
        self.run(&words.concat(), code)
    }

    /// What changes from run to run, replaced.
    pub(crate) fn steady(&self, text: &str) -> String {
        let cloud = self.lab.cloud().unwrap().endpoint();
        let text = text
            .replace(cloud, "https://CLOUD")
            .replace(&self.lab.endpoint(), "http://STORAGE");
        self.desk
            .steady(&text)
            .replace(SUBSCRIPTION, "[subscription]")
    }
}

/// An OCI layout with one small image, `app:1`.
fn layout(desk: &Desk) {
    let root = desk.folder().join("registry1");
    let blobs = root.join("blobs/sha256");
    fs_err::create_dir_all(&blobs).unwrap();
    let put = |media_type: &str, bytes: &[u8]| {
        let digest = sha256_hex(bytes);
        fs_err::write(blobs.join(&digest), bytes).unwrap();
        json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len()})
    };
    let config = put("application/vnd.oci.image.config.v1+json", b"{}");
    let layer = put(
        "application/vnd.oci.image.layer.v1.tar",
        b"not much of a layer",
    );
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer],
    });
    let mut entry: Value = put(media_type, manifest.to_string().as_bytes());
    entry["annotations"] = json!({"org.opencontainers.image.ref.name": "app:1"});
    let index = json!({"schemaVersion": 2, "manifests": [entry]});
    fs_err::write(root.join("index.json"), index.to_string()).unwrap();
    fs_err::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}
