//! One blob, reached by a SAS: both ends of a copy.

use std::fmt;

use azure_core::http::Pipeline;
use azure_storage_blob::clients::{
    BlobClient, BlobClientOptions, BlockBlobClient, BlockBlobClientOptions,
};
use blobferry_transfer::{ErrorClass, StoreError};
use jiff::Timestamp;

use crate::sas::{Need, SasFinding, SasSource, SasUrl, Severity, Use};
use crate::service::Service;

mod attempt;
mod content_range;
mod properties;
mod read;
mod sink;
mod source;
mod stage_from;
mod touch;

pub use touch::Changed;

/// Which end of a copy a blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is read.
    Source,
    /// It is written.
    Destination,
}

/// One blob and the way to it.
///
/// The SDK's clients hold the address without the SAS; the transport adds the one that is current.
/// So a rotated SAS needs no new client, and nothing of the SDK ever sees a signature.
pub struct AzureBlob {
    url: SasUrl,
    sas: SasSource,
    role: Role,
    service: Service,
    properties: BlobClient,
    blocks: BlockBlobClient,
    reads: Pipeline,
}

impl AzureBlob {
    /// A blob at `url`, by the SAS that `sas` gives. Connects to nothing.
    ///
    /// # Errors
    /// `Rejected` for a destination that cannot be written (a snapshot, a version).
    pub fn connect(
        url: SasUrl,
        sas: SasSource,
        role: Role,
        service: &Service,
    ) -> Result<Self, StoreError> {
        if role == Role::Destination {
            url.writable().map_err(|error| {
                StoreError::new(ErrorClass::Rejected, error.to_string())
                    .with_hint("give the blob's URL without that parameter")
            })?;
        }
        let broken = |_| StoreError::new(ErrorClass::Rejected, "the SDK does not take this URL");
        let options = service.client_options();
        let properties = BlobClientOptions {
            client_options: options.clone(),
            version: service.version().to_owned(),
        };
        let blocks = BlockBlobClientOptions {
            client_options: options.clone(),
            version: service.version().to_owned(),
        };
        let name = Some(env!("CARGO_PKG_NAME"));
        let version = Some(env!("CARGO_PKG_VERSION"));
        Ok(Self {
            properties: BlobClient::new(url.base().clone(), None, Some(properties))
                .map_err(broken)?,
            blocks: BlockBlobClient::new(url.base().clone(), None, Some(blocks)).map_err(broken)?,
            reads: Pipeline::new(name, version, options, Vec::new(), Vec::new(), None),
            url,
            sas,
            role,
            service: service.clone(),
        })
    }

    /// Looks at the SAS before the first request; `Ok` holds what the user should know.
    ///
    /// # Errors
    /// `Denied` with a hint for the first thing that the service would refuse.
    pub fn preflight(&self, now: Timestamp) -> Result<Vec<SasFinding>, StoreError> {
        // Tags that are read at one end are written at the other.
        let findings = self.findings(self.service.wants_tags(), now);
        match findings
            .iter()
            .find(|finding| finding.severity == Severity::Fatal)
        {
            Some(fatal) => Err(StoreError::new(ErrorClass::Denied, fatal.message.clone())
                .with_hint(fatal.hint.clone())),
            None => Ok(findings),
        }
    }

    /// The blob's address and the SAS it came with.
    #[must_use]
    pub fn url(&self) -> &SasUrl {
        &self.url
    }

    fn findings(&self, tags: bool, now: Timestamp) -> Vec<SasFinding> {
        let Some(sas) = self.sas.current() else {
            return Vec::new();
        };
        let purpose = match self.role {
            Role::Source => Use::Source,
            Role::Destination => Use::Destination,
        };
        sas.check(&self.url, Need { purpose, tags }, now)
    }

    /// Whether the SAS surely lacks this permission; `false` where that cannot be known.
    fn lacks(&self, permission: char) -> bool {
        let sas = self.sas.current();
        sas.is_some_and(|sas| sas.permissions().is_some_and(|own| !own.has(permission)))
    }

    fn host(&self) -> &str {
        self.url.base().host_str().unwrap_or_default()
    }
}

impl fmt::Debug for AzureBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AzureBlob")
            .field("url", &self.url.address())
            .field("role", &self.role)
            .field("sas", &self.sas)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
