//! Where journals are kept.

use std::path::PathBuf;

use directories::ProjectDirs;

use crate::cli::CopyArgs;

/// The journal's directory, or why there is none.
pub(crate) fn choose(args: &CopyArgs) -> Result<Option<PathBuf>, String> {
    if args.resume.no_journal {
        return Ok(None);
    }
    if let Some(dir) = &args.resume.journal_dir {
        return Ok(Some(dir.clone()));
    }
    let dirs = ProjectDirs::from("", "", "blobferry");
    let state = dirs
        .as_ref()
        .map(|dirs| dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()));
    match state {
        Some(state) => Ok(Some(state.join("journal"))),
        None => Err(
            "no journal: this user has no home directory; `--journal-dir` names a place for it"
                .to_owned(),
        ),
    }
}
