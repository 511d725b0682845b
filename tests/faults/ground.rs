//! Where a case plays: a lab of its own, a source as file and as blob, and the command under test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use blobferry_harness::{Finished, Run, pattern, sha256_hex};
use blobferry_lab::fault::Script;
use blobferry_lab::store::{Conditions, NewBlob};
use blobferry_lab::{Address, Content, Lab, Options};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;

use super::cases::{BLOCK, Fault, Outcome, Way};

const BLOBFERRY: &str = env!("CARGO_BIN_EXE_blobferry");

/// Eight blocks, the last one shorter.
const SIZE: usize = 8 * BLOCK - 12_345;

/// What stands at the destination before.
const BEFORE: &[u8] = b"what stood here before";

/// No case takes longer. The longest wait of the command in these cases is a stall of 1 s, met a few times.
const BOUND: Duration = Duration::from_secs(90);

/// A lab and a folder, used for one case after the other.
pub(crate) struct Ground {
    lab: Lab,
    folder: TempDir,
    bytes: Vec<u8>,
    sum: String,
    cases: AtomicU32,
}

/// One case's ends.
struct Ends {
    from: String,
    to: String,
    signatures: Vec<String>,
    destination: Destination,
}

/// Where the bytes arrive.
enum Destination {
    Blob(Address),
    File(PathBuf),
}

