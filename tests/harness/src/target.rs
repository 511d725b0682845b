//! The service that a client is driven against: Azurite or the lab, which differ in nothing but this.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use serde_json::{Value, json};

use crate::azurite::Azurite;
use crate::sas::{Account, Sas, Terms};
use crate::service::{Answer, ask};

/// Who serves, where its behaviour differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Microsoft's emulator: no Put Blob From URL, other error codes in places.
    Azurite,
    /// Ours: everything that the clients ask for, and a polite refusal of snapshots and leases.
    Lab,
}

/// A running service with two accounts, addressed by path: `endpoint`/`account`/`container`/`blob`.
#[derive(Clone, Debug)]
pub struct Target {
    /// `http://127.0.0.1:PORT` or `https://…`, without a trailing slash.
    pub endpoint: String,
    /// At least two; copies between accounts go from the first to the second.
    pub accounts: Vec<Account>,
    /// PEM file with the authority that signed the service's certificate, for https.
    pub ca_file: Option<PathBuf>,
    /// Who it is.
    pub service: Service,
}

impl Target {
    /// The first account.
    ///
    /// # Errors
    /// When there is none.
    pub fn source(&self) -> Result<&Account> {
        self.accounts.first().ok_or_else(|| anyhow!("no account"))
    }

    /// The second account.
    ///
    /// # Errors
    /// When there is none.
    pub fn destination(&self) -> Result<&Account> {
        self.accounts
            .get(1)
            .ok_or_else(|| anyhow!("no second account"))
    }

    /// URL of `path` (`container`, `container/blob`, percent-encoded) in `account` with a SAS over the whole account,
    /// which may do everything for an hour.
    ///
    /// # Errors
    /// When the account's key is not base64.
    pub fn url(&self, account: &Account, path: &str) -> Result<String> {
        let sas = Terms::new("rwdxlactf").account(account)?;
        Ok(self.with(account, path, &sas))
    }

    /// URL of `path` in `account` with a SAS over its container, and only that.
    ///
    /// # Errors
    /// When the account's key is not base64.
    pub fn container_url(
        &self,
        account: &Account,
        path: &str,
        permissions: &str,
    ) -> Result<String> {
        let container = path.split('/').next().unwrap_or_default();
        let sas = Terms::new(permissions).service(account, container, None)?;
        Ok(self.with(account, path, &sas))
    }

    /// Any call past the client under test, over plain HTTP; `path` and `query` as in the URL.
    ///
    /// # Errors
    /// When no answer came.
    pub fn ask(&self, method: &str, account: &Account, path: &str, query: &str) -> Result<Answer> {
        let url = format!("{}/{}/{path}", self.endpoint, account.name);
        ask(account, method, &url, query, &[], &[])
    }

    /// The variables that make OpenSSL, Go and Python trust the service's authority; none over http.
    pub(crate) fn trust(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"]
            .into_iter()
            .zip(self.ca_file.iter().cycle())
    }

    /// For a script's standard input, so that no key stands on a command line.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let accounts: Vec<Value> = self
            .accounts
            .iter()
            .map(|account| json!([account.name, account.key]))
            .collect();
        let service = match self.service {
            Service::Azurite => "azurite",
            Service::Lab => "lab",
        };
        json!({"endpoint": self.endpoint, "accounts": accounts, "ca_file": self.ca_file, "service": service})
    }

    fn with(&self, account: &Account, path: &str, sas: &Sas) -> String {
        let base = format!("{}/{}", self.endpoint, account.name);
        if path.is_empty() {
            return sas.on(&base);
        }
        sas.on(&format!("{base}/{path}"))
    }
}

impl From<&Azurite> for Target {
    fn from(azurite: &Azurite) -> Self {
        Self {
            endpoint: azurite.endpoint().to_owned(),
            accounts: azurite.accounts().to_vec(),
            ca_file: None,
            service: Service::Azurite,
        }
    }
}
