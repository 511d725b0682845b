//! The rest of a cloud around the storage accounts: resource manager with the transfer resources, Entra ID and IMDS, Key
//! Vault, registries, metadata discovery. All behind one https listener per lab, told apart by path; each registry's
//! distribution API has a listener of its own.
//!
//! | path | service |
//! |---|---|
//! | `/subscriptions/…` | Azure Resource Manager |
//! | `/metadata/endpoints` | cloud metadata discovery, of both ages |
//! | `/{tenant}/oauth2/v2.0/token` | Entra ID |
//! | `/metadata/identity/oauth2/token` (also by plain http) | IMDS and App Service identities |
//! | `/secrets/{name}[/{version}]` | Key Vault |
//! | `/v2/…`, `/oauth2/exchange`, `/oauth2/token` | on a registry's own listener: its distribution API |
//! | `/_lab/…` | the lab's own controls |

#![expect(dead_code, reason = "seam")]

pub(crate) mod registry;
pub(crate) mod transfer;
pub(crate) mod trigger;

pub use self::trigger::{TriggerFinding, TriggerVerdict};

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How the cloud around the accounts is to be.
#[derive(Clone, Debug)]
pub struct CloudOptions {
    /// Where to listen with TLS; port 0: any.
    pub listen: SocketAddr,
    /// `AzureLabEast`, …
    pub name: String,
    /// Directory.
    pub tenant: String,
    /// The one subscription.
    pub subscription: String,
    /// The one resource group.
    pub resource_group: String,
    /// An application that may do everything: client id and secret.
    pub client: (String, String),
    /// Registries.
    pub registries: Vec<RegistryOptions>,
    /// How runs and long-running answers behave.
    pub behaviour: Behaviour,
}

/// A registry of the lab.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// 5 to 50 letters and digits.
    pub name: String,
    /// What it holds.
    pub content: RegistryContent,
}

/// Where a registry's artifacts are.
#[derive(Clone, Debug)]
pub enum RegistryContent {
    /// An OCI image layout in this directory (made where it is not there). Repositories are told apart by the part before
    /// `:` of `org.opencontainers.image.ref.name`. The lab serves it by the distribution API, too.
    Layout(PathBuf),
    /// A registry that runs elsewhere: `http://127.0.0.1:5000`.
    Remote(String),
}

/// By script: how the service answers. Times are the lab's clock only where they are dates; delays are real time.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// How a PUT of a pipeline or run is answered.
    pub put: PutAnswer,
    /// How a DELETE is answered: 200, 202 or 204.
    pub delete: u16,
    /// A run stays in Running for at least so long, milliseconds.
    pub run_milliseconds: u64,
    /// Runs fail with this message (where set) without touching a blob; `{pipeline}` and `{run}` are filled in.
    pub fail_runs: Option<String>,
    /// So many of the next requests to ARM are answered 429 with this Retry-After in seconds.
    pub throttle: u32,
    /// Retry-After of answers that have one, seconds (0 is allowed).
    pub retry_after: u64,
    /// Entries in a page of a list.
    pub page: usize,
    /// Tokens are valid for so long, seconds of the lab's clock.
    pub token_seconds: u64,
    /// Layers above so many bytes fail a run (8 GB; less where a test has no 8 GB).
    pub largest_layer: u64,
    /// How often a source trigger looks, milliseconds.
    pub trigger_milliseconds: u64,
}

/// How a PUT is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PutAnswer {
    /// 200 at once with `Succeeded`, as real traffic shows for pipelines; a run is Running and goes on.
    Done,
    /// 201 with `Creating` and Azure-AsyncOperation.
    Created,
    /// 200 when the run has ended, as recorded: a Failed run in a 200.
    Ended,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            put: PutAnswer::Done,
            delete: 200,
            run_milliseconds: 0,
            fail_runs: None,
            throttle: 0,
            retry_after: 0,
            page: 100,
            token_seconds: 3600,
            largest_layer: 8_000_000_000,
            trigger_milliseconds: 200,
        }
    }
}

/// The cloud of a running lab.
#[derive(Debug)]
pub struct Cloud {
    endpoint: String,
}

impl Cloud {
    /// `https://127.0.0.1:PORT`: resource manager, login, vault and registries alike.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The login server (`127.0.0.1:PORT`, https) of a registry; a remote one's own host.
    #[must_use]
    pub fn login_server(&self, registry: &str) -> Option<String> {
        let _ = registry;
        todo!()
    }

    /// Changes how it behaves from now on.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        let _ = behaviour;
        todo!()
    }

    /// What it does now.
    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        todo!()
    }

    /// Waits for all runs to end.
    ///
    /// # Errors
    /// When some still run after `patience`.
    pub fn idle(&self, patience: Duration) -> std::io::Result<()> {
        let _ = patience;
        todo!()
    }
}
