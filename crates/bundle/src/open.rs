//! Opening a bundle: signatures over the manifest's exact bytes first, then the manifest, then the
//! block table. Nothing of the parts is read.

use std::io;
use std::sync::Arc;

use blobferry_integrity::Sha256Digest;
use jiff::Timestamp;

use crate::chain;
use crate::dir::{Dir, Entry, read_exact_at};
use crate::error::BundleError;
use crate::manifest::{LONGEST_MANIFEST, MANIFEST, Manifest};
use crate::problem::Problem;
use crate::signature::{AllowedSigners, SignedBy};
use crate::sums::{self, SUMS};
use crate::table::{BlockTable, TABLE};
use crate::write::failed;

mod signed;
mod survey;

pub(crate) use survey::{SET_ASIDE, Survey, find};

/// Longest `SHA256SUMS` in bytes: a line for each of 11 000 files.
pub(crate) const LONGEST_SUMS: u64 = 2 << 20;

/// Whose word counts.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Who may sign.
    pub allowed: Option<AllowedSigners>,
    /// How many different signers must have signed; 0 where signatures are only reported. More takes
    /// `allowed`: a signature by just anybody proves nothing.
    pub required: usize,
    /// The time at which signers must be entitled.
    pub at: Timestamp,
    /// The manifest that must be this bundle's previous one (its file's bytes), to check the chain.
    pub previous: Option<Vec<u8>>,
}

/// A bundle that can be read. Its manifest is consistent in itself and signed as [`Trust`] asks;
/// its pieces may be damaged or missing.
#[derive(Debug)]
pub struct Bundle {
    pub(crate) dir: Arc<dyn Dir>,
    pub(crate) manifest: Manifest,
    pub(crate) manifest_sha256: Sha256Digest,
    pub(crate) table: BlockTable,
    pub(crate) signed_by: Vec<SignedBy>,
    pub(crate) unknown_fields: Vec<String>,
    /// What is wrong besides the pieces and their names: signatures that do not count, sums.
    pub(crate) problems: Vec<Problem>,
    /// What stood in the directory when it was opened.
    pub(crate) survey: Survey,
}

