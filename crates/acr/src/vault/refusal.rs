//! What a vault's refusal means, and what to do about it.

use azure_core::error::{Error, ErrorKind};
use serde::Deserialize;

use super::{SecretId, VaultError};

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Get,
    Set,
}

/// `{"error":{"code":…,"message":…,"innererror":{"code":…}}}`
#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Said,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    code: String,
    message: String,
    innererror: Inner,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Inner {
    code: String,
}

/// Reads an error of the SDK. The service's message is shown: it names the caller, the vault and the action, never a value.
pub(super) fn read(id: &SecretId, wish: Wish, error: &Error) -> VaultError {
    let (status, reason, hint) = match error.kind() {
        ErrorKind::HttpResponse {
            status,
            raw_response,
            ..
        } => {
            let status = u16::from(*status);
            let body = raw_response.as_ref().map(|answer| answer.body().as_ref());
            let said: Body = body
                .and_then(|bytes| serde_json::from_slice(bytes).ok())
                .unwrap_or_default();
            let (reason, hint) = answered(wish, status, &said.error);
            (Some(status), reason, hint)
        }
        ErrorKind::Credential => (
            None,
            format!("there is no token: {}", chain(error)),
            "log in, and see --login for the ways".to_owned(),
        ),
        ErrorKind::Connection | ErrorKind::Io => (
            None,
            format!("no answer: {}", chain(error)),
            "check the vault's name, this machine's DNS and network, and --ca-file for a cloud with a CA of its own"
                .to_owned(),
        ),
        ErrorKind::DataConversion => return nonsense(id),
        // The authorizer's own: the audience in the challenge is another host's.
        ErrorKind::Other => (
            None,
            chain(error),
            "check that the URL is a Key Vault's, and that no proxy answers in its place".to_owned(),
        ),
    };
    VaultError {
        id: id.to_string(),
        status,
        no_token: matches!(error.kind(), ErrorKind::Credential),
        reason,
        hint,
    }
}

/// The answer is none.
pub(super) fn nonsense(id: &SecretId) -> VaultError {
    VaultError {
        id: id.to_string(),
        status: None,
        no_token: false,
        reason: "the answer is not what Key Vault answers".to_owned(),
        hint: "check that the URL is a Key Vault's, and that no proxy answers in its place"
            .to_owned(),
    }
}

fn answered(wish: Wish, status: u16, said: &Said) -> (String, String) {
    let code = match said.innererror.code.as_str() {
        "" => said.code.as_str(),
        inner => inner,
    };
    let mut reason = format!("HTTP {status}");
    for part in [code, first_line(&said.message)] {
        if !part.is_empty() {
            reason.push_str(if reason.contains(' ') && part != code {
                ": "
            } else {
                " "
            });
            reason.push_str(part);
        }
    }
    (reason, hint(wish, status, code, &said.message))
}

/// Codes as they come in real refusals ("Key Vault error codes", "Troubleshooting Key Vault access policy issues").
fn hint(wish: Wish, status: u16, code: &str, message: &str) -> String {
    let (permission, role) = match wish {
        Wish::Get => ("get", "Key Vault Secrets User"),
        Wish::Set => ("set", "Key Vault Secrets Officer"),
    };
    match (status, code) {
        (_, "ForbiddenByFirewall") => "the vault's firewall does not let this machine in: run from an allowed network, or \
             add this machine's address there (trusted Azure services may pass it, the registry among them)"
            .to_owned(),
        (_, "ForbiddenByConnection") => "the vault takes private links only: run from its network".to_owned(),
        (_, "SecretDisabled") => disabled(),
        (403, _) if message.contains("disabled") => disabled(),
        (_, "SecretExpired" | "SecretNotYetValid") => {
            "the secret is outside its dates (nbf, exp): set a new version with `acr-transfer secret set`".to_owned()
        }
        (401, _) => "the vault takes no token of this login: its directory may be another (AZURE_TENANT_ID), and --cloud \
             must be the vault's cloud"
            .to_owned(),
        (403, _) => format!(
            "the login needs the secret permission {permission}: role \"{role}\" on the vault, or an access policy with \
             {permission}; new roles take some minutes"
        ),
        (404, _) => "check the secret's name and version, and the vault: it may have been deleted (and wait, recoverable, \
             under its name)"
            .to_owned(),
        (409, _) => "a deleted secret of that name waits to be recovered or purged: az keyvault secret recover".to_owned(),
        (429 | 500..=599, _) => "run the command again in a while".to_owned(),
        _ => "check the vault's URL and the secret's name".to_owned(),
    }
}

fn disabled() -> String {
    "the secret's version is disabled: enable it (az keyvault secret set-attributes --enabled true), or set a new one"
        .to_owned()
}

/// First lines of the error and what is underneath, none twice.
fn chain(error: &Error) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next.filter(|_| said.len() < 8) {
        let text = error.to_string();
        let line = first_line(&text);
        if !said.iter().any(|known| known.contains(line)) {
            said.push(line.to_owned());
        }
        next = error.source();
    }
    said.join(": ")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Said {
        serde_json::from_str::<Body>(text).unwrap().error
    }

    #[test]
    fn refusals_name_the_cause_and_the_next_step() {
        let forbidden = |inner: &str| {
            said(&format!(
                r#"{{"error":{{"code":"Forbidden","message":"Caller is not authorized.\r\nCaller: appid=1","innererror":{{"code":"{inner}"}}}}}}"#
            ))
        };
        for (wish, status, said, reason, hint) in [
            (
                Wish::Get,
                403,
                forbidden("ForbiddenByRbac"),
                "HTTP 403 ForbiddenByRbac: Caller is not authorized.",
                "Secrets User",
            ),
            (
                Wish::Set,
                403,
                forbidden("AccessDenied"),
                "AccessDenied",
                "Secrets Officer",
            ),
            (
                Wish::Get,
                403,
                forbidden("ForbiddenByFirewall"),
                "Firewall",
                "firewall",
            ),
            (
                Wish::Get,
                403,
                forbidden("SecretDisabled"),
                "SecretDisabled",
                "enable it",
            ),
            (
                Wish::Get,
                404,
                said(
                    r#"{"error":{"code":"SecretNotFound","message":"A secret with (name/id) x was not found in this key vault."}}"#,
                ),
                "SecretNotFound",
                "name and version",
            ),
            (Wish::Get, 403, Said::default(), "HTTP 403", "Secrets User"),
        ] {
            let (own_reason, own_hint) = answered(wish, status, &said);
            assert!(own_reason.contains(reason), "{own_reason}");
            assert!(own_hint.contains(hint), "{own_hint}");
        }
    }
}
