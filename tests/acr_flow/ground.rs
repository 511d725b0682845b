//! A lab's cloud with two registries and two accounts, and `acr-transfer` logged in to it. Every run's output is searched for
//! secrets.

use std::path::PathBuf;
use std::time::Duration;

use blobferry_harness::{Finished, Run, sha256_hex};
use blobferry_lab::auth::SasTerms;
use blobferry_lab::cloud::{Behaviour, CloudOptions, RegistryContent, RegistryOptions};
use blobferry_lab::content::Content;
use blobferry_lab::store::{Conditions, Metadata, NewBlob};
use blobferry_lab::{Address, Lab, Options};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

const ACR_TRANSFER: &str = env!("CARGO_BIN_EXE_acr-transfer");
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000005";
const TENANT: &str = "00000000-0000-0000-0000-00000000000a";
const CLIENT: &str = "00000000-0000-0000-0000-00000000000c";
const CLIENT_SECRET: &str = "not~much~of~a~secret";

pub(crate) struct Ground {
    folder: TempDir,
    pub(crate) lab: Lab,
    secrets: Vec<String>,
}

/// A blob's place.
pub(crate) fn at(account: &str, blob: &str) -> Address {
    Address {
        account: account.to_owned(),
        container: "box".to_owned(),
        blob: blob.to_owned(),
    }
}

impl Ground {
    /// `registry1` holds these artifacts, `registry2` nothing; pipelines `pipe1` and `pipe2` carry from the one to `source`,
    /// and from `target` to the other, by their own identity.
    pub(crate) fn new(artifacts: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        layout(&folder.path().join("registry1"), artifacts);
        let content = |name: &str| RegistryContent::Layout(folder.path().join(name));
        let (first, second) = (content("registry1"), content("registry2"));
        Self::around(folder, first, second)
    }

    /// The same around registries that run elsewhere.
    pub(crate) fn with_registries(first: String, second: String, secrets: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (
            RegistryContent::Remote(first),
            RegistryContent::Remote(second),
        );
        let mut ground = Self::around(folder, first, second);
        let secrets = secrets.iter().map(|secret| (*secret).to_owned());
        ground.secrets.extend(secrets);
        ground
    }

