//! A real registry of its own for a test: Debian's docker-registry on a port that the kernel picked, and skopeo to fill it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{Run, Running};
use crate::image::Layout;
use crate::{debian, skip};

/// The one user of [`Registry::with_password`].
pub const USER: (&str, &str) = ("ada", "correct horse");

/// [`USER`] as docker-registry keeps it: bcrypt.
const HTPASSWD: &str = "ada:$2b$05$blobferrytestsaltabcdeYTfsYW8DSYO2nZHIKO5qUOSEyWXlO.K\n";

/// It starts in a second on an idle machine; CI shares two cores with compilers.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// A running docker-registry. It ends with this value.
#[derive(Debug)]
pub struct Registry {
    _running: Running,
    data: TempDir,
    host: String,
    has_password: bool,
}

impl Registry {
    /// One that serves everybody; `None` where it cannot run, which was said.
    ///
    /// # Panics
    /// With `CI=true`, where it must run.
    #[must_use]
    pub fn or_skip() -> Option<Self> {
        skip::or_skip("docker-registry with skopeo", Self::start(false))
    }

    /// One that serves [`USER`] only, by a Basic challenge.
    ///
    /// # Panics
    /// With `CI=true`, where it must run.
    #[must_use]
    pub fn with_password() -> Option<Self> {
        skip::or_skip("docker-registry with skopeo", Self::start(true))
    }

    /// Installs what is missing, starts it and waits until it serves.
    ///
    /// # Errors
    /// When something cannot be installed or started.
    pub fn start(has_password: bool) -> Result<Self> {
        need("docker-registry")?;
        need("skopeo")?;
        let data = tempfile::tempdir()?;
        let config = data.path().join("config.yml");
        fs_err::write(&config, configuration(data.path(), has_password)?)?;
        let mut running = Run::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .folder(data.path())
            .timeout(START_DEADLINE)
            .spawn()?;
        running.wait_until("listening", |running| address(running).is_some())?;
        let host = address(&running).ok_or_else(|| anyhow!("docker-registry named no address"))?;
        let started = Self {
            _running: running,
            data,
            host,
            has_password,
        };
        started.wait_for_answer()?;
        Ok(started)
    }

    /// `127.0.0.1:PORT`
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.host)
    }

    /// Pushes a manifest of a layout, with all below it, under `name` (`team/app:1`, `team/app@sha256:…`), byte for byte.
    ///
    /// # Errors
    /// When the layout does not hold it, or the registry does not take it.
    pub fn push(&self, layout: &Layout, name: &str, descriptor: &Value) -> Result<()> {
        let manifest = layout.read(descriptor)?;
        let parsed: Value = serde_json::from_slice(&manifest)?;
        let Some(children) = parsed.get("manifests").and_then(Value::as_array) else {
            return self.copy(layout, name, &manifest, &parsed);
        };
        let repository = name.split([':', '@']).next().unwrap_or_default();
        for child in children {
            let digest = child.get("digest").and_then(Value::as_str);
            let digest = digest.context("a descriptor without a digest")?;
            self.push(layout, &format!("{repository}@{digest}"), child)?;
        }
        let media_type = descriptor.get("mediaType").and_then(Value::as_str);
        self.put(name, media_type.unwrap_or_default(), &manifest)
    }

    /// By skopeo, from a directory of its own kind: that one takes every media type.
    fn copy(&self, layout: &Layout, name: &str, manifest: &[u8], parsed: &Value) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let write = |file: &str, bytes: &[u8]| fs_err::write(folder.path().join(file), bytes);
        write("version", b"Directory Transport Version: 1.1\n")?;
        write("manifest.json", manifest)?;
        let layers = parsed.get("layers").and_then(Value::as_array);
        let blobs = parsed
            .get("config")
            .into_iter()
            .chain(layers.into_iter().flatten());
        for blob in blobs.filter(|blob| blob.get("urls").is_none()) {
            let digest = blob
                .get("digest")
                .and_then(Value::as_str)
                .unwrap_or_default();
            write(digest.trim_start_matches("sha256:"), &layout.read(blob)?)?;
        }
        let mut run = Run::new("skopeo")
            .args(["--insecure-policy", "copy", "--preserve-digests"])
            .arg("--dest-tls-verify=false")
            .env("HOME", self.data.path())
            .env("REGISTRY_AUTH_FILE", self.data.path().join("auth.json"));
        if self.has_password {
            run = run.args(["--dest-creds", &format!("{}:{}", USER.0, USER.1)]);
        }
        let from = format!("dir:{}", folder.path().display());
        let done = run
            .arg(from)
            .arg(format!("docker://{}/{name}", self.host))
            .run()?;
        if done.code() != Some(0) {
            bail!("{} failed:\n{}", done.command, done.stderr_text());
        }
        Ok(())
    }

    /// An index: skopeo 1.9 writes each in its own words, with another digest.
    fn put(&self, name: &str, media_type: &str, manifest: &[u8]) -> Result<()> {
        let (repository, reference) = name
            .split_once('@')
            .or_else(|| name.split_once(':'))
            .context("a name without a tag")?;
        let url = format!("{}/v2/{repository}/manifests/{reference}", self.url());
        let user = STANDARD.encode(format!("{}:{}", USER.0, USER.1));
        let answer = agent()
            .put(url)
            .header("Content-Type", media_type)
            .header("Authorization", format!("Basic {user}"))
            .send(manifest)?;
        if answer.status() != 201 {
            bail!("PUT {name}: HTTP {}", answer.status());
        }
        Ok(())
    }

    /// It listens before it serves.
    fn wait_for_answer(&self) -> Result<()> {
        let status = agent().get(format!("{}/v2/", self.url())).call()?.status();
        let expected = if self.has_password { 401 } else { 200 };
        if status != expected {
            bail!("docker-registry answers {status} to /v2/");
        }
        Ok(())
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let config = config.proxy(None).timeout_global(Some(START_DEADLINE));
    config.build().new_agent()
}

/// From its log: `level=info msg="listening on 127.0.0.1:41213"`.
fn address(running: &Running) -> Option<String> {
    let said = running.stderr_so_far();
    let said = String::from_utf8_lossy(&said);
    let (_, behind) = said.split_once("listening on ")?;
    // Behind the address: its end was written, too.
    let (address, _) = behind.split_once('"')?;
    Some(address.trim().to_owned())
}

fn configuration(folder: &Path, has_password: bool) -> Result<String> {
    let users = folder.join("htpasswd");
    fs_err::write(&users, HTPASSWD)?;
    let mut configuration = json!({
        "version": 0.1,
        "log": {"level": "info"},
        "storage": {"filesystem": {"rootdirectory": folder.join("data")}, "delete": {"enabled": true}},
        "http": {"addr": "127.0.0.1:0"},
        // Without it, a manifest with layers that lie elsewhere is an internal error of 2.8.
        "validation": {"enabled": true, "manifests": {"urls": {"allow": ["^https://"]}}},
    });
    if has_password && let Some(object) = configuration.as_object_mut() {
        let auth = json!({"htpasswd": {"realm": "test", "path": users}});
        object.insert("auth".to_owned(), auth);
    }
    // JSON is YAML, too.
    Ok(configuration.to_string())
}

/// The Debian package is called as its program.
fn need(program: &str) -> Result<()> {
    let runs = || -> Result<()> {
        let done = Run::new(program).arg("--version").run()?;
        if done.code() != Some(0) {
            bail!("{program} does not run:\n{}", done.stderr_text());
        }
        Ok(())
    };
    if runs().is_err() {
        debian::install(program)?;
        runs()?;
    }
    Ok(())
}
