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
//!
//! Everything but the artifacts is kept in memory and gone when the lab ends.

mod arm;
mod ask;
mod behaviour;
mod control;
mod estate;
mod identity;
mod login;
mod metadata;
pub(crate) mod registry;
mod reply;
mod route;
mod runs;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod tests;
mod token;
pub(crate) mod transfer;
pub(crate) mod trigger;
mod vault;
mod watch;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::Clock;
use crate::auth::Issuer;
use crate::line::Trunk;
use crate::service::lock;

pub use self::behaviour::{Behaviour, PutAnswer};
use self::estate::Estate;
use self::registry::Registry;
use self::runs::Running;
use self::trigger::Triggers;
pub use self::trigger::{TriggerFinding, TriggerVerdict};
use self::vault::Vault;

/// How the cloud around the accounts is to be.
#[derive(Clone)]
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

/// Hides the client's secret.
impl fmt::Debug for CloudOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudOptions")
            .field("name", &self.name)
            .field("tenant", &self.tenant)
            .field("subscription", &self.subscription)
            .field("resource_group", &self.resource_group)
            .field("client", &self.client.0)
            .field("registries", &self.registries)
            .finish_non_exhaustive()
    }
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
#[derive(Clone)]
pub enum RegistryContent {
    /// An OCI image layout in this directory (made where it is not there). Repositories are told apart by the part before
    /// `:` of `org.opencontainers.image.ref.name`. The lab serves it by the distribution API, too.
    Layout(PathBuf),
    /// A registry that runs elsewhere: `http://127.0.0.1:5000`, with `user:password@` where it wants that.
    Remote(String),
}

/// Hides the password in a URL.
impl fmt::Debug for RegistryContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(folder) => f.debug_tuple("Layout").field(folder).finish(),
            Self::Remote(url) => {
                let shown = origin(url).unwrap_or_default();
                f.debug_tuple("Remote").field(&shown).finish()
            }
        }
    }
}

impl RegistryOptions {
    /// Whether the lab serves its distribution API.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.content, RegistryContent::Layout(_))
    }
}

/// The storage accounts, as the cloud sees them.
#[derive(Debug)]
pub(crate) struct Accounts {
    /// Where the lab serves them.
    pub(crate) address: SocketAddr,
    /// Nothing but these ports of this machine is reached by runs and triggers; `None`: they go where they are sent.
    pub(crate) only: Option<Vec<u16>>,
}

/// Where a cloud's listeners are.
pub(crate) struct Ports {
    /// The cloud's own.
    pub(crate) front: SocketAddr,
    /// Plain http, for IMDS.
    pub(crate) identity: SocketAddr,
    pub(crate) storage: Accounts,
    /// By registry; `None`: it runs elsewhere.
    pub(crate) registries: Vec<Option<SocketAddr>>,
}

/// A registry in its cloud.
#[derive(Debug)]
struct Held {
    registry: Arc<Registry>,
    /// `host:port`, after `http://` where it has no TLS.
    login_server: String,
    /// `policies.exportPolicy`.
    may_export: AtomicBool,
}

/// The cloud of a running lab.
pub struct Cloud {
    options: CloudOptions,
    endpoint: String,
    identity_endpoint: String,
    front: SocketAddr,
    storage: Accounts,
    clock: Clock,
    issuer: Arc<Issuer>,
    /// For what the cloud itself asks of registries and accounts: trusts the lab's CA.
    client: reqwest::Client,
    trunk: Trunk,
    registries: Vec<Held>,
    behaviour: Mutex<Behaviour>,
    vault: Vault,
    estate: Mutex<Estate>,
    running: Running,
    triggers: Triggers,
    /// Requests by service.
    counted: Mutex<BTreeMap<&'static str, u64>>,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Cloud {
    /// # Errors
    /// When a registry's URL is none.
    pub(crate) fn new(
        options: CloudOptions,
        clock: Clock,
        client: reqwest::Client,
        ports: Ports,
    ) -> io::Result<Self> {
        let held = |(options, port): (&RegistryOptions, &Option<SocketAddr>)| {
            let login_server = match (&options.content, port) {
                (RegistryContent::Remote(url), _) => origin(url).map_err(|error| {
                    let text = format!("registry {}: {error}", options.name);
                    io::Error::new(io::ErrorKind::InvalidInput, text)
                })?,
                (RegistryContent::Layout(_), Some(port)) => reachable(*port).to_string(),
                (RegistryContent::Layout(_), None) => String::new(),
            };
            Ok(Held {
                registry: Arc::new(Registry {
                    name: options.name.clone(),
                    content: options.content.clone(),
                }),
                login_server,
                may_export: AtomicBool::new(true),
            })
        };
        let registries = options.registries.iter().zip(&ports.registries).map(held);
        Ok(Self {
            registries: registries.collect::<io::Result<_>>()?,
            endpoint: format!("https://{}", reachable(ports.front)),
            identity_endpoint: format!("http://{}", ports.identity),
            front: ports.front,
            storage: ports.storage,
            clock,
            issuer: Arc::new(Issuer::random()),
            client,
            trunk: Trunk::default(),
            behaviour: Mutex::new(options.behaviour.clone()),
            options,
            vault: Vault::default(),
            estate: Mutex::default(),
            running: Running::default(),
            triggers: Triggers::default(),
            counted: Mutex::default(),
        })
    }

