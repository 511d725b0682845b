//! Programs, the blob, and the folders that contenders fill and read.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use blobferry_harness::write_pattern_file;
use fs_err::File;
use tempfile::TempDir;

use super::par2;

/// Parts of the blob: with four of parity the shape of the numbers, 4 GiB in parts of 256 MiB.
pub(super) const PARTS: u64 = 16;

/// Lost parts that can be mended, and that are lost.
pub(super) const PARITY: usize = 4;

/// Where everything is that a contender needs.
#[derive(Debug)]
pub struct Ground {
    /// The blobferry-bundle binary.
    pub(super) bundle_program: PathBuf,
    /// The par2 binary.
    pub(super) par2: PathBuf,
    /// The blob.
    pub(super) blob: PathBuf,
    /// Its length, bytes.
    pub(super) size: u64,
    scratch: TempDir,
}

impl Ground {
    /// Writes the blob under `folder` unless it is there, and installs par2 there.
    ///
    /// # Errors
    /// When `size` is no multiple of 16 MiB (a part is one of 1 MiB), and when something cannot be written or installed.
    pub fn prepare(folder: &Path, size: u64, bundle_program: PathBuf) -> Result<Self> {
        ensure!(
            size != 0 && size.is_multiple_of(PARTS << 20),
            "the blob must be a multiple of {PARTS} MiB"
        );
        fs_err::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let blob = folder.join(format!("blob-{size}"));
        if fs_err::metadata(&blob).map(|metadata| metadata.len()).ok() != Some(size) {
            write_pattern_file(&blob, 4, size)?;
            File::open(&blob)?.sync_all()?;
        }
        let par2 = par2::install(&folder)?;
        let scratch = tempfile::tempdir_in(&folder)?;
        Ok(Self {
            bundle_program,
            par2,
            blob,
            size,
            scratch,
        })
    }

    /// Bytes of a part.
    pub(super) fn part_size(&self) -> u64 {
        self.size / PARTS
    }

    /// The folder that blobferry-bundle packs into.
    pub(super) fn bundle(&self) -> PathBuf {
        self.scratch.path().join("bundle")
    }

    /// The folder of split, openssl and par2.
    pub(super) fn peers(&self) -> PathBuf {
        self.scratch.path().join("peers")
    }

    /// A file that is written and removed again.
    pub(super) fn copy(&self) -> PathBuf {
        self.scratch.path().join("copy")
    }

    /// Where lost parts are meanwhile.
    fn lost(&self) -> PathBuf {
        self.scratch.path().join("lost")
    }

    /// Takes every fourth of the parts of `folder` away, does `work`, and puts them back.
    ///
    /// # Errors
    /// What `work` says; when there are not as many parts as there should be.
    pub(super) fn without_parts<T>(
        &self,
        folder: &Path,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let parts: Vec<PathBuf> = files(folder)?
            .into_iter()
            .filter(|path| name(path).starts_with("part-"))
            .skip(1)
            .step_by(4)
            .collect();
        ensure!(
            parts.len() == PARITY,
            "not {PARTS} parts in {}",
            folder.display()
        );
        let lost = self.lost();
        fs_err::create_dir_all(&lost)?;
        for part in &parts {
            fs_err::rename(part, lost.join(name(part)))?;
        }
        let done = work();
        for part in &parts {
            // Over what a repair has put there.
            fs_err::rename(lost.join(name(part)), part)?;
        }
        done
    }
}

/// The files of a folder in the order of their names.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs_err::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files = entries.collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.is_file());
    files.sort_unstable();
    Ok(files)
}

/// Reads files through the page cache, so that whoever comes next finds them there.
pub(super) fn warm(files: &[PathBuf]) -> Result<()> {
    for path in files {
        std::io::copy(&mut File::open(path)?, &mut std::io::sink())?;
    }
    Ok(())
}

/// Removes a folder or file where there is one.
pub(super) fn clear(path: &Path) -> Result<()> {
    if path.is_dir() {
        fs_err::remove_dir_all(path)?;
    } else if path.exists() {
        fs_err::remove_file(path)?;
    }
    Ok(())
}

/// The file's name; of these files it is always text.
fn name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}
