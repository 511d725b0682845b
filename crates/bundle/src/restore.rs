//! Restoring: the blob is put together from its parts, mended where needed, and proven by its
//! SHA-256 before it gets its name.

use std::io::Write;
use std::sync::Arc;

use crate::dir::{Dir, File, read_exact_at, write_all_at};
use crate::error::BundleError;
use crate::geometry::Piece;
use crate::mend::each_stripe;
use crate::open::Bundle;
use crate::pack::Digests;
use crate::verify::{Bad, Damage, Source};
use crate::watch::{Stage, Watch};
use crate::write::{failed, temporary};

mod whole;

use whole::Whole;

/// Where the blob goes.
pub enum Output<'a> {
    /// A file of this name in a directory; replaces nothing.
    File(Arc<dyn Dir>, &'a str),
    /// A pipe: bytes are verified block by block before they go out, and the whole at the end.
    Stream(&'a mut (dyn Write + Send)),
}

/// What restoring did.
#[derive(Debug, Clone)]
pub struct Restored {
    /// Bytes that were restored.
    pub bytes: u64,
    /// Bytes that had to be computed from the parity.
    pub mended: u64,
    /// The digests of what was restored, equal to the manifest's.
    pub digests: Digests,
}

/// Restores the blob. A file is durable when this returns; after an interruption it begins anew.
///
/// # Errors
/// [`BundleError::BeyondRepair`]; [`BundleError::Mismatch`] when the whole does not have the digests
/// that the manifest states; [`BundleError::Exists`]; [`BundleError::Busy`] when another blobferry works
/// in the file's directory; [`BundleError::Io`]; [`BundleError::Interrupted`].
pub fn restore(
    bundle: &Bundle,
    to: Output<'_>,
    watch: &dyn Watch,
) -> Result<Restored, BundleError> {
    let survey = bundle.survey_now()?;
    let source = Source {
        bundle,
        survey: &survey,
    };
    let geometry = source.geometry();
    let mut missing = Damage::default();
    for piece in geometry
        .pieces()
        .filter(|piece| !survey.pieces.contains_key(piece))
    {
        missing.add_whole(geometry, piece);
    }
    if !missing.mendable(geometry) {
        return Err(source.beyond_repair(&missing));
    }
    watch.begin(Stage::Restore, Some(geometry.blob_size()));
    let (mended, digests) = match to {
        Output::File(dir, name) => to_file(source, &*dir, name, watch)?,
        Output::Stream(stream) => to_stream(source, stream, watch)?,
    };
    let bytes = geometry.blob_size();
    Ok(Restored {
        bytes,
        mended,
        digests,
    })
}

fn to_stream(
    source: Source<'_>,
    stream: &mut (dyn Write + Send),
    watch: &dyn Watch,
) -> Result<(u64, Digests), BundleError> {
    let mut mended = 0;
    let mut failed = |source| BundleError::Io {
        doing: "write",
        path: "-".into(),
        source,
    };
    let digests = whole(source, watch).pass(
        |offset, to| {
            source
                .read(offset, to, Bad::Mend)
                .map(|bytes| mended += bytes)
        },
        |_, bytes| stream.write_all(bytes).map_err(&mut failed),
    )?;
    stream.flush().map_err(failed)?;
    compare(source, &digests)?;
    Ok((mended, digests))
}

fn whole<'a>(source: Source<'_>, watch: &'a dyn Watch) -> Whole<'a> {
    let len = source.geometry().blob_size();
    Whole { len, watch }
}

fn to_file(
    source: Source<'_>,
    dir: &dyn Dir,
    name: &str,
    watch: &dyn Watch,
) -> Result<(u64, Digests), BundleError> {
    let exists = || BundleError::Exists {
        path: dir.path().join(name),
    };
    let locked = dir.lock().map_err(failed(dir, "lock", ""))?;
    let path = || dir.path().to_owned();
    let _lock = locked.ok_or_else(|| BundleError::Busy { path: path() })?;
    let entries = dir.list().map_err(failed(dir, "list", ""))?;
    if entries.iter().any(|entry| entry.name == name) {
        return Err(exists());
    }
    // Not the blob's name, which may be as long as a name can be.
    let sha256 = source.bundle.manifest.blob.sha256.to_string();
    let partial = temporary("restore", sha256.get(..16).unwrap_or_default());
    if entries.iter().any(|entry| entry.name == partial) {
        dir.remove(&partial)
            .map_err(failed(dir, "remove", &partial))?;
    }
    let file = dir
        .create(&partial)
        .map_err(failed(dir, "create", &partial))?;
    let target = Target {
        dir,
        file,
        name: &partial,
    };
    let filled = target.fill(source, watch).and_then(|(mended, digests)| {
        compare(source, &digests)?;
        dir.rename(&partial, name)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::AlreadyExists => exists(),
                _ => failed(dir, "rename", &partial)(error),
            })?;
        Ok((mended, digests))
    });
    if filled.is_err() {
        // Where even this fails, the next run does it.
        let _ = dir.remove(&partial);
    }
    let filled = filled?;
    dir.sync().map_err(failed(dir, "sync", ""))?;
    Ok(filled)
}

