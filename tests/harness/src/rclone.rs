//! rclone, as Debian has it, set up by its environment alone.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::command::{Finished, Run};
use crate::target::Target;
use crate::{debian, skip};

/// One rclone whose remote `lab:` is the first account of a service.
#[derive(Debug)]
pub struct Rclone {
    home: TempDir,
    env: Vec<(&'static str, String)>,
    trust: Vec<(&'static str, PathBuf)>,
}

impl Rclone {
    /// rclone for use against `target`; `None` where it cannot run, which was said.
    ///
    /// # Panics
    /// With `CI=true`, where it must run.
    #[must_use]
    pub fn or_skip(target: &Target) -> Option<Self> {
        skip::or_skip("rclone", Self::new(target))
    }

    fn new(target: &Target) -> Result<Self> {
        if version().is_err() {
            debian::install("rclone")?;
            version()?;
        }
        let home = tempfile::tempdir()?;
        let config = home.path().join("rclone.conf");
        fs_err::write(&config, "")?;
        // By SAS and not by key: with a key, rclone before 1.61 makes https://ACCOUNT.ENDPOINT of the endpoint.
        let url = target.url(target.source()?, "")?;
        let env = vec![
            ("RCLONE_CONFIG_LAB_TYPE", "azureblob".to_owned()),
            ("RCLONE_CONFIG_LAB_SAS_URL", url),
            ("RCLONE_CONFIG", config.display().to_string()),
        ];
        let trust = target.trust();
        Ok(Self {
            trust: trust.map(|(name, file)| (name, file.clone())).collect(),
            home,
            env,
        })
    }

    /// rclone with these words, to its end.
    ///
    /// # Errors
    /// When it does not start or end within a minute.
    pub fn run(&self, words: &[&str]) -> Result<Finished> {
        // One try each: a refusal shows at once.
        let bounds = [
            "--retries",
            "1",
            "--low-level-retries",
            "1",
            "--timeout",
            "20s",
        ];
        let mut run = Run::new("rclone")
            .args(words)
            .args(bounds)
            .folder(self.home.path())
            .env("HOME", self.home.path())
            .timeout(Duration::from_secs(60));
        for (name, value) in &self.env {
            run = run.env(name, value);
        }
        for (name, file) in &self.trust {
            run = run.env(name, file);
        }
        run.run()
    }
}

fn version() -> Result<()> {
    let done = Run::new("rclone").arg("version").run().context("rclone")?;
    if done.code() != Some(0) {
        bail!("rclone does not run:\n{}", done.stderr_text());
    }
    Ok(())
}
