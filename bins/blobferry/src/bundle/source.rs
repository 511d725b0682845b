//! A bundle as a source. Every block is compared with the manifest's table as it is read, and a
//! bundle that does not verify is not carried: mending comes first, by `blobferry-bundle repair`.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use blobferry_bundle::{AllowedSigners, Bundle, BundleError, Trust};
use blobferry_integrity::Expect;
use blobferry_transfer::store::{BlobSource, Pin, SourceInfo};
use blobferry_transfer::{ByteRange, ErrorClass, Meter, Rope, StoreError};

use super::{directory, explained, restored};

/// Whose signatures are asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trusted {
    pub(crate) allowed: Option<AllowedSigners>,
    pub(crate) required: usize,
}

/// A bundle whose blob can be read.
#[derive(Debug)]
pub(crate) struct BundleSource {
    name: String,
    bundle: Arc<Bundle>,
}

impl BundleSource {
    /// Opens the bundle at `path`; refuses one that lacks files or signatures.
    pub(crate) fn open(path: &Path, trusted: &Trusted) -> Result<Self, StoreError> {
        let trust = Trust {
            allowed: trusted.allowed.clone(),
            required: trusted.required,
            at: jiff::Timestamp::now(),
            previous: None,
        };
        let bundle = Bundle::open(directory(path)?, &trust).map_err(explained)?;
        let problems = bundle.shape();
        if !problems.is_empty() {
            let path = path.to_owned();
            return Err(explained(BundleError::Damaged { path, problems }));
        }
        Ok(Self {
            name: format!("bundle:{}", path.display()),
            bundle: Arc::new(bundle),
        })
    }

    /// What the blob's bytes must be, as the manifest says.
    pub(crate) fn expect(&self) -> Expect {
        Expect {
            sha256: Some(self.bundle.manifest().blob.sha256),
            md5: None,
        }
    }

    /// The blob's name.
    pub(crate) fn blob_name(&self) -> &str {
        &self.bundle.manifest().blob.name
    }
}

#[async_trait]
impl BlobSource for BundleSource {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn open(&self) -> Result<SourceInfo, StoreError> {
        let manifest = self.bundle.manifest();
        Ok(SourceInfo {
            length: Some(manifest.geometry.blob_size()),
            pin: Some(Pin(self.bundle.manifest_sha256().to_string())),
            last_modified: manifest.created.parse().ok(),
            properties: restored(&manifest.blob.properties),
        })
    }

    async fn read(&self, range: ByteRange, _pin: &Pin, rope: &mut Rope) -> Result<(), StoreError> {
        let bundle = Arc::clone(&self.bundle);
        read_blocking(range, rope, move |offset, to| {
            bundle.read_intact(offset, to).map_err(explained)
        })
        .await
    }
}

/// Reads a range by a function that fills a buffer, on a blocking thread, in pieces of a block of the
/// bundle: the rope holds what came when one fails.
pub(super) async fn read_blocking(
    range: ByteRange,
    rope: &mut Rope,
    mut fill: impl FnMut(u64, &mut [u8]) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    const PIECE: u64 = 8 << 20;
    let mut taken = std::mem::replace(rope, Rope::new(Meter::default()));
    let joined = tokio::task::spawn_blocking(move || {
        let mut left = range;
        while left.len > 0 {
            let len = left.len.min(PIECE - left.start % PIECE);
            let mut piece = vec![0; usize::try_from(len).unwrap_or(0)];
            if let Err(error) = fill(left.start, &mut piece) {
                return (taken, Err(error));
            }
            taken.push(piece.into());
            left = left.after(len);
        }
        (taken, Ok(()))
    });
    let (filled, result) = joined.await.map_err(|error| {
        StoreError::new(ErrorClass::Rejected, "the reading thread failed").with_source(error)
    })?;
    *rope = filled;
    result
}
