//! `blobferry-bundle restore`.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use blobferry_bundle::{BlobName, Bundle, BundleError, Output, Restored, Watch, restore};
use blobferry_terminal::{ExitStatus, Failure, Size};

use crate::cli::RestoreArgs;
use crate::explain::explain;
use crate::facts::Facts;
use crate::stop::Stop;
use crate::streams::Streams;
use crate::watcher::Watcher;
use crate::{place, trust};

pub(crate) fn run(
    args: &RestoreArgs,
    streams: &mut Streams,
    stop: &Stop,
) -> Result<ExitStatus, Failure> {
    let began = Instant::now();
    let to_stdout = args.out == OsStr::new("-");
    if to_stdout {
        streams.leave_stdout_to_data();
    }
    let bundle = trust::open(&args.bundle, streams)?;
    let target = (!to_stdout)
        .then(|| target(&args.out, &bundle))
        .transpose()?;
    let mut watcher = Watcher::start(streams, stop);
    let restored = write(&bundle, target.as_deref(), &watcher);
    watcher.finish();
    let restored = restored.map_err(|failure| match target {
        None if failure.exit() != ExitStatus::Usage => {
            failure.hint("bytes went to standard output already: discard what was made of them")
        }
        _ => failure,
    })?;
    let shown = target.map_or_else(
        || "standard output".to_owned(),
        |path| path.display().to_string(),
    );
    facts(&bundle, &restored, &shown, began).show(streams)?;
    Ok(ExitStatus::Done)
}

fn write(bundle: &Bundle, target: Option<&Path>, watch: &dyn Watch) -> Result<Restored, Failure> {
    let restored = if let Some(path) = target {
        let (dir, name) = parent(path)?;
        restore(bundle, Output::File(place::existing(dir)?, name), watch)
    } else {
        // Not std's own handle, which looks for line ends and copies.
        let stdout = io::stdout().as_fd().try_clone_to_owned().map_err(|error| {
            Failure::new(ExitStatus::Failed, "there is no standard output").because(&error)
        })?;
        let mut stdout = std::fs::File::from(stdout);
        restore(bundle, Output::Stream(&mut stdout), watch)
    };
    restored.map_err(|error| {
        let failure = explain(&error);
        match error {
            BundleError::Interrupted => failure.hint("nothing got the blob's name"),
            _ => failure,
        }
    })
}

/// The file to write: in an existing directory under the blob's own name.
fn target(out: &OsStr, bundle: &Bundle) -> Result<PathBuf, Failure> {
    let path = Path::new(out);
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let name = BlobName::new(&bundle.manifest().blob.name)
        .map_err(|error| Failure::usage(error.to_string()).hint("name the file in --out"))?;
    Ok(path.join(name.as_str()))
}

/// A file's directory and name.
fn parent(path: &Path) -> Result<(&Path, &str), Failure> {
    let name = path.file_name().and_then(OsStr::to_str);
    let wrong = || Failure::usage(format!("--out {}: is no file's name", path.display()));
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    Ok((
        dir.unwrap_or_else(|| Path::new(".")),
        name.ok_or_else(wrong)?,
    ))
}

fn facts(bundle: &Bundle, restored: &Restored, to: &str, began: Instant) -> Facts {
    let mut facts = Facts::new("restored", restored.bytes, began);
    facts.add("name", &bundle.manifest().blob.name);
    facts.add("to", &to);
    facts.add("sha256", &restored.digests.sha256);
    facts.add("md5", &restored.digests.md5);
    facts.field("bytes_mended", restored.mended);
    if restored.mended > 0 {
        facts.row("mended", Size(restored.mended).exact());
    }
    facts.time(restored.bytes);
    facts
}
