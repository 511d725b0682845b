//! A server as a process of its own, so that its CPU seconds and its memory are not the client's.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::Value;

/// Linux counts CPU time for `/proc` in hundredths of a second on every architecture that Rust's standard library knows.
const TICK: Duration = Duration::from_millis(10);

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    endpoint: String,
    sas: Vec<(String, String)>,
}

impl Server {
    /// The lab, with these words after `acr-lab serve`, on a free port.
    ///
    /// # Errors
    /// When it is not built, or does not start.
    pub fn lab(words: &[&str]) -> Result<Self> {
        let mut command = Command::new(beside("acr-lab")?);
        command.args(["serve", "--listen", "127.0.0.1:0", "--output", "json"]);
        let (child, line) = started(command.args(words))?;
        let ready: Value = serde_json::from_str(&line).context("acr-lab's first line")?;
        let text = |value: Option<&Value>| value?.as_str().map(str::to_owned);
        let endpoint =
            text(ready.get("http")).ok_or_else(|| anyhow!("acr-lab named no address"))?;
        let accounts = ready.get("accounts").and_then(Value::as_array);
        let sas = accounts
            .into_iter()
            .flatten()
            .filter_map(|account| Some((text(account.get("name"))?, text(account.get("sas"))?)))
            .collect();
        Ok(Self {
            child,
            endpoint,
            sas,
        })
    }

    /// hyper with no service behind it.
    ///
    /// # Errors
    /// When it is not built, or does not start.
    pub fn bare_hyper() -> Result<Self> {
        let (child, line) = started(&mut Command::new(beside("bare-hyper")?))?;
        Ok(Self {
            child,
            endpoint: line.trim().to_owned(),
            sas: Vec::new(),
        })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// URL of a blob on the lab with a SAS that may do everything.
    ///
    /// # Errors
    /// When the lab has no such account.
    pub fn blob(&self, account: &str, path: &str) -> Result<String> {
        let (_, sas) = self
            .sas
            .iter()
            .find(|(name, _)| name == account)
            .ok_or_else(|| anyhow!("no account {account}"))?;
        Ok(format!("{}/{account}/{path}?{sas}", self.endpoint))
    }

    /// User and system time until now.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub fn cpu(&self) -> Result<Duration> {
        cpu_of(self.child.id())
    }

    /// Peak resident set until now, bytes.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub fn peak_memory(&self) -> Result<u64> {
        let status = fs_err::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes =
            line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
        kibibytes
            .map(|kibibytes: u64| kibibytes << 10)
            .ok_or_else(|| anyhow!("no VmHWM in /proc"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// User and system time of a process until now.
///
/// # Errors
/// Where there is no `/proc`.
pub fn cpu_of(pid: u32) -> Result<Duration> {
    let stat = fs_err::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may hold anything; what follows it does not.
    let (_, fields) = stat.rsplit_once(')').context("/proc stat")?;
    let ticks: u32 = fields
        .split_ascii_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse().unwrap_or(0))
        .sum();
    Ok(TICK * ticks)
}

/// A program that was built beside this one.
fn beside(name: &str) -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// Starts a server and reads its first line.
fn started(command: &mut Command) -> Result<(Child, String)> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {program}: build it with this program"))?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    ensure!(!line.is_empty(), "{program} did not say where it listens");
    Ok((child, line))
}

/// Builds these binaries in release: `cargo run` builds the one it runs only.
///
/// # Errors
/// In a debug build, whose numbers mean nothing; when the build fails.
pub fn build(binaries: &[(&str, &str)]) -> Result<()> {
    ensure!(
        !cfg!(debug_assertions),
        "run this with --release, through its alias in .cargo/config.toml"
    );
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--locked", "--release"]);
    for (package, binary) in binaries {
        command.args(["-p", package, "--bin", binary]);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let status = command
        .current_dir(root)
        .status()
        .context("cargo did not start")?;
    ensure!(status.success(), "cargo build failed");
    Ok(())
}
