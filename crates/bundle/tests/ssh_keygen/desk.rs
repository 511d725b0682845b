//! A directory with keys, `ssh-keygen` in it, and our own verdicts beside.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use blobferry_bundle::{AllowedSigners, NAMESPACE, SignedBy, Signer, check_signature};
use jiff::Timestamp;
use tempfile::TempDir;

pub(crate) const MANIFEST: &[u8] = b"{\"blob\":{\"name\":\"a.tar\"}}\n";

/// A time in the form of `ssh-keygen`.
pub(crate) const NOW: &str = "20260601Z";

pub(crate) struct Desk(TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    fn keygen(&self) -> Command {
        let mut command = Command::new("ssh-keygen");
        command.current_dir(self.0.path()).env("TZ", "UTC");
        command
    }

    /// Makes a key pair: the private key's text, and the public key's line.
    pub(crate) fn key(&self, name: &str, options: &[&str]) -> (String, String) {
        let mut keygen = self.keygen();
        keygen.args(["-q", "-C", "", "-f", name]).args(options);
        assert!(keygen.status().unwrap().success());
        let public = self.read(&format!("{name}.pub"));
        (self.read(name), public.trim().to_owned())
    }

    /// Puts a private key there: the public key's line.
    pub(crate) fn write_key(&self, name: &str, private: &str) -> String {
        fs_err::write(self.path(name), private).unwrap();
        let private = Permissions::from_mode(0o600);
        fs_err::set_permissions(self.path(name), private).unwrap();
        let output = self.keygen().args(["-y", "-f", name]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// `ssh-keygen -Y sign`.
    pub(crate) fn sign(&self, key: &str, namespace: &str) -> String {
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
    pub(crate) fn verifies(
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

pub(crate) fn signer(private: &str) -> Result<Signer, String> {
    let mut no_passphrase = || panic!("no passphrase is needed");
    Signer::read(private, &mut no_passphrase).map_err(|error| error.to_string())
}

/// Our verdict at a time in the form of `ssh-keygen`.
pub(crate) fn check(
    allowed: &str,
    manifest: &[u8],
    text: &str,
    at: &str,
) -> Result<SignedBy, String> {
    let (day, hours) = at.trim_end_matches('Z').split_at(8);
    let at: Timestamp = format!("{day}T{hours:0<6}Z").parse().unwrap();
    AllowedSigners::parse(allowed)
        .and_then(|allowed| check_signature(manifest, "s", text, Some(&allowed), at))
        .map_err(|error| error.to_string())
}
