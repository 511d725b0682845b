//! What every command needs: network, cloud, credential, resource manager, made from the shared flags and the environment.

use blobferry_acr::arm::Arm;
use blobferry_acr::cloud::Cloud;
use blobferry_acr::http::Network;
use blobferry_acr::login::Credential;
use blobferry_acr::registry::Registry;
use blobferry_acr::resource::RegistryId;
use blobferry_acr::vault::Vaults;
use blobferry_terminal::Failure;

use crate::cli::shared::{CloudArgs, RegistryArgs};

/// Made once a command.
pub(crate) struct Context {
    pub(crate) network: Network,
    pub(crate) cloud: Cloud,
    pub(crate) credential: Credential,
}

impl Context {
    /// Finds the cloud and makes the credential (asks for no token yet).
    pub(crate) async fn new(args: &CloudArgs) -> Result<Self, Failure> {
        let _ = args;
        todo!()
    }

    /// The resource manager, in the version asked for.
    pub(crate) fn arm(&self, args: &CloudArgs) -> Result<Arm, Failure> {
        let _ = args;
        todo!()
    }

    /// Key Vault.
    pub(crate) fn vaults(&self) -> Vaults {
        Vaults::new(self.network.clone(), self.credential.clone())
    }

    /// Subscription (flag, AZURE_SUBSCRIPTION_ID, `az account show`'s default), group and registry.
    pub(crate) fn registry_id(&self, args: &RegistryArgs) -> Result<RegistryId, Failure> {
        let _ = args;
        todo!()
    }

    /// The registry itself, by its login server: flag, else ARM's `properties.loginServer`, else the cloud's suffix. Logs in
    /// with the flags' user and password, else by the Entra token.
    pub(crate) async fn registry(
        &self,
        args: &RegistryArgs,
        cloud: &CloudArgs,
    ) -> Result<Registry, Failure> {
        let _ = (args, cloud);
        todo!()
    }
}
