//! Verifying: every file is there, is a file, has its name, its length and its digest. All problems
//! are found, none is mended.

use crate::dir::ReadBack;
use crate::error::BundleError;
use crate::open::{Bundle, Survey};
use crate::problem::Problem;
use crate::watch::Watch;
use crate::write::failed;

mod damage;
mod read;
mod scan;

pub(crate) use damage::Damage;
pub(crate) use read::{Bad, Source, size};
pub(crate) use scan::scan;

/// How many bytes are read and hashed at a time.
pub(crate) const BUFFER: usize = 16 << 20;

/// What verifying found.
#[derive(Debug, Clone)]
pub struct Report {
    /// Everything that is wrong; empty for a bundle that verifies.
    pub problems: Vec<Problem>,
    /// Files that are no problem, but should be known of: set aside by a repair, left over from an
    /// interrupted run.
    pub notes: Vec<String>,
    /// Whether the blob can be had whole: the parity can mend all damaged and missing pieces (true when
    /// there is nothing to mend). What is wrong with other files does not count here.
    pub mendable: bool,
    /// How the pieces were read: the weakest method that any file needed.
    pub read: ReadBack,
    /// Bytes that were hashed.
    pub bytes: u64,
}

impl Bundle {
    /// Reads every piece, several at a time, and compares every block with the table. The strong form,
    /// `uncached`, reads past the page cache, and hashes every piece whole, too.
    ///
    /// # Errors
    /// [`BundleError::Interrupted`]; [`BundleError::Io`] when the directory cannot be listed. Damage
    /// and unreadable files are problems, not errors.
    pub fn verify(&self, uncached: bool, watch: &dyn Watch) -> Result<Report, BundleError> {
        let survey = self.survey_now()?;
        let scan = scan(
            Source {
                bundle: self,
                survey: &survey,
            },
            uncached,
            uncached,
            watch,
        )?;
        let mut problems = self.problems.clone();
        problems.extend(survey.problems);
        problems.extend(scan.problems);
        Ok(Report {
            problems,
            notes: survey.notes,
            mendable: scan.lies.is_empty() && scan.damage.mendable(&self.manifest.geometry),
            read: scan.read,
            bytes: scan.bytes,
        })
    }

    /// What stands in the directory by now.
    pub(crate) fn survey_now(&self) -> Result<Survey, BundleError> {
        let entries = self.dir.list().map_err(failed(&*self.dir, "list", ""))?;
        Ok(Survey::of(&entries, &self.manifest.geometry))
    }
}
