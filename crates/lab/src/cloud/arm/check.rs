//! What the service refuses before it makes anything: names and addresses.

use std::net::IpAddr;

use crate::cloud::reply::Reply;

/// A body that will not do.
pub(super) fn invalid(message: impl Into<String>) -> Reply {
    Reply::error(400, "InvalidRequestContent", message)
}

/// 5 to 50 of `[a-zA-Z0-9]`, for what is to be made.
pub(super) fn name(name: &str) -> Result<(), Reply> {
    let is_name =
        (5..=50).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_name {
        return Ok(());
    }
    let message = format!(
        "The name '{name}' is invalid. It must be 5 to 50 characters long and match the pattern '^[a-zA-Z0-9]*$'."
    );
    Err(Reply::error(400, "InvalidResourceName", message))
}

/// `https://accountName.blob.core.windows.net/containerName`. Beside it the lab takes its own: the account in the path of an
/// IP address or localhost, also by http where that is a loopback address.
pub(super) fn container(uri: Option<&str>, field: &str) -> Result<(), Reply> {
    let Some(uri) = uri.filter(|uri| !uri.is_empty()) else {
        return Err(invalid(format!("The property '{field}.uri' is required.")));
    };
    let refused = || {
        invalid(format!(
            "The value of the property '{field}.uri' is invalid. It should be the https URI of a container, as \
             'https://accountName.blob.core.windows.net/containerName', without a query."
        ))
    };
    let url = reqwest::Url::parse(uri).map_err(|_| refused())?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let ip = host.parse::<IpAddr>().ok();
    let is_loopback = ip.is_some_and(|ip| ip.is_loopback()) || host.ends_with("localhost");
    let scheme_fits = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
    let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let names = url.path().trim_matches('/').split('/');
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let wanted = if ip.is_some() || host == "localhost" {
        2
    } else {
        1
    };
    if scheme_fits && is_bare && names.len() == wanted {
        Ok(())
    } else {
        Err(refused())
    }
}

/// `https://vault/secrets/name[/version]`.
pub(super) fn secret(uri: &str, field: &str) -> Result<(), Reply> {
    let refused = || {
        invalid(format!(
            "The value of the property '{field}.keyVaultUri' is invalid. It should be the https URI of a secret, as \
             'https://vaultName.vault.azure.net/secrets/secretName'."
        ))
    };
    let url = reqwest::Url::parse(uri).map_err(|_| refused())?;
    let parts: Vec<&str> = url.path().trim_matches('/').split('/').collect();
    let is_word = |text: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !text.is_empty() && text.len() <= 127 && text.bytes().all(fits)
    };
    let is_secret = match parts.as_slice() {
        ["secrets", name] => is_word(name),
        ["secrets", name, version] => is_word(name) && is_word(version),
        _ => false,
    };
    if url.scheme() == "https" && url.query().is_none() && is_secret {
        Ok(())
    } else {
        Err(refused())
    }
}
