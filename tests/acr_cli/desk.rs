//! A folder to run `acr-transfer` in, with an environment that has no login, no az CLI, and nothing of this machine's.

use std::path::PathBuf;

use blobferry_harness::{Finished, Run};
use serde_json::Value;
use tempfile::TempDir;

const ACR_TRANSFER: &str = env!("CARGO_BIN_EXE_acr-transfer");

/// What a login or a subscription could come from.
const VARIABLES: [&str; 12] = [
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "ACR_TRANSFER_CLOUD",
    "ACR_TRANSFER_TOKEN_FILE",
    "COLUMNS",
];

pub(crate) struct Desk(TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn folder(&self) -> PathBuf {
        fs_err::canonicalize(self.0.path()).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder().join(name);
        fs_err::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Without any login.
    pub(crate) fn command(&self, words: &[&str]) -> Run {
        let folder = self.folder();
        let mut run = Run::new(ACR_TRANSFER)
            .args(words)
            .env("HOME", &folder)
            .env("PATH", &folder)
            .folder(folder);
        for name in VARIABLES {
            run = run.env_remove(name);
        }
        run
    }

    pub(crate) fn run(&self, words: &[&str], code: i32) -> Finished {
        self.command(words).run().unwrap().expect_code(code)
    }

    /// What changes from run to run, replaced.
    pub(crate) fn steady(&self, text: &str) -> String {
        text.replace(&self.folder().display().to_string(), "[folder]")
    }
}

/// The last JSON line, and that every line has its `type` first.
pub(crate) fn last_line(finished: &Finished) -> Value {
    let text = finished.stdout_text();
    assert!(
        text.lines().all(|line| line.starts_with("{\"type\":\"")),
        "{text}"
    );
    finished.json_lines().unwrap().pop().unwrap()
}

/// The first JSON line of this type.
pub(crate) fn line_of(finished: &Finished, kind: &str) -> Value {
    let lines = finished.json_lines().unwrap();
    let line = lines.into_iter().find(|line| line["type"] == kind);
    line.unwrap_or_else(|| panic!("no {kind} in {}", finished.stdout_text()))
}

/// `$ acr-transfer …` and what it said, for snapshots.
pub(crate) fn told(words: &[&str], finished: &Finished) -> String {
    format!(
        "$ acr-transfer {}\n{}{}\n",
        words.join(" "),
        finished.stdout_text(),
        finished.stderr_text()
    )
}
