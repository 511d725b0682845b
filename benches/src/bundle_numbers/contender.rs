//! Who runs, and with which command line.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use super::Ground;
use super::ground::{PARITY, clear, files, warm};
use crate::measure::{Cost, measure};

/// One line of the table, in the order in which they run: some read what others wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Contender {
    /// blobferry-bundle pack with parity 4, synced and read back
    Pack,
    /// `split` into as many parts
    Split,
    /// `openssl dgst -sha256` of every part
    OpensslParts,
    /// `par2 create`, one block per part and four more
    Par2Create,
    /// `sync` after those three: what they left to the kernel
    Sync,
    /// blobferry-bundle verify
    Verify,
    /// `openssl dgst -sha256` of the blob
    OpensslBlob,
    /// `sha256sum` of the blob
    Sha256sum,
    /// blobferry-bundle restore without four of the parts
    Restore,
    /// `dd` of the blob with fsync: the disk's speed
    Disk,
    /// `par2 repair` without four of the parts; the blob is not put together
    Par2Repair,
}

impl Contender {
    /// As the table calls it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Pack => "blobferry-bundle pack, parity 16+4, read back",
            Self::Split => "split",
            Self::OpensslParts => "openssl dgst -sha256 of every part",
            Self::Par2Create => "par2 create, 16+4 blocks",
            Self::Sync => "sync after split and par2 create",
            Self::Verify => "blobferry-bundle verify",
            Self::OpensslBlob => "openssl dgst -sha256 of the blob",
            Self::Sha256sum => "sha256sum of the blob",
            Self::Restore => "blobferry-bundle restore, 4 parts lost",
            Self::Disk => "dd with fsync",
            Self::Par2Repair => "par2 repair, 4 parts lost",
        }
    }

    /// Runs once. First, off the clock: what it reads is made where it is missing and read into the page cache, and
    /// everything that earlier ones left to be written is.
    ///
    /// # Errors
    /// When a program fails.
    pub fn run(self, ground: &Ground) -> Result<Cost> {
        let (bundle, peers, copy) = (ground.bundle(), ground.peers(), ground.copy());
        for earlier in self.needs() {
            if !earlier.done(ground)? {
                earlier.run(ground)?;
            }
        }
        match self {
            Self::Pack => clear(&bundle)?,
            Self::Split => {
                clear(&peers)?;
                fs_err::create_dir_all(&peers)?;
            }
            Self::Par2Create => {
                for file in ground.par2_files()? {
                    clear(&file)?;
                }
            }
            _ => {}
        }
        // Split, openssl, par2 and sync are one job: what it leaves to the kernel is its own.
        if !matches!(self, Self::OpensslParts | Self::Par2Create | Self::Sync) {
            rustix::fs::sync();
        }
        let mut command = self.command(ground)?;
        let cost = match self {
            Self::Restore => ground.without_parts(&bundle, || {
                warm(&files(&bundle)?)?;
                measure(&mut command)
            }),
            Self::Par2Repair => ground.without_parts(&peers, || {
                warm(&files(&peers)?)?;
                measure(&mut command)
            }),
            _ => {
                warm(&self.reads(ground)?)?;
                measure(&mut command)
            }
        };
        clear(&copy)?;
        cost
    }

    /// Whose files this reads.
    fn needs(self) -> &'static [Self] {
        match self {
            Self::OpensslParts | Self::Par2Create => &[Self::Split],
            Self::Par2Repair => &[Self::Split, Self::Par2Create],
            Self::Verify | Self::Restore => &[Self::Pack],
            _ => &[],
        }
    }

    /// Whether its files are there.
    fn done(self, ground: &Ground) -> Result<bool> {
        Ok(match self {
            Self::Pack => ground.bundle().join("manifest.json").exists(),
            Self::Par2Create => !ground.par2_files()?.is_empty(),
            _ => ground.peers().exists(),
        })
    }

    fn reads(self, ground: &Ground) -> Result<Vec<PathBuf>> {
        match self {
            Self::Verify => files(&ground.bundle()),
            Self::OpensslParts | Self::Par2Create => files(&ground.peers()),
            Self::Sync => Ok(Vec::new()),
            _ => Ok(vec![ground.blob.clone()]),
        }
    }

    fn command(self, ground: &Ground) -> Result<Command> {
        let (bundle, peers, blob) = (ground.bundle(), ground.peers(), &ground.blob);
        let part_size = ground.part_size();
        let mut command = Command::new(match self {
            Self::Pack | Self::Verify | Self::Restore => ground.bundle_program.as_os_str(),
            Self::Par2Create | Self::Par2Repair => ground.par2.as_os_str(),
            Self::OpensslParts | Self::OpensslBlob => "openssl".as_ref(),
            Self::Split => "split".as_ref(),
            Self::Sync => "sync".as_ref(),
            Self::Sha256sum => "sha256sum".as_ref(),
            Self::Disk => "dd".as_ref(),
        });
        match self {
            Self::Pack => {
                let sizes = [
                    format!("--part-size={}MiB", part_size >> 20),
                    format!("--parity={PARITY}"),
                ];
                command
                    .args(["pack", "--quiet"])
                    .args(sizes)
                    .arg("--out")
                    .arg(bundle)
                    .arg(blob)
            }
            Self::Verify => command.args(["verify", "--quiet"]).arg(bundle),
            Self::Restore => command
                .args(["restore", "--quiet"])
                .arg(bundle)
                .arg("--out")
                .arg(ground.copy()),
            Self::Split => command
                .args(["--numeric-suffixes", "--suffix-length=4", "--bytes"])
                .arg(part_size.to_string())
                .arg(blob)
                .arg(peers.join("part-")),
            Self::OpensslParts => command.args(["dgst", "-sha256"]).args(ground.peer_parts()?),
            Self::OpensslBlob => command.args(["dgst", "-sha256"]).arg(blob),
            Self::Sha256sum => command.arg(blob),
            Self::Sync => command.arg("--file-system").arg(peers),
            Self::Par2Create => command
                .args(["create", "-q", "-q", "-t2"])
                .args([format!("-s{part_size}"), format!("-c{PARITY}")])
                .arg(peers.join("parity.par2"))
                .args(ground.peer_parts()?),
            Self::Par2Repair => command
                .args(["repair", "-q", "-q", "-t2"])
                .arg(peers.join("parity.par2")),
            Self::Disk => {
                let mut to = std::ffi::OsString::from("of=");
                to.push(ground.copy());
                let mut from = std::ffi::OsString::from("if=");
                from.push(blob);
                command
                    .arg(from)
                    .arg(to)
                    .args(["bs=1M", "conv=fsync", "status=none"])
            }
        };
        Ok(command)
    }
}

impl Ground {
    fn peer_parts(&self) -> Result<Vec<PathBuf>> {
        self.peer_files(|name| name.extension().is_none())
    }

    fn par2_files(&self) -> Result<Vec<PathBuf>> {
        self.peer_files(|name| name.extension().is_some_and(|ending| ending == "par2"))
    }

    fn peer_files(&self, wanted: impl Fn(&PathBuf) -> bool) -> Result<Vec<PathBuf>> {
        let peers = self.peers();
        if !peers.exists() {
            return Ok(Vec::new());
        }
        Ok(files(&peers)?.into_iter().filter(wanted).collect())
    }
}
