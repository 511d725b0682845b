//! Which digests are computed and which are enforced.

use blobferry_integrity::{Algorithm, Expect, Md5Digest};

use crate::error::{CopyError, ErrorClass};
use crate::options::{CheckMd5, CopyOptions};
use crate::store::SourceInfo;

/// Metadata by which an `ImportPipeline`'s source trigger knows a transfer blob.
const ACR_CATEGORY: (&str, &str) = ("category", "acr-transfer-blob");

/// The digests of one copy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Digests {
    /// Hashers to run.
    pub(crate) algorithms: Vec<Algorithm>,
    /// What must hold before anything is committed.
    pub(crate) enforced: Expect,
    /// The source's own MD5, where a difference is only noted.
    pub(crate) watched: Option<Md5Digest>,
    /// Whether the computed MD5 is stored at the destination.
    pub(crate) store_md5: bool,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

impl Digests {
    /// Decides from what is expected, what the source says, and what was asked.
    pub(crate) fn choose(
        name: &str,
        info: &SourceInfo,
        keeps_properties: bool,
        options: &CopyOptions,
    ) -> Result<Self, CopyError> {
        if !options.sha256 && options.expect.sha256.is_some() {
            return Err(CopyError::Refused {
                class: ErrorClass::Rejected,
                reason: "a SHA-256 is expected, so it must be computed".to_owned(),
                hint: "leave out `--digest none`".to_owned(),
            });
        }
        let mut digests = Self {
            enforced: options.expect,
            ..Self::default()
        };
        digests.add_own_md5(name, info, options)?;
        digests.store_md5 = options.properties.put_md5 || digests.trigger_needs_md5(info, options);
        if options.sha256 {
            digests.algorithms.push(Algorithm::Sha256);
        }
        let kept = digests.store_md5 || keeps_properties;
        if digests.enforced.md5.is_some() || digests.watched.is_some() || kept {
            digests.algorithms.push(Algorithm::Md5);
        }
        Ok(digests)
    }

    fn add_own_md5(
        &mut self,
        name: &str,
        info: &SourceInfo,
        options: &CopyOptions,
    ) -> Result<(), CopyError> {
        // MD5 runs at half the speed of SHA-256 and proves less.
        let by_default = if options.expect.sha256.is_some() || !options.sha256 {
            CheckMd5::NoCheck
        } else {
            CheckMd5::default()
        };
        match (
            options.check_md5.unwrap_or(by_default),
            info.properties.content_md5,
        ) {
            (CheckMd5::NoCheck, _) | (CheckMd5::LogOnly | CheckMd5::FailIfDifferent, None) => {}
            (CheckMd5::LogOnly, own) => self.watched = own,
            (CheckMd5::FailIfDifferentOrMissing, None) => {
                return Err(CopyError::Refused {
                    class: ErrorClass::Corrupt,
                    reason: format!("{name} has no Content-MD5 to check"),
                    hint: "give its digest by `--expect-digest sha256:…`, or use `--check-md5 FailIfDifferent`"
                        .to_owned(),
                });
            }
            // What the user expects goes before what the source says of itself.
            (_, own) => self.enforced.md5 = self.enforced.md5.or(own),
        }
        Ok(())
    }

    /// An import trigger ignores a transfer blob without Content-MD5, so one is computed.
    fn trigger_needs_md5(&mut self, info: &SourceInfo, options: &CopyOptions) -> bool {
        let (key, value) = ACR_CATEGORY;
        let mut metadata = info
            .properties
            .metadata
            .iter()
            .chain(&options.properties.metadata);
        let is_transfer_blob = metadata.any(|(k, v)| k.eq_ignore_ascii_case(key) && v == value);
        let needed = is_transfer_blob
            && info.properties.content_md5.is_none()
            && !options.properties.put_md5;
        if needed {
            self.notes.push(
                "an ACR transfer blob without Content-MD5: computing and storing it, because an import trigger \
                 ignores the blob without"
                    .to_owned(),
            );
        }
        needed
    }

    /// The words for the outline.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let hashed = self.algorithms.iter().map(|algorithm| match algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Md5 => "md5",
        });
        hashed.chain(["crc64"]).collect()
    }
}
