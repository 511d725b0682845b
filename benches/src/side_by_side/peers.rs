//! Getting the peers ready: the null service as a process of its own. (azcopy: [`blobferry_harness::azcopy`].)

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// A running null service, ended when this is dropped, and with this process.
#[derive(Debug)]
pub struct NullBlob {
    child: Child,
    endpoint: String,
}

impl NullBlob {
    /// Starts `null-blob`, which stands beside this program.
    ///
    /// # Errors
    /// When it is not built, or does not start.
    pub fn start() -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("null-blob");
        let mut child = Command::new(&program)
            .arg("--end-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!("starting {}: build it with this program", program.display())
            })?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        ensure!(
            line.starts_with("http://"),
            "null-blob did not say where it listens"
        );
        Ok(Self {
            child,
            endpoint: line.trim_end().to_owned(),
        })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for NullBlob {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
