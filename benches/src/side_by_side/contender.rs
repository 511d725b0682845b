//! Who runs, and with which command line.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;
use tempfile::TempDir;

use crate::measure::{Cost, measure};

/// Accepted by nobody and checked by nobody: the null service looks at no signature. The clients look at the times.
const SAS: &str =
    "sv=2021-12-02&sr=c&sp=racwdl&se=2099-01-01T00:00:00Z&spr=https,http&sig=bm90aGluZw%3D%3D";

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Contender {
    /// `openssl dgst -sha256` over the file
    OpensslDigest,
    /// blobferry, file to blob, with SHA-256
    FerryUpload,
    /// blobferry, file to blob, `--digest none`
    FerryUploadUnproven,
    /// blobferry, file to blob, `--memory 32MiB`
    FerryUploadSmall,
    /// blobferry, blob to blob by relay, with SHA-256
    FerryRelay,
    /// azcopy, file to blob
    AzcopyUpload,
    /// azcopy, blob to file
    AzcopyDownload,
    /// blobferry, a file of 1 KiB to a blob
    FerryTiny,
    /// azcopy, a file of 1 KiB to a blob
    AzcopyTiny,
}

/// Where everything is that a contender needs.
#[derive(Debug)]
pub struct Ground {
    /// The blobferry binary.
    pub blobferry: PathBuf,
    /// The azcopy binary.
    pub azcopy: PathBuf,
    /// `http://127.0.0.1:PORT` of the null service.
    pub endpoint: String,
    /// The large file.
    pub file: PathBuf,
    /// Its length, and that of the source blob, in bytes.
    pub size: u64,
    /// A file of 1 KiB.
    pub tiny: PathBuf,
    /// Where logs, plans, journals and downloads go; removed at the end.
    pub scratch: TempDir,
}

impl Contender {
    /// As the table calls it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::OpensslDigest => "openssl dgst -sha256",
            Self::FerryUpload => "blobferry file → blob, SHA-256",
            Self::FerryUploadUnproven => "blobferry file → blob, --digest none",
            Self::FerryUploadSmall => "blobferry file → blob, SHA-256, --memory 32MiB",
            Self::FerryRelay => "blobferry blob → blob, relay, SHA-256",
            Self::AzcopyUpload => "azcopy file → blob, no digest",
            Self::AzcopyDownload => "azcopy blob → file, no digest",
            Self::FerryTiny => "blobferry 1 KiB file → blob",
            Self::AzcopyTiny => "azcopy 1 KiB file → blob",
        }
    }

    /// Runs once. `number` keeps destinations apart, so that nobody finds what an earlier run left.
    ///
    /// # Errors
    /// When the program fails.
    pub fn run(self, ground: &Ground, number: u32) -> Result<Cost> {
        let to = format!("{}/account/dst/{self:?}-{number}?{SAS}", ground.endpoint);
        let from = format!("{}/account/src/{}?{SAS}", ground.endpoint, ground.size);
        let (file, tiny) = (
            ground.file.display().to_string(),
            ground.tiny.display().to_string(),
        );
        let down = ground.scratch.path().join("download");
        let landing = down.display().to_string();
        let cost = match self {
            Self::OpensslDigest => {
                measure(Command::new("openssl").args(["dgst", "-sha256", &file]))
            }
            Self::FerryUpload => ground.ferry(&[&file, &to]),
            Self::FerryUploadUnproven => ground.ferry(&[&file, &to, "--digest", "none"]),
            Self::FerryUploadSmall => ground.ferry(&[&file, &to, "--memory", "32MiB"]),
            Self::FerryRelay => ground.ferry(&[&from, &to, "--via", "relay"]),
            Self::AzcopyUpload => ground.azcopy(&[&file, &to, "--from-to", "LocalBlob"]),
            Self::AzcopyDownload => ground.azcopy(&[&from, &landing, "--from-to", "BlobLocal"]),
            Self::FerryTiny => ground.ferry(&[&tiny, &to]),
            Self::AzcopyTiny => ground.azcopy(&[&tiny, &to, "--from-to", "LocalBlob"]),
        };
        if down.exists() {
            // At once: its dirty pages would be written back on the next contender's time.
            fs_err::remove_file(down)?;
        }
        cost
    }
}

impl Ground {
    fn ferry(&self, args: &[&str]) -> Result<Cost> {
        let mut command = Command::new(&self.blobferry);
        command
            .arg("copy")
            .args(args)
            .env("XDG_STATE_HOME", self.scratch.path());
        measure(&mut command)
    }

    fn azcopy(&self, args: &[&str]) -> Result<Cost> {
        let mut command = Command::new(&self.azcopy);
        command
            .arg("copy")
            .args(args)
            .args(["--skip-version-check", "--log-level", "ERROR"])
            .env("AZCOPY_LOG_LOCATION", self.scratch.path())
            .env("AZCOPY_JOB_PLAN_LOCATION", self.scratch.path());
        measure(&mut command)
    }
}
