//! Key Vault: secrets with versions. A cloud has one vault, whatever name a URL gives it.
//!
//! As in Azure, `exp` and `nbf` keep nobody from reading a secret (Key Vault's "About secrets": get works for expired
//! ones). So a pipeline gets a SAS that has run out, and the storage account is what refuses it.

mod http;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::service::lock;

pub(super) use http::answer;

/// Secrets, and versions of a secret, at most.
const MOST: usize = 10_000;

/// The vault of a cloud.
#[derive(Default)]
pub(super) struct Vault {
    /// By name in lower case: names compare without case.
    secrets: Mutex<BTreeMap<String, Secret>>,
}

struct Secret {
    /// As it was first written.
    name: String,
    /// Oldest first; never empty.
    versions: Vec<Version>,
}

/// One version of a secret.
#[derive(Clone)]
struct Version {
    id: String,
    value: String,
    content_type: Option<String>,
    tags: BTreeMap<String, String>,
    attributes: Attributes,
    created: i64,
    updated: i64,
}

/// What can be said about a version; times are seconds since 1970.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Attributes {
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
}

/// Why a secret is not to be had.
#[derive(Clone, Debug)]
pub(super) struct NoSecret {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// Never shows a value.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// The value of a version (the newest where none is named), for one who means to use it.
    pub(super) fn usable(&self, name: &str, version: Option<&str>) -> Result<String, NoSecret> {
        self.version(name, version).map(|(_, found)| found.value)
    }

    /// A version and the secret's name, unless it is disabled.
    fn version(&self, name: &str, version: Option<&str>) -> Result<(String, Version), NoSecret> {
        let secrets = lock(&self.secrets);
        let found = secrets.get(&name.to_ascii_lowercase()).and_then(|secret| {
            let found = match version {
                None => secret.versions.last(),
                Some(id) => secret.versions.iter().find(|version| version.id == id),
            };
            Some((secret.name.clone(), found?.clone()))
        });
        let Some((name, found)) = found else {
            let message = format!(
                "A secret with (name/id) {name}{} was not found in this key vault. If you recently deleted this secret \
                 you may be able to recover it using the correct recovery command. For help resolving this issue, \
                 please see https://go.microsoft.com/fwlink/?linkid=2125182",
                version.map_or(String::new(), |version| format!("/{version}"))
            );
            return Err(NoSecret {
                status: 404,
                code: "SecretNotFound",
                message,
            });
        };
        if found.attributes.enabled == Some(false) {
            return Err(NoSecret {
                status: 403,
                code: "SecretDisabled",
                message: "Operation get is not allowed on a disabled secret.".to_owned(),
            });
        }
        Ok((name, found))
    }
}
