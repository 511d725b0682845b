//! What tests of runs and triggers happen in: a lab with two accounts, layouts in a directory that goes away, and images
//! made of given bytes.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::RegistryContent;
use super::registry::Registry;
use super::registry::layout::Layout;
use super::registry::manifest::{Descriptor, INDEX, Manifest};
use super::registry::name::{Digest, Name};
use super::registry::part::FilePart;
use super::transfer::{Access, Direction, Job, Outcome, RunFailure, execute};
use crate::auth::SasTerms;
use crate::store::{Blob, Metadata, NewBlob};
use crate::{Address, Content, Lab, Options};

/// Media type of a layer.
pub(super) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

pub(super) struct Scene {
    pub(super) lab: Lab,
    pub(super) folder: TempDir,
    pub(super) client: reqwest::Client,
    pub(super) runtime: Runtime,
    /// Percents that the last run told.
    pub(super) told: Mutex<Vec<u8>>,
}

pub(super) fn at(account: &str, container: &str, blob: &str) -> Address {
    Address {
        account: account.to_owned(),
        container: container.to_owned(),
        blob: blob.to_owned(),
    }
}

impl Scene {
    /// The accounts `source`, with the container `out`, and `target`, with `inbox`.
    pub(super) fn new() -> Self {
        let lab = Lab::start(Options::default()).unwrap();
        for (account, container) in [("source", "out"), ("target", "inbox")] {
            let at = at(account, container, "");
            lab.store().create_container(&at, Metadata::new()).unwrap();
        }
        Self {
            lab,
            folder: TempDir::new().unwrap(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            told: Mutex::default(),
        }
    }

    pub(super) fn layout(&self, name: &str) -> Layout {
        Layout::open(&self.folder.path().join(name)).unwrap()
    }

    pub(super) fn registry(&self, name: &str) -> Arc<Registry> {
        Arc::new(Registry {
            name: name.to_owned(),
            content: RegistryContent::Layout(self.folder.path().join(name)),
        })
    }

    /// A container and a SAS with these permissions.
    pub(super) fn place(&self, account: &str, container: &str, sp: &str) -> (String, Access) {
        let key = self.lab.store().key(account).unwrap();
        let terms = SasTerms {
            permissions: sp.to_owned(),
            expiry: Some(Timestamp::now() + SignedDuration::from_hours(24 * 365)),
            ..SasTerms::default()
        };
        let sas = terms.sign(&at(account, container, ""), &key);
        let url = format!("{}/{account}/{container}", self.lab.endpoint());
        (url, Access::Sas(sas))
    }

    fn job(&self, direction: Direction, registry: &str, artifacts: &[&str]) -> Job {
        let (container, access) = match direction {
            Direction::Export => self.place("source", "out", "racwl"),
            Direction::Import => self.place("target", "inbox", "rdl"),
        };
        Job {
            direction,
            pipeline: "pipeline1".to_owned(),
            run: "run1".to_owned(),
            container,
            access,
            blob: "some folder/all.tar".to_owned(),
            artifacts: artifacts.iter().map(|text| (*text).to_owned()).collect(),
            options: Vec::new(),
            catalog_digest: None,
            registry: self.registry(registry),
            largest_layer: 8_000_000_000,
        }
    }

    pub(super) fn export(&self, registry: &str, artifacts: &[&str]) -> Job {
        self.job(Direction::Export, registry, artifacts)
    }

    pub(super) fn import(&self, registry: &str, artifacts: &[&str]) -> Job {
        self.job(Direction::Import, registry, artifacts)
    }

    pub(super) fn run(&self, job: &Job) -> Result<Outcome, RunFailure> {
        self.told.lock().unwrap().clear();
        let progress = |percent| self.told.lock().unwrap().push(percent);
        self.runtime.block_on(execute(&self.client, job, &progress))
    }

    /// Why a run fails that has to.
    pub(super) fn failure(&self, job: &Job) -> String {
        self.run(job).unwrap_err().0
    }

    /// Carries the exported blob into the other account.
    pub(super) fn carry(&self, job: &Job) -> Arc<Blob> {
        let store = self.lab.store();
        let blob = store.blob(&at("source", "out", &job.blob)).unwrap();
        let to = at("target", "inbox", &job.blob);
        let (content, about) = (blob.content.clone(), blob.about.clone());
        store.put_synthetic(&to, content, about).unwrap();
        blob
    }

    /// Puts any bytes where an import looks for its blob.
    pub(super) fn offer(&self, bytes: Vec<u8>) {
        let to = at("target", "inbox", "some folder/all.tar");
        let content = Content::memory(bytes.into());
        let put = self
            .lab
            .store()
            .put_synthetic(&to, content, NewBlob::default());
        put.unwrap();
    }
}

/// Puts bytes in as a blob.
pub(super) fn blob(layout: &Layout, media_type: &str, bytes: &[u8]) -> Descriptor {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let file = fs_err::File::from_parts(file, "blob");
    let len = crate::content::size(bytes.len());
    let digest = Digest::of(bytes);
    let part = FilePart::new(Arc::new(file), 0, len);
    layout.put_blob(digest, part).unwrap();
    Descriptor::new(media_type, digest, len)
}

/// Puts a manifest in.
pub(super) fn manifest(layout: &Layout, name: &str, text: &serde_json::Value) -> Descriptor {
    let manifest = Manifest::new("", text.to_string().into()).unwrap();
    let name = match name.strip_suffix('@') {
        Some(repository) => format!("{repository}@{}", manifest.digest),
        None => name.to_owned(),
    };
    let name = Name::parse(&name).unwrap();
    layout.put_manifest(&name, &manifest).unwrap();
    manifest.descriptor()
}

/// An image with these layers; a name that ends in `@` means its digest.
pub(super) fn image(layout: &Layout, name: &str, layers: &[&[u8]]) -> Descriptor {
    let config = format!(r#"{{"architecture":"amd64","os":"linux","of":"{name}"}}"#);
    let config = blob(
        layout,
        "application/vnd.oci.image.config.v1+json",
        config.as_bytes(),
    );
    let layers: Vec<_> = layers
        .iter()
        .map(|layer| blob(layout, LAYER, layer))
        .collect();
    let text = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": layers,
    });
    manifest(layout, name, &text)
}

/// An index of these.
pub(super) fn index(layout: &Layout, name: &str, children: &[Descriptor]) -> Descriptor {
    let text = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": children });
    manifest(layout, name, &text)
}

/// Bytes that do not repeat soon (a linear congruential generator; Knuth's constants).
pub(super) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let next = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()
    });
    next.flat_map(|bytes| bytes.into_iter().take(4))
        .take(len)
        .collect()
}
