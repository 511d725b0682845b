//! A bundle as a destination: the engine hands over bytes in order, and the library packs them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use blobferry_bundle::{
    Digests, Dir, MANIFEST, OsDir, PackOptions, Packer, PartialBlob, Stage, Watch,
};
use blobferry_transfer::store::{
    BlobSource, Existing, Partial, Pin, Proven, SourceInfo, StreamSink,
};
use blobferry_transfer::{ByteRange, Cancel, ErrorClass, Event, Observer, Rope, StoreError};

use super::{directory, explained, kept};

/// A directory that becomes a bundle.
#[derive(Debug)]
pub(crate) struct BundleSink {
    path: PathBuf,
    options: PackOptions,
    packer: Option<Packer>,
}

impl BundleSink {
    /// A sink for the directory at `path`, which is made when bytes come.
    pub(crate) fn new(path: &Path, options: PackOptions) -> Self {
        Self {
            path: path.to_owned(),
            options,
            packer: None,
        }
    }

    fn packer(&mut self) -> Result<&mut Packer, StoreError> {
        self.packer.as_mut().ok_or_else(closed)
    }
}

fn closed() -> StoreError {
    StoreError::new(ErrorClass::Rejected, "the bundle was not opened")
}

impl StreamSink for BundleSink {
    fn name(&self) -> String {
        format!("bundle:{}", self.path.display())
    }

    fn existing(&self) -> Result<Option<Existing>, StoreError> {
        let manifest = self.path.join(MANIFEST);
        match fs_err::metadata(&manifest) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let text = format!("cannot look at {}", manifest.display());
                Err(StoreError::from_io(text, error))
            }
            Ok(_) => Err(StoreError::new(
                ErrorClass::Exists,
                format!("{} holds a bundle already", self.path.display()),
            )
            .with_hint("a bundle is never replaced: name a new directory, or remove the old one")),
        }
    }

    fn left_over(&self, key: &str) -> u64 {
        let dir = OsDir::open(&self.path);
        dir.map_or(0, |dir| Packer::left_over(&dir, key))
    }

    fn begin(&mut self, key: &str, keep: bool) -> Result<Option<Partial>, StoreError> {
        if !self.path.is_dir() {
            OsDir::create(&self.path).map_err(|error| {
                StoreError::from_io(format!("cannot make {}", self.path.display()), error)
            })?;
        }
        let dir: Arc<dyn Dir> = directory(&self.path)?;
        let packer = Packer::begin(dir, key, keep, self.options.clone());
        let packer = packer.map_err(explained)?;
        let partial = (packer.resumed() > 0).then(|| packer.partial());
        let partial = partial.transpose().map_err(explained)?;
        self.packer = Some(packer);
        Ok(partial.map(|blob| Partial {
            len: blob.len(),
            source: Arc::new(Kept {
                name: self.name(),
                blob: Arc::new(blob),
            }),
            pin: Pin("kept".to_owned()),
        }))
    }

    fn write(&mut self, offset: u64, chunk: &[u8]) -> Result<(), StoreError> {
        self.packer()?.write(offset, chunk).map_err(explained)
    }

    fn publish(&mut self, proven: &Proven) -> Result<(), StoreError> {
        let verified = &proven.verified;
        let (Some(sha256), Some(md5)) = (verified.sha256(), verified.md5()) else {
            return Err(StoreError::new(
                ErrorClass::Rejected,
                "a bundle states SHA-256 and MD5, and one was not computed",
            )
            .with_hint("leave out `--digest none`"));
        };
        let digests = Digests {
            sha256,
            md5,
            crc64: verified.crc64(),
        };
        let told = Told {
            observer: Arc::clone(&proven.observer),
            cancel: proven.cancel.clone(),
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
        };
        let packer = self.packer.take().ok_or_else(closed)?;
        let properties = kept(&proven.properties);
        let sealed = packer
            .finish(verified.total(), digests, properties, &[], &told)
            .map_err(explained)?;
        told.note(&format!(
            "{} is complete and safe to unplug; manifest sha256 {}; read back by {}",
            self.path.display(),
            sealed.manifest_sha256,
            sealed.read_back
        ));
        Ok(())
    }

    fn keeps_properties(&self) -> bool {
        true
    }

    fn resumes(&self) -> bool {
        true
    }

    fn discard(&mut self) -> Result<(), StoreError> {
        let packer = self.packer.take();
        packer.map_or(Ok(()), |packer| packer.discard().map_err(explained))
    }

    fn suspend(&mut self) -> Result<(), StoreError> {
        let packer = self.packer.take();
        packer.map_or(Ok(()), |packer| packer.suspend().map_err(explained))
    }
}

/// What an interrupted run left in the directory, as a source.
#[derive(Debug)]
struct Kept {
    name: String,
    blob: Arc<PartialBlob>,
}

#[async_trait]
impl BlobSource for Kept {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn open(&self) -> Result<SourceInfo, StoreError> {
        Ok(SourceInfo {
            length: Some(self.blob.len()),
            pin: Some(Pin("kept".to_owned())),
            ..SourceInfo::default()
        })
    }

    async fn read(&self, range: ByteRange, _pin: &Pin, rope: &mut Rope) -> Result<(), StoreError> {
        let (blob, name) = (Arc::clone(&self.blob), self.name.clone());
        super::source::read_blocking(range, rope, move |offset, to| {
            let read = blob.read_exact_at(to, offset);
            read.map_err(|error| StoreError::from_io(format!("reading {name} again failed"), error))
        })
        .await
    }
}

/// Passes on what the library tells while it seals the bundle: a line per tenth.
struct Told {
    observer: Arc<dyn Observer>,
    cancel: Cancel,
    total: AtomicU64,
    done: AtomicU64,
}

impl Watch for Told {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        self.total.store(total.unwrap_or(0), Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        if stage == Stage::ReadBack {
            self.note("everything has arrived: reading it back from the disk");
        }
    }

    fn advance(&self, bytes: u64) {
        let total = self.total.load(Ordering::Relaxed).max(1);
        let before = self.done.fetch_add(bytes, Ordering::Relaxed);
        let tenth = |done: u64| done.saturating_mul(10) / total;
        let now = tenth(before.saturating_add(bytes));
        if now > tenth(before) && now < 10 {
            self.note(&format!("read back {now}0 %"));
        }
    }

    fn note(&self, text: &str) {
        let text = text.to_owned();
        self.observer.on(&Event::Note { text });
    }

    fn stop(&self) -> bool {
        self.cancel.requested()
    }
}