/// The file that is being filled, under its temporary name.
struct Target<'a> {
    dir: &'a dyn Dir,
    file: Box<dyn File>,
    name: &'a str,
}

impl Target<'_> {
    /// Writes the blob, durable, and hashes it.
    fn fill(&self, source: Source<'_>, watch: &dyn Watch) -> Result<(u64, Digests), BundleError> {
        let (geometry, found) = (source.geometry(), &source.survey.pieces);
        let whole_part = |number| {
            let piece = Piece::Part(number);
            found
                .get(&piece)
                .is_some_and(|(_, len)| *len >= geometry.len(piece))
        };
        if (0..geometry.parts()).all(whole_part) {
            self.in_order(source, watch)
        } else {
            self.in_stripes(source, watch)
        }
    }

    /// From the first part to the last, hashed on the way.
    fn in_order(
        &self,
        source: Source<'_>,
        watch: &dyn Watch,
    ) -> Result<(u64, Digests), BundleError> {
        let mut mended = 0;
        let digests = whole(source, watch).pass(
            |offset, to| {
                source
                    .read(offset, to, Bad::Mend)
                    .map(|bytes| mended += bytes)
            },
            |offset, bytes| self.write(bytes, offset),
        )?;
        self.sync()?;
        Ok((mended, digests))
    }

    /// Several parts at a time, so that every block is read once, however many of them must be computed
    /// from it; hashed by reading the file.
    fn in_stripes(
        &self,
        source: Source<'_>,
        watch: &dyn Watch,
    ) -> Result<(u64, Digests), BundleError> {
        let geometry = source.geometry();
        let mut mended = 0;
        for group in 0..geometry.groups() {
            let members = geometry.members(group);
            let parts: Vec<_> = members
                .filter(|piece| matches!(piece, Piece::Part(_)))
                .collect();
            mended += each_stripe(source, group, &parts, watch, &|piece, block, bytes| {
                let (Piece::Part(number) | Piece::Parity(number)) = piece;
                let start = u64::from(number) * geometry.part_size();
                self.write(bytes, start + geometry.block(piece, block).start)
            })?;
        }
        self.sync()?;
        watch.begin(Stage::Verify, Some(geometry.blob_size()));
        let read = |offset, to: &mut [u8]| {
            read_exact_at(&*self.file, to, offset).map_err(failed(self.dir, "read", self.name))
        };
        let digests = whole(source, watch).pass(read, |_, _| Ok(()))?;
        Ok((mended, digests))
    }

    fn write(&self, bytes: &[u8], offset: u64) -> Result<(), BundleError> {
        let doing = || failed(self.dir, "write", self.name);
        write_all_at(&*self.file, bytes, offset).map_err(doing())?;
        self.file
            .start_writeback(offset, u64::try_from(bytes.len()).unwrap_or(0));
        Ok(())
    }

    fn sync(&self) -> Result<(), BundleError> {
        self.file
            .sync()
            .map_err(failed(self.dir, "sync", self.name))
    }
}

/// The authority is the SHA-256; the others would be stored by a service that believes us.
fn compare(source: Source<'_>, digests: &Digests) -> Result<(), BundleError> {
    let blob = &source.bundle.manifest.blob;
    let pairs = [
        (
            format!("sha256:{}", blob.sha256),
            format!("sha256:{}", digests.sha256),
        ),
        (format!("md5:{}", blob.md5), format!("md5:{}", digests.md5)),
        (
            format!("crc64:{}", blob.crc64),
            format!("crc64:{}", digests.crc64),
        ),
    ];
    match pairs
        .into_iter()
        .find(|(expected, actual)| expected != actual)
    {
        None => Ok(()),
        Some((expected, actual)) => Err(BundleError::Mismatch {
            what: "the restored blob".to_owned(),
            expected,
            actual,
        }),
    }
}
