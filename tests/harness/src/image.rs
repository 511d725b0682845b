//! Small images as OCI image layouts, written by hand so that a test decides every byte: media types, indexes, layers that
//! lie elsewhere, sizes that are not true.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::pattern::sha256_hex;

/// Media types by what a test wants to say.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Of an index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Of an image's config.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// A tar that is not compressed.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// Of docker's images.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Of docker's configs.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Docker's layer, compressed by gzip.
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// Docker's layer that is never pushed.
pub const FOREIGN_LAYER: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

/// A layer to be written.
#[derive(Clone, Debug)]
pub struct Layer {
    /// What it holds; of no meaning to a registry.
    pub bytes: Vec<u8>,
    /// Media type.
    pub media_type: String,
    /// Size that the manifest declares instead of the true one.
    pub declared: Option<u64>,
    /// Where it lies elsewhere; its blob is not written then.
    pub urls: Vec<String>,
}

/// An image, or an artifact in an image's form.
#[derive(Clone, Debug)]
pub struct Image {
    /// Media type of the manifest.
    pub media_type: String,
    /// Media type of the config.
    pub config_type: String,
    /// Layers.
    pub layers: Vec<Layer>,
    /// For signatures, SBOMs, …
    pub artifact_type: Option<String>,
    /// Descriptor of what it refers to.
    pub subject: Option<Value>,
}

/// A directory that is an OCI image layout.
#[derive(Debug)]
pub struct Layout {
    folder: PathBuf,
}

impl Layer {
    /// An OCI layer with this text as its bytes.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            bytes: text.as_bytes().to_vec(),
            media_type: OCI_LAYER.to_owned(),
            declared: None,
            urls: Vec::new(),
        }
    }

    /// Of another media type.
    #[must_use]
    pub fn of(mut self, media_type: &str) -> Self {
        media_type.clone_into(&mut self.media_type);
        self
    }

    /// As the manifest names it.
    #[must_use]
    pub fn descriptor(&self) -> Value {
        let mut made = descriptor(&self.media_type, &self.bytes);
        if let (Some(size), Some(field)) = (self.declared, made.get_mut("size")) {
            *field = json!(size);
        }
        if let (false, Some(object)) = (self.urls.is_empty(), made.as_object_mut()) {
            object.insert("urls".to_owned(), json!(self.urls));
        }
        made
    }
}

impl Image {
    /// An OCI image with one layer a text.
    #[must_use]
    pub fn oci(layers: &[&str]) -> Self {
        Self {
            media_type: OCI_MANIFEST.to_owned(),
            config_type: OCI_CONFIG.to_owned(),
            layers: layers.iter().map(|text| Layer::new(text)).collect(),
            artifact_type: None,
            subject: None,
        }
    }

    /// The same in docker's media types.
    #[must_use]
    pub fn docker(layers: &[&str]) -> Self {
        let mut image = Self::oci(layers);
        DOCKER_MANIFEST.clone_into(&mut image.media_type);
        DOCKER_CONFIG.clone_into(&mut image.config_type);
        for layer in &mut image.layers {
            DOCKER_LAYER.clone_into(&mut layer.media_type);
        }
        image
    }

    /// An artifact that refers to `subject`.
    #[must_use]
    pub fn referring(artifact_type: &str, subject: &Value, text: &str) -> Self {
        let mut image = Self::oci(&[text]);
        image.artifact_type = Some(artifact_type.to_owned());
        image.subject = Some(subject.clone());
        image
    }

    /// Bytes of the config. Other configs than an image's are empty objects.
    #[must_use]
    pub fn config(&self) -> Vec<u8> {
        if !matches!(self.config_type.as_str(), OCI_CONFIG | DOCKER_CONFIG) {
            return b"{}".to_vec();
        }
        let ids = self.layers.iter().map(|layer| digest(&layer.bytes));
        let rootfs = json!({"type": "layers", "diff_ids": ids.collect::<Vec<_>>()});
        let config =
            json!({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs});
        config.to_string().into_bytes()
    }

    /// Bytes of the manifest.
    #[must_use]
    pub fn manifest(&self) -> Vec<u8> {
        let layers: Vec<_> = self.layers.iter().map(Layer::descriptor).collect();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "config": descriptor(&self.config_type, &self.config()),
            "layers": layers,
        });
        if let Some(object) = manifest.as_object_mut() {
            if let Some(artifact_type) = &self.artifact_type {
                object.insert("artifactType".to_owned(), json!(artifact_type));
            }
            if let Some(subject) = &self.subject {
                object.insert("subject".to_owned(), subject.clone());
            }
        }
        manifest.to_string().into_bytes()
    }
}

