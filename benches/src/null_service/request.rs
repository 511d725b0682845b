//! What a request asks for, in the terms of the Blob service's REST pages.

use hyper::body::Incoming;
use hyper::header::{HeaderValue, RANGE};
use hyper::{Method, Request};

/// A request, taken apart. Paths are path-style: `/account/container/blob`.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    /// The whole path, as it came.
    pub(super) path: String,
    pub(super) container: String,
    /// Empty when the request is about a container or the account.
    pub(super) blob: String,
    pub(super) is_blob: bool,
    /// The query's `comp`, empty when there is none.
    pub(super) comp: String,
    /// First byte, and the last one where it was given.
    pub(super) range: Option<(u64, Option<u64>)>,
    /// The checksum that came with the body, to be sent back unchecked: checking would cost what is being measured.
    pub(super) crc64: Option<HeaderValue>,
    /// The body is to be fetched from another URL, which this service does not do.
    pub(super) copies: bool,
}

impl From<&Request<Incoming>> for Asked {
    fn from(request: &Request<Incoming>) -> Self {
        let path = request.uri().path().to_owned();
        let mut segments = path
            .trim_start_matches('/')
            .splitn(3, '/')
            .map(str::to_owned);
        let _account = segments.next();
        let container = segments.next().unwrap_or_default();
        let blob = segments.next().unwrap_or_default();
        let query = request.uri().query().unwrap_or_default();
        let comp = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("comp="))
            .unwrap_or_default()
            .to_owned();
        let headers = request.headers();
        let range = headers.get("x-ms-range").or_else(|| headers.get(RANGE));
        Self {
            method: request.method().clone(),
            is_blob: !blob.is_empty(),
            range: range.and_then(|value| parse_range(value.to_str().ok()?)),
            crc64: headers.get("x-ms-content-crc64").cloned(),
            copies: headers.contains_key("x-ms-copy-source"),
            path,
            container,
            blob,
            comp,
        }
    }
}

/// `bytes=FIRST-[LAST]`.
fn parse_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let last = if last.is_empty() {
        None
    } else {
        Some(last.parse().ok()?)
    };
    Some((first.parse().ok()?, last))
}

#[cfg(test)]
mod tests {
    use super::parse_range;

    #[test]
    fn ranges_as_clients_write_them() {
        assert_eq!(parse_range("bytes=0-99"), Some((0, Some(99))));
        assert_eq!(parse_range("bytes=5-"), Some((5, None)));
        assert_eq!(parse_range("bytes=-5"), None);
        assert_eq!(parse_range("lines=1-2"), None);
    }
}
