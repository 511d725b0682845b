//! The cloud around the accounts, as both commands set it up: who may log in, which registries there are.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use blobferry_console::Failure;
use blobferry_lab::cloud::{Behaviour, CloudOptions, RegistryContent, RegistryOptions};
use tempfile::TempDir;

use crate::samples;

/// The one resource group of every cloud here.
pub(crate) const RESOURCE_GROUP: &str = "lab";

/// A cloud's ids: not secret, and the same in every run, so that they can stand in scripts.
pub(crate) fn options(
    name: &str,
    number: u8,
    listen: SocketAddr,
    registries: Vec<RegistryOptions>,
    behaviour: Behaviour,
) -> CloudOptions {
    let id = |what: u8| format!("{what:08x}-0000-4000-8000-{number:012x}");
    CloudOptions {
        listen,
        name: name.to_owned(),
        tenant: id(1),
        subscription: id(2),
        resource_group: RESOURCE_GROUP.to_owned(),
        client: (id(3), format!("{}-secret", name.to_ascii_lowercase())),
        registries,
        behaviour,
    }
}

/// `NAME`, `NAME=DIR` or `NAME=http://…`. A name alone gets sample images in `folder`.
pub(crate) fn registry(text: &str, folder: &Path) -> Result<RegistryOptions, Failure> {
    let (name, content) = match text.split_once('=') {
        None => (text, None),
        Some((name, content)) => (name, Some(content)),
    };
    let well_formed = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !well_formed || !(5..=50).contains(&name.len()) {
        return Err(Failure::usage(format!(
            "--registry {name}: a registry's name is 5 to 50 letters and digits"
        )));
    }
    let content = match content {
        Some("") => {
            return Err(Failure::usage(format!(
                "--registry {text}: give a directory or a URL after ="
            )));
        }
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            RegistryContent::Remote(url.to_owned())
        }
        Some(folder) => RegistryContent::Layout(PathBuf::from(folder)),
        None => {
            let layout = folder.join(name);
            samples::unpack(&layout).map_err(|error| cannot_unpack(&error))?;
            RegistryContent::Layout(layout)
        }
    };
    Ok(RegistryOptions {
        name: name.to_owned(),
        content,
    })
}

/// The registries of `serve`, and the folder of those that are gone at the end.
pub(crate) fn registries(texts: &[String]) -> Result<(Vec<RegistryOptions>, TempDir), Failure> {
    let folder = tempfile::Builder::new()
        .prefix("acr-lab-")
        .tempdir()
        .map_err(|error| cannot_unpack(&error))?;
    let usual = ["labregistry".to_owned()];
    let texts = if texts.is_empty() { &usual[..] } else { texts };
    let made: Result<Vec<RegistryOptions>, Failure> = texts
        .iter()
        .map(|text| registry(text, folder.path()))
        .collect();
    let made = made?;
    let twice = made.iter().enumerate().find(|(at, one)| {
        made.iter()
            .skip(at + 1)
            .any(|other| other.name.eq_ignore_ascii_case(&one.name))
    });
    match twice {
        Some((_, one)) => Err(Failure::usage(format!(
            "--registry {}: given twice",
            one.name
        ))),
        None => Ok((made, folder)),
    }
}

/// The file of --behaviour.
pub(crate) fn behaviour(file: Option<&Path>) -> Result<Behaviour, Failure> {
    let Some(file) = file else {
        return Ok(Behaviour::default());
    };
    let failed = || Failure::usage(format!("--behaviour {}: cannot be used", file.display()));
    let text = fs_err::read(file).map_err(|error| failed().because(&error))?;
    Behaviour::read(&text).map_err(|error| {
        let fields = serde_json::to_string(&Behaviour::default()).unwrap_or_default();
        failed()
            .cause(error)
            .hint(format!("its fields and what they are by default: {fields}"))
    })
}

fn cannot_unpack(error: &io::Error) -> Failure {
    Failure::new(
        blobferry_console::ExitStatus::Failed,
        "cannot lay out the sample images",
    )
    .because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_by_name_directory_and_url() {
        let folder = tempfile::tempdir().unwrap();
        let of = |text: &str| registry(text, folder.path()).map(|registry| registry.content);
        assert!(
            matches!(of("sample"), Ok(RegistryContent::Layout(at)) if at.join("index.json").is_file())
        );
        assert!(
            matches!(of("sample=some/dir"), Ok(RegistryContent::Layout(at)) if at == Path::new("some/dir"))
        );
        assert!(matches!(
            of("sample=http://127.0.0.1:5000"),
            Ok(RegistryContent::Remote(_))
        ));
        for bad in ["four", "with-dash", "sample=", ""] {
            assert!(of(bad).is_err(), "{bad}");
        }
        assert!(registries(&["Twice".to_owned(), "twice=dir".to_owned()]).is_err());
    }

    #[test]
    fn a_behaviour_with_a_field_that_is_none_says_which_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("behaviour.json");
        fs_err::write(&file, "{\"throttle\": 3}").unwrap();
        assert_eq!(behaviour(Some(&file)).unwrap().throttle, 3);
        for wrong in ["{\"slow\": true}", "{\"delete\": 404}"] {
            fs_err::write(&file, wrong).unwrap();
            let mut said = Vec::new();
            let failure = behaviour(Some(&file)).unwrap_err();
            failure.write_text(&mut said).unwrap();
            assert!(String::from_utf8(said).unwrap().contains("fail_runs"));
        }
    }
}
