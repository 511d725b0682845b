//! Which way to log in: as told, else the first that the environment has everything for. Nothing is probed over the
//! network: asking a laptop's IMDS would hang.

use std::path::PathBuf;

use blobferry_acr::login::{Login, Secret};
use blobferry_terminal::{ExitStatus, Failure};

use super::{lacking, variable};
use crate::cli::shared::LoginWord;

/// The names that all Azure SDKs share.
const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const SECRET: &str = "AZURE_CLIENT_SECRET";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
/// App Service, Container Apps and their kin set this: there is a managed identity.
const IDENTITY: &str = "IDENTITY_ENDPOINT";
/// Ours: a file with a bearer token.
const OWN_TOKEN: &str = "ACR_TRANSFER_TOKEN_FILE";

/// A token is a few KiB; more is another file.
const LONGEST_TOKEN: u64 = 64 << 10;

/// The way to log in.
pub(super) fn choose(word: LoginWord) -> Result<Login, Failure> {
    match word {
        LoginWord::Auto => Ok(automatic()),
        LoginWord::Secret => secret().ok_or_else(|| lacking("secret", &[TENANT, CLIENT, SECRET])),
        LoginWord::Certificate => {
            certificate().ok_or_else(|| lacking("certificate", &[TENANT, CLIENT, CERTIFICATE]))
        }
        LoginWord::Workload => {
            workload().ok_or_else(|| lacking("workload", &[TENANT, CLIENT, TOKEN_FILE]))
        }
        LoginWord::Managed => Ok(managed()),
        LoginWord::Cli => Ok(cli()),
        LoginWord::Token => token(),
    }
}

fn automatic() -> Login {
    let managed = || variable(IDENTITY).map(|_| managed());
    secret()
        .or_else(certificate)
        .or_else(workload)
        .or_else(managed)
        .unwrap_or_else(cli)
}

fn secret() -> Option<Login> {
    Some(Login::ClientSecret {
        tenant: variable(TENANT)?,
        client: variable(CLIENT)?,
        secret: Secret::new(variable(SECRET)?),
    })
}

fn certificate() -> Option<Login> {
    Some(Login::ClientCertificate {
        tenant: variable(TENANT)?,
        client: variable(CLIENT)?,
        pem: PathBuf::from(variable(CERTIFICATE)?),
    })
}

fn workload() -> Option<Login> {
    Some(Login::WorkloadIdentity {
        tenant: variable(TENANT)?,
        client: variable(CLIENT)?,
        token_file: PathBuf::from(variable(TOKEN_FILE)?),
    })
}

fn managed() -> Login {
    Login::ManagedIdentity {
        client: variable(CLIENT),
    }
}

fn cli() -> Login {
    Login::AzureCli {
        tenant: variable(TENANT),
    }
}

fn token() -> Result<Login, Failure> {
    let path = variable(OWN_TOKEN).ok_or_else(|| lacking("token", &[OWN_TOKEN]))?;
    let unreadable =
        |message: &str| Failure::new(ExitStatus::Denied, format!("{OWN_TOKEN}: {message}"));
    let size = fs_err::metadata(&path)
        .map_err(|error| unreadable("the file cannot be read").because(&error))?
        .len();
    if size > LONGEST_TOKEN {
        return Err(unreadable("the file is too long for a token"));
    }
    let text = fs_err::read_to_string(&path)
        .map_err(|error| unreadable("the file cannot be read").because(&error))?;
    let token = text.trim();
    if token.is_empty() || token.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(unreadable("the file holds no bearer token")
            .hint("az account get-access-token --query accessToken -o tsv writes one"));
    }
    Ok(Login::Token(Secret::new(token)))
}
