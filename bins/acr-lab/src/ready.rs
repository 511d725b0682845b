//! What a lab says once it serves: where, with which keys and SAS, and what to try first.

use std::io::{self, Write};
use std::path::Path;

use blobferry_lab::Lab;
use blobferry_lab::auth::{AccountSasTerms, SasTerms};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// A week: longer than a rehearsal, shorter than a habit.
const VALID: SignedDuration = SignedDuration::from_hours(7 * 24);

/// An account, ready to be used.
struct Account {
    name: String,
    key: String,
    sas: String,
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

/// One JSON object.
pub(crate) fn json(lab: &Lab, ca_file: Option<&Path>, to: &mut dyn Write) -> io::Result<()> {
    let (http, https) = (lab.endpoint(), lab.tls_endpoint());
    let accounts: Vec<_> = accounts(lab)
        .into_iter()
        .map(|account| {
            json!({
                "name": account.name,
                "key": account.key,
                "sas": account.sas,
                "url": format!("{http}/{}", account.name),
            })
        })
        .collect();
    let ready = json!({
        "type": "ready",
        "http": http,
        "https": https,
        "ca_file": ca_file,
        "control": format!("{http}/_lab/status"),
        "accounts": accounts,
    });
    writeln!(to, "{ready}")
}

/// Prose.
pub(crate) fn text(lab: &Lab, ca_file: Option<&Path>, to: &mut dyn Write) -> io::Result<()> {
    let http = lab.endpoint();
    writeln!(to, "serving {http}")?;
    if let Some(https) = lab.tls_endpoint() {
        let trust = ca_file.map_or_else(String::new, |file| format!(" (trust {})", file.display()));
        writeln!(to, "    and {https}{trust}")?;
    }
    for account in accounts(lab) {
        writeln!(to, "\naccount {}", account.name)?;
        writeln!(to, "  url   {http}/{}", account.name)?;
        writeln!(to, "  key   {}", account.key)?;
        writeln!(to, "  SAS   {}", account.sas)?;
    }
    writeln!(
        to,
        "\nKeys and SAS are good for this lab only; the SAS for 7 days. Faults, clock and counts: {http}/_lab/status"
    )?;
    writeln!(to, "^C ends it.")?;
    to.flush()
}
