//! The two ends of a copy as the user names them: `-`, a blob's URL, or a path.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use blobferry_bundle::PackOptions;
use blobferry_console::{ExitStatus, Failure, failure};
use blobferry_integrity::Expect;
use blobferry_transfer::store::file::{FileSink, FileSource};
use blobferry_transfer::store::stdio::{StdinSource, StdoutSink};
use blobferry_transfer::{Destination, Source};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::azure::{Blob, Connection};
use crate::bundle::{self, BundleSink, BundleSource, Packing, Trusted};

/// What a blob's name must not hold unencoded in a URL's path.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// One end, understood but not touched.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// Standard input or output.
    Stream,
    /// A blob.
    Blob(Box<Blob>),
    /// A local path.
    File(PathBuf),
    /// A bundle that was opened to be read.
    Bundle(Arc<BundleSource>),
    /// A directory that is to become a bundle.
    NewBundle(PathBuf, Box<PackOptions>),
}

/// An argument by its shape. The text of a URL may hold a secret, so it is not shown by `Debug`.
enum Shape<'a> {
    Stream,
    Url(&'a str),
    Path(&'a Path),
    Bundle(&'a Path),
}

fn shape(argument: &OsStr) -> Result<Shape<'_>, Failure> {
    let Some(text) = argument.to_str() else {
        return Ok(Shape::Path(Path::new(argument)));
    };
    if text == "-" {
        return Ok(Shape::Stream);
    }
    if text.trim().is_empty() {
        return Err(Failure::usage(
            "an empty name: wanted a blob URL, a file, or -",
        ));
    }
    if let Some(path) = text.strip_prefix(bundle::PREFIX) {
        return match path {
            "" => Err(Failure::usage("bundle: names no directory").hint("wanted bundle:DIR")),
            path => Ok(Shape::Bundle(Path::new(path))),
        };
    }
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.trim());
    match scheme {
        Some(scheme) if ["http", "https"].iter().any(|word| scheme.eq_ignore_ascii_case(word)) => {
            Ok(Shape::Url(text.trim()))
        }
        Some(scheme) if !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
            Err(Failure::usage("the URL's scheme is not https")
                .hint("wanted https://ACCOUNT.blob.core.windows.net/CONTAINER/BLOB?SAS; write ./ before a file's name"))
        }
        _ if text.to_ascii_lowercase().contains("sig=") => {
            Err(Failure::usage("this looks like a SAS, not like a blob URL or a file")
                .hint("give the whole URL in single quotes: 'https://ACCOUNT.blob.core.windows.net/CONTAINER/BLOB?SAS'"))
        }
        _ => Ok(Shape::Path(Path::new(argument))),
    }
}

impl End {
    /// Whether the argument is `-`.
    pub(crate) fn is_stream(argument: &OsStr) -> bool {
        argument == "-"
    }

    /// Understands a source; opens a bundle, which says by that what its blob is.
    pub(crate) fn source(
        argument: &OsStr,
        connection: &Connection<'_>,
        trusted: &Trusted,
    ) -> Result<Self, Failure> {
        let end = match shape(argument)? {
            Shape::Bundle(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
                let opened = BundleSource::open(&path, trusted);
                Self::Bundle(Arc::new(opened.map_err(|error| failure::of_store(&error))?))
            }
            Shape::Stream => Self::Stream,
            Shape::Url(text) => Self::Blob(Box::new(connection.blob(text)?)),
            Shape::Path(path) => Self::file(path),
        };
        end.checked(connection)
    }

