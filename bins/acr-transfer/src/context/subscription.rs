//! Which subscription: the flag, the environment, or the one that the az CLI is set to.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use blobferry_terminal::Failure;

use super::variable;

/// The az CLI is a Python program and starts slowly; more than this and it waits for something.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest answer that can be an id.
const LONGEST: u64 = 256;

/// The subscription's id.
pub(super) fn find(flag: Option<&str>) -> Result<String, Failure> {
    let given = flag.map(str::to_owned);
    given
        .or_else(|| variable("AZURE_SUBSCRIPTION_ID"))
        .or_else(of_az)
        .ok_or_else(|| {
            Failure::usage("which subscription? nothing says").hint(
                "give --subscription ID, set AZURE_SUBSCRIPTION_ID, or log in with `az login`; \
                 `az account list -o table` shows what there is",
            )
        })
}

/// What `az account show` says, where there is an az CLI that is logged in. It asks nobody, and so is quick.
fn of_az() -> Option<String> {
    let mut child = Command::new("az")
        .args(["account", "show", "--query", "id", "-o", "tsv"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let output = child.stdout.take()?;
    let (sender, answer) = sync_channel(1);
    thread::spawn(move || {
        let mut text = String::new();
        let read = output.take(LONGEST).read_to_string(&mut text);
        // Nobody listens any more once the patience is over.
        drop(sender.send(read.map(|_| text)));
    });
    let text = answer.recv_timeout(PATIENCE);
    // It has said what it had to say, or never will.
    drop(child.kill());
    drop(child.wait());
    let id = text.ok()?.ok()?.trim().to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!id.is_empty() && id.chars().all(plain)).then_some(id)
}
