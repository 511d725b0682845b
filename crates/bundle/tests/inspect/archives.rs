//! Makes archives.

use std::io::Write;

use blobferry_bundle::{Contents, Finding, inspect};
use blobferry_integrity::Sha256Digest;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(crate) const SIGNATURE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

pub(crate) fn look(mut blob: &[u8]) -> Contents {
    inspect(&mut blob).unwrap()
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", Sha256Digest::of(bytes))
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

pub(crate) fn header(path: &str, kind: tar::EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

/// A tar of regular files, paths taken as they are.
pub(crate) fn tar_of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut to = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let size = u64::try_from(bytes.len()).unwrap();
        let header = header(path, tar::EntryType::Regular, size);
        to.append(&header, bytes).unwrap();
    }
    to.into_inner().unwrap()
}

/// An OCI image layout in the making.
#[derive(Default)]
pub(crate) struct Layout {
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) tops: Vec<Value>,
}

impl Layout {
    /// Puts a blob in, and gives its descriptor.
    pub(crate) fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = digest(bytes);
        let path = format!("blobs/{}", digest.replace(':', "/"));
        if !self.files.iter().any(|(there, _)| *there == path) {
            self.files.push((path, bytes.to_vec()));
        }
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    pub(crate) fn json(&mut self, media_type: &str, value: &Value) -> Value {
        self.blob(media_type, value.to_string().as_bytes())
    }

    /// An image with these layers.
    pub(crate) fn image(&mut self, architecture: &str, layers: &[Value]) -> Value {
        let config = json!({"os": "linux", "architecture": architecture,
            "rootfs": {"type": "layers", "diff_ids": []}, "config": {"Env": []}});
        let config = self.json(CONFIG, &config);
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
        self.json(MANIFEST, &manifest)
    }

    pub(crate) fn layer(&mut self, bytes: &str) -> Value {
        self.blob(LAYER, bytes.as_bytes())
    }

    pub(crate) fn top(&mut self, mut descriptor: Value, name: &str) {
        if !name.is_empty() {
            descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": name});
        }
        self.tops.push(descriptor);
    }

    /// Takes a blob out again.
    pub(crate) fn remove(&mut self, descriptor: &Value) {
        let hash = descriptor["digest"]
            .as_str()
            .unwrap()
            .replace("sha256:", "");
        self.files.retain(|(path, _)| !path.ends_with(&hash));
    }

    /// Its files in writing order: blobs, then what names them.
    pub(crate) fn all(&self) -> Vec<(String, Vec<u8>)> {
        let index = json!({"schemaVersion": 2, "manifests": self.tops}).to_string();
        let mut files = self.files.clone();
        let version = br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec();
        files.push(("oci-layout".to_owned(), version));
        files.push(("index.json".to_owned(), index.into_bytes()));
        files
    }

    pub(crate) fn tar(&self) -> Vec<u8> {
        let all = self.all();
        tar_of(
            all.iter()
                .map(|(path, bytes)| (path.as_str(), bytes.as_slice())),
        )
    }

    pub(crate) fn look(&self) -> Contents {
        look(&self.tar())
    }
}

/// A layout with one image of two layers, called `app:1`.
pub(crate) fn one_image() -> Layout {
    let mut layout = Layout::default();
    let layers = [layout.layer("first layer"), layout.layer("second layer")];
    let image = layout.image("amd64", &layers);
    layout.top(image, "app:1");
    layout
}

pub(crate) fn text(descriptor: &Value) -> String {
    descriptor["digest"].as_str().unwrap().to_owned()
}

/// The findings as a user reads them.
pub(crate) fn said(contents: &Contents) -> Vec<String> {
    contents.findings.iter().map(Finding::to_string).collect()
}
