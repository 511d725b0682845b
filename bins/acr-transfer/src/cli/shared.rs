//! Flags that several commands share: which cloud, who one is, which registry, how to answer.

use std::path::PathBuf;

use blobferry_terminal::Failure;
use clap::{Args, ValueEnum};

use super::word;

/// Which cloud, by whom, in what form to answer.
#[derive(Debug, Clone, Args)]
pub(crate) struct CloudArgs {
    /// public, usgov, china, bleu, the https URL of a resource manager, or a JSON file of its metadata
    #[arg(
        long,
        value_name = "CLOUD",
        default_value = "public",
        env = "ACR_TRANSFER_CLOUD",
        hide_env_values = true,
        global = true,
        help_heading = "Cloud and login"
    )]
    pub(crate) cloud: String,
    /// How to log in
    #[arg(
        long,
        value_name = "WAY",
        default_value = "auto",
        global = true,
        help_heading = "Cloud and login"
    )]
    pub(crate) login: LoginWord,
    /// More certificate authorities to trust (PEM; repeatable)
    #[arg(
        long,
        alias = "ca-cert",
        value_name = "FILE",
        global = true,
        help_heading = "Cloud and login"
    )]
    pub(crate) ca_file: Vec<PathBuf>,
    /// Proxy [default: what HTTPS_PROXY and its kin say]
    #[arg(
        long,
        value_name = "URL",
        global = true,
        help_heading = "Cloud and login"
    )]
    pub(crate) proxy: Option<String>,
    /// Version of the transfer resources' API
    #[arg(
        long,
        value_name = "VERSION",
        default_value = blobferry_acr::arm::DEFAULT_API_VERSION,
        global = true,
        help_heading = "Cloud and login"
    )]
    pub(crate) api_version: String,
    /// text or table for people, json for programs (one object per line)
    #[arg(
        long,
        short = 'o',
        value_name = "FORM",
        default_value = "text",
        value_parser = word::output,
        global = true,
        help_heading = "Output"
    )]
    pub(crate) output: OutputWord,
    /// What is asked and answered, on standard error; never a token or a signature
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) verbose: bool,
    /// Only the result and errors: no progress, no notes
    #[arg(
        long,
        short,
        alias = "only-show-errors",
        global = true,
        help_heading = "Output"
    )]
    pub(crate) quiet: bool,
    /// The az CLI's word for --verbose.
    #[arg(long, global = true, hide = true)]
    pub(crate) debug: bool,
    /// Known only to be refused with a hint.
    #[arg(long, global = true, hide = true, value_name = "JMESPATH")]
    pub(crate) query: Option<String>,
}

impl CloudArgs {
    /// Refuses what the az CLI has and this tool has not.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.query.is_some() {
            return Err(
                Failure::usage("--query of the az CLI is not offered here").hint(
                    "take `-o json` and jq: acr-transfer … -o json | jq 'select(.type==\"run\")'",
                ),
            );
        }
        Ok(())
    }
}

/// Which registry, for commands that only ask the resource manager.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PlaceArgs {
    /// Subscription [default: AZURE_SUBSCRIPTION_ID, then the az CLI's]
    #[arg(long, value_name = "ID")]
    pub(crate) subscription: Option<String>,
    /// Resource group
    #[arg(long, short = 'g', value_name = "GROUP")]
    pub(crate) resource_group: Option<String>,
    /// Registry
    #[arg(long, short = 'r', value_name = "NAME")]
    pub(crate) registry: Option<String>,
}

/// Which registry, for commands that also ask the registry itself.
#[derive(Debug, Clone, Args)]
pub(crate) struct RegistryArgs {
    /// Subscription [default: AZURE_SUBSCRIPTION_ID, then the az CLI's]
    #[arg(long, value_name = "ID")]
    pub(crate) subscription: Option<String>,
    /// Resource group
    #[arg(long, short = 'g', value_name = "GROUP")]
    pub(crate) resource_group: Option<String>,
    /// Registry
    #[arg(long, short = 'r', value_name = "NAME")]
    pub(crate) registry: Option<String>,
    /// Host of the registry's own API [default: what the resource manager says]
    #[arg(long, value_name = "HOST")]
    pub(crate) login_server: Option<String>,
    /// User for the registry's own API; the password is read from ACR_TRANSFER_REGISTRY_PASSWORD [default: the Entra login]
    #[arg(long, value_name = "USER")]
    pub(crate) registry_user: Option<String>,
}

/// Ways to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LoginWord {
    /// The first that the environment has all variables for, else the az CLI
    Auto,
    /// AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET
    Secret,
    /// AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH
    Certificate,
    /// AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE
    Workload,
    /// Of this machine; AZURE_CLIENT_ID picks a user-assigned one
    Managed,
    /// az login
    Cli,
    /// A token in ACR_TRANSFER_TOKEN_FILE
    Token,
}

/// Forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputWord {
    /// For people
    Text,
    /// As the az CLI's `-o table`: the same as text
    Table,
    /// JSON lines
    Json,
}