impl Bundle {
    /// Opens the bundle in `dir`.
    ///
    /// # Errors
    /// [`BundleError::NotABundle`]; [`BundleError::Damaged`] when signatures, chain or table do not
    /// prove what they must; [`BundleError::Manifest`]; [`BundleError::Refused`] when signatures are
    /// required of nobody, or when the previous manifest is none.
    pub fn open(dir: Arc<dyn Dir>, trust: &Trust) -> Result<Self, BundleError> {
        let entries = dir.list().map_err(failed(&*dir, "list", ""))?;
        let bytes = read_manifest(&*dir, &entries)?;
        let (signed_by, mut problems) = signed::check(&*dir, &entries, &bytes, trust)?;
        let (manifest, unknown_fields) =
            Manifest::parse(&bytes).map_err(|source| BundleError::Manifest {
                path: dir.path().to_owned(),
                source,
            })?;
        if let Some(previous) = &trust.previous {
            let reason = chain::check(&manifest, previous).map_err(BundleError::Refused)?;
            if let Some(reason) = reason {
                return Err(damaged(&*dir, Problem::Chain { reason }));
            }
        }
        let manifest_sha256 = Sha256Digest::of(&bytes);
        let table = read_table(&*dir, &entries, &manifest)?;
        let survey = Survey::of(&entries, &manifest.geometry);
        problems.extend(check_sums(&*dir, &entries, &manifest, &manifest_sha256));
        Ok(Self {
            dir,
            manifest,
            manifest_sha256,
            table,
            signed_by,
            unknown_fields,
            problems,
            survey,
        })
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the manifest file.
    #[must_use]
    pub fn manifest_sha256(&self) -> Sha256Digest {
        self.manifest_sha256
    }

    /// Signatures that hold, one for each key, by whom; without an allowed-signers file nobody is
    /// known by name.
    #[must_use]
    pub fn signed_by(&self) -> &[SignedBy] {
        &self.signed_by
    }

    /// Fields of the manifest that this version does not know.
    #[must_use]
    pub fn unknown_fields(&self) -> &[String] {
        &self.unknown_fields
    }

    /// What can be seen to be wrong without reading a piece: files missing, misnamed, of another length
    /// or kind, sums and signatures that do not hold. Extra files are none of it.
    #[must_use]
    pub fn shape(&self) -> Vec<Problem> {
        let all = self.problems.iter().chain(&self.survey.problems);
        let serious = all.filter(|problem| !matches!(problem, Problem::Extra { .. }));
        serious.cloned().collect()
    }
}

/// Reads a whole file; `None` when it is longer than `most` bytes.
pub(crate) fn read_whole(dir: &dyn Dir, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
    let file = dir.open(name)?;
    let len = file.len()?;
    let Some(fits) = usize::try_from(len).ok().filter(|_| len <= most) else {
        return Ok(None);
    };
    let mut bytes = vec![0; fits];
    read_exact_at(&*file, &mut bytes, 0)?;
    Ok(Some(bytes))
}

fn damaged(dir: &dyn Dir, problem: Problem) -> BundleError {
    let problems = vec![problem];
    let path = dir.path().to_owned();
    BundleError::Damaged { path, problems }
}

pub(crate) fn read_manifest(dir: &dyn Dir, entries: &[Entry]) -> Result<Vec<u8>, BundleError> {
    let refuse = |reason: &str| BundleError::NotABundle {
        path: dir.path().to_owned(),
        reason: reason.to_owned(),
    };
    let entry = find(entries, MANIFEST).ok_or_else(|| refuse("it holds no manifest.json"))?;
    match read_whole(dir, &entry.name, LONGEST_MANIFEST) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(refuse("its manifest.json is longer than 4 MiB")),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            Err(refuse("its manifest.json is no regular file"))
        }
        Err(error) => Err(failed(dir, "read", &entry.name)(error)),
    }
}

/// The block table, proven by its digest in the manifest. Its length is compared before it is read,
/// so that a manifest that lies costs nothing.
fn read_table(
    dir: &dyn Dir,
    entries: &[Entry],
    manifest: &Manifest,
) -> Result<BlockTable, BundleError> {
    let geometry = manifest.geometry;
    let file = TABLE.to_owned();
    let Some(entry) = find(entries, TABLE) else {
        return Err(damaged(dir, Problem::Missing { file }));
    };
    let wanted = geometry.table_len().saturating_mul(32);
    if entry.kind != crate::dir::EntryKind::File {
        return Err(damaged(dir, Problem::NotAFile { file }));
    }
    if entry.len != wanted {
        let len = entry.len;
        return Err(damaged(dir, Problem::Length { file, len, wanted }));
    }
    let bytes = read_whole(dir, &entry.name, wanted.min(crate::table::LONGEST_TABLE))
        .map_err(failed(dir, "read", &entry.name))?;
    let proven = bytes.filter(|bytes| Sha256Digest::of(bytes) == manifest.table);
    proven
        .and_then(|bytes| BlockTable::from_bytes(geometry, bytes))
        .ok_or_else(|| damaged(dir, Problem::Digest { file }))
}

/// What `SHA256SUMS` says that the manifest does not. Where it is missing, the survey says so.
fn check_sums(
    dir: &dyn Dir,
    entries: &[Entry],
    manifest: &Manifest,
    manifest_sha256: &Sha256Digest,
) -> Option<Problem> {
    let entry = find(entries, SUMS)?;
    let reason = match read_whole(dir, &entry.name, LONGEST_SUMS) {
        Ok(Some(bytes)) => sums::check(&bytes, manifest, manifest_sha256)?,
        Ok(None) => "it is longer than 2 MiB".to_owned(),
        Err(error) => format!("it cannot be read: {error}"),
    };
    Some(Problem::Sums { reason })
}