    /// A file by its absolute path: a journal must not take two files for one because both were named
    /// from where the user stood.
    fn file(path: &Path) -> Self {
        Self::File(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
    }

    /// Refuses a SAS file where there is no blob that it could be for.
    fn checked(self, connection: &Connection<'_>) -> Result<Self, Failure> {
        if !matches!(self, Self::Blob(_)) {
            connection.refuse_sas_file()?;
        }
        Ok(self)
    }

    /// What the user should know about it.
    pub(crate) fn notes(&self) -> &[String] {
        match self {
            Self::Blob(blob) => &blob.notes,
            _ => &[],
        }
    }

    /// Understands a destination. A directory, or a URL's path that ends in `/`, takes the source's name.
    pub(crate) fn destination(
        argument: &OsStr,
        source: &Self,
        connection: &Connection<'_>,
        packing: &Packing,
    ) -> Result<Self, Failure> {
        let end = match shape(argument)? {
            Shape::Bundle(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
                let name = source.last_name()?;
                Self::NewBundle(path, Box::new(packing.options(&name)?))
            }
            Shape::Stream => Self::Stream,
            Shape::Url(text) => Self::Blob(Box::new(connection.blob(&named(text, source)?)?)),
            Shape::Path(path) if path.is_dir() || ends_in_slash(argument) => {
                Self::file(&path.join(source.last_name()?))
            }
            Shape::Path(path) => Self::file(path),
        };
        if source.is_same(&end) {
            let both = if matches!(end, Self::Stream) {
                "standard input and standard output"
            } else {
                "the same"
            };
            return Err(Failure::usage(format!("source and destination are {both}"))
                .hint("one of them must be another blob or file"));
        }
        end.checked(connection)
    }

    /// The last part of the source's name.
    fn last_name(&self) -> Result<OsString, Failure> {
        let name = match self {
            Self::Stream => {
                return Err(Failure::usage(
                    "standard input has no name: name the destination in full",
                ));
            }
            Self::File(path) | Self::NewBundle(path, _) => path.file_name().map(OsStr::to_owned),
            Self::Bundle(bundle) => Some(OsString::from(bundle.blob_name())),
            Self::Blob(blob) => {
                let name = blob.url().blob_name();
                let last = name.rsplit('/').next().unwrap_or_default();
                let plain = !matches!(last, "" | "." | "..") && !last.contains('\0');
                plain.then(|| OsString::from(last))
            }
        };
        name.ok_or_else(|| {
            Failure::usage("the source's name is no file name: name the destination in full")
        })
    }

    /// Whether both are the same thing. A snapshot is another thing than its blob.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stream, Self::Stream) => true,
            (Self::Blob(one), Self::Blob(other)) => one.url().base() == other.url().base(),
            (Self::File(one), Self::File(other)) => {
                let real = |path: &Path| fs_err::canonicalize(path).ok();
                one == other || real(one).is_some_and(|one| Some(one) == real(other))
            }
            _ => false,
        }
    }

    /// Opens it for reading.
    pub(crate) fn into_source(self, connection: &Connection<'_>) -> Result<Source, Failure> {
        let opened = match self {
            Self::Stream => StdinSource::new().map(|stdin| Source::Stream(Box::new(stdin))),
            Self::File(path) => FileSource::new(&path).map(|file| Source::Ranged(Arc::new(file))),
            Self::Blob(blob) => return Ok(Source::Ranged(Arc::new(blob.open(connection)?))),
            Self::Bundle(bundle) => return Ok(Source::Ranged(bundle)),
            Self::NewBundle(..) => return Err(wrong_end()),
        };
        opened.map_err(|error| failure::of_store(&error))
    }

    /// Gets it ready for writing; touches nothing yet.
    pub(crate) fn into_destination(
        self,
        connection: &Connection<'_>,
    ) -> Result<Destination, Failure> {
        Ok(match self {
            Self::Stream => {
                let stdout = StdoutSink::new().map_err(|error| failure::of_store(&error))?;
                Destination::Stream(Box::new(stdout))
            }
            Self::File(path) => {
                check_directory(&path)?;
                Destination::Stream(Box::new(FileSink::new(&path)))
            }
            Self::Blob(blob) => Destination::Blocks(Arc::new(blob.open(connection)?)),
            Self::NewBundle(path, options) => {
                check_directory(&path)?;
                Destination::Stream(Box::new(BundleSink::new(&path, *options)))
            }
            Self::Bundle(_) => return Err(wrong_end()),
        })
    }

    /// Digests that the blob must have because of where it comes from.
    pub(crate) fn expect(&self) -> Expect {
        match self {
            Self::Bundle(bundle) => bundle.expect(),
            _ => Expect::default(),
        }
    }

    /// Whether properties, metadata and Content-MD5 are kept there.
    pub(crate) fn keeps_properties(&self) -> bool {
        matches!(self, Self::Blob(_) | Self::NewBundle(..))
    }
}

/// A bundle that is read is no destination, and one to be written no source.
fn wrong_end() -> Failure {
    Failure::usage("a bundle at the wrong end of the copy")
}

/// A missing directory is a typing error far more often than a wish.
fn check_directory(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => Err(Failure::new(
            ExitStatus::Failed,
            format!("there is no directory {}", parent.display()),
        )
        .hint("make it first")),
        _ => Ok(()),
    }
}

fn ends_in_slash(argument: &OsStr) -> bool {
    argument.as_encoded_bytes().last() == Some(&b'/')
}

/// The URL with the source's name, where its path ends in `/`.
fn named(text: &str, source: &End) -> Result<String, Failure> {
    let split = text.find(['?', '#']).unwrap_or(text.len());
    let (path, rest) = text.split_at(split);
    if !path.ends_with('/') {
        return Ok(text.to_owned());
    }
    let name = source.last_name()?;
    let name = name
        .to_str()
        .ok_or_else(|| Failure::usage("the source's name is not UTF-8: name the blob"))?;
    Ok(format!("{path}{}{rest}", utf8_percent_encode(name, PATH)))
}
