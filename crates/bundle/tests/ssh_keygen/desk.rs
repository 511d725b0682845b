//! A directory with keys, `ssh-keygen` in it, and our own verdicts beside.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use blobferry_bundle::{AllowedSigners, NAMESPACE, SignedBy, Signer, check_signature};
use jiff::Timestamp;
use tempfile::TempDir;

pub const MANIFEST: &[u8] = b"{\"blob\":{\"name\":\"a.tar\"}}\n";

/// A time in the form of `ssh-keygen`.
pub const NOW: &str = "20260601Z";

pub struct Desk(TempDir);

impl Desk {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    fn keygen(&self) -> Command {
        let mut command = Command::new("ssh-keygen");
        command.current_dir(self.0.path()).env("TZ", "UTC");
        command
    }

    /// Makes a key pair: the private key's text, and the public key's line.
    pub fn key(&self, name: &str, options: &[&str]) -> (String, String) {
        let mut keygen = self.keygen();
        keygen.args(["-q", "-C", "", "-f", name]).args(options);
        assert!(keygen.status().unwrap().success());
        let public = self.read(&format!("{name}.pub"));
        (self.read(name), public.trim().to_owned())
    }

    /// `ssh-keygen -Y sign`.
    pub fn sign(&self, key: &str, namespace: &str) -> String {
        fs_err::write(self.path("manifest.json"), MANIFEST).unwrap();
        let _ = fs_err::remove_file(self.path("manifest.json.sig"));
        let mut keygen = self.keygen();
        keygen.args([
            "-q",
            "-Y",
            "sign",
            "-n",
            namespace,
            "-f",
            key,
            "manifest.json",
        ]);
        assert!(keygen.status().unwrap().success());
        self.read("manifest.json.sig")
    }

    /// Whether `ssh-keygen -Y verify` takes a signature by `principal`.
    pub fn verifies(
        &self,
        allowed: &str,
        principal: &str,
        manifest: &[u8],
        text: &str,
        at: &str,
    ) -> bool {
        fs_err::write(self.path("allowed"), allowed).unwrap();
        fs_err::write(self.path("sig"), text).unwrap();
        let mut keygen = self.keygen();
        keygen.args([
            "-Y", "verify", "-n", NAMESPACE, "-f", "allowed", "-s", "sig",
        ]);
        keygen.args(["-I", principal, "-O", &format!("verify-time={at}")]);
        keygen
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = keygen.spawn().unwrap();
        // It may have gone already, over a file that it does not take.
        let _ = child.stdin.take().unwrap().write_all(manifest);
        child.wait().unwrap().success()
    }
}

pub fn signer(private: &str) -> Result<Signer, String> {
    let mut no_passphrase = || panic!("no passphrase is needed");
    Signer::read(private, &mut no_passphrase).map_err(|error| error.to_string())
}

/// Our verdict at a time in the form of `ssh-keygen`.
pub fn check(allowed: &str, manifest: &[u8], text: &str, at: &str) -> Result<SignedBy, String> {
    let (day, hours) = at.trim_end_matches('Z').split_at(8);
    let at: Timestamp = format!("{day}T{hours:0<6}Z").parse().unwrap();
    AllowedSigners::parse(allowed)
        .and_then(|allowed| check_signature(manifest, "s", text, Some(&allowed), at))
        .map_err(|error| error.to_string())
}
