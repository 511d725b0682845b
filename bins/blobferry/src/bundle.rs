//! `bundle:DIR` as an end of a copy: the blob's parts stream straight to or from the network.

use std::path::Path;
use std::sync::Arc;

use blobferry_bundle::{BlobProperties, BundleError, Class, OsDir};
use blobferry_transfer::store::Properties;
use blobferry_transfer::{ErrorClass, StoreError};

mod packing;
mod sink;
mod source;

pub(crate) use packing::Packing;
pub(crate) use sink::BundleSink;
pub(crate) use source::{BundleSource, Trusted};

/// How users write it.
pub(crate) const PREFIX: &str = "bundle:";

/// The existing directory of a bundle.
fn directory(path: &Path) -> Result<Arc<OsDir>, StoreError> {
    match OsDir::open(path) {
        Ok(dir) => Ok(Arc::new(dir)),
        Err(error) => Err(StoreError::from_io(
            format!("cannot open the directory {}", path.display()),
            error,
        )),
    }
}

/// The bundle's error in the engine's words.
fn explained(error: BundleError) -> StoreError {
    let class = match error.class() {
        Class::Failed if matches!(error, BundleError::Exists { .. }) => ErrorClass::Exists,
        Class::Failed | Class::Usage => ErrorClass::Rejected,
        Class::Verification => ErrorClass::Corrupt,
        Class::Incomplete => ErrorClass::Full,
        Class::Denied => ErrorClass::Denied,
        Class::SourceChanged => ErrorClass::Changed,
        Class::Interrupted => ErrorClass::Interrupted,
    };
    let hint = hint(&error);
    let (message, source) = match error {
        BundleError::Io {
            doing,
            path,
            source,
        } => (format!("cannot {doing} {}", path.display()), Some(source)),
        other => (in_full(&other), None),
    };
    let mut said = StoreError::new(class, message);
    if let Some(source) = source {
        said = said.with_source(source);
    }
    match hint {
        Some(hint) => said.with_hint(hint),
        None => said,
    }
}

/// An error with its causes in one line: the engine keeps one cause, and these say why.
fn in_full(error: &BundleError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

fn hint(error: &BundleError) -> Option<String> {
    Some(match error {
        BundleError::Damaged { path, .. } | BundleError::BeyondRepair { path, .. } => {
            let dir = path.display();
            format!(
                "`blobferry-bundle verify {dir}` lists everything; `blobferry-bundle repair {dir}` mends what the \
                     parity can"
            )
        }
        BundleError::Exists { .. } => {
            "a bundle is never replaced: name a new directory, or remove the old one".to_owned()
        }
        BundleError::ReadBack { .. } => {
            "run the same command again; if it happens again, use another disk".to_owned()
        }
        BundleError::Io { source, .. } if source.kind() == std::io::ErrorKind::FileTooLarge => {
            "this file system takes no files of that size: use a smaller `--part-size`".to_owned()
        }
        BundleError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
            "make room on the disk, then run the same command again: it resumes".to_owned()
        }
        BundleError::Busy { .. } => "wait for it to end".to_owned(),
        _ => return None,
    })
}

/// What a bundle keeps of a blob's properties. Index tags and the access tier belong to the account.
fn kept(properties: &Properties) -> BlobProperties {
    BlobProperties {
        content_type: properties.content_type.clone(),
        content_encoding: properties.content_encoding.clone(),
        content_language: properties.content_language.clone(),
        content_disposition: properties.content_disposition.clone(),
        cache_control: properties.cache_control.clone(),
        content_md5: properties.content_md5,
        metadata: properties.metadata.clone(),
    }
}

/// The same on the way back.
fn restored(properties: &BlobProperties) -> Properties {
    Properties {
        content_type: properties.content_type.clone(),
        content_encoding: properties.content_encoding.clone(),
        content_language: properties.content_language.clone(),
        content_disposition: properties.content_disposition.clone(),
        cache_control: properties.cache_control.clone(),
        content_md5: properties.content_md5,
        metadata: properties.metadata.clone(),
        tags: None,
        tier: None,
    }
}
