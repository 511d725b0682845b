//! Microsoft's template parameter files (`azuredeploy.parameters.json` of Azure/acr docs/image-transfer).

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::pipeline::SpecError;

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
        let _ = path;
        todo!()
    }

    /// Text of a parameter; empty text is none (the templates' defaults are `""`).
    ///
    /// # Errors
    /// When it is something else than text.
    pub fn text(&self, name: &str) -> Result<Option<String>, SpecError> {
        let _ = name;
        todo!()
    }

    /// A list of texts; none: empty.
    ///
    /// # Errors
    /// When it is something else.
    pub fn list(&self, name: &str) -> Result<Vec<String>, SpecError> {
        let _ = name;
        todo!()
    }
}
