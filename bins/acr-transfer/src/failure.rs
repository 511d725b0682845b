//! From the libraries' errors to what a user reads: exit status, cause, and what to type next.

mod arm;
mod run;

use std::error::Error;

use blobferry_acr::arm::ArmError;
use blobferry_acr::artifact::ArtifactError;
use blobferry_acr::cloud::CloudError;
use blobferry_acr::http::NetworkError;
use blobferry_acr::login::LoginError;
use blobferry_acr::pipeline::SpecError;
use blobferry_acr::receipt::ReceiptError;
use blobferry_acr::registry::{RegistryClass, RegistryError};
use blobferry_acr::resource::NameError;
use blobferry_acr::vault::VaultError;
use blobferry_acr::wait::WaitError;
use blobferry_terminal::{ExitStatus, Failure};

pub(crate) use run::run_failed;

/// An error that can be told to a user.
pub(crate) trait Explain {
    /// In the user's terms.
    fn failure(&self) -> Failure;
}

/// `result.explained()?`
pub(crate) trait Explained<T> {
    /// Turns the error into what a user reads.
    fn explained(self) -> Result<T, Failure>;
}

impl<T, E: Explain> Explained<T> for Result<T, E> {
    fn explained(self) -> Result<T, Failure> {
        self.map_err(|error| error.failure())
    }
}

impl Explain for ArmError {
    fn failure(&self) -> Failure {
        arm::failure(self)
    }
}

impl Explain for LoginError {
    fn failure(&self) -> Failure {
        Failure::of(ExitStatus::Denied, self).hint(&self.hint)
    }
}

impl Explain for CloudError {
    fn failure(&self) -> Failure {
        match self {
            Self::Unknown { .. } => usage(self).hint(
                "write --cloud public, usgov, china or bleu, the https URL of a resource manager, or a JSON file of its metadata",
            ),
            Self::File { .. } => usage(self).hint(
                "such a file is what `curl 'https://RESOURCE_MANAGER/metadata/endpoints?api-version=2022-09-01'` answers",
            ),
            Self::Discovery { .. } => Failure::of(ExitStatus::Failed, self).hint(
                "a cloud with a CA of its own wants --ca-file; without the network, give --cloud a JSON file of its metadata",
            ),
        }
    }
}

impl Explain for NetworkError {
    fn failure(&self) -> Failure {
        usage(self).hint("see --ca-file and --proxy")
    }
}

impl Explain for NameError {
    fn failure(&self) -> Failure {
        usage(self)
    }
}

/// Of what the user gave. An answer of the service that makes no sense is [`nonsense`].
impl Explain for SpecError {
    fn failure(&self) -> Failure {
        usage(self)
    }
}

impl Explain for ArtifactError {
    fn failure(&self) -> Failure {
        usage(self)
    }
}

impl Explain for ReceiptError {
    fn failure(&self) -> Failure {
        Failure::of(ExitStatus::Failed, self)
    }
}

impl Explain for VaultError {
    fn failure(&self) -> Failure {
        let exit = match self.status {
            Some(401 | 403) => ExitStatus::Denied,
            _ if self.no_token => ExitStatus::Denied,
            _ => ExitStatus::Failed,
        };
        Failure::of(exit, self).hint(&self.hint)
    }
}

impl Explain for RegistryError {
    fn failure(&self) -> Failure {
        match self.class {
            RegistryClass::Denied => Failure::of(ExitStatus::Denied, self).hint(
                "reading a registry needs the role AcrPull; for a token, or a registry that is not this cloud's (it gets no \
                 Entra token), give --registry-user and ACR_TRANSFER_REGISTRY_PASSWORD",
            ),
            RegistryClass::NotFound => Failure::of(ExitStatus::Failed, self),
            RegistryClass::Unavailable => Failure::of(ExitStatus::Failed, self).hint(
                "is the login server right (--login-server), and may this machine reach it?",
            ),
            RegistryClass::Nonsense => Failure::of(ExitStatus::Failed, self)
                .hint("is this a registry? --login-server says whom to ask"),
        }
    }
}

/// The run goes on whatever ends the waiting: the same command waits again.
impl Explain for WaitError {
    fn failure(&self) -> Failure {
        match self {
            Self::Arm(error) => arm::waiting(error),
            Self::Patience { .. } => Failure::of(ExitStatus::Incomplete, self)
                .hint("the run goes on; wait again, or longer with --timeout"),
        }
    }
}

/// An answer of the service that is none.
pub(crate) fn nonsense(error: &SpecError) -> Failure {
    Failure::new(
        ExitStatus::Failed,
        "the service's answer is not what it should be",
    )
    .because(error)
    .hint("try another --api-version, and tell us about it")
}

fn usage(error: &dyn Error) -> Failure {
    Failure::of(ExitStatus::Usage, error)
}
