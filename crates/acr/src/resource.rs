//! Names of Azure resources: which are allowed, and how ids are taken apart. Ids compare without case.

use std::fmt;
use std::str::FromStr;

/// Most characters of one name in an id. Azure's longest (a resource group) has 90; the lab's may be longer.
const LONGEST: usize = 260;

/// A registry in its place.
#[derive(Clone, Debug, Eq)]
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
#[derive(Clone, Debug, Eq)]
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

    /// By the word of a path, in any case.
    fn by_segment(word: &str) -> Option<Self> {
        let kinds = [
            Self::ExportPipeline,
            Self::ImportPipeline,
            Self::PipelineRun,
        ];
        kinds
            .into_iter()
            .find(|kind| kind.segment().eq_ignore_ascii_case(word))
    }

    /// What a name of this kind is called in messages.
    fn what(self) -> &'static str {
        match self {
            Self::ExportPipeline => "export pipeline name",
            Self::ImportPipeline => "import pipeline name",
            Self::PipelineRun => "pipeline run name",
        }
    }
}

/// Without case, as ARM has it.
impl PartialEq for RegistryId {
    fn eq(&self, other: &Self) -> bool {
        self.subscription.eq_ignore_ascii_case(&other.subscription)
            && self
                .resource_group
                .eq_ignore_ascii_case(&other.resource_group)
            && self.registry.eq_ignore_ascii_case(&other.registry)
    }
}

/// Without case, as ARM has it.
impl PartialEq for TransferId {
    fn eq(&self, other: &Self) -> bool {
        self.registry == other.registry
            && self.kind == other.kind
            && self.name.eq_ignore_ascii_case(&other.name)
    }
}

fn error(what: &'static str, text: &str, rule: &str) -> NameError {
    NameError {
        what,
        text: text.to_owned(),
        rule: rule.to_owned(),
    }
}

/// Whether text can be one segment of a path and is still itself on the other side.
fn segment(what: &'static str, text: &str) -> Result<String, NameError> {
    let barred = |c: char| c.is_control() || "/\\?#%".contains(c);
    if text.trim().is_empty() {
        return Err(error(what, text, "it is empty"));
    }
    if text.len() > LONGEST {
        return Err(error(what, text, "it is too long"));
    }
    if text == "." || text == ".." || text.contains(barred) {
        return Err(error(what, text, "it cannot stand in a resource id"));
    }
    Ok(text.to_owned())
}

/// The rule of registries and transfer resources (`^[a-zA-Z0-9]*$`, 5 to 50, Microsoft's REST schema).
fn strict(what: &'static str, text: &str) -> Result<String, NameError> {
    let fits = (5..=50).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits {
        Ok(text.to_owned())
    } else {
        Err(error(what, text, "5 to 50 letters and digits are wanted"))
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
        Ok(Self {
            subscription: segment("subscription", subscription)?,
            resource_group: segment("resource group", resource_group)?,
            registry: strict("registry name", registry)?,
        })
    }

    /// A transfer resource to be made: 5 to 50 of `[a-zA-Z0-9]`.
    ///
    /// # Errors
    /// When the service would refuse the name.
    pub fn named(&self, kind: Kind, name: &str) -> Result<TransferId, NameError> {
        Ok(TransferId {
            registry: self.clone(),
            kind,
            name: strict(kind.what(), name)?,
        })
    }

    /// A transfer resource that is there already: whatever name a reader may meet.
    ///
    /// # Errors
    /// Only where the name could not stand in a path.
    pub fn existing(&self, kind: Kind, name: &str) -> Result<TransferId, NameError> {
        Ok(TransferId {
            registry: self.clone(),
            kind,
            name: segment(kind.what(), name)?,
        })
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
        let wrong = || {
            error(
                "resource id",
                text,
                "wanted /subscriptions/…/resourceGroups/…/providers/Microsoft.ContainerRegistry/registries/…/\
                 exportPipelines|importPipelines|pipelineRuns/…",
            )
        };
        let path = text.trim().trim_start_matches('/').trim_end_matches('/');
        let words: Vec<&str> = path.splitn(11, '/').collect();
        let [
            subscriptions,
            subscription,
            groups,
            group,
            providers,
            provider,
            registries,
            registry,
            kind,
            name,
        ] = words.as_slice()
        else {
            return Err(wrong());
        };
        let fixed = [
            (subscriptions, "subscriptions"),
            (groups, "resourceGroups"),
            (providers, "providers"),
            (provider, "Microsoft.ContainerRegistry"),
            (registries, "registries"),
        ];
        if fixed
            .iter()
            .any(|(word, wanted)| !word.eq_ignore_ascii_case(wanted))
        {
            return Err(wrong());
        }
        let kind = Kind::by_segment(kind).ok_or_else(wrong)?;
        RegistryId::new(subscription, group, registry)?.existing(kind, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> RegistryId {
        RegistryId::new("0000", "my (group)", "myRegistry").unwrap()
    }

    #[test]
    fn ids_are_read_in_any_case_and_written_as_documented() {
        let text = "/SUBSCRIPTIONS/0000/resourcegroups/my (group)/providers/microsoft.containerregistry/\
                    registries/myRegistry/exportpipelines/myPipe";
        let id: TransferId = text.parse().unwrap();
        assert_eq!(
            id,
            registry().named(Kind::ExportPipeline, "MYPIPE").unwrap()
        );
        assert_eq!(
            id.to_string(),
            "/subscriptions/0000/resourceGroups/my (group)/providers/Microsoft.ContainerRegistry/\
             registries/myRegistry/exportPipelines/myPipe"
        );
    }

    #[test]
    fn what_is_no_id_is_refused() {
        let good = registry()
            .existing(Kind::PipelineRun, "run_1")
            .unwrap()
            .to_string();
        for bad in [
            "",
            "/",
            "pipelineRuns/x",
            &good.replace("pipelineRuns", "tasks"),
            &good.replace("subscriptions", "tenants"),
            &format!("{good}/more"),
            &good.replace("run_1", ".."),
            &good.replace("0000", ""),
        ] {
            assert!(bad.parse::<TransferId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn writers_are_stricter_than_readers() {
        let registry = registry();
        for bad in [
            "abcd",
            "with_underscore",
            "with-dash",
            "ünicode",
            &"a".repeat(51),
        ] {
            let error = registry.named(Kind::PipelineRun, bad).unwrap_err();
            assert!(error.to_string().contains("5 to 50"), "{error}");
        }
        assert!(registry.named(Kind::PipelineRun, &"a".repeat(50)).is_ok());
        assert!(
            registry
                .existing(Kind::PipelineRun, "trigger_2024_1")
                .is_ok()
        );
        for bad in [
            "",
            " ",
            "a/b",
            "a?b",
            "a#b",
            "%2e",
            "..",
            "a\n",
            &"a".repeat(261),
        ] {
            assert!(registry.existing(Kind::PipelineRun, bad).is_err(), "{bad}");
            assert!(RegistryId::new("s", bad, "myRegistry").is_err(), "{bad}");
        }
        assert!(RegistryId::new("s", "g", "my-registry").is_err());
    }
}
