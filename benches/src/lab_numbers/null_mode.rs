//! Null mode beside nginx and bare hyper: one curl, 4 GiB in each direction, and the CPU that the server needed.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::server::{Server, cpu_of};

/// Bytes of one transfer.
const SIZE: u64 = 4 << 30;
/// The same for curl's shell.
const GIB: f64 = 1_073_741_824.0;

/// One server under test: where to put, where to get, and whose CPU counts.
struct Case<'a> {
    name: &'static str,
    put: String,
    get: String,
    cpu: Box<dyn Fn() -> Result<Duration> + 'a>,
}

/// Runs every server in turn, several times; the table.
///
/// # Errors
/// When a server or curl does not run. nginx is left out where it is not installed.
pub fn table(runs: u32) -> Result<String> {
    let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new())?;
    let file = folder.path().join("4GiB");
    fs_err::File::create(&file)?.set_len(SIZE)?;
    let lab = Server::lab(&["--null", "--threads", "1", "--container", "source/transfer"])?;
    let bare = Server::bare_hyper()?;
    let nginx = Nginx::start(folder.path())?;
    let mut cases = vec![
        Case {
            name: "acr-lab serve --null",
            put: format!("{}/source/transfer/up", lab.endpoint()),
            get: format!("{}/source/src/{SIZE}", lab.endpoint()),
            cpu: Box::new(|| lab.cpu()),
        },
        Case {
            name: "bare hyper",
            put: format!("{}/up", bare.endpoint()),
            get: format!("{}/{SIZE}", bare.endpoint()),
            cpu: Box::new(|| bare.cpu()),
        },
    ];
    if let Some(nginx) = &nginx {
        cases.push(Case {
            name: "nginx (1 worker, discard; sendfile off)",
            put: format!("{}/up", nginx.endpoint),
            get: format!("{}/4GiB", nginx.endpoint),
            cpu: Box::new(|| nginx.cpu()),
        });
    }
    let measured = measure(&cases, &file, runs)?;
    let mut table = format!(
        "Null mode, one curl, {SIZE} bytes each way, median of {runs}:\n\n\
         | server | up, GB/s | its CPU, s | down, GB/s | its CPU, s |\n|---|---|---|---|---|\n"
    );
    for (case, (up, down)) in cases.iter().zip(measured) {
        let (up, down) = (middle(up), middle(down));
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "| {} | {:.2} | {:.2} | {:.2} | {:.2} |",
            case.name,
            rate(up.0),
            up.1.as_secs_f64(),
            rate(down.0),
            down.1.as_secs_f64(),
        );
    }
    Ok(table)
}

/// Wall and CPU time of each run.
type Runs = Vec<(Duration, Duration)>;

/// Every server in turn; uploads and downloads of each.
fn measure(cases: &[Case<'_>], file: &Path, runs: u32) -> Result<Vec<(Runs, Runs)>> {
    let file = file.to_string_lossy().into_owned();
    let mut measured = vec![(Vec::new(), Vec::new()); cases.len()];
    for _ in 0..runs {
        for (case, (up, down)) in cases.iter().zip(&mut measured) {
            let kind = "x-ms-blob-type: BlockBlob";
            up.push(transfer(
                case,
                &["-T", &file, "-H", kind, "-H", "Expect:", &case.put],
            )?);
            down.push(transfer(case, &[&case.get])?);
        }
    }
    Ok(measured)
}

/// Decimal gigabytes a second.
fn rate(wall: Duration) -> f64 {
    4.0 * GIB / 1e9 / wall.as_secs_f64()
}

/// Wall time of curl and CPU time of the server.
fn transfer(case: &Case<'_>, words: &[&str]) -> Result<(Duration, Duration)> {
    let before = (case.cpu)()?;
    let began = Instant::now();
    let status = Command::new("curl")
        .args([
            "-sS",
            "--fail",
            "--noproxy",
            "*",
            "--max-time",
            "300",
            "-o",
            "/dev/null",
        ])
        .args(words)
        .stdin(Stdio::null())
        .status()
        .context("curl did not start (Debian: apt-get install curl)")?;
    let wall = began.elapsed();
    ensure!(status.success(), "curl against {}: {status}", case.name);
    Ok((wall, (case.cpu)()?.saturating_sub(before)))
}

/// The median of each by itself.
fn middle(runs: Runs) -> (Duration, Duration) {
    let (mut walls, mut cpus): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
    walls.sort_unstable();
    cpus.sort_unstable();
    let of = |all: &[Duration]| all.get(all.len() / 2).copied().unwrap_or_default();
    (of(&walls), of(&cpus))
}

/// nginx with one worker: serves the folder, and reads what is put without keeping it.
struct Nginx {
    child: Child,
    endpoint: String,
}

impl Nginx {
    /// `None` where nginx is not installed.
    fn start(folder: &Path) -> Result<Option<Self>> {
        // nginx cannot say which port the kernel gave it: one is found and left for it.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let shown = folder.display();
        let config = folder.join("nginx.conf");
        fs_err::write(
            &config,
            format!(
                "daemon off; master_process off; worker_processes 1; pid {shown}/pid; error_log stderr;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; client_max_body_size 0; client_body_temp_path {shown}; proxy_temp_path {shown};\n\
             fastcgi_temp_path {shown}; uwsgi_temp_path {shown}; scgi_temp_path {shown};\n\
             server {{ listen 127.0.0.1:{port}; root {shown}; sendfile off; output_buffers 2 256k;\n\
             location /up {{ return 201; }} }} }}\n"
            ),
        )?;
        let started = Command::new("nginx")
            .args(["-c", &config.to_string_lossy(), "-p", &shown.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = started else { return Ok(None) };
        let nginx = Self {
            child,
            endpoint: format!("http://127.0.0.1:{port}"),
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(Instant::now() < deadline, "nginx does not serve");
            std::thread::yield_now();
        }
        Ok(Some(nginx))
    }

    fn cpu(&self) -> Result<Duration> {
        cpu_of(self.child.id())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
