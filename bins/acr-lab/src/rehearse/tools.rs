//! The programs that are rehearsed: those beside this one, so that what was built together is tried together.

use std::path::{Path, PathBuf};

use blobferry_console::{ExitStatus, Failure};

/// What a user has on his path.
const PROGRAMS: [&str; 3] = ["blobferry", "blobferry-bundle", "acr-transfer"];

/// Where they are.
#[derive(Debug)]
pub(crate) struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Looks into `folder`, or into that of this program.
    pub(crate) fn find(folder: Option<&Path>) -> Result<Self, Failure> {
        let folder = match folder {
            Some(folder) => std::path::absolute(folder),
            None => std::env::current_exe().map(|mut program| {
                program.pop();
                program
            }),
        };
        let folder = folder.map_err(|error| {
            Failure::new(ExitStatus::Failed, "cannot tell where the programs are").because(&error)
        })?;
        let missing: Vec<&str> = PROGRAMS
            .into_iter()
            .filter(|program| !folder.join(program).is_file())
            .collect();
        if missing.is_empty() {
            return Ok(Self { folder });
        }
        let what = format!("{} not in {}", missing.join(", "), folder.display());
        Err(Failure::usage(what)
            .hint("cargo build --release --locked -p blobferry -p blobferry-bundle-bin -p acr-transfer -p acr-lab")
            .hint("`cargo rehearse` builds them and begins; --bin-dir says where they are instead"))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A program's path.
    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_command_that_builds_it() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("blobferry"), "").unwrap();
        let failure = Tools::find(Some(folder.path())).unwrap_err();
        let mut said = Vec::new();
        failure.write_text(&mut said).unwrap();
        let said = String::from_utf8(said).unwrap();
        assert!(
            said.contains("error: blobferry-bundle, acr-transfer not in"),
            "{said}"
        );
        assert!(said.contains("cargo build --release"), "{said}");
    }
}
