//! Conditional headers, held against what is there. Where an `ETag` condition and a date say something about the same
//! side, the `ETag` decides alone, as on the REST page "Specifying conditional headers for Blob service operations".

use jiff::Timestamp;

use super::{Blob, Conditions, Container, TagMatch};
use crate::{Refusal, store::names};

impl TagMatch {
    fn matches(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Tag(tag) => tag.trim_matches('"') == etag.trim_matches('"'),
        }
    }
}

impl Conditions {
    /// Holds them against what is there, for a write.
    ///
    /// # Errors
    /// 412 `ConditionNotMet`; 409 `BlobAlreadyExists` for `If-None-Match: *` on a blob that exists.
    pub fn check_write(&self, blob: Option<&Blob>) -> Result<(), Refusal> {
        match blob {
            Some(_) if self.if_none_match == Some(TagMatch::Any) => Err(names::blob_exists()),
            Some(blob) if !self.unchanged(&blob.etag, blob.modified) => Err(not_met(412)),
            Some(blob) if !self.changed(&blob.etag, blob.modified) => Err(not_met(412)),
            None if self.if_match.is_some() => Err(not_met(412)),
            _ => Ok(()),
        }
    }

    /// Holds them against what is there, for a read.
    ///
    /// # Errors
    /// 412 `ConditionNotMet`, or 304 `ConditionNotMet` for `If-None-Match` and `If-Modified-Since`.
    pub fn check_read(&self, blob: &Blob) -> Result<(), Refusal> {
        if !self.unchanged(&blob.etag, blob.modified) {
            Err(not_met(412))
        } else if !self.changed(&blob.etag, blob.modified) {
            Err(not_met(304))
        } else {
            Ok(())
        }
    }

    /// Holds them against a container, for a write.
    pub(super) fn check_container(&self, container: &Container) -> Result<(), Refusal> {
        let (etag, modified) = (&container.etag, container.modified);
        if self.unchanged(etag, modified) && self.changed(etag, modified) {
            Ok(())
        } else {
            Err(not_met(412))
        }
    }

    /// `If-Match` and `If-Unmodified-Since`. HTTP dates are whole seconds, so that only those are compared.
    fn unchanged(&self, etag: &str, modified: Timestamp) -> bool {
        match (&self.if_match, self.if_unmodified_since) {
            (Some(wanted), _) => wanted.matches(etag),
            (None, Some(since)) => modified.as_second() <= since.as_second(),
            (None, None) => true,
        }
    }

    /// `If-None-Match` and `If-Modified-Since`.
    fn changed(&self, etag: &str, modified: Timestamp) -> bool {
        match (&self.if_none_match, self.if_modified_since) {
            (Some(unwanted), _) => !unwanted.matches(etag),
            (None, Some(since)) => modified.as_second() > since.as_second(),
            (None, None) => true,
        }
    }
}

fn not_met(status: u16) -> Refusal {
    Refusal::new(
        status,
        "ConditionNotMet",
        "The condition specified using HTTP conditional header(s) is not met.",
    )
}
