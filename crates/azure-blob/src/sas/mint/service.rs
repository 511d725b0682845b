//! Service SAS: one container or blob, signed with the account's key.

use super::{AccountKey, MintError, canonical_resource, check_version, time_text, token};
use crate::sas::{SasTime, SasToken};

/// Headers that the SAS puts into the answers of reads (`rscc` … `rsct`).
#[derive(Debug, Clone, Default)]
pub struct ResponseHeaders {
    /// `rscc`.
    pub cache_control: String,
    /// `rscd`.
    pub content_disposition: String,
    /// `rsce`.
    pub content_encoding: String,
    /// `rscl`.
    pub content_language: String,
    /// `rsct`.
    pub content_type: String,
}

impl ResponseHeaders {
    /// In the order of every string to sign.
    pub(super) fn fields(&self) -> [(&'static str, &str); 5] {
        [
            ("rscc", &self.cache_control),
            ("rscd", &self.content_disposition),
            ("rsce", &self.content_encoding),
            ("rscl", &self.content_language),
            ("rsct", &self.content_type),
        ]
    }
}

/// What a service SAS says. Empty texts are left out.
#[derive(Debug, Clone, Default)]
pub struct ServiceSas {
    /// The account's name.
    pub account: String,
    /// The container's name.
    pub container: String,
    /// The blob's name, decoded; `None` for the container (`sr=c`).
    pub blob: Option<String>,
    /// `sp`, in Azure's order `racwdxyltfmeop`.
    pub permissions: String,
    /// `st`.
    pub start: Option<SasTime>,
    /// `se`; `None` only where the policy holds it.
    pub expiry: Option<SasTime>,
    /// `si`: a stored access policy.
    pub policy: String,
    /// `sip`.
    pub ip_range: String,
    /// `spr`.
    pub protocols: String,
    /// `sv`.
    pub version: String,
    /// `ses`.
    pub encryption_scope: String,
    /// `rscc` … `rsct`.
    pub response: ResponseHeaders,
}

impl ServiceSas {
    /// The 16 fields that are signed.
    #[must_use]
    pub fn string_to_sign(&self) -> String {
        let resource = canonical_resource(&self.account, &self.container, self.blob.as_deref());
        let head = [
            self.permissions.as_str(),
            time_text(self.start.as_ref()),
            time_text(self.expiry.as_ref()),
            resource.as_str(),
            &self.policy,
            &self.ip_range,
            &self.protocols,
            &self.version,
            self.resource(),
            "", // snapshot time: only for sr=bs
            &self.encryption_scope,
        ];
        let tail = self.response.fields();
        head.into_iter()
            .chain(tail.map(|(_, value)| value))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The signed token.
    ///
    /// # Errors
    /// [`MintError::VersionTooOld`]; [`MintError::Unreadable`] for parts that make no SAS.
    pub fn sign(&self, key: &AccountKey) -> Result<SasToken, MintError> {
        check_version(&self.version)?;
        let mut fields = vec![
            ("st", time_text(self.start.as_ref())),
            ("se", time_text(self.expiry.as_ref())),
            ("sp", &self.permissions),
            ("sip", &self.ip_range),
            ("spr", &self.protocols),
            ("sv", &self.version),
            ("si", &self.policy),
            ("sr", self.resource()),
            ("ses", &self.encryption_scope),
        ];
        fields.extend(self.response.fields());
        token(&fields, key, &self.string_to_sign())
    }

    fn resource(&self) -> &'static str {
        if self.blob.is_some() { "b" } else { "c" }
    }
}
