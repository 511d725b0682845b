//! Account SAS: services and resource types of an account, signed with its key.

use super::{AccountKey, MintError, check_version, time_text, token};
use crate::sas::{SasTime, SasToken};

/// What an account SAS says. Empty texts are left out.
#[derive(Debug, Clone, Default)]
pub struct AccountSas {
    /// The account's name.
    pub account: String,
    /// `ss`: `b` for blobs.
    pub services: String,
    /// `srt`: `s`ervice, `c`ontainer, `o`bject.
    pub resource_types: String,
    /// `sp`, in Azure's order `rwdylacuptfxi`.
    pub permissions: String,
    /// `st`.
    pub start: Option<SasTime>,
    /// `se`.
    pub expiry: Option<SasTime>,
    /// `sip`.
    pub ip_range: String,
    /// `spr`.
    pub protocols: String,
    /// `sv`.
    pub version: String,
    /// `ses`.
    pub encryption_scope: String,
}

impl AccountSas {
    /// The fields that are signed: ten, each ended by a newline.
    #[must_use]
    pub fn string_to_sign(&self) -> String {
        [
            self.account.as_str(),
            &self.permissions,
            &self.services,
            &self.resource_types,
            time_text(self.start.as_ref()),
            time_text(self.expiry.as_ref()),
            &self.ip_range,
            &self.protocols,
            &self.version,
            &self.encryption_scope,
            "",
        ]
        .join("\n")
    }

    /// The signed token.
    ///
    /// # Errors
    /// [`MintError::VersionTooOld`]; [`MintError::Unreadable`] for parts that make no SAS.
    pub fn sign(&self, key: &AccountKey) -> Result<SasToken, MintError> {
        check_version(&self.version)?;
        let fields = [
            ("st", time_text(self.start.as_ref())),
            ("se", time_text(self.expiry.as_ref())),
            ("sp", &self.permissions),
            ("sip", &self.ip_range),
            ("spr", &self.protocols),
            ("sv", &self.version),
            ("ss", &self.services),
            ("srt", &self.resource_types),
            ("ses", &self.encryption_scope),
        ];
        token(&fields, key, &self.string_to_sign())
    }
}
