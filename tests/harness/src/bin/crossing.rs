//! The main job on a fresh machine: a blob goes from one storage account to another, verified before it becomes visible,
//! and a blob that is not what was expected does not get there. Azurite plays both accounts.
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what it is run for"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use blobferry_harness::{
    Azurite, DESTINATION, Finished, Run, SOURCE, Sas, Terms, md5_base64, pattern, sha256_hex,
};
use tempfile::TempDir;

const CONTAINER: &str = "transfer";
const BLOB: &str = "myblob";

/// Bytes of the generated blob: enough for several blocks, and done in seconds.
const SIZE: usize = 64 << 20;

/// Exit status of blobferry when something is not what was expected.
const VERIFICATION_FAILED: i32 = 3;

fn main() -> Result<()> {
    let began = Instant::now();
    let crossing = Crossing::prepare()?;
    crossing.fill_the_source_account()?;
    crossing.across()?;
    crossing.refused()?;
    println!(
        "\nDone in {:.1} s: the blob has crossed, and what arrived is what was sent.",
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// What every step needs.
struct Crossing {
    azurite: Azurite,
    program: PathBuf,
    folder: TempDir,
    file: PathBuf,
    sha256: String,
    md5: String,
    source_sas: Sas,
    destination_sas: Sas,
}

impl Crossing {
    fn prepare() -> Result<Self> {
        heading("Preparing: Azurite with two accounts, blobferry, a 64 MiB blob");
        let azurite = timed("Azurite (npm ci where needed)", Azurite::start)?;
        for account in [SOURCE, DESTINATION] {
            azurite.create_container(account, CONTAINER)?;
        }
        let program = timed("blobferry (cargo build)", build)?;
        let folder = tempfile::tempdir()?;
        let bytes = pattern(1, SIZE);
        let file = folder.path().join("myblob.tar");
        fs_err::write(&file, &bytes)?;
        let (sha256, md5) = (sha256_hex(&bytes), md5_base64(&bytes));
        println!("  {} sha256:{sha256}", file.display());
        // What the documentation recommends for ACR transfer: export side rwla, import side rl.
        let terms = Terms::new("rwla").expires_in(24 * 3600);
        let source_sas = azurite.sas_with(&terms, SOURCE, CONTAINER, None)?;
        let destination_sas = azurite.sas_with(&terms, DESTINATION, CONTAINER, None)?;
        Ok(Self {
            azurite,
            program,
            folder,
            file,
            sha256,
            md5,
            source_sas,
            destination_sas,
        })
    }

    fn fill_the_source_account(&self) -> Result<()> {
        heading("A file goes into the first account, marked as an export marks it");
        let file = self.file.display().to_string();
        let url = self.azurite.blob_url(SOURCE, CONTAINER, BLOB);
        let args = [
            "copy",
            &file,
            &url,
            "--metadata",
            "category=acr-transfer-blob",
            "--put-md5",
        ];
        self.blobferry(&args, &[("BLOBFERRY_DESTINATION_SAS", &self.source_sas)], 0)?;
        self.check(SOURCE)
    }

    fn across(&self) -> Result<()> {
        heading("It crosses to the second account, and is committed only with the expected digest");
        let (from, to) = self.ends();
        let expected = format!("sha256:{}", self.sha256);
        let both = [
            ("BLOBFERRY_SOURCE_SAS", &self.source_sas),
            ("BLOBFERRY_DESTINATION_SAS", &self.destination_sas),
        ];
        self.blobferry(
            &["copy", &from, &to, "--expect-digest", &expected],
            &both,
            0,
        )?;
        self.check(DESTINATION)?;

        heading("Anybody with the digest can verify what stands there");
        let args = ["verify", &to, "--expect-digest", &expected];
        self.blobferry(&args, &[("BLOBFERRY_SOURCE_SAS", &self.destination_sas)], 0)?;
        Ok(())
    }

    fn refused(&self) -> Result<()> {
        heading("With another digest nothing arrives: exit status 3, and no blob");
        let (from, to) = self.ends();
        let other = format!("{to}-refused");
        let wrong = format!("sha256:{}", sha256_hex(b"another blob"));
        let both = [
            ("BLOBFERRY_SOURCE_SAS", &self.source_sas),
            ("BLOBFERRY_DESTINATION_SAS", &self.destination_sas),
        ];
        let args = ["copy", &from, &other, "--expect-digest", &wrong];
        self.blobferry(&args, &both, VERIFICATION_FAILED)?;
        let name = format!("{BLOB}-refused");
        ensure!(
            self.azurite.head(DESTINATION, CONTAINER, &name)?.is_none(),
            "a refused blob is visible"
        );
        println!("  checked: there is no {name}");
        Ok(())
    }

    fn ends(&self) -> (String, String) {
        let url = |account| self.azurite.blob_url(account, CONTAINER, BLOB);
        (url(SOURCE), url(DESTINATION))
    }

    /// Looks at the service past blobferry: the bytes, and what an import's source trigger needs.
    fn check(&self, account: &str) -> Result<()> {
        let blob = self.azurite.get_blob(account, CONTAINER, BLOB)?;
        ensure!(
            sha256_hex(&blob.body) == self.sha256,
            "{account} holds other bytes"
        );
        ensure!(
            blob.header("content-md5") == Some(&self.md5),
            "{account}: Content-MD5 is not the blob's"
        );
        let category = blob.header("x-ms-meta-category");
        ensure!(
            category == Some("acr-transfer-blob"),
            "{account}: metadata category is {category:?}"
        );
        println!("  checked: the bytes, Content-MD5 and category=acr-transfer-blob in {account}");
        Ok(())
    }

    /// Runs blobferry as a user would, shows it, and holds it to its exit status and to keeping secrets.
    fn blobferry(&self, args: &[&str], sas: &[(&str, &Sas)], code: i32) -> Result<()> {
        println!("$ {} blobferry {}", shown_environment(sas), shown(args));
        let mut run = Run::new(&self.program)
            .args(args)
            .env("XDG_STATE_HOME", self.folder.path());
        for (name, sas) in sas {
            run = run.env(name, sas.query());
        }
        let finished = run.run()?;
        show(&finished);
        for (_, sas) in sas {
            let leaked = sas
                .found_in(&finished.stdout)
                .or_else(|| sas.found_in(&finished.stderr));
            ensure!(leaked.is_none(), "a SAS signature was printed");
        }
        ensure!(
            finished.code() == Some(code),
            "wanted exit status {code}, got {}",
            finished.status
        );
        Ok(())
    }
}

/// Builds blobferry with the profile that this was built with, and finds it beside this program.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--locked", "-p", "blobferry"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let status = command
        .current_dir(root)
        .status()
        .context("cargo did not start")?;
    ensure!(status.success(), "cargo build -p blobferry failed");
    Ok(std::env::current_exe()?.with_file_name("blobferry"))
}

fn heading(text: &str) {
    println!("\n== {text}");
}

fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let began = Instant::now();
    let done = work()?;
    println!("  {what}: {:.1} s", began.elapsed().as_secs_f64());
    Ok(done)
}

/// The variables as they would be typed, each SAS without its signature. They keep a SAS out of the process list.
fn shown_environment(sas: &[(&str, &Sas)]) -> String {
    let pairs = sas
        .iter()
        .map(|(name, sas)| format!("{name}='{}'", sas.redacted()));
    pairs.collect::<Vec<_>>().join(" ")
}

/// Arguments as they would be typed.
fn shown(args: &[&str]) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=".contains(letter);
    let quoted = args.iter().map(|arg| {
        if arg.chars().all(plain) {
            (*arg).to_owned()
        } else {
            format!("'{arg}'")
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

fn show(finished: &Finished) {
    for line in finished
        .stderr_text()
        .lines()
        .chain(finished.stdout_text().lines())
    {
        println!("  {line}");
    }
    println!(
        "  -> {} in {:.2} s",
        finished.status,
        finished.elapsed.as_secs_f64()
    );
}
