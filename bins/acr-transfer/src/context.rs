//! What every command needs: network, cloud, credential, resource manager, made from the shared flags and the environment.

mod login;
mod subscription;

use blobferry_acr::arm::{API_VERSIONS, Arm};
use blobferry_acr::cloud::Cloud;
use blobferry_acr::http::{Network, NetworkOptions};
use blobferry_acr::login::{Credential, Login, Secret};
use blobferry_acr::registry::{Registry, RegistryLogin};
use blobferry_acr::resource::RegistryId;
use blobferry_acr::vault::Vaults;
use blobferry_terminal::{ExitStatus, Failure};
use url::Url;

use crate::cli::shared::{CloudArgs, PlaceArgs, RegistryArgs};
use crate::failure::Explained as _;

/// Made once a command.
pub(crate) struct Context {
    pub(crate) network: Network,
    pub(crate) cloud: Cloud,
    pub(crate) credential: Credential,
    /// Directory, where the environment names one.
    tenant: Option<String>,
}

impl Context {
    /// Finds the cloud and makes the credential (asks for no token yet).
    pub(crate) async fn new(args: &CloudArgs) -> Result<Self, Failure> {
        let network = network(args)?;
        let cloud = Cloud::find(&args.cloud, &network).await.explained()?;
        let login = login::choose(args.login)?;
        let credential = Credential::new(&login, &cloud, &network).explained()?;
        let tenant = match login {
            Login::ClientSecret { tenant, .. }
            | Login::ClientCertificate { tenant, .. }
            | Login::WorkloadIdentity { tenant, .. } => Some(tenant),
            Login::AzureCli { tenant } => tenant,
            Login::ManagedIdentity { .. } | Login::Token(_) => None,
        };
        Ok(Self {
            network,
            cloud,
            credential,
            tenant,
        })
    }

    /// The resource manager, in the version asked for.
    pub(crate) fn arm(&self, args: &CloudArgs) -> Result<Arm, Failure> {
        api_version(&args.api_version)?;
        Arm::new(
            self.network.clone(),
            self.cloud.clone(),
            self.credential.clone(),
            &args.api_version,
        )
        .explained()
    }

    /// Key Vault.
    pub(crate) fn vaults(&self) -> Vaults {
        Vaults::new(self.network.clone(), self.credential.clone()).within(&self.cloud.vault_suffix)
    }

    /// [`Self::place`] of a command that also asks the registry itself.
    pub(crate) fn registry_id(&self, args: &RegistryArgs) -> Result<RegistryId, Failure> {
        self.place(&PlaceArgs {
            subscription: args.subscription.clone(),
            resource_group: args.resource_group.clone(),
            registry: args.registry.clone(),
        })
    }

    /// Subscription (flag, `AZURE_SUBSCRIPTION_ID`, `az account show`'s default), group and registry.
    #[expect(
        clippy::unused_self,
        reason = "a subscription will be of this context's cloud"
    )]
    pub(crate) fn place(&self, args: &PlaceArgs) -> Result<RegistryId, Failure> {
        let wanted = |value: &Option<String>, message: &str| {
            value.clone().ok_or_else(|| Failure::usage(message))
        };
        let group = wanted(
            &args.resource_group,
            "which resource group? give -g/--resource-group",
        )?;
        let registry = wanted(&args.registry, "which registry? give -r/--registry")?;
        let subscription = subscription::find(args.subscription.as_deref())?;
        RegistryId::new(&subscription, &group, &registry).explained()
    }

    /// The registry itself, by its login server: flag, else ARM's `properties.loginServer`, else the cloud's suffix. Logs in
    /// with the flags' user and password, else by the Entra token, which no other host than one of the cloud's registries
    /// gets: it opens the resource manager, too.
    pub(crate) async fn registry(
        &self,
        args: &RegistryArgs,
        cloud: &CloudArgs,
    ) -> Result<Registry, Failure> {
        let host = self.login_server(args, cloud).await?;
        let login = match &args.registry_user {
            Some(user) => RegistryLogin::Password {
                user: user.clone(),
                password: Secret::new(variable("ACR_TRANSFER_REGISTRY_PASSWORD").ok_or_else(
                    || {
                        Failure::usage("--registry-user wants a password")
                            .hint("put it into the environment as ACR_TRANSFER_REGISTRY_PASSWORD")
                    },
                )?),
            },
            None if !self.cloud.is_registry(&host) && args.login_server.is_some() => {
                RegistryLogin::Anonymous
            }
            None => RegistryLogin::Entra {
                credential: self.credential.clone(),
                audience: self.cloud.arm_audience.clone(),
                tenant: self.tenant.clone(),
            },
        };
        Registry::connect(&host, &login, &self.network, false)
            .await
            .explained()
    }

    async fn login_server(
        &self,
        args: &RegistryArgs,
        cloud: &CloudArgs,
    ) -> Result<String, Failure> {
        if let Some(host) = &args.login_server {
            return Ok(host.clone());
        }
        // Who can name the place can ask; who only has a name gets the cloud's suffix.
        if args.resource_group.is_some() {
            let id = self.registry_id(args)?;
            let answer = self.arm(cloud)?.registry(&id).await.explained()?;
            let host = answer.pointer("/properties/loginServer");
            if let Some(host) = host.and_then(|host| host.as_str()) {
                return Ok(host.to_owned());
            }
        }
        let name = args.registry.as_deref().ok_or_else(|| {
            Failure::usage("which registry? give -r/--registry, or --login-server")
        })?;
        Ok(self.cloud.login_server(name))
    }
}

/// Refuses versions that have no transfer resources.
pub(crate) fn api_version(version: &str) -> Result<(), Failure> {
    if API_VERSIONS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(version))
    {
        return Ok(());
    }
    let message = format!("--api-version {version:?} has no transfer resources");
    Err(Failure::usage(message).hint(format!("these have: {}", API_VERSIONS.join(", "))))
}

pub(crate) fn network(args: &CloudArgs) -> Result<Network, Failure> {
    let read = |path: &std::path::PathBuf| {
        fs_err::read(path)
            .map_err(|error| Failure::usage("--ca-file cannot be read").because(&error))
    };
    let ca_certs = args.ca_file.iter().map(read).collect::<Result<_, _>>()?;
    let proxy = args.proxy.as_deref().map(|text| url("--proxy", text));
    let imds = variable("AZURE_POD_IDENTITY_AUTHORITY_HOST")
        .map(|text| url("AZURE_POD_IDENTITY_AUTHORITY_HOST", &text));
    Network::new(NetworkOptions {
        ca_certs,
        proxy: proxy.transpose()?,
        user_agent: concat!("acr-transfer/", env!("CARGO_PKG_VERSION")).to_owned(),
        imds: imds.transpose()?,
        ..NetworkOptions::default()
    })
    .explained()
}

/// The text is not repeated: a proxy's may hold a password.
fn url(name: &str, text: &str) -> Result<Url, Failure> {
    Url::parse(text).map_err(|error| Failure::usage(format!("{name} is not a URL")).because(&error))
}

/// A variable of the environment; an empty one is none.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// For [`Failure`]s about what the environment lacks.
fn lacking(way: &str, names: &[&str]) -> Failure {
    Failure::new(
        ExitStatus::Denied,
        format!(
            "--login {way} wants {} in the environment",
            names.join(", ")
        ),
    )
}
