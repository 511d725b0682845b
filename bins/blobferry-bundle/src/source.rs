//! The blob to pack: a file, or bytes that come once.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use blobferry_bundle::{BlobName, Input};
use blobferry_integrity::Sha256Digest;
use blobferry_terminal::Failure;

use crate::cli::PackArgs;
use crate::explain;

/// The key of bytes that come once: they have no version that could be known before they came.
const STREAM: &str = "stream";

/// A source that is open.
pub(crate) struct Source {
    pub(crate) input: Input,
    /// Names the source's version and the cut, for what an interrupted run leaves.
    pub(crate) key: String,
    pub(crate) name: String,
}

/// Opens what the command line names.
pub(crate) fn open(args: &PackArgs, part_size: u64) -> Result<Source, Failure> {
    if args.source == OsStr::new("-") {
        return stream(args, Box::new(io::stdin()));
    }
    let path = Path::new(&args.source);
    let cannot = |error: &io::Error| {
        let message = format!("cannot read {}", path.display());
        Failure::new(explain::io_status(error), message).because(error)
    };
    let file = fs_err::File::open(path).map_err(|error| cannot(&error))?;
    let facts = file.metadata().map_err(|error| cannot(&error))?;
    if facts.is_dir() {
        return Err(Failure::usage(format!(
            "{} is a directory: a blob is a file",
            path.display()
        ))
        .hint("tar -c DIR | blobferry-bundle pack - --name NAME.tar --out …"));
    }
    let (file, _) = file.into_parts();
    if !facts.is_file() {
        return stream(args, Box::new(file));
    }
    let real = fs_err::canonicalize(path).map_err(|error| cannot(&error))?;
    let inside = fs_err::canonicalize(&args.out).is_ok_and(|out| real.parent() == Some(&out));
    if inside {
        return Err(Failure::usage(
            "the blob lies in --out, where only the bundle's files belong: name another directory",
        ));
    }
    let mut version = real.as_os_str().as_encoded_bytes().to_vec();
    let numbers = [facts.len().to_string(), facts.mtime().to_string()];
    for number in numbers
        .into_iter()
        .chain([facts.mtime_nsec().to_string(), part_size.to_string()])
    {
        version.push(0);
        version.extend_from_slice(number.as_bytes());
    }
    let name = match &args.name {
        Some(name) => name.clone(),
        None => real_name(path)?,
    };
    Ok(Source {
        input: Input::File(file),
        key: Sha256Digest::of(&version)
            .to_string()
            .chars()
            .take(12)
            .collect(),
        name: checked(&name)?,
    })
}

fn stream(args: &PackArgs, bytes: Box<dyn io::Read + Send>) -> Result<Source, Failure> {
    let Some(name) = &args.name else {
        return Err(Failure::usage("a stream has no name: give one with --name"));
    };
    Ok(Source {
        input: Input::Stream(bytes),
        key: STREAM.to_owned(),
        name: checked(name)?,
    })
}

/// The last name of the path as it was given.
fn real_name(path: &Path) -> Result<String, Failure> {
    path.file_name()
        .and_then(OsStr::to_str)
        .map(str::to_owned)
        .ok_or_else(|| {
            Failure::usage("the file's name is no name for a blob: give one with --name")
        })
}

fn checked(name: &str) -> Result<String, Failure> {
    BlobName::new(name)
        .map(|name| name.as_str().to_owned())
        .map_err(|error| Failure::usage(error.to_string()).hint("give another with --name"))
}
