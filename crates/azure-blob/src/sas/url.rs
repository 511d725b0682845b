//! A blob's URL, taken apart: where the blob is, and the SAS that came with it.
//!
//! Nothing is inferred from the host's name: sovereign clouds, private links, proxies and emulators
//! all have their own. Only a bare IP address or `localhost` says something, because it cannot name
//! an account: there the account is the path's first segment.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::error::{SasError, UrlError};
use super::{SasToken, parse};

/// Whether plain http is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plaintext {
    /// Only to this machine: 127.0.0.0/8, `::1`, `localhost`, `*.localhost`.
    #[default]
    LoopbackOnly,
    /// To any host; the user said so.
    Anywhere,
}

/// Where a blob is. Shows scheme, host, port, path and an allow-list of the SAS's fields; has no way
/// to its text with the signature but through its token.
#[derive(Clone, PartialEq, Eq)]
pub struct SasUrl {
    base: Url,
    sas: Option<SasToken>,
}

impl SasUrl {
    /// Reads a blob's URL, with its SAS if it has one. Query parameters that are not the SAS's
    /// (`snapshot`, `versionid`) stay with the address.
    ///
    /// # Errors
    /// [`UrlError`] for anything that is not the address of one blob; its text never holds the query.
    pub fn parse(text: &str, plaintext: Plaintext) -> Result<Self, UrlError> {
        let mut base = Url::parse(text.trim()).map_err(|source| UrlError::NotAUrl { source })?;
        check_address(&base, plaintext)?;
        let sas = split_sas(&mut base)?;
        let url = Self { base, sas };
        let wanted = if url.is_path_style() {
            "http://host/account/container/blob"
        } else {
            "https://host/container/blob"
        };
        if url.blob_name().is_empty() || url.blob_name().ends_with('/') {
            return Err(UrlError::NoBlob {
                url: url.address(),
                wanted,
            });
        }
        Ok(url)
    }

    /// Refuses what cannot be written: a snapshot, an old version.
    ///
    /// # Errors
    /// [`UrlError::ReadOnly`].
    pub fn writable(&self) -> Result<(), UrlError> {
        let read_only = ["snapshot", "versionid"].into_iter().find(|field| {
            self.base
                .query_pairs()
                .any(|(name, _)| name.eq_ignore_ascii_case(field))
        });
        match read_only {
            Some(field) => Err(UrlError::ReadOnly {
                url: self.address(),
                field,
            }),
            None => Ok(()),
        }
    }

    /// The SAS that came with the URL.
    #[must_use]
    pub fn sas(&self) -> Option<&SasToken> {
        self.sas.as_ref()
    }

    /// The URL without its SAS, with `snapshot` and the like.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The URL without any query: for people.
    #[must_use]
    pub fn address(&self) -> String {
        let mut url = self.base.clone();
        url.set_query(None);
        url.to_string()
    }

    /// The container's name, decoded.
    #[must_use]
    pub fn container(&self) -> String {
        decoded(self.path_parts().0)
    }

    /// The blob's name, decoded, with its virtual directories.
    #[must_use]
    pub fn blob_name(&self) -> String {
        decoded(self.path_parts().1)
    }

    /// The whole text **with a credential**, for the service that fetches a copy's source.
    pub(crate) fn signed(&self, sas: Option<&SasToken>) -> Url {
        let mut url = self.base.clone();
        sign(&mut url, sas);
        url
    }

    fn path_parts(&self) -> (&str, &str) {
        let path = self.base.path().trim_start_matches('/');
        let path = if self.is_path_style() {
            path.split_once('/').unwrap_or(("", "")).1
        } else {
            path
        };
        path.split_once('/').unwrap_or((path, ""))
    }

    /// Whether the account stands in the path, because the host cannot name it.
    fn is_path_style(&self) -> bool {
        match self.base.host() {
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
            None => false,
        }
    }
}

/// Puts a SAS onto a URL's query, as it was given.
pub(crate) fn sign(url: &mut Url, sas: Option<&SasToken>) {
    let Some(sas) = sas else { return };
    let query = match url.query().filter(|query| !query.is_empty()) {
        Some(own) => format!("{own}&{}", sas.expose()),
        None => sas.expose().to_owned(),
    };
    url.set_query(Some(&query));
}

/// Everything about the address that has nothing to do with its query.
fn check_address(url: &Url, plaintext: Plaintext) -> Result<(), UrlError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlError::Scheme {
            scheme: url.scheme().to_owned(),
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(UrlError::Fragment);
    }
    // Everything but the query is shown, so no signature may hide there.
    let path = decoded(url.path()).to_ascii_lowercase();
    if path.contains("?sig=") || path.contains("&sig=") {
        return Err(UrlError::SasInPath);
    }
    if url.scheme() == "http"
        && plaintext == Plaintext::LoopbackOnly
        && !url.host().is_some_and(|host| is_loopback(&host))
    {
        return Err(UrlError::Plaintext {
            host: url.host_str().unwrap_or_default().to_owned(),
        });
    }
    Ok(())
}

/// Whether the host is this machine. RFC 6761 reserves `localhost` and everything below it.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// Takes the SAS's fields out of the URL's query, if there are any.
fn split_sas(url: &mut Url) -> Result<Option<SasToken>, SasError> {
    let Some(query) = url.query().map(str::to_owned) else {
        return Ok(None);
    };
    // Without a signature or a version this is a public blob's query; with one of them it is a SAS.
    let pairs = parse::pairs(&query)?;
    let is_sas = pairs
        .iter()
        .any(|pair| matches!(pair.field, Some("sig" | "sv" | "se" | "sp")));
    if !is_sas {
        return Ok(None);
    }
    let (own, rest): (Vec<_>, Vec<_>) = pairs.iter().partition(|pair| pair.field.is_some());
    let join = |pairs: Vec<&parse::Pair<'_>>| {
        pairs
            .iter()
            .map(|pair| pair.raw)
            .collect::<Vec<_>>()
            .join("&")
    };
    let token = SasToken::parse(&join(own))?;
    let rest = join(rest);
    url.set_query((!rest.is_empty()).then_some(rest.as_str()));
    Ok(Some(token))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl fmt::Display for SasUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address())?;
        match &self.sas {
            Some(sas) => write!(f, "?{sas}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for SasUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SasUrl({self})")
    }
}
