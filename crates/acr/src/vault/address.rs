//! A secret's address.

use url::Url;

use super::VaultError;

/// A secret's address: vault, name, and perhaps version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretId {
    /// `https://vault.vault.azure.net`
    pub vault: Url,
    /// `[0-9a-zA-Z-]{1,127}`
    pub name: String,
    /// `None`: the newest.
    pub version: Option<String>,
}

/// Longest name of a secret ("Vault-name and object-name").
const LONGEST_NAME: usize = 127;

/// Versions have 32 hexadecimal digits; emulators are let their own way.
const LONGEST_VERSION: usize = 64;

impl SecretId {
    /// A secret of that name in that vault.
    ///
    /// # Errors
    /// When the name is none, or the vault is no https URL of a host.
    pub fn new(vault: &Url, name: &str) -> Result<Self, VaultError> {
        let shown = vault_of(vault).map_or_else(String::new, |url| url.to_string());
        let refuse = |reason: &str| Err(refused(&format!("{shown}secrets/…"), reason));
        let Some(host) = vault_of(vault) else {
            return refuse("a vault is an https URL of a host, without user, query or fragment");
        };
        if !matches!(vault.path(), "" | "/") {
            return refuse("the vault's URL has a path: give only its host");
        }
        if !is_word(name, LONGEST_NAME, true) {
            return refuse("a secret's name is 1 to 127 letters, digits and -");
        }
        Ok(Self {
            vault: host,
            name: name.to_owned(),
            version: None,
        })
    }

    /// From `https://vault/secrets/name[/version]`. Case is kept.
    ///
    /// # Errors
    /// When it is no such URL. The text is repeated up to a `?` at most.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let text = text.trim();
        // Whoever mistook the SAS itself for the secret's address must not find it in a message.
        let shown = text.split(['?', '&', '#']).next().unwrap_or_default();
        let shown = if shown.contains("://") { shown } else { "URL" };
        let refuse = |reason: &str| Err(refused(shown, reason));
        let Ok(url) = Url::parse(text) else {
            return refuse("this is not a URL");
        };
        let Some(vault) = vault_of(&url) else {
            return refuse("wanted https://, a host, and no user, query or fragment");
        };
        let path: Vec<&str> = url.path().trim_matches('/').split('/').collect();
        let (name, version) = match path.as_slice() {
            [kind, name] if kind.eq_ignore_ascii_case("secrets") => (*name, None),
            [kind, name, version] if kind.eq_ignore_ascii_case("secrets") => {
                (*name, Some(*version))
            }
            _ => return refuse("the path is not /secrets/NAME or /secrets/NAME/VERSION"),
        };
        if !is_word(name, LONGEST_NAME, true) {
            return refuse("a secret's name is 1 to 127 letters, digits and -");
        }
        if version.is_some_and(|version| !is_word(version, LONGEST_VERSION, false)) {
            return refuse("a version is letters and digits");
        }
        Ok(Self {
            vault,
            name: name.to_owned(),
            version: version.map(str::to_owned),
        })
    }

    /// The URL without a version, as pipelines want it.
    #[must_use]
    pub fn url(&self) -> Url {
        let mut url = self.vault.clone();
        url.set_path(&format!("/secrets/{}", self.name));
        url
    }
}

/// The host alone, where the URL is such that a token may go there.
fn vault_of(url: &Url) -> Option<Url> {
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let mut vault = url.clone();
    vault.set_path("");
    (url.scheme() == "https" && url.has_host() && bare).then_some(vault)
}

fn is_word(text: &str, longest: usize, dash: bool) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || (dash && byte == b'-');
    (1..=longest).contains(&text.len()) && text.bytes().all(fits)
}

fn refused(id: &str, reason: &str) -> VaultError {
    VaultError {
        id: id.to_owned(),
        status: None,
        no_token: false,
        reason: reason.to_owned(),
        hint: "wanted https://VAULT.vault.azure.net/secrets/NAME".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_read_and_keeps_its_case() {
        let id = SecretId::parse("https://Kv.vault.azure.net/secrets/My-SAS/0aB9").unwrap();
        assert_eq!(id.vault.as_str(), "https://kv.vault.azure.net/");
        assert_eq!(
            (id.name.as_str(), id.version.as_deref()),
            ("My-SAS", Some("0aB9"))
        );
        assert_eq!(
            id.url().as_str(),
            "https://kv.vault.azure.net/secrets/My-SAS"
        );
        assert_eq!(
            id.to_string(),
            "https://kv.vault.azure.net/secrets/My-SAS/0aB9"
        );
        let lab = SecretId::parse(" https://127.0.0.1:8443/secrets/a/ ").unwrap();
        assert_eq!(
            lab,
            SecretId::new(&Url::parse("https://127.0.0.1:8443").unwrap(), "a").unwrap()
        );
    }

    #[test]
    fn anything_else_is_refused_without_repeating_a_secret() {
        for text in [
            "",
            "my-secret",
            "http://kv.vault.azure.net/secrets/a",
            "https://kv.vault.azure.net/keys/a",
            "https://kv.vault.azure.net/secrets",
            "https://kv.vault.azure.net/secrets/a/b/c",
            "https://kv.vault.azure.net/secrets/a_b",
            "https://kv.vault.azure.net/secrets/a/b-c",
            "https://u:p@kv.vault.azure.net/secrets/a",
            "https://account.example/box?sv=1&sig=topsecret",
            "?sv=1&sig=topsecret",
            "sig=topsecret&sv=1",
        ] {
            let error = SecretId::parse(text).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("topsecret"),
                "{error}"
            );
        }
        let long = format!("https://kv.vault.azure.net/secrets/{}", "a".repeat(128));
        assert!(SecretId::parse(&long).is_err());
        let vault = Url::parse("https://kv.vault.azure.net/secrets/").unwrap();
        assert!(SecretId::new(&vault, "a").is_err());
    }

    proptest! {
        #[test]
        fn what_is_read_can_be_read_again(text in "https://[a-z./:@?]{0,12}/secrets/[a-zA-Z0-9-]{0,5}(/[a-f0-9]{1,4})?") {
            if let Ok(id) = SecretId::parse(&text) {
                prop_assert_eq!(SecretId::parse(&id.to_string()).unwrap(), id);
            }
        }
    }
}
