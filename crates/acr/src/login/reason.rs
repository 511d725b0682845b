//! Why a login failed, in one line without secrets, and what to do about it.

use super::{Login, LoginError, Secret};
use crate::blank::blank;
use crate::http::causes;

/// A way to log in: its name and the advice that fits it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) name: &'static str,
    hint: &'static str,
}

/// Longest reason, in characters.
const LONGEST: usize = 600;

impl Way {
    pub(super) fn of(login: &Login) -> Self {
        let (name, hint) = match login {
            Login::ClientSecret { .. } => (
                "client secret",
                "check tenant, client and secret (AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET), that the secret has \
                 not expired, and that --cloud is the application's",
            ),
            Login::ClientCertificate { .. } => (
                "client certificate",
                "check tenant, client and AZURE_CLIENT_CERTIFICATE_PATH (PEM with an RSA key, not encrypted, and its \
                 certificate), that the certificate is registered with the application and has not expired",
            ),
            Login::WorkloadIdentity { .. } => (
                "workload identity",
                "check AZURE_FEDERATED_TOKEN_FILE and that the application has a federated credential for this issuer and \
                 subject",
            ),
            Login::ManagedIdentity { .. } => (
                "managed identity",
                "it works on Azure machines that have an identity; check the client id, or log in another way",
            ),
            Login::AzureCli { .. } => (
                "az CLI",
                "log in with `az login` (for another cloud: `az cloud set --name …` before it)",
            ),
            Login::Token(_) => (
                "access token",
                "get a fresh one: `az account get-access-token --resource … --query accessToken -o tsv`",
            ),
        };
        Self { name, hint }
    }

    pub(super) fn error(self, error: &azure_core::Error, secrets: &[Secret]) -> LoginError {
        let mut reason = line(&causes(error));
        for secret in secrets.iter().map(|secret| secret.expose().trim()) {
            if !secret.is_empty() {
                reason = reason.replace(secret, "REDACTED");
            }
        }
        let reason = without_tokens(&blank(&reason));
        LoginError {
            way: self.name,
            reason: reason.chars().take(LONGEST).collect(),
            hint: self.hint.to_owned(),
        }
    }
}

/// The first line that says something: not `azure_identity`'s own preface, nor a warning of the az CLI.
fn line(text: &str) -> String {
    let said = text
        .split_once(" authentication failed.")
        .map_or(text, |(_, said)| said);
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.clone().find(|line| !line.starts_with("WARNING"));
    let first = first.or_else(|| lines.next()).unwrap_or(text);
    first.strip_prefix("ERROR: ").unwrap_or(first).to_owned()
}

/// Every JWT blanked: each begins with `{"`, in base64.
fn without_tokens(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("eyJ") {
        clean.push_str(before);
        clean.push_str("REDACTED");
        rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c));
    }
    clean.push_str(rest);
    clean
}
