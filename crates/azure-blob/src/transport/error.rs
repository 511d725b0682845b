//! Why a request got no answer, told apart by types, never by texts.

use std::error::Error as StdError;
use std::time::Duration;

/// A request without an answer, or with one that broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// Nothing moved, in neither direction.
    #[error("no bytes for {} s", limit.as_secs_f32())]
    Stalled {
        /// How long.
        limit: Duration,
    },
    /// DNS knows no such host.
    #[error("the host's name does not resolve")]
    Unresolved {
        /// What the resolver said.
        source: RootCause,
    },
    /// The server's certificate is not trusted.
    #[error("the server's certificate is not trusted")]
    Untrusted {
        /// What is wrong with it.
        source: RootCause,
    },
    /// No connection: refused, no route, a proxy that said no.
    #[error("cannot connect")]
    NotConnected {
        /// Why.
        source: RootCause,
    },
    /// The connection broke, or what came is not HTTP.
    #[error("the connection broke")]
    Broken {
        /// Why.
        source: RootCause,
    },
    /// More than any legal answer has.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// The bound in bytes.
        limit: u64,
    },
    /// A value (metadata, content type, …) that HTTP cannot carry. The value is not shown.
    #[error("the header {name} has characters that HTTP cannot carry")]
    BadHeader {
        /// The header's name.
        name: String,
    },
    /// The SDK asked for something that this transport does not do.
    #[error("cannot send {what}")]
    Unsendable {
        /// What it was.
        what: &'static str,
    },
}

/// The innermost cause's words. The layers between say nothing that a user could act on, and their
/// errors may carry URLs.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RootCause(String);

impl RootCause {
    fn of(error: &(dyn StdError + 'static)) -> Self {
        let innermost = chain(error).last().map(ToString::to_string);
        Self(innermost.unwrap_or_default())
    }
}

/// The error and its sources. An `io::Error` hides what it wraps from `source()`, so it is opened.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn StdError + 'static) = *error;
        let wrapped = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        match wrapped {
            Some(wrapped) => {
                let wrapped: &'a (dyn StdError + 'static) = wrapped;
                Some(wrapped)
            }
            None => error.source(),
        }
    })
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        // Before anything else looks at it: the URL has the SAS.
        let error = error.without_url();
        let untrusted = chain(&error).any(|cause| {
            matches!(
                cause.downcast_ref(),
                Some(rustls::Error::InvalidCertificate(_))
            )
        });
        let source = RootCause::of(&error);
        if error.is_dns() {
            Self::Unresolved { source }
        } else if untrusted {
            Self::Untrusted { source }
        } else if error.is_connect() {
            Self::NotConnected { source }
        } else {
            Self::Broken { source }
        }
    }
}
