//! What is wrong with a SAS or with a blob's URL, naming the field and never its secret value.

use std::path::PathBuf;

/// A SAS that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SasError {
    /// Nothing there but blanks.
    #[error("the SAS is empty")]
    Empty,
    /// It begins like a URL.
    #[error("this is a URL, not a SAS: give only what stands behind its `?`")]
    IsUrl,
    /// No `sig`. A shell that cuts an unquoted URL at `&` leaves one of these.
    #[error("the SAS has no signature (`sig`)")]
    MissingSignature,
    /// A field stands there twice.
    #[error("the SAS has the field `{field}` twice")]
    Duplicate {
        /// The field's name.
        field: &'static str,
    },
    /// A field's percent-encoding is broken, or it is not UTF-8.
    #[error("the SAS's field number {position} is not readable: broken percent-encoding")]
    Encoding {
        /// Which field, from 1. Its name may be what is broken.
        position: usize,
    },
    /// A field has no `=`.
    #[error("the SAS's field number {position} has no `=`")]
    NotAField {
        /// Which field, from 1. Its text may be a part of the signature.
        position: usize,
    },
    /// A time that is none of the forms Azure allows.
    #[error(
        "the SAS's `{field}` is not a time: wanted YYYY-MM-DD, YYYY-MM-DDThh:mmZ or YYYY-MM-DDThh:mm:ssZ"
    )]
    BadTime {
        /// The field's name.
        field: &'static str,
    },
    /// The file that holds the SAS could not be read.
    #[error("cannot read the SAS file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file that should hold the SAS is far too long.
    #[error("the SAS file {} is longer than {limit} bytes", path.display())]
    FileTooLong {
        /// The file.
        path: PathBuf,
        /// The longest we read, in bytes.
        limit: u64,
    },
}

impl SasError {
    /// What the user can do next, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::MissingSignature => {
                Some("put the URL in single quotes: the shell cuts it at the first `&` otherwise")
            }
            Self::Encoding { .. } | Self::NotAField { .. } => {
                Some("copy the SAS again, whole and unchanged")
            }
            _ => None,
        }
    }
}

/// A URL that does not name a blob we can work with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Not a URL at all. The parser's message never repeats the text.
    #[error("this is not a URL")]
    NotAUrl {
        /// Why.
        source: url::ParseError,
    },
    /// Neither http nor https.
    #[error("the URL's scheme is {scheme}: wanted https")]
    Scheme {
        /// The scheme found.
        scheme: String,
    },
    /// Plain http to a host that is not this machine.
    #[error("http:// would send the SAS and the bytes in the clear to {host}")]
    Plaintext {
        /// The host.
        host: String,
    },
    /// `user:password@` in the URL.
    #[error("the URL has a user name or password in it: blob URLs have none")]
    UserInfo,
    /// `#…` at the end.
    #[error("the URL has a fragment (`#…`): write a `#` in a blob's name as %23")]
    Fragment,
    /// The path stops at the container or before.
    #[error("{url} names no blob: wanted {wanted}")]
    NoBlob {
        /// The URL without its query.
        url: String,
        /// The form expected.
        wanted: &'static str,
    },
    /// A signature inside the path: the `?` was escaped or lost. The URL is not shown.
    #[error("the URL's path holds a SAS: its `?` was escaped or lost")]
    SasInPath,
    /// A snapshot or an old version as the destination.
    #[error("{url} names a {field}: those cannot be written")]
    ReadOnly {
        /// The URL without its query.
        url: String,
        /// `snapshot` or `versionid`.
        field: &'static str,
    },
    /// The SAS in the URL cannot be read.
    #[error("the URL's SAS cannot be used")]
    Sas(#[from] SasError),
}

impl UrlError {
    /// What the user can do next, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Plaintext { .. } => {
                Some("use https://, or --allow-http if the network is yours alone")
            }
            Self::SasInPath => {
                Some("write the URL with a plain `?` between the blob's name and the SAS")
            }
            Self::Sas(error) => error.hint(),
            _ => None,
        }
    }
}
