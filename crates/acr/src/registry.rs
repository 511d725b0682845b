//! A registry, read by the OCI distribution API: catalog, tags, manifests, referrers. Bounded: manifests of 4 MiB at most,
//! 100,000 names, 1,000 manifests below an index, four levels deep.
//!
//! The documents are oci-client's types; the requests are our own over [`Network`]. Its client (0.18) reads answers of any
//! length, retries nothing and hides Retry-After, asks for tokens of one scope only (a catalog needs
//! `registry:catalog:*`), sends the password to whatever realm is named, takes neither paged referrers nor artifact
//! manifests, and calls a refused referrers list an empty one.

mod document;
mod expand;
mod names;
mod read;
mod referrers;
mod sender;
mod token;
mod wire;

use expand::KnownTags;
use wire::Wire;

use crate::artifact::{Artifact, Selection};
use crate::http::Network;
use crate::login::{Credential, Secret};

/// How to say who one is to a registry.
#[derive(Clone, Debug)]
pub enum RegistryLogin {
    /// Nobody.
    Anonymous,
    /// ACR: an Entra token is exchanged for a refresh token (`POST /oauth2/exchange`), used as the password of the null GUID.
    Entra {
        /// Whose token.
        credential: Credential,
        /// For what audience (the cloud's ARM audience).
        audience: String,
        /// Directory, where known.
        tenant: Option<String>,
    },
    /// User and password (an ACR token, a service principal, any other registry).
    Password {
        /// User.
        user: String,
        /// Password.
        password: Secret,
    },
}

/// Why the registry did not serve.
#[derive(Debug, thiserror::Error)]
#[error("registry {host}: {reason}")]
pub struct RegistryError {
    /// Which registry.
    pub host: String,
    /// By what to do.
    pub class: RegistryClass,
    /// What happened.
    pub reason: String,
}

/// What failed, by what the user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryClass {
    /// 401, 403.
    Denied,
    /// No such repository, tag or digest.
    NotFound,
    /// No answer, or 429 and 5xx beyond all retries.
    Unavailable,
    /// An answer that is none.
    Nonsense,
}

/// What a manifest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestKind {
    /// Docker or OCI image.
    Image,
    /// Image index or docker manifest list.
    Index,
    /// An artifact manifest, or an image manifest with an artifactType (Helm chart, SBOM, signature…).
    Artifact,
    /// Docker schema 1.
    Schema1,
    /// Something else.
    Other,
}

/// A blob that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `sha256:…`
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// Media type.
    pub media_type: String,
    /// Lies elsewhere (`urls`, or a `foreign` / `nondistributable` media type).
    pub foreign: bool,
}

/// A manifest, and what it names.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// `sha256:…` of its bytes, computed here.
    pub digest: String,
    /// What it is.
    pub kind: ManifestKind,
    /// Media type.
    pub media_type: String,
    /// Its own size, bytes.
    pub size: u64,
    /// Config and layers.
    pub layers: Vec<Layer>,
    /// Manifests of an index, each once.
    pub children: Vec<Manifest>,
    /// Digests of those that the index names and the registry does not have.
    pub missing: Vec<String>,
}

/// A manifest that refers to another (a signature, an SBOM).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// `sha256:…`
    pub digest: String,
    /// Artifact type, where given.
    pub artifact_type: Option<String>,
    /// Bytes of the manifest.
    pub size: u64,
}

/// A client of one registry.
pub struct Registry {
    wire: Wire,
    /// For the referrers of many manifests.
    tags: KnownTags,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry")
            .field("host", &self.wire.host())
            .finish_non_exhaustive()
    }
}

impl ManifestKind {
    /// `image`, `index`, `artifact`, `schema1`, `other`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Index => "index",
            Self::Artifact => "artifact",
            Self::Schema1 => "schema1",
            Self::Other => "other",
        }
    }
}

impl Registry {
    /// `host`: `myregistry.azurecr.io`, `127.0.0.1:5000`, or with `http://` before it, which only loopback may have unless
    /// `plaintext`. Without a scheme it is https, also on loopback.
    ///
    /// Nothing is asked yet: an Entra token is exchanged when the registry first asks who one is.
    ///
    /// # Errors
    /// When the host is none.
    #[expect(
        clippy::unused_async,
        reason = "connecting may come to ask, and callers are ready for it"
    )]
    pub async fn connect(
        host: &str,
        login: &RegistryLogin,
        network: &Network,
        plaintext: bool,
    ) -> Result<Self, RegistryError> {
        Ok(Self {
            wire: Wire::connect(host, login, network, plaintext)?,
            tags: KnownTags::default(),
        })
    }

    /// `host:port` as asked.
    #[must_use]
    pub fn host(&self) -> &str {
        self.wire.host()
    }

    /// All that the selections mean, sorted within each, none twice; one entry a selection, empty where nothing matched.
    /// An exact artifact is passed on as it is, there or not.
    ///
    /// # Errors
    /// When the registry does not serve its catalog or tags.
    pub async fn expand(
        &self,
        selections: &[Selection],
    ) -> Result<Vec<Vec<Artifact>>, RegistryError> {
        expand::expand(self, selections).await
    }

    /// The manifest and, for an index, those below it. `None`: no such tag or digest.
    ///
    /// # Errors
    /// When the registry does not serve, or the bytes are not what the digest says.
    pub async fn manifest(&self, artifact: &Artifact) -> Result<Option<Manifest>, RegistryError> {
        read::manifest(&self.wire, artifact).await
    }

    /// Only the digest (HEAD). `None`: no such tag or digest.
    ///
    /// # Errors
    /// When the registry does not serve.
    pub async fn digest(&self, artifact: &Artifact) -> Result<Option<String>, RegistryError> {
        read::digest(&self.wire, artifact).await
    }

    /// What refers to a manifest: by the referrers API, else by the `sha256-…` tag scheme (also cosign's `.sig`, `.att`,
    /// `.sbom` tags).
    ///
    /// # Errors
    /// When the registry does not serve; a registry without referrers gives none.
    pub async fn referrers(
        &self,
        repository: &str,
        digest: &str,
    ) -> Result<Vec<Referrer>, RegistryError> {
        referrers::referrers(self, repository, digest).await
    }
}
