//! A command that has been started: signals, waits, and what it has said so far.

use std::io::Read;
use std::process::{Child, ChildStdin};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::Finished;

/// How often a wait looks again. It bounds how late an answer is noticed, never whether it is.
const LOOK: Duration = Duration::from_millis(5);

/// A started command. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    pub(super) child: Child,
    pub(super) stdin: Option<ChildStdin>,
    pub(super) stdout: Gathered,
    pub(super) stderr: Gathered,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    pub(super) shown: String,
}

impl Running {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its standard input, where [`super::Run::keep_stdin`] was asked for.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    /// What it has written to standard output until now.
    #[must_use]
    pub fn stdout_so_far(&self) -> Vec<u8> {
        self.stdout.so_far()
    }

    /// What it has written to standard error until now.
    #[must_use]
    pub fn stderr_so_far(&self) -> Vec<u8> {
        self.stderr.so_far()
    }

    /// SIGKILL, by pid: nothing is flushed, as when the machine loses power.
    ///
    /// # Errors
    /// When it is not there to be signalled.
    pub fn kill(&self) -> Result<()> {
        self.signal(Signal::KILL)
    }

    /// SIGINT, as Ctrl-C sends it.
    ///
    /// # Errors
    /// When it is not there to be signalled.
    pub fn interrupt(&self) -> Result<()> {
        self.signal(Signal::INT)
    }

    /// SIGTERM, as an orchestrator sends it.
    ///
    /// # Errors
    /// When it is not there to be signalled.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid =
            Pid::from_raw(i32::try_from(self.child.id())?).ok_or_else(|| anyhow!("no pid"))?;
        kill_process(pid, signal).with_context(|| format!("signalling {}", self.shown))
    }

    /// Waits until `condition` holds, looking again every few milliseconds.
    ///
    /// # Errors
    /// When the command ends first, or the deadline passes.
    pub fn wait_until(
        &mut self,
        what: &str,
        mut condition: impl FnMut(&Self) -> bool,
    ) -> Result<()> {
        while !condition(self) {
            if let Some(status) = self.child.try_wait()? {
                let said = String::from_utf8_lossy(&self.stderr.all()).into_owned();
                bail!("{} ended ({status}) before {what}:\n{said}", self.shown);
            }
            if Instant::now() > self.deadline {
                let said = String::from_utf8_lossy(&self.stderr_so_far()).into_owned();
                bail!("{}: no {what} before the deadline:\n{said}", self.shown);
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end before the deadline: it is killed, and the error holds what it said.
    pub fn wait(mut self) -> Result<Finished> {
        drop(self.stdin.take());
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if Instant::now() > self.deadline {
                self.child.kill()?;
                self.child.wait()?;
                let said = String::from_utf8_lossy(&self.stderr.all()).into_owned();
                bail!(
                    "{} was killed at its deadline; it had said:\n{said}",
                    self.shown
                );
            }
            thread::sleep(LOOK);
        };
        let elapsed = self.started.elapsed();
        let (stdout, stderr) = (self.stdout.all(), self.stderr.all());
        Ok(Finished {
            status,
            stdout,
            stderr,
            elapsed,
            command: std::mem::take(&mut self.shown),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a pipe has given so far, read by a thread of its own so that neither side ever waits for the other.
#[derive(Debug)]
pub(super) struct Gathered {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Gathered {
    pub(super) fn from(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let Some(mut pipe) = pipe else { return };
            let mut piece = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut piece) {
                let read = piece.iter().take(count);
                into.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(read);
            }
        });
        Self {
            bytes,
            reader: Some(reader),
        }
    }

    fn so_far(&self) -> Vec<u8> {
        self.bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn all(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.so_far()
    }
}