    /// `https://127.0.0.1:PORT`: resource manager, login, vault and registries alike.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// `http://127.0.0.1:PORT`: where `/metadata/identity/oauth2/token` is to be had without TLS, in the place of
    /// `http://169.254.169.254`.
    #[must_use]
    pub fn identity_endpoint(&self) -> &str {
        &self.identity_endpoint
    }

    /// The login server (`127.0.0.1:PORT`, https) of a registry; a remote one's own host, after `http://` where that is how
    /// it is asked: no registry of Azure's is without TLS, and a client takes a bare host for https.
    #[must_use]
    pub fn login_server(&self, registry: &str) -> Option<String> {
        self.held(registry).map(|held| held.1.login_server.clone())
    }

    /// Changes how it behaves from now on.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        *lock(&self.behaviour) = behaviour;
    }

    /// What it does now. [`Behaviour::throttle`] is what is left of it.
    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        lock(&self.behaviour).clone()
    }

    /// Waits for all runs to end. Not to be called on the lab's own threads.
    ///
    /// # Errors
    /// When some still run after `patience`.
    pub fn idle(&self, patience: Duration) -> io::Result<()> {
        self.running.idle(patience)
    }

    /// What the source triggers made of the blobs that they saw last.
    #[must_use]
    pub fn trigger_findings(&self) -> Vec<TriggerFinding> {
        self.triggers.findings()
    }

    /// The value of a secret's newest version, as a pipeline's identity would read it.
    ///
    /// # Errors
    /// In the vault's words, when there is none or it is disabled.
    pub fn secret(&self, name: &str) -> Result<String, String> {
        self.vault
            .usable(name, None)
            .map_err(|refused| refused.message)
    }

    pub(crate) fn issuer(&self) -> Arc<Issuer> {
        Arc::clone(&self.issuer)
    }

    pub(crate) fn trunk(&self) -> &Trunk {
        &self.trunk
    }

    /// A registry by its name, in any case, and its number.
    fn held(&self, name: &str) -> Option<(usize, &Held)> {
        let mut all = self.registries.iter().enumerate();
        all.find(|(_, held)| held.registry.name.eq_ignore_ascii_case(name))
    }

    /// A registry by its number.
    fn numbered(&self, number: usize) -> Option<&Held> {
        self.registries.get(number)
    }

    /// Whether exports may leave the registry.
    fn may_export(&self, number: usize) -> bool {
        let held = self.numbered(number);
        held.is_some_and(|held| held.may_export.load(Ordering::Relaxed))
    }
}

/// An address that a client can ask.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
    } else {
        address
    }
}

/// `host:port` of a https URL; of a http one with its scheme. Never a user or a password.
fn origin(url: &str) -> Result<String, &'static str> {
    let none = "its URL is not http(s)://[user:password@]host[:port]";
    let url = reqwest::Url::parse(url).map_err(|_| none)?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let origin = url.origin().ascii_serialization();
    match url.scheme() {
        "http" if bare => Ok(origin),
        "https" if bare => Ok(origin.replacen("https://", "", 1)),
        _ => Err(none),
    }
}
