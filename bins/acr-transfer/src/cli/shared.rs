//! Flags that several commands share: which cloud, who one is, which registry, how to answer.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Which cloud, by whom, in what form to answer.
#[derive(Debug, Clone, Args)]
pub(crate) struct CloudArgs {
    /// public, usgov, china, bleu, the https URL of a resource manager, or a JSON file of its metadata
    #[arg(
        long,
        value_name = "CLOUD",
        default_value = "public",
        env = "ACR_TRANSFER_CLOUD",
        global = true
    )]
    pub(crate) cloud: String,
    /// How to log in
    #[arg(long, value_name = "WAY", default_value = "auto", global = true)]
    pub(crate) login: LoginWord,
    /// More certificate authorities to trust (PEM; repeatable)
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) ca_file: Vec<PathBuf>,
    /// Proxy [default: what HTTPS_PROXY and its kin say]
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) proxy: Option<String>,
    /// Version of the transfer resources' API
    #[arg(long, value_name = "VERSION", default_value = blobferry_acr::arm::DEFAULT_API_VERSION, global = true)]
    pub(crate) api_version: String,
    /// Answer in prose and tables, or as JSON lines
    #[arg(
        long,
        short = 'o',
        value_name = "FORM",
        default_value = "text",
        global = true
    )]
    pub(crate) output: OutputWord,
    /// What is asked and answered, on standard error; never a token or a signature
    #[arg(long, global = true)]
    pub(crate) verbose: bool,
}

/// Which registry.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputWord {
    /// For people
    Text,
    /// As the az CLI's `-o table`: the same as text
    Table,
    /// JSON lines
    Json,
}
