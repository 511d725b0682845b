//! The source trigger of import pipelines: what of a container is to be imported by itself, and why the rest is not.
//!
//! It fires for a blob (facts of the service) that was modified within 60 days, has a Content-MD5, and has the metadata
//! `category=acr-transfer-blob`; once for each of its `ETag`s. It sees blobs only by listing: a SAS without List, or a
//! container that cannot be listed, never fires.

mod list;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};

use self::list::Seen;
use super::transfer::storage::Container;
use super::transfer::{Access, CATEGORY};

/// How long ago a blob may have been modified.
const AGE: SignedDuration = SignedDuration::from_hours(60 * 24);

/// An import pipeline whose source trigger is on.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    /// What tells it from the others: its id.
    pub(crate) pipeline: String,
    /// Container URL without a query.
    pub(crate) container: String,
    pub(crate) access: Access,
}

/// A blob that a run is to be started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fired {
    pub(crate) blob: String,
    pub(crate) modified: Timestamp,
}

/// What a source trigger made of a blob, or of a container that it could not list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerFinding {
    /// The pipeline's id.
    pub pipeline: String,
    /// The blob; empty where the container could not be looked at.
    pub blob: String,
    /// What came of it.
    pub verdict: TriggerVerdict,
}

/// What came of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerVerdict {
    /// A run was started for this `ETag`.
    Started(String),
    /// The pipeline did not get to see the container: in the account's or vault's words.
    Unseen(String),
    /// Modified more than 60 days ago.
    TooOld(Timestamp),
    /// It has no Content-MD5, or one that is no MD5.
    NoContentMd5,
    /// It has no metadata `category=acr-transfer-blob`.
    NoCategory,
}

impl fmt::Display for TriggerVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started(etag) => write!(f, "a run was started for {etag}"),
            Self::Unseen(reason) => write!(f, "the container cannot be listed: {reason}"),
            Self::TooOld(modified) => {
                write!(f, "it was last modified at {modified}, over 60 days ago")
            }
            Self::NoContentMd5 => f.write_str("it has no valid Content-MD5"),
            Self::NoCategory => write!(f, "it has no metadata category={CATEGORY}"),
        }
    }
}

/// The memory of the source triggers of a cloud: the latest verdict by pipeline and blob.
#[derive(Debug, Default)]
pub(crate) struct Triggers(Mutex<BTreeMap<String, BTreeMap<String, TriggerVerdict>>>);

impl Triggers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BTreeMap<String, TriggerVerdict>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All verdicts, by pipeline and blob.
    pub(crate) fn findings(&self) -> Vec<TriggerFinding> {
        let all = self.lock();
        let each = all.iter().flat_map(|(pipeline, blobs)| {
            blobs.iter().map(|(blob, verdict)| TriggerFinding {
                pipeline: pipeline.clone(),
                blob: blob.clone(),
                verdict: verdict.clone(),
            })
        });
        each.collect()
    }

    /// Notes that a pipeline cannot look at its container, as when its secret cannot be read.
    pub(crate) fn blind(&self, pipeline: &str, reason: String) {
        let mut all = self.lock();
        let blobs = all.entry(pipeline.to_owned()).or_default();
        blobs.insert(String::new(), TriggerVerdict::Unseen(reason));
    }

    /// Forgets a pipeline that is gone: one made anew under its name looks at all blobs again.
    pub(crate) fn forget(&self, pipeline: &str) {
        self.lock().remove(pipeline);
    }

    /// Looks at a pipeline's container once. What comes back counts as started.
    pub(crate) async fn look(
        &self,
        client: &reqwest::Client,
        watched: &Watched,
        now: Timestamp,
    ) -> Vec<Fired> {
        let container = Container {
            client,
            url: &watched.container,
            access: &watched.access,
        };
        let listed = match list::blobs(container).await {
            Ok(listed) => listed,
            Err(refused) => {
                self.blind(&watched.pipeline, refused.to_string());
                return Vec::new();
            }
        };
        let mut all = self.lock();
        let known = all.entry(watched.pipeline.clone()).or_default();
        let (mut verdicts, mut fired) = (BTreeMap::new(), Vec::new());
        for blob in listed {
            let had = known.get(&blob.name);
            let verdict = judge(&blob, now).unwrap_or(TriggerVerdict::Started(blob.etag));
            let started = TriggerVerdict::Started(String::new());
            let is_start = std::mem::discriminant(&verdict) == std::mem::discriminant(&started);
            if is_start && had != Some(&verdict) {
                fired.push(Fired {
                    blob: blob.name.clone(),
                    modified: blob.modified,
                });
            }
            verdicts.insert(blob.name, verdict);
        }
        *known = verdicts;
        fired
    }
}

/// Why a blob is not to be imported; `None`: it is.
fn judge(blob: &Seen, now: Timestamp) -> Option<TriggerVerdict> {
    let md5 = STANDARD.decode(&blob.content_md5).unwrap_or_default();
    if now.duration_since(blob.modified) > AGE {
        Some(TriggerVerdict::TooOld(blob.modified))
    } else if md5.len() != 16 {
        Some(TriggerVerdict::NoContentMd5)
    } else if blob.category != CATEGORY {
        Some(TriggerVerdict::NoCategory)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
