//! Where a SAS comes from, and how a rotated one is picked up in the middle of a copy.

use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use super::{SasError, SasToken};

/// Longest SAS file we read, in bytes. A SAS has a few hundred.
const FILE_LIMIT: u64 = 64 << 10;

/// A SAS that may change while we work: kept in memory, or in a file that its owner rewrites.
/// Clones share what was read last.
#[derive(Clone)]
pub struct SasSource {
    file: Option<Arc<PathBuf>>,
    current: Arc<RwLock<Option<SasToken>>>,
}

impl SasSource {
    /// This SAS (from the URL or an environment variable), or none for a public blob.
    #[must_use]
    pub fn fixed(sas: Option<SasToken>) -> Self {
        Self {
            file: None,
            current: Arc::new(RwLock::new(sas)),
        }
    }

    /// The SAS in this file, read now and again whenever the service refuses it.
    ///
    /// # Errors
    /// [`SasError::File`], [`SasError::FileTooLong`], or what is wrong with the SAS.
    pub fn file(path: impl Into<PathBuf>) -> Result<Self, SasError> {
        let path = path.into();
        let sas = read(&path)?;
        Ok(Self {
            file: Some(Arc::new(path)),
            current: Arc::new(RwLock::new(Some(sas))),
        })
    }

    /// The SAS to use now.
    #[must_use]
    pub fn current(&self) -> Option<SasToken> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether it comes from a file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// After the service refused `seen`: whether there is another one to try. Reads the file again
    /// unless another task already did.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn refresh(&self, seen: Option<&SasToken>) -> Result<bool, SasError> {
        let Some(path) = &self.file else {
            return Ok(false);
        };
        // One reader at a time: the others find its result.
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref() != seen {
            return Ok(true);
        }
        // A pipe (`--source-sas-file <(…)`) was used up by the first read and might block for ever.
        let is_regular = fs_err::metadata(path.as_path()).is_ok_and(|meta| meta.is_file());
        if !is_regular {
            return Ok(false);
        }
        let fresh = read(path)?;
        if current.as_ref() == Some(&fresh) {
            return Ok(false);
        }
        *current = Some(fresh);
        Ok(true)
    }
}

fn read(path: &std::path::Path) -> Result<SasToken, SasError> {
    // fs-err's message names the path, and so does ours: once is enough.
    let failed = |error: std::io::Error| SasError::File {
        path: path.to_owned(),
        source: error.kind().into(),
    };
    let file = fs_err::File::open(path).map_err(failed)?;
    let mut text = String::new();
    let read = file
        .take(FILE_LIMIT.saturating_add(1))
        .read_to_string(&mut text)
        .map_err(failed)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > FILE_LIMIT {
        return Err(SasError::FileTooLong {
            path: path.to_owned(),
            limit: FILE_LIMIT,
        });
    }
    SasToken::parse(&text)
}

impl fmt::Debug for SasSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_ref().map(|path| path.display());
        write!(
            f,
            "SasSource({:?}, file: {:?})",
            self.current(),
            file.map(|path| path.to_string())
        )
    }
}