    fn around(folder: TempDir, first: RegistryContent, second: RegistryContent) -> Self {
        let registry = |name: &str, content| RegistryOptions {
            name: name.to_owned(),
            content,
        };
        let cloud = CloudOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            name: "AzureLabEast".to_owned(),
            tenant: TENANT.to_owned(),
            subscription: SUBSCRIPTION.to_owned(),
            resource_group: "group1".to_owned(),
            client: (CLIENT.to_owned(), CLIENT_SECRET.to_owned()),
            registries: vec![registry("registry1", first), registry("registry2", second)],
            behaviour: Behaviour::default(),
        };
        let options = Options {
            cloud: Some(cloud),
            ..Options::default()
        };
        let lab = Lab::start(options).unwrap();
        for account in ["source", "target"] {
            let made = lab
                .store()
                .create_container(&at(account, ""), Metadata::new());
            assert!(made.is_ok());
        }
        let mut ground = Self {
            folder,
            lab,
            secrets: vec![CLIENT_SECRET.to_owned()],
        };
        let authority = ground.lab.ca_certificate().unwrap().to_owned();
        ground.write("ca.pem", &authority);
        for account in ["source", "target"] {
            let sas = ground.sas(account, "rl", 3600);
            ground.write(&format!("{account}.sas"), &sas);
        }
        ground.pipeline("export", "registry1", "pipe1", "source", &[]);
        ground.pipeline("import", "registry2", "pipe2", "target", &["-e", "false"]);
        ground
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs_err::write(self.path(name), text).unwrap();
    }

    pub(crate) fn receipt(&self) -> Value {
        serde_json::from_slice(&fs_err::read(self.path("receipt.json")).unwrap()).unwrap()
    }

    /// A SAS for an account's container, which no output may show.
    pub(crate) fn sas(&mut self, account: &str, permissions: &str, seconds: i64) -> String {
        let end = Timestamp::now() + SignedDuration::from_secs(seconds);
        let terms = SasTerms {
            permissions: permissions.to_owned(),
            expiry: Some(end),
            ..SasTerms::default()
        };
        let key = self.lab.store().key(account).unwrap();
        let sas = terms.sign(&at(account, ""), &key);
        let signature = sas
            .split('&')
            .find(|field| field.starts_with("sig="))
            .unwrap();
        self.secrets
            .push(signature.trim_start_matches("sig=").to_owned());
        sas
    }

    pub(crate) fn container(&self, account: &str) -> String {
        format!("{}/{account}/box", self.lab.endpoint())
    }

    /// Makes a pipeline that uses its identity.
    pub(crate) fn pipeline(
        &self,
        kind: &str,
        registry: &str,
        name: &str,
        account: &str,
        more: &[&str],
    ) {
        let (group, container) = (format!("{kind}-pipeline"), self.container(account));
        let words = [
            &[
                &group,
                "create",
                "-r",
                registry,
                "-n",
                name,
                "-m",
                "ManagedIdentity",
                "-c",
                &container,
            ][..],
            more,
        ];
        drop(self.run(&words.concat(), 0));
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        let cloud = self.lab.cloud().unwrap();
        let mut behaviour = cloud.behaviour();
        change(&mut behaviour);
        cloud.set_behaviour(behaviour);
    }

    pub(crate) fn command(&self, words: &[&str]) -> Run {
        let endpoint = self.lab.cloud().unwrap().endpoint();
        let folder = self.folder.path();
        // A vault is in no resource group.
        let group: &[&str] = if words.first() == Some(&"secret") {
            &[]
        } else {
            &["-g", "group1"]
        };
        let mut run = Run::new(ACR_TRANSFER)
            .args(words)
            .args(group)
            .args(["--ca-file", "ca.pem"])
            .env("HOME", folder)
            .env("PATH", folder)
            .env("ACR_TRANSFER_CLOUD", endpoint)
            .env("AZURE_SUBSCRIPTION_ID", SUBSCRIPTION)
            .env("AZURE_TENANT_ID", TENANT)
            .env("AZURE_CLIENT_ID", CLIENT)
            .env("AZURE_CLIENT_SECRET", CLIENT_SECRET)
            .folder(folder)
            .timeout(Duration::from_secs(120));
        for name in [
            "ACR_TRANSFER_SAS",
            "AZURE_CLIENT_CERTIFICATE_PATH",
            "AZURE_FEDERATED_TOKEN_FILE",
            "COLUMNS",
        ] {
            run = run.env_remove(name);
        }
        run
    }

    pub(crate) fn run(&self, words: &[&str], code: i32) -> Finished {
        let finished = self.command(words).run().unwrap();
        self.no_secrets(&finished);
        finished.expect_code(code)
    }

    fn no_secrets(&self, finished: &Finished) {
        let said = finished.stdout_text() + &finished.stderr_text();
        for secret in &self.secrets {
            assert!(!said.contains(secret.as_str()), "{said}");
        }
    }

    /// `export` from registry1 by pipe1 into the blob `week.tar`, as JSON.
    pub(crate) fn export(&self, more: &[&str], code: i32) -> Vec<Value> {
        self.export_to("week.tar", "receipt.json", more, code)
    }

    /// The same into another blob.
    pub(crate) fn export_to(
        &self,
        blob: &str,
        receipt: &str,
        more: &[&str],
        code: i32,
    ) -> Vec<Value> {
        let words = [&export_words(blob, receipt)[..], more].concat();
        self.run(&words, code).json_lines().unwrap()
    }

    /// `import` into registry2 by pipe2, as JSON.
    pub(crate) fn import(&self, more: &[&str], code: i32) -> Vec<Value> {
        let words = [&IMPORT[..], more].concat();
        self.run(&words, code).json_lines().unwrap()
    }

    /// Carries a blob across; `bend` may change its bytes and properties.
    pub(crate) fn carry(&self, blob: &str, bend: impl FnOnce(&mut Vec<u8>, &mut NewBlob)) {
        let store = self.lab.store();
        let there = store.blob(&at("source", blob)).unwrap();
        let mut bytes = Vec::new();
        let mut reader = there.content.reader();
        while let Some(piece) = reader.next(1 << 20).unwrap() {
            bytes.extend_from_slice(&piece);
        }
        let mut about = there.about.clone();
        bend(&mut bytes, &mut about);
        let content = Content::memory(bytes.into());
        let put = store.put_blob(&at("target", blob), content, about, &Conditions::default());
        assert!(put.is_ok());
    }

    /// Names of a registry's runs.
    pub(crate) fn runs(&self, registry: &str) -> Vec<String> {
        let words = ["pipeline-run", "list", "-r", registry, "-o", "json"];
        let lines = self.run(&words, 0).json_lines().unwrap();
        let runs = lines.iter().filter(|line| line["type"] == "run");
        runs.map(|run| run["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// `export` from registry1 by pipe1.
pub(crate) fn export_words<'a>(blob: &'a str, receipt: &'a str) -> [&'a str; 13] {
    [
        "export",
        "-r",
        "registry1",
        "-p",
        "pipe1",
        "-b",
        blob,
        "-o",
        "json",
        "--sas-file",
        "source.sas",
        "--receipt",
        receipt,
    ]
}

/// `import` into registry2 by pipe2.
pub(crate) const IMPORT: [&str; 9] = [
    "import",
    "-r",
    "registry2",
    "-p",
    "pipe2",
    "-o",
    "json",
    "--sas-file",
    "target.sas",
];

/// The lines of one type.
pub(crate) fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

/// An OCI layout with one small image for each name.
fn layout(root: &std::path::Path, artifacts: &[String]) {
    let blobs = root.join("blobs/sha256");
    fs_err::create_dir_all(&blobs).unwrap();
    let put = |media_type: &str, bytes: &[u8]| {
        let digest = sha256_hex(bytes);
        fs_err::write(blobs.join(&digest), bytes).unwrap();
        json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len()})
    };
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let entries = artifacts.iter().map(|name| {
        let config = json!({"architecture": "amd64", "os": "linux", "author": name}).to_string();
        let config = put(
            "application/vnd.oci.image.config.v1+json",
            config.as_bytes(),
        );
        let layer = put(
            "application/vnd.oci.image.layer.v1.tar",
            b"not much of a layer",
        );
        let manifest = json!({
            "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer],
        });
        let mut entry: Value = put(media_type, manifest.to_string().as_bytes());
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": name});
        entry
    });
    let entries: Vec<Value> = entries.collect();
    let index = json!({"schemaVersion": 2, "manifests": entries});
    fs_err::write(root.join("index.json"), index.to_string()).unwrap();
    fs_err::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}
