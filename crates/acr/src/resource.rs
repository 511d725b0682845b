//! Names of Azure resources: which are allowed, and how ids are taken apart. Ids compare without case.

use std::fmt;
use std::str::FromStr;

/// A registry in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryId {
    /// GUID (or any text: the lab's).
    pub subscription: String,
    /// Resource group.
    pub resource_group: String,
    /// Registry; 5 to 50 letters and digits.
    pub registry: String,
}

/// The three kinds of transfer resource, by their words in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `exportPipelines`
    ExportPipeline,
    /// `importPipelines`
    ImportPipeline,
    /// `pipelineRuns`
    PipelineRun,
}

/// A transfer resource: kind and name in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferId {
    /// Where.
    pub registry: RegistryId,
    /// What.
    pub kind: Kind,
    /// Its name as the service gave it (source-triggered runs carry `_`).
    pub name: String,
}

/// A name that the service would refuse, or text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} is not valid: {rule}")]
pub struct NameError {
    /// `pipeline name`, …
    pub what: &'static str,
    /// What was given.
    pub text: String,
    /// The rule, in words.
    pub rule: String,
}

impl Kind {
    /// `exportPipelines`, …
    #[must_use]
    pub fn segment(self) -> &'static str {
        match self {
            Self::ExportPipeline => "exportPipelines",
            Self::ImportPipeline => "importPipelines",
            Self::PipelineRun => "pipelineRuns",
        }
    }
}

impl RegistryId {
    /// Checks the registry's name (5 to 50 letters and digits) and that nothing is empty or holds `/`.
    ///
    /// # Errors
    /// When a part is not a name.
    pub fn new(
        subscription: &str,
        resource_group: &str,
        registry: &str,
    ) -> Result<Self, NameError> {
        let _ = (subscription, resource_group, registry);
        todo!()
    }

    /// A transfer resource to be made: 5 to 50 of `[a-zA-Z0-9]`.
    ///
    /// # Errors
    /// When the service would refuse the name.
    pub fn named(&self, kind: Kind, name: &str) -> Result<TransferId, NameError> {
        let _ = (kind, name);
        todo!()
    }

    /// A transfer resource that is there already: whatever name a reader may meet.
    ///
    /// # Errors
    /// Only where the name could not stand in a path.
    pub fn existing(&self, kind: Kind, name: &str) -> Result<TransferId, NameError> {
        let _ = (kind, name);
        todo!()
    }
}

/// `/subscriptions/…/registries/{registry}`.
impl fmt::Display for RegistryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerRegistry/registries/{}",
            self.subscription, self.resource_group, self.registry
        )
    }
}

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.registry, self.kind.segment(), self.name)
    }
}

/// From a resource id; segment words in any case, names kept as they are.
impl FromStr for TransferId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let _ = text;
        todo!()
    }
}
