//! What a lab says once it serves: where, with which keys and SAS, and what to try first.

use std::io::{self, Write};
use std::path::Path;

use blobferry_lab::Lab;
use blobferry_lab::auth::{AccountSasTerms, SasTerms};
use blobferry_lab::cloud::CloudOptions;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A week: longer than a rehearsal, shorter than a habit.
const VALID: SignedDuration = SignedDuration::from_hours(7 * 24);

/// An account, ready to be used.
struct Account {
    name: String,
    key: String,
    sas: String,
}

/// The cloud around the accounts, as it was asked for.
pub(crate) struct Around {
    tenant: String,
    subscription: String,
    resource_group: String,
    client: (String, String),
    registries: Vec<String>,
}

/// What is ready.
pub(crate) struct Ready<'a> {
    pub(crate) lab: &'a Lab,
    pub(crate) ca_file: Option<&'a Path>,
    pub(crate) around: Option<&'a Around>,
}

impl Around {
    pub(crate) fn of(options: Option<&CloudOptions>) -> Option<Self> {
        options.map(|options| Self {
            tenant: options.tenant.clone(),
            subscription: options.subscription.clone(),
            resource_group: options.resource_group.clone(),
            client: options.client.clone(),
            registries: options
                .registries
                .iter()
                .map(|registry| registry.name.clone())
                .collect(),
        })
    }

    /// The environment that a client of this cloud needs.
    pub(crate) fn environment(&self, endpoint: &str) -> Vec<(&'static str, String)> {
        vec![
            ("AZURE_TENANT_ID", self.tenant.clone()),
            ("AZURE_CLIENT_ID", self.client.0.clone()),
            ("AZURE_CLIENT_SECRET", self.client.1.clone()),
            ("AZURE_SUBSCRIPTION_ID", self.subscription.clone()),
            ("ACR_TRANSFER_CLOUD", endpoint.to_owned()),
        ]
    }
}

fn accounts(lab: &Lab) -> Vec<Account> {
    let expiry = Timestamp::now().checked_add(VALID).unwrap_or_default();
    let everything = AccountSasTerms {
        terms: SasTerms {
            permissions: "rwdlacupt".to_owned(),
            expiry: Some(expiry),
            ..SasTerms::default()
        },
        ..AccountSasTerms::default()
    };
    let accounts = lab.store().accounts().into_iter();
    accounts
        .map(|(name, key)| Account {
            sas: everything.sign(&name, &key),
            key: key.to_base64(),
            name,
        })
        .collect()
}

impl Ready<'_> {
    /// One JSON object.
    pub(crate) fn json(&self, to: &mut dyn Write) -> io::Result<()> {
        let (http, https) = (self.lab.endpoint(), self.lab.tls_endpoint());
        let accounts: Vec<_> = accounts(self.lab)
            .into_iter()
            .map(|account| {
                json!({
                    "name": account.name,
                    "key": account.key,
                    "sas": account.sas,
                    "url": format!("{http}/{}", account.name),
                    "https_url": https.as_ref().map(|https| format!("{https}/{}", account.name)),
                })
            })
            .collect();
        let ready = json!({
            "type": "ready",
            "http": http,
            "https": https,
            "ca_file": self.ca_file,
            "control": format!("{http}/_lab/status"),
            "accounts": accounts,
            "cloud": self.cloud_json(),
        });
        writeln!(to, "{ready}")
    }

    fn cloud_json(&self) -> Value {
        let (Some(cloud), Some(around)) = (self.lab.cloud(), self.around) else {
            return Value::Null;
        };
        let registries: Vec<Value> = around
            .registries
            .iter()
            .map(|name| json!({"name": name, "login_server": cloud.login_server(name)}))
            .collect();
        json!({
            "endpoint": cloud.endpoint(),
            "vault": cloud.endpoint(),
            "identity": cloud.identity_endpoint(),
            "tenant": around.tenant,
            "subscription": around.subscription,
            "resource_group": around.resource_group,
            "client_id": around.client.0,
            "client_secret": around.client.1,
            "registries": registries,
        })
    }

    /// Prose.
    pub(crate) fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let http = self.lab.endpoint();
        writeln!(to, "serving {http}")?;
        let https = self.lab.tls_endpoint();
        if let Some(https) = &https {
            let trust = self
                .ca_file
                .map_or_else(String::new, |file| format!(" (trust {})", file.display()));
            writeln!(to, "    and {https}{trust}")?;
        }
        for account in accounts(self.lab) {
            writeln!(to, "\naccount {}", account.name)?;
            writeln!(to, "  url   {http}/{}", account.name)?;
            if let (Some(_), Some(https)) = (self.around, &https) {
                writeln!(to, "        {https}/{}", account.name)?;
            }
            writeln!(to, "  key   {}", account.key)?;
            writeln!(to, "  SAS   {}", account.sas)?;
        }
        self.cloud_text(to)?;
        writeln!(
            to,
            "\nKeys and SAS are good for this lab only; the SAS for 7 days. Faults, clock and counts: {http}/_lab/status"
        )?;
        writeln!(to, "^C ends it.")?;
        to.flush()
    }

    fn cloud_text(&self, to: &mut dyn Write) -> io::Result<()> {
        let (Some(cloud), Some(around)) = (self.lab.cloud(), self.around) else {
            return Ok(());
        };
        let endpoint = cloud.endpoint();
        writeln!(to, "\ncloud {endpoint}")?;
        writeln!(to, "  Key Vault      {endpoint}")?;
        let identity = cloud.identity_endpoint();
        writeln!(
            to,
            "  identity       AZURE_POD_IDENTITY_AUTHORITY_HOST={identity}"
        )?;
        writeln!(to, "  resource group {}", around.resource_group)?;
        for name in &around.registries {
            let server = cloud.login_server(name).unwrap_or_default();
            writeln!(to, "  registry       {name} at {server}")?;
        }
        writeln!(to, "\nFor acr-transfer:")?;
        for (name, value) in around.environment(endpoint) {
            writeln!(to, "  export {name}={value}")?;
        }
        let ca_file = self
            .ca_file
            .map_or_else(|| "FILE".into(), Path::to_string_lossy);
        let registry = around.registries.first().map_or("NAME", String::as_str);
        writeln!(
            to,
            "  acr-transfer export-pipeline list -g {} -r {registry} --ca-file {ca_file}",
            around.resource_group
        )?;
        if self.ca_file.is_none() {
            writeln!(
                to,
                "  (`acr-lab serve --ca-file FILE` writes the CA's certificate)"
            )?;
        }
        Ok(())
    }
}