impl Ground {
    pub(crate) fn new() -> Self {
        let lab = Lab::start(Options::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let bytes = pattern(9, SIZE);
        let sum = format!("sha256:{}", sha256_hex(&bytes));
        fs_err::write(folder.path().join("source"), &bytes).unwrap();
        Self {
            lab,
            folder,
            bytes,
            sum,
            cases: AtomicU32::new(0),
        }
    }

    /// Plays a case; what came of it, or what is wrong with that.
    pub(crate) fn try_case(
        &self,
        fault: &Fault,
        way: Way,
        journal: bool,
    ) -> Result<String, String> {
        let shown = format!("{} / {} / journal {journal}", fault.name, way.title());
        self.play(fault, way, journal)
            .map_err(|why| format!("- {shown}: {why}"))
    }

    fn play(&self, fault: &Fault, way: Way, journal: bool) -> Result<String, String> {
        let number = self.cases.fetch_add(1, Ordering::Relaxed);
        let ends = self.ends(way, number);
        self.lab.put_script(script(
            &json!({ "seed": number, "rules": fault.rules(way) }),
        ));
        let first = self.copy(&ends, way, journal, number, &[])?;
        self.lab.put_script(Script::default());
        let code = self.judge(&ends, &first)?;
        let wanted = fault.outcome(way);
        let matches = match wanted {
            Outcome::Done => code == 0,
            Outcome::Exit(wanted) => code == wanted,
            Outcome::NotApplicable => false,
        };
        if !matches {
            return Err(format!(
                "wanted {}, got exit {code}: {}",
                wanted.title(),
                first.stderr_text()
            ));
        }
        if code != 0 {
            // The fault has passed; a SAS that was refused is replaced, a source that changed is what it is now.
            let again = self.renewed(&ends, way);
            let restart = if code == 6 { &["--restart"][..] } else { &[] };
            let second = self.copy(&again, way, journal, number, restart)?;
            if self.judge(&again, &second)? != 0 {
                return Err(format!(
                    "run again: {}: {}",
                    second.status,
                    second.stderr_text()
                ));
            }
        }
        Ok(wanted.title())
    }

    /// The exit code, when it agrees with what stands at the destination, and nothing secret was said.
    fn judge(&self, ends: &Ends, finished: &Finished) -> Result<i32, String> {
        let said = [&finished.stdout[..], &finished.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if let Some(found) = ends
            .signatures
            .iter()
            .find(|signature| said.contains(*signature))
        {
            return Err(format!("the signature {found} was said: {said}"));
        }
        let code = finished
            .code()
            .ok_or_else(|| format!("ended by {}", finished.status))?;
        let arrived = self.arrived(&ends.destination);
        let (is_source, is_before) = (arrived == self.bytes, arrived == BEFORE);
        match code {
            0 if is_source => Ok(0),
            0 => Err(format!("exit 0 with {} wrong bytes: {said}", arrived.len())),
            1 | 3 | 4 | 5 | 6 if is_before => Ok(code),
            1 | 3 | 4 | 5 | 6 => Err(format!(
                "exit {code}, and the destination was changed: {said}"
            )),
            _ => Err(format!("exit {code} is not one of a failed copy: {said}")),
        }
    }

    fn copy(
        &self,
        ends: &Ends,
        way: Way,
        journal: bool,
        number: u32,
        more: &[&str],
    ) -> Result<Finished, String> {
        let mut run = Run::new(BLOBFERRY)
            .folder(self.folder.path())
            .timeout(BOUND)
            .args(["copy", &ends.from, &ends.to, "--expect-digest", &self.sum])
            .args(more)
            .args([
                "--block-size-mb",
                "0.25",
                "--memory",
                "1MiB",
                "--max-retries",
                "4",
            ])
            .args([
                "--stall-timeout",
                "1s",
                "--via",
                if way == Way::Server {
                    "server"
                } else {
                    "relay"
                },
            ]);
        run = if journal {
            run.arg("--journal-dir")
                .arg(self.folder.path().join(format!("journal-{number}")))
        } else {
            run.arg("--no-journal")
        };
        if way == Way::Stdin {
            run = run.stdin(self.bytes.clone());
        }
        run.run().map_err(|error| format!("{error:#}"))
    }

    /// Fresh blobs and SAS, with something at the destination already.
    fn ends(&self, way: Way, number: u32) -> Ends {
        let source = blob("source", format!("from-{number}"));
        let target = blob("target", format!("to-{number}"));
        for (at, bytes) in [(&source, &self.bytes[..]), (&target, BEFORE)] {
            let content = Content::memory(Bytes::copy_from_slice(bytes));
            self.lab
                .store()
                .put_synthetic(at, content, NewBlob::default())
                .unwrap();
        }
        let destination = match way {
            Way::Down => {
                let file = self.folder.path().join(format!("to-{number}"));
                fs_err::write(&file, BEFORE).unwrap();
                Destination::File(file)
            }
            _ => Destination::Blob(target),
        };
        self.addressed(way, &source, destination)
    }

    /// The same ends with other SAS.
    fn renewed(&self, ends: &Ends, way: Way) -> Ends {
        let source = ends.from.split('?').next().unwrap_or_default();
        let name = source.rsplit('/').next().unwrap_or_default().to_owned();
        let destination = match &ends.destination {
            Destination::Blob(at) => Destination::Blob(at.clone()),
            Destination::File(path) => Destination::File(path.clone()),
        };
        self.addressed(way, &blob("source", name), destination)
    }

    fn addressed(&self, way: Way, source: &Address, destination: Destination) -> Ends {
        let (from_url, from_signature) = self.url(source);
        let mut signatures = vec![from_signature];
        let from = match way {
            Way::Up => "source".to_owned(),
            Way::Stdin => "-".to_owned(),
            _ => from_url,
        };
        let to = match &destination {
            Destination::File(path) => path.display().to_string(),
            Destination::Blob(at) => {
                let (url, signature) = self.url(at);
                signatures.push(signature);
                url
            }
        };
        Ends {
            from,
            to,
            signatures,
            destination,
        }
    }

    /// A URL with a SAS of its own, and the signature as it stands in the URL.
    fn url(&self, at: &Address) -> (String, String) {
        let number = self.cases.fetch_add(1, Ordering::Relaxed);
        // Another expiry makes another signature: a SAS that was revoked stays revoked.
        let valid = SignedDuration::from_hours(1) + SignedDuration::from_secs(i64::from(number));
        let url = self.lab.url(at, Timestamp::now() + valid);
        let signature = url
            .split("sig=")
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap()
            .to_owned();
        (url, signature)
    }

    fn arrived(&self, destination: &Destination) -> Vec<u8> {
        match destination {
            Destination::File(path) => fs_err::read(path).unwrap(),
            Destination::Blob(at) => {
                let blob = self.lab.store().blob(at).unwrap();
                Conditions::default().check_read(&blob).unwrap();
                let mut reader = blob.content.reader();
                let mut bytes = Vec::new();
                while let Some(piece) = reader.next(1 << 20).unwrap() {
                    bytes.extend_from_slice(&piece);
                }
                bytes
            }
        }
    }
}

fn blob(account: &str, name: String) -> Address {
    Address {
        account: account.to_owned(),
        container: "transfer".to_owned(),
        blob: name,
    }
}

fn script(value: &serde_json::Value) -> Script {
    Script::parse(&value.to_string()).unwrap_or_else(|error| panic!("{error}: {value}"))
}