impl Layout {
    /// Makes `folder` a layout that holds nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        fs_err::create_dir_all(folder.join("blobs/sha256"))?;
        fs_err::write(
            folder.join("oci-layout"),
            r#"{"imageLayoutVersion":"1.0.0"}"#,
        )?;
        let layout = Self { folder };
        layout.write_index(&[])?;
        Ok(layout)
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes an image's blobs and manifest; its descriptor.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn image(&self, image: &Image) -> Result<Value> {
        self.blob(&image.config())?;
        for layer in image.layers.iter().filter(|layer| layer.urls.is_empty()) {
            self.blob(&layer.bytes)?;
        }
        let manifest = image.manifest();
        self.blob(&manifest)?;
        let mut made = descriptor(&image.media_type, &manifest);
        if let (Some(artifact_type), Some(object)) = (&image.artifact_type, made.as_object_mut()) {
            object.insert("artifactType".to_owned(), json!(artifact_type));
        }
        Ok(made)
    }

    /// Writes an index of manifests; its descriptor.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn index(&self, manifests: &[Value]) -> Result<Value> {
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests});
        let bytes = index.to_string().into_bytes();
        self.blob(&bytes)?;
        Ok(descriptor(OCI_INDEX, &bytes))
    }

    /// Gives a manifest a name in the layout (`org.opencontainers.image.ref.name`), in place of what had it.
    ///
    /// # Errors
    /// When the layout cannot be read or written.
    pub fn name(&self, name: &str, descriptor: &Value) -> Result<()> {
        const REF_NAME: &str = "org.opencontainers.image.ref.name";
        let text = fs_err::read_to_string(self.folder.join("index.json"))?;
        let index: Value = serde_json::from_str(&text)?;
        let entries = index.get("manifests").and_then(Value::as_array);
        let mut entries = entries.context("no manifests")?.clone();
        entries.retain(|entry| {
            let known = entry.get("annotations").and_then(|all| all.get(REF_NAME));
            known.and_then(Value::as_str) != Some(name)
        });
        let mut entry = descriptor.clone();
        if let Some(object) = entry.as_object_mut() {
            object.insert("annotations".to_owned(), json!({REF_NAME: name}));
        }
        entries.push(entry);
        self.write_index(&entries)
    }

    /// The blob that a descriptor names.
    ///
    /// # Errors
    /// When it is not there.
    pub fn read(&self, descriptor: &Value) -> Result<Vec<u8>> {
        let digest = descriptor.get("digest").and_then(Value::as_str);
        let digest = digest.context("a descriptor without a digest")?;
        Ok(fs_err::read(
            self.folder.join("blobs").join(digest.replace(':', "/")),
        )?)
    }

    fn write_index(&self, entries: &[Value]) -> Result<()> {
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
        Ok(fs_err::write(
            self.folder.join("index.json"),
            index.to_string(),
        )?)
    }

    fn blob(&self, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join("blobs/sha256").join(sha256_hex(bytes));
        Ok(fs_err::write(path, bytes)?)
    }
}

/// Media type, digest and true size.
#[must_use]
pub fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
}

/// `sha256:…`
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256_hex(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_holds_what_its_index_names() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        let first = layout.image(&Image::oci(&["a", "b"])).unwrap();
        let second = layout.image(&Image::docker(&["c"])).unwrap();
        let both = layout.index(&[first.clone(), second.clone()]).unwrap();
        layout.name("app:1", &first).unwrap();
        layout.name("app:all", &both).unwrap();
        layout.name("app:1", &second).unwrap();
        let text = fs_err::read_to_string(folder.path().join("index.json")).unwrap();
        let index: Value = serde_json::from_str(&text).unwrap();
        let named: Vec<_> = index["manifests"].as_array().unwrap().iter().collect();
        assert_eq!(named.len(), 2);
        assert_eq!(named[1]["digest"], second["digest"]);
        for entry in named {
            let bytes = layout.read(entry).unwrap();
            assert_eq!(entry["digest"], digest(&bytes).as_str());
            assert_eq!(entry["size"], bytes.len());
        }
    }

    #[test]
    fn a_layer_may_lie_about_its_size_and_place() {
        let mut layer = Layer::new("abc").of(FOREIGN_LAYER);
        assert_eq!(layer.descriptor()["size"], 3);
        layer.declared = Some(9_000_000_000);
        layer.urls = vec!["https://example.com".to_owned()];
        let made = layer.descriptor();
        assert_eq!(made["size"], 9_000_000_000_u64);
        assert_eq!(made["urls"][0], "https://example.com");
        assert_eq!(made["digest"], digest(b"abc").as_str());
    }
}
