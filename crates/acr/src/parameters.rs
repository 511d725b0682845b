//! Microsoft's template parameter files (`azuredeploy.parameters.json` of Azure/acr docs/image-transfer).

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Map, Value};

use crate::http::causes;
use crate::pipeline::SpecError;

/// Longest file, in bytes.
const LONGEST: u64 = 1 << 20;

/// Parameters of the four templates.
const NAMES: [&str; 17] = [
    "location",
    "registryName",
    "exportPipelineName",
    "importPipelineName",
    "pipelineRunName",
    "userAssignedIdentity",
    "targetUri",
    "sourceUri",
    "keyVaultName",
    "sasTokenSecretName",
    "storageAccessMode",
    "options",
    "sourceTriggerStatus",
    "pipelineResourceId",
    "artifacts",
    "sourceName",
    "targetName",
];

/// Parameters of runs, beside.
const RUN_NAMES: [&str; 2] = ["catalogDigest", "forceUpdateTag"];

/// What a parameter file says, by the templates' parameter names (`registryName`, `exportPipelineName`, `targetUri`,
/// `keyVaultName`, `sasTokenSecretName`, `options`, `pipelineResourceId`, `artifacts`, `sourceName`, `catalogDigest`, …).
#[derive(Clone, Debug, Default)]
pub struct Parameters(BTreeMap<String, Value>);

impl Parameters {
    /// Reads a file of at most 1 MiB; parameter names in any case (as ARM takes them), Key Vault references and unknown
    /// names refused by name.
    ///
    /// # Errors
    /// When the file is not such a file.
    pub fn read(path: &Path) -> Result<Self, SpecError> {
        let wrong =
            |reason: String| SpecError::new("parameter file", &path.display().to_string(), reason);
        let file = fs_err::File::open(path).map_err(|error| wrong(causes(&error)))?;
        let mut bytes = Vec::new();
        file.take(LONGEST.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| wrong(causes(&error)))?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST) {
            return Err(wrong("it is longer than 1 MiB".to_owned()));
        }
        // Editors on Windows put a byte order mark in front.
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let file: Value = serde_json::from_slice(text)
            .map_err(|error| wrong(format!("it is not JSON: {error}")))?;
        let schema = file.get("$schema").and_then(Value::as_str);
        if schema
            .is_some_and(|schema| !schema.to_ascii_lowercase().contains("deploymentparameters"))
        {
            return Err(wrong(
                "its $schema is not of deployment parameters".to_owned(),
            ));
        }
        match file.get("parameters").and_then(Value::as_object) {
            Some(parameters) => Self::of(parameters).map_err(wrong),
            None => Err(wrong("it has no object \"parameters\"".to_owned())),
        }
    }

    fn of(parameters: &Map<String, Value>) -> Result<Self, String> {
        let mut found = BTreeMap::new();
        for (name, entry) in parameters {
            let known = NAMES.iter().chain(&RUN_NAMES);
            let known = known
                .copied()
                .find(|known| known.eq_ignore_ascii_case(name))
                .ok_or_else(|| format!("the templates have no parameter {name:?}"))?;
            if entry.get("reference").is_some() {
                return Err(format!(
                    "{name:?} is a Key Vault reference, which only a deployment resolves"
                ));
            }
            let value = entry.get("value").cloned();
            let value = value.ok_or_else(|| format!("{name:?} has no value"))?;
            if found.insert(known.to_ascii_lowercase(), value).is_some() {
                return Err(format!("{name:?} is there twice"));
            }
        }
        Ok(Self(found))
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let value = self.0.get(&name.to_ascii_lowercase())?;
        (!value.is_null()).then_some(value)
    }

    /// Text of a parameter; empty text is none (the templates' defaults are `""`).
    ///
    /// # Errors
    /// When it is something else than text.
    pub fn text(&self, name: &str) -> Result<Option<String>, SpecError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(SpecError::new("parameter", name, "text is wanted")),
        }
    }

    /// A list of texts; none: empty.
    ///
    /// # Errors
    /// When it is something else.
    pub fn list(&self, name: &str) -> Result<Vec<String>, SpecError> {
        let wrong = || SpecError::new("parameter", name, "a list of texts is wanted");
        let entries = match self.value(name) {
            None => return Ok(Vec::new()),
            Some(value) => value.as_array().ok_or_else(wrong)?,
        };
        let texts = entries
            .iter()
            .map(|entry| entry.as_str().map(str::to_owned));
        texts.collect::<Option<_>>().ok_or_else(wrong)
    }
}
