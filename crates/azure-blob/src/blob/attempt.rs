//! One operation, tried again at most once: with a SAS that its owner put in place meanwhile.

use azure_core::error::Error;
use azure_core::http::{ClientMethodOptions, Context};
use blobferry_transfer::{ErrorClass, StoreError};
use jiff::Timestamp;

use super::{AzureBlob, Role};
use crate::failure::Failure;
use crate::operation::Operation;
use crate::sas::{Permissions, SasToken, Severity};
use crate::transport::Call;

/// An operation under way.
pub(super) struct Attempt<'a> {
    blob: &'a AzureBlob,
    operation: Operation,
    sas: Option<SasToken>,
    refreshed: bool,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(blob: &'a AzureBlob, operation: Operation) -> Self {
        Self {
            blob,
            operation,
            sas: blob.sas.current(),
            refreshed: false,
        }
    }

    /// What the transport needs for this try.
    pub(super) fn call(&self) -> Call {
        Call {
            sas: self.sas.clone(),
            patience: self.blob.service.patience(self.operation),
            block: None,
            copy_from: None,
            streaming: false,
        }
    }

    /// The SDK's options for a try with nothing else to say.
    pub(super) fn options(&self) -> ClientMethodOptions<'static> {
        options(self.call())
    }

    /// After a failed try: `Ok` means to try again, with another SAS.
    ///
    /// # Errors
    /// What the failure means, when there is no other SAS to try.
    pub(super) async fn failed(&mut self, error: Error) -> Result<(), Failure> {
        let failure = Failure::new(self.operation, self.blob.host(), error);
        if failure.error.class != ErrorClass::Denied {
            return Err(failure);
        }
        if self.refreshed || !self.blob.sas.is_file() {
            return Err(self.explained(failure));
        }
        let (source, seen) = (self.blob.sas.clone(), self.sas.clone());
        let fresh = tokio::task::spawn_blocking(move || source.refresh(seen.as_ref())).await;
        match fresh {
            Ok(Ok(true)) => {
                tracing::info!(
                    blob = self.blob.url.address(),
                    "the SAS file changed: going on with it"
                );
                self.sas = self.blob.sas.current();
                self.refreshed = true;
                Ok(())
            }
            // Perhaps its owner is just writing it: worth looking again.
            Ok(Err(unreadable)) => Err(StoreError::new(
                ErrorClass::Transient,
                format!("{}; and the SAS file cannot be read again", failure.error),
            )
            .with_source(unreadable)
            .into()),
            Ok(Ok(false)) | Err(_) => Err(self.explained(failure)),
        }
    }

    /// A refusal, with what a look at the SAS shows: more precise than the service's code.
    fn explained(&self, mut failure: Failure) -> Failure {
        let tags = self.operation == Operation::Tags;
        let findings = self.blob.findings(tags, Timestamp::now());
        let fatal = findings
            .into_iter()
            .find(|finding| finding.severity == Severity::Fatal);
        if let Some(finding) = fatal {
            failure.error.hint = Some(format!("{}: {}", finding.message, finding.hint));
        } else if let Some(permissions) = self.mismatched(&failure) {
            let wanted = match self.blob.role {
                Role::Source => "r, and t for tags",
                Role::Destination => {
                    "w (c alone does not always suffice), r to resume, and t for tags"
                }
            };
            failure.error.hint = Some(format!(
                "its sp is {permissions}: make a new SAS with {wanted}"
            ));
        } else if self.sas.is_none() {
            let flag = match self.blob.role {
                Role::Source => "source",
                Role::Destination => "destination",
            };
            let hint = format!("the {flag} has no SAS: add one to its URL, or --{flag}-sas-file");
            failure.error.hint = Some(hint);
        }
        failure
    }

    /// The permissions that were not enough, where that is what the service says.
    fn mismatched(&self, failure: &Failure) -> Option<&Permissions> {
        let sas = self
            .sas
            .as_ref()
            .filter(|_| failure.code == "AuthorizationPermissionMismatch");
        sas.and_then(SasToken::permissions)
    }
}

/// The SDK's options that carry `call` to the transport.
pub(super) fn options(call: Call) -> ClientMethodOptions<'static> {
    ClientMethodOptions {
        context: Context::new().with_value(call),
    }
}
