//! A lab with a cloud and a blob, and `acr-transfer` logged in to it.

use std::net::{Ipv4Addr, SocketAddr};

use blobferry_azure_blob::{
    AzureBlob, Plaintext, Role, SasSource, SasUrl, Service, ServiceOptions,
};
use blobferry_harness::{Finished, Run};
use blobferry_lab::cloud::{Behaviour, CloudOptions};
use blobferry_lab::store::NewBlob;
use blobferry_lab::{Address, Content, Lab, Options};
use bytes::Bytes;
use tempfile::TempDir;

const ACR_TRANSFER: &str = env!("CARGO_BIN_EXE_acr-transfer");
const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const CLIENT: &str = "22222222-2222-2222-2222-222222222222";

pub(crate) struct Ground {
    pub(crate) lab: Lab,
    folder: TempDir,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let cloud = CloudOptions {
            listen: any,
            name: "AzureLab".to_owned(),
            tenant: TENANT.to_owned(),
            subscription: "33333333-3333-3333-3333-333333333333".to_owned(),
            resource_group: "rg".to_owned(),
            client: (CLIENT.to_owned(), "password".to_owned()),
            registries: Vec::new(),
            behaviour: Behaviour::default(),
        };
        let options = Options {
            listen_tls: Some(any),
            cloud: Some(cloud),
            ..Options::default()
        };
        let lab = Lab::start(options).unwrap();
        for name in ["run.tar", "other.tar"] {
            let at = Address {
                account: "source".to_owned(),
                container: "transfer".to_owned(),
                blob: name.to_owned(),
            };
            let bytes = Content::memory(Bytes::from_static(b"bytes"));
            lab.store()
                .put_synthetic(&at, bytes, NewBlob::default())
                .unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("ca.pem"), lab.ca_certificate().unwrap()).unwrap();
        Self { lab, folder }
    }

    /// The account's key, base64.
    pub(crate) fn key(&self) -> String {
        self.lab.store().key("source").unwrap().to_base64()
    }

    pub(crate) fn vault(&self) -> String {
        self.lab.cloud().unwrap().endpoint().to_owned()
    }

    /// The account's own URL.
    pub(crate) fn endpoint(&self) -> String {
        format!("{}/source", self.lab.tls_endpoint().unwrap())
    }

    /// Logged in, with the account's key in the environment.
    pub(crate) fn command(&self, words: &[&str]) -> Run {
        Run::new(ACR_TRANSFER)
            .args(words)
            .args(["--ca-file", "ca.pem"])
            .folder(self.folder.path())
            .env("HOME", self.folder.path())
            .env("ACR_TRANSFER_CLOUD", self.vault())
            .env("AZURE_TENANT_ID", TENANT)
            .env("AZURE_CLIENT_ID", CLIENT)
            .env("AZURE_CLIENT_SECRET", "password")
            .env("AZURE_STORAGE_KEY", self.key())
            .env_remove("ACR_TRANSFER_SAS")
    }

    pub(crate) fn run(&self, words: &[&str], code: i32) -> Finished {
        self.command(words).run().unwrap().expect_code(code)
    }

    /// What `sas mint` with these words prints: a SAS or a URL, and nothing else.
    pub(crate) fn mint(&self, words: &[&str]) -> String {
        let place = [
            "sas",
            "mint",
            "--account",
            "source",
            "--container",
            "transfer",
        ];
        let minted = self.run(&[&place, words].concat(), 0);
        let text = minted.stdout_text();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!minted.stderr_text().contains(signature(&text)));
        text.trim().to_owned()
    }

    /// The way to a blob by this SAS, from within.
    pub(crate) fn blob(&self, name: &str, sas: &str, role: Role) -> AzureBlob {
        let options = ServiceOptions {
            ca_certs: vec![self.lab.ca_certificate().unwrap().as_bytes().to_vec()],
            ..ServiceOptions::default()
        };
        let service = Service::new(options).unwrap();
        let url = format!("{}/transfer/{name}?{sas}", self.endpoint());
        let url = SasUrl::parse(&url, Plaintext::LoopbackOnly).unwrap();
        let sas = SasSource::fixed(url.sas().cloned());
        AzureBlob::connect(url, sas, role, &service).unwrap()
    }
}

/// The signature in a SAS or URL, as it stands there.
pub(crate) fn signature(text: &str) -> &str {
    let from = text
        .split("sig=")
        .nth(1)
        .unwrap_or_else(|| panic!("no signature in {text}"));
    from.split(['&', '"', '\n']).next().unwrap()
}
