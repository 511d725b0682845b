//! A real Azurite of its own for a test: two accounts, in memory, on a port that the kernel picked.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::node;
use crate::pattern::pattern;
use crate::sas::{Account, Sas, Terms};
use crate::skip;

/// The account that copies start from.
pub const SOURCE: &str = "srcacct";
/// The account that copies go to.
pub const DESTINATION: &str = "dstacct";

/// Node starts in a second on an idle machine; CI shares two cores with compilers.
const START_DEADLINE: Duration = Duration::from_secs(120);

/// A running Azurite. It ends when this value is dropped, and also when this process dies in any other way: it watches
/// its standard input, whose other end is held here.
#[derive(Debug)]
pub struct Azurite {
    child: Child,
    endpoint: String,
    accounts: [Account; 2],
    _alive: Option<ChildStdin>,
}

impl Azurite {
    /// Installs Azurite if need be, starts it and waits until it serves.
    ///
    /// # Errors
    /// When Node.js is missing, the install fails, or it does not serve before the deadline.
    pub fn start() -> Result<Self> {
        let folder = node::azurite_folder();
        node::install(&folder)?;
        let accounts = [account(SOURCE, 1), account(DESTINATION, 2)];
        let listed = accounts
            .iter()
            .map(|account| format!("{}:{}", account.name, account.key))
            .collect::<Vec<_>>();
        let mut child = Command::new("node")
            .arg(folder.join("azurite.js"))
            // The kernel picks the port, and Azurite prints which: no number to lose to somebody else in between.
            .args(["--blobPort", "0", "--inMemoryPersistence", "--skipApiVersionCheck", "--silent", "--disableTelemetry"])
            .env("AZURITE_ACCOUNTS", listed.join(";"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("node did not start: install Node.js 20 or later (Debian: apt-get install nodejs npm)")?;
        let alive = child.stdin.take();
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| anyhow!("Azurite's standard output is not piped"))?;
        let mut starting = Self {
            child,
            endpoint: String::new(),
            accounts,
            _alive: alive,
        };
        starting.endpoint = starting.wait_for_endpoint(stdout)?;
        Ok(starting)
    }

    /// As [`Azurite::start`], for tests that may be skipped on a machine without Node.js. `None` was said on stderr.
    ///
    /// # Panics
    /// With `CI=true`, where a missing Azurite is a failure and not a skip.
    #[must_use]
    pub fn start_or_skip() -> Option<Self> {
        skip::or_skip("Azurite", Self::start())
    }

    /// One Azurite for all tests of this process: give each test a container of its own by [`Azurite::fresh_container`].
    /// `None` as in [`Azurite::start_or_skip`].
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Azurite>> = OnceLock::new();
        SHARED.get_or_init(Self::start_or_skip).as_ref()
    }

    /// Process id of the node process, which serves by itself (no wrapper in between).
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `http://127.0.0.1:PORT`, without a trailing slash.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Both accounts, [`SOURCE`] first.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The account of that name: [`SOURCE`] or [`DESTINATION`].
    ///
    /// # Errors
    /// When there is no such account.
    pub fn account(&self, name: &str) -> Result<&Account> {
        self.accounts
            .iter()
            .find(|account| account.name == name)
            .ok_or_else(|| anyhow!("no account {name}"))
    }

    /// Service SAS for a container, or for one blob of it, valid for an hour. Other terms: [`Terms::service`].
    ///
    /// # Errors
    /// When there is no such account.
    pub fn sas(
        &self,
        account: &str,
        container: &str,
        blob: Option<&str>,
        permissions: &str,
    ) -> Result<Sas> {
        self.sas_with(&Terms::new(permissions), account, container, blob)
    }

    /// Service SAS on terms of the test's own: expired, not yet valid, https only.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn sas_with(
        &self,
        terms: &Terms,
        account: &str,
        container: &str,
        blob: Option<&str>,
    ) -> Result<Sas> {
        terms.service(self.account(account)?, container, blob)
    }

    /// Account SAS over the whole blob service (`srt=sco`), valid for an hour.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn account_sas(&self, account: &str, permissions: &str) -> Result<Sas> {
        Terms::new(permissions).account(self.account(account)?)
    }

    /// Creates a container with a name that no other test of this process has, and returns the name.
    ///
    /// # Errors
    /// When the service refuses.
    pub fn fresh_container(&self, account: &str) -> Result<String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("transfer-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.create_container(account, &name)?;
        Ok(name)
    }

    fn wait_for_endpoint(&mut self, stdout: ChildStdout) -> Result<String> {
        let (sender, receiver) = sync_channel(1);
        thread::spawn(move || drain(stdout, &sender));
        if let Ok(endpoint) = receiver.recv_timeout(START_DEADLINE) {
            return Ok(endpoint);
        }
        self.stop();
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut said)?;
        }
        bail!(
            "Azurite ended or did not serve within {} s:\n{said}",
            START_DEADLINE.as_secs()
        )
    }

    fn stop(&mut self) {
        // Already gone is as good as killed; there is nothing else to do about an error here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Reports the address Azurite prints, then keeps reading so that it never blocks on a full pipe.
fn drain(stdout: ChildStdout, found: &SyncSender<String>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if let Some((_, endpoint)) = line.split_once("successfully listens on ") {
            let _ = found.try_send(endpoint.trim().to_owned());
        }
    }
}

fn account(name: &str, seed: u64) -> Account {
    Account {
        name: name.to_owned(),
        key: STANDARD.encode(pattern(seed, 64)),
    }
}

#[cfg(test)]
#[path = "azurite_tests.rs"]
mod tests;
