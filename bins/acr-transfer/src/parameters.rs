//! Microsoft's template parameter files behind the flags: a flag wins, what it leaves out comes from the file.

use std::path::Path;

use blobferry_acr::parameters::Parameters;
use blobferry_terminal::Failure;

use crate::cli::shared::PlaceArgs;
use crate::failure::Explained as _;

/// The file, or nothing.
pub(crate) struct Fill(Parameters);

impl Fill {
    /// Reads it, where there is one.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        match path {
            Some(path) => Parameters::read(path).map(Self).explained(),
            None => Ok(Self(Parameters::default())),
        }
    }

    /// A text of the file.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        self.0.text(name).explained()
    }

    /// The flag's text, or the file's.
    pub(crate) fn text_or(
        &self,
        flag: Option<&String>,
        name: &str,
    ) -> Result<Option<String>, Failure> {
        match flag {
            Some(text) => Ok(Some(text.clone())),
            None => self.text(name),
        }
    }

    /// The flag's list, or the file's.
    pub(crate) fn list_or(&self, flag: &[String], name: &str) -> Result<Vec<String>, Failure> {
        if flag.is_empty() {
            self.0.list(name).explained()
        } else {
            Ok(flag.to_vec())
        }
    }

    /// The registry, by the flags and `registryName`.
    pub(crate) fn place(&self, args: &PlaceArgs) -> Result<PlaceArgs, Failure> {
        let registry = self.text_or(args.registry.as_ref(), "registryName")?;
        Ok(PlaceArgs {
            registry,
            ..args.clone()
        })
    }

    /// Refuses a file for something else, told by a parameter that only that has.
    pub(crate) fn forbid(&self, name: &str, why: &str) -> Result<(), Failure> {
        match self.text(name)? {
            Some(_) => Err(Failure::usage(format!(
                "the parameter file has {name:?}: {why}"
            ))),
            None => Ok(()),
        }
    }
}

/// A value that must be given somewhere.
pub(crate) fn needed(value: Option<String>, flag: &str) -> Result<String, Failure> {
    value.ok_or_else(|| Failure::usage(format!("{flag} is needed")))
}
