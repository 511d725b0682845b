//! What could be seen, before anything is made of it. Holds no secret but the SAS itself, which shows none.

use blobferry_acr::pipeline::{Direction, Pipeline};
use blobferry_acr::preflight::Report;
use blobferry_acr::run::PipelineRun;
use blobferry_azure_blob::SasToken;
use jiff::Timestamp;

use super::probe::Answer;

/// Something that was wanted.
#[derive(Debug, Clone)]
pub(super) enum Asked<T> {
    /// Not asked, and what would have to be given.
    Not(String),
    /// Had.
    Got(T),
    /// Asked in vain.
    Failed(Trouble),
}

/// Why something was not had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) status: Option<u16>,
    pub(super) code: Option<String>,
    pub(super) message: String,
    /// For support.
    pub(super) correlation: Option<String>,
}

/// A registry, as the resource manager has it.
#[derive(Debug, Clone, Default)]
pub(super) struct RegistryFacts {
    pub(super) sku: Option<String>,
    /// `properties.policies.exportPolicy.status`.
    pub(super) export_policy: Option<String>,
}

/// A Key Vault secret, without its value.
#[derive(Debug, Clone, Default)]
pub(super) struct SecretFacts {
    pub(super) enabled: bool,
    pub(super) expires: Option<Timestamp>,
    pub(super) not_before: Option<Timestamp>,
}

/// A SAS and where it is from.
#[derive(Debug, Clone)]
pub(super) struct SasFacts {
    /// `the SAS given`, `the secret's SAS`.
    pub(super) whose: &'static str,
    pub(super) token: SasToken,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Facts {
    /// By the storage service's clock, which judges a SAS, where it told the time; else this machine's.
    pub(super) now: Timestamp,
    /// Seconds by which this machine's clock is ahead of the storage service's.
    pub(super) ahead: Option<i64>,
    pub(super) api_version: String,
    pub(super) direction: Option<Direction>,
    pub(super) registry: Asked<RegistryFacts>,
    pub(super) pipeline: Asked<Pipeline>,
    pub(super) run: Asked<PipelineRun>,
    pub(super) secret: Asked<SecretFacts>,
    /// The SAS that the pipeline uses; where that cannot be seen, the one that was given.
    pub(super) sas: Asked<SasFacts>,
    /// A second SAS, which was given and is not the secret's.
    pub(super) other_sas: bool,
    /// Container URL, as the blob's URL has it.
    pub(super) container_url: Option<String>,
    pub(super) blob_name: Option<String>,
    /// List of the container, with the blob's name as prefix.
    pub(super) container: Asked<Answer>,
    /// Get Blob Properties.
    pub(super) blob: Asked<Answer>,
    pub(super) preflight: Asked<Report>,
    /// The newest run that the pipeline's trigger began for the blob as it is now, if any.
    pub(super) fired: Asked<Option<String>>,
}

impl<T> Asked<T> {
    /// What was had.
    pub(super) fn got(&self) -> Option<&T> {
        match self {
            Self::Got(thing) => Some(thing),
            Self::Not(_) | Self::Failed(_) => None,
        }
    }

    /// Why it was asked in vain.
    pub(super) fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Failed(trouble) => Some(trouble),
            Self::Not(_) | Self::Got(_) => None,
        }
    }
}

impl Trouble {
    /// In words alone.
    pub(super) fn said(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }
}

impl Facts {
    /// Nothing known yet.
    pub(super) fn none(now: Timestamp, api_version: &str) -> Self {
        fn not<T>(why: &str) -> Asked<T> {
            Asked::Not(why.to_owned())
        }
        Self {
            now,
            ahead: None,
            api_version: api_version.to_owned(),
            direction: None,
            registry: not("give --registry and --resource-group"),
            pipeline: not("give --pipeline"),
            run: not("give --run"),
            secret: not("give --pipeline or --secret"),
            sas: not("give --sas-file, or a secret that may be read"),
            other_sas: false,
            container_url: None,
            blob_name: None,
            container: not("give --pipeline or the blob's URL, and a SAS"),
            blob: not("give --blob, and a SAS"),
            preflight: not("give --artifacts"),
            fired: not("give --registry, --pipeline and --blob"),
        }
    }

    /// Whether the pipeline, or what was said of it, imports.
    pub(super) fn imports(&self) -> bool {
        self.direction == Some(Direction::Import)
    }

    /// Whether the pipeline has an option, in any case.
    pub(super) fn has_option(&self, option: &str) -> Option<bool> {
        let options = &self.pipeline.got()?.options;
        Some(options.iter().any(|own| own.eq_ignore_ascii_case(option)))
    }
}
