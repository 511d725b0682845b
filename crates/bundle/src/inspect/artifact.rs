//! What is listed of an archive: artifacts and their layers.

/// One artifact: an image, an image for several platforms, a chart, a signature…
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifact {
    /// Its names and tags: `org.opencontainers.image.ref.name`, `io.containerd.image.name`,
    /// `RepoTags`. None for one that is kept by its digest only.
    pub names: Vec<String>,
    /// `sha256:…` of its manifest or index; of its configuration (the image's id) in a
    /// docker-archive, which keeps no manifest.
    pub digest: String,
    /// Media type of manifest or index; empty where the archive does not say.
    pub media_type: String,
    /// `os/architecture[/variant]` of the images in it, sorted.
    pub platforms: Vec<String>,
    /// `artifactType`, or the configuration's media type where that is no image's.
    pub artifact_type: Option<String>,
    /// Digests of the configurations, one for each image in it.
    pub configs: Vec<String>,
    /// The layers of all its images, each once.
    pub layers: Vec<Layer>,
    /// Digest of the manifest that it says something about.
    pub subject: Option<String>,
    /// What in the archive says something about it or about an image in it.
    pub referrers: Vec<Referrer>,
    /// Bytes of manifests, configurations and layers, each once, by their descriptors.
    pub bytes: u64,
}

/// One layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    /// `sha256:…`; in a docker-archive the path of a layer that is not there.
    pub digest: String,
    /// Length in bytes, by its descriptor; 0 where nothing says.
    pub size: u64,
    /// Its media type.
    pub media_type: String,
    /// It is to be fetched from elsewhere: it has `urls` or a media type for what may not be
    /// distributed (image-spec `layer.md`).
    pub foreign: bool,
    /// It is in the archive.
    pub present: bool,
    /// It is compressed with zstd.
    pub zstd: bool,
}

/// A manifest with a `subject` (image-spec 1.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Referrer {
    /// Its digest.
    pub digest: String,
    /// What it is, such as a signature or a list of parts.
    pub artifact_type: Option<String>,
    /// The digest it refers to: the artifact's or that of an image in it.
    pub subject: String,
}
