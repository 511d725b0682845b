//! A registry of the lab: an OCI image layout in a directory, or any distribution registry by URL.

use super::RegistryContent;

/// One registry.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) name: String,
    pub(crate) content: RegistryContent,
}
