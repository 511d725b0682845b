//! Two clouds that cannot see each other, each a lab with its own accounts, registry, login and certificate authority, and
//! the folder in which everything happens.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use blobferry_console::Failure;
use blobferry_lab::cloud::{Behaviour, Cloud, RegistryContent, RegistryOptions};
use blobferry_lab::store::{Conditions, Metadata};
use blobferry_lab::{Address, Content, CopySources, Lab, Options};
use tempfile::TempDir;

use super::tools::Tools;
use super::{failed, layout};
use crate::ready::Around;
use crate::{cloud, samples};

/// The container that the pipelines use, on both sides.
pub(crate) const CONTAINER: &str = "transfer";

/// One cloud.
pub(crate) struct Side {
    /// `east`, `west`: also its storage account and its folder.
    pub(crate) name: &'static str,
    /// Its registry.
    pub(crate) registry: &'static str,
    /// Where the registry's artifacts are.
    pub(crate) layout: PathBuf,
    /// What a program on this side has in its environment.
    pub(crate) environment: Vec<(&'static str, String)>,
    pub(crate) lab: Lab,
}

/// Everything. Dropped in this order: nothing serves from a folder that is gone.
pub(crate) struct Ground {
    pub(crate) east: Side,
    pub(crate) west: Side,
    folder: TempDir,
}

impl Ground {
    /// Starts both clouds and fills the east's registry.
    pub(crate) fn prepare(tools: &Tools) -> Result<Self, Failure> {
        let cannot = |error: &io::Error| {
            failed("the clouds cannot be started")
                .because(error)
                .hint("a rehearsal needs 100 MB on a disk; TMPDIR says where")
        };
        let folder = tempfile::Builder::new()
            .prefix("rehearsal-")
            .tempdir()
            .map_err(|error| cannot(&error))?;
        let side = |number, name, registry| {
            Side::start(folder.path(), tools, number, name, registry)
                .map_err(|error| cannot(&error))
        };
        let (east, west) = (
            side(1, "east", "eastregistry")?,
            side(2, "west", "westregistry")?,
        );
        // Where the stick is mounted.
        fs_err::create_dir(folder.path().join("usb"))
            .and_then(|()| samples::unpack(&east.layout))
            .and_then(|()| layout::add_data(&east.layout))
            .map_err(|error| cannot(&error))?;
        Ok(Self { east, west, folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder there at the end.
    pub(crate) fn keep(&mut self) {
        self.folder.disable_cleanup(true);
    }
}

/// As one word of a shell, whatever is in it.
pub(crate) fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

impl Side {
    fn start(
        folder: &Path,
        tools: &Tools,
        number: u8,
        name: &'static str,
        registry: &'static str,
    ) -> io::Result<Self> {
        let any_port = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let own = folder.join(name);
        let layout = own.join("registry");
        fs_err::create_dir_all(&own)?;
        let registries = vec![RegistryOptions {
            name: registry.to_owned(),
            content: RegistryContent::Layout(layout.clone()),
        }];
        let cloud = cloud::options(
            &format!("AzureLab{name}"),
            number,
            any_port,
            registries,
            Behaviour::default(),
        );
        let around = Around::of(Some(&cloud));
        let lab = Lab::start(Options {
            listen_tls: Some(any_port),
            accounts: vec![(name.to_owned(), None)],
            // What lies in the other cloud cannot be fetched from here.
            copy_sources: CopySources::Own,
            cloud: Some(cloud),
            ..Options::default()
        })?;
        let at = Address {
            account: name.to_owned(),
            container: CONTAINER.to_owned(),
            blob: String::new(),
        };
        lab.store()
            .create_container(&at, Metadata::new())
            .map_err(io::Error::other)?;
        let endpoint = lab.cloud().map(Cloud::endpoint).unwrap_or_default();
        let environment = around.map(|around| around.environment(endpoint));
        let side = Self {
            name,
            registry,
            layout,
            environment: environment.unwrap_or_default(),
            lab,
        };
        side.write_files(&own, tools)?;
        Ok(side)
    }

    /// What its administrator would hand out: the authority's certificate, the account's key, the environment.
    fn write_files(&self, own: &Path, tools: &Tools) -> io::Result<()> {
        let certificate = self.lab.ca_certificate().unwrap_or_default();
        fs_err::write(own.join("ca.pem"), certificate)?;
        let key = self.lab.store().key(self.name);
        let key = key.map(|key| key.to_base64()).unwrap_or_default();
        fs_err::write(own.join("account.key"), key)?;
        let path = format!("PATH={}:\"$PATH\"", quoted(tools.folder()));
        let lines = std::iter::once(path).chain(
            self.environment
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        let lines: Vec<String> = lines.map(|line| format!("export {line}")).collect();
        fs_err::write(own.join("environment"), lines.join("\n") + "\n")
    }

    /// `https://127.0.0.1:PORT/east/transfer`, as a pipeline has it.
    pub(crate) fn container(&self) -> String {
        let storage = self.lab.tls_endpoint().unwrap_or_default();
        format!("{storage}/{}/{CONTAINER}", self.name)
    }

    /// A blob of that container.
    pub(crate) fn blob(&self, name: &str) -> String {
        format!("{}/{name}", self.container())
    }

    /// A secret of its Key Vault.
    pub(crate) fn secret(&self, name: &str) -> String {
        let vault = self.lab.cloud().map(Cloud::endpoint).unwrap_or_default();
        format!("{vault}/secrets/{name}")
    }

    /// Changes how its cloud behaves.
    pub(crate) fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        if let Some(cloud) = self.lab.cloud() {
            let mut behaviour = cloud.behaviour();
            change(&mut behaviour);
            cloud.set_behaviour(behaviour);
        }
    }

    /// Changes the last byte of a blob, and leaves everything else as it was, its Content-MD5 too.
    pub(crate) fn change_a_byte(&self, name: &str) -> Result<String, Failure> {
        let at = Address {
            account: self.name.to_owned(),
            container: CONTAINER.to_owned(),
            blob: name.to_owned(),
        };
        let changed = self.lab.store().blob(&at).and_then(|blob| {
            let last = blob.content.len().saturating_sub(1);
            let content = Content::concat([blob.content.slice(0..last), Content::pattern(7, 1)]);
            let about = blob.about.clone();
            self.lab
                .store()
                .put_blob(&at, content, about, &Conditions::default())
        });
        changed
            .map(|_| {
                format!(
                    "the last byte of {name} is another; its Content-MD5 still claims the old one"
                )
            })
            .map_err(|error| failed("the blob cannot be changed").because(&error))
    }
}
