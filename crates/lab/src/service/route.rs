//! From a request's line and headers to an address and an operation.

use hyper::header::{HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::query::Query;
use crate::{Address, Operation, Refusal};

/// A request, routed.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) address: Address,
    pub(super) operation: Operation,
    pub(super) query: Query,
    /// The account stands in the path, not in the host's name.
    pub(super) path_style: bool,
    /// The path is percent-encoded UTF-8, as every name is.
    is_text: bool,
}

impl Route {
    /// Routes a request that came over the wire.
    pub(super) fn of(parts: &Parts) -> Self {
        let host = parts
            .headers
            .get("host")
            .and_then(|host| host.to_str().ok());
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        let name = parts.uri.host().or(authority.as_ref().map(Authority::host));
        let (address, path_style) = locate(name.unwrap_or_default(), parts.uri.path());
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let operation = operation(&parts.method, &parts.headers, &query, &address);
        Self {
            address,
            operation,
            query,
            path_style,
            is_text: is_text(parts.uri.path()),
        }
    }

    /// Whether the path names anything.
    ///
    /// # Errors
    /// 400 `InvalidUri`, where it is not percent-encoded UTF-8.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        if self.is_text {
            return Ok(());
        }
        Err(Refusal::new(
            400,
            "InvalidUri",
            "The requested URI does not represent any resource on the server.",
        ))
    }

    /// Routes the URL of a copy's source, which is read.
    pub(super) fn of_source(url: &Uri) -> Self {
        let (address, path_style) = locate(url.host().unwrap_or_default(), url.path());
        Self {
            address,
            operation: Operation::GetBlob,
            query: Query::parse(url.query().unwrap_or_default()),
            path_style,
            is_text: is_text(url.path()),
        }
    }
}

fn is_text(path: &str) -> bool {
    let mut after_signs = path.split('%').skip(1);
    let is_hex = |text: &str| {
        let digits = text.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    after_signs.all(is_hex) && percent_decode_str(path).decode_utf8().is_ok()
}

/// `account.blob.…` names the account; any other host leaves it to the first segment of the path.
fn locate(host: &str, path: &str) -> (Address, bool) {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let host = host.to_ascii_lowercase();
    let in_host = host
        .split_once(".blob.")
        .map(|(account, _)| account)
        .filter(|account| !account.is_empty());
    let path = path.strip_prefix('/').unwrap_or(path);
    let (account, rest) = if let Some(account) = in_host {
        (account.to_owned(), path)
    } else {
        let (account, rest) = path.split_once('/').unwrap_or((path, ""));
        (decode(account), rest)
    };
    let (container, blob) = rest.split_once('/').unwrap_or((rest, ""));
    let address = Address {
        account,
        container: decode(container),
        blob: decode(blob),
    };
    (address, in_host.is_none())
}

fn operation(method: &Method, headers: &HeaderMap, query: &Query, address: &Address) -> Operation {
    let (restype, comp) = (query.text("restype"), query.text("comp"));
    if restype == "account" && comp == "properties" && reads(method) {
        return Operation::GetAccountInformation;
    }
    if address.container.is_empty() {
        return of_service(method, restype, comp);
    }
    if address.blob.is_empty() {
        return of_container(method, restype, comp);
    }
    if query.get("snapshot").is_some() || query.get("versionid").is_some() {
        return Operation::Unsupported;
    }
    of_blob(method, headers, comp)
}

fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn of_service(method: &Method, restype: &str, comp: &str) -> Operation {
    match (method.as_str(), restype, comp) {
        ("GET", "", "list") => Operation::ListContainers,
        ("GET", "service", "properties") => Operation::GetServiceProperties,
        ("PUT", "service", "properties") => Operation::SetServiceProperties,
        ("POST", "service", "userdelegationkey") => Operation::GetUserDelegationKey,
        _ => Operation::Unsupported,
    }
}

fn of_container(method: &Method, restype: &str, comp: &str) -> Operation {
    match (method.as_str(), restype, comp) {
        ("PUT", "container", "") => Operation::CreateContainer,
        ("GET" | "HEAD", "container", "" | "metadata") => Operation::GetContainerProperties,
        ("PUT", "container", "metadata") => Operation::SetContainerMetadata,
        ("GET" | "HEAD", "container", "acl") => Operation::GetContainerAcl,
        ("PUT", "container", "acl") => Operation::SetContainerAcl,
        ("DELETE", "container", "") => Operation::DeleteContainer,
        ("GET", "container", "list") => Operation::ListBlobs,
        _ => Operation::Unsupported,
    }
}

fn of_blob(method: &Method, headers: &HeaderMap, comp: &str) -> Operation {
    let copies = headers.contains_key("x-ms-copy-source");
    let kind = headers.get("x-ms-blob-type").map(HeaderValue::as_bytes);
    match (method.as_str(), comp) {
        ("PUT", "") if copies && kind.is_none() => Operation::CopyBlob,
        ("PUT", "") if copies => Operation::PutBlobFromUrl,
        ("PUT", "") if matches!(kind, Some(b"AppendBlob" | b"PageBlob")) => Operation::Unsupported,
        ("PUT", "") => Operation::PutBlob,
        ("PUT", "block") if copies => Operation::PutBlockFromUrl,
        ("PUT", "block") => Operation::PutBlock,
        ("PUT", "blocklist") => Operation::PutBlockList,
        ("GET", "blocklist") => Operation::GetBlockList,
        ("GET", "") => Operation::GetBlob,
        ("HEAD", "") => Operation::GetBlobProperties,
        ("PUT", "properties") => Operation::SetBlobProperties,
        ("GET" | "HEAD", "metadata") => Operation::GetBlobMetadata,
        ("PUT", "metadata") => Operation::SetBlobMetadata,
        ("GET", "tags") => Operation::GetBlobTags,
        ("PUT", "tags") => Operation::SetBlobTags,
        ("PUT", "tier") => Operation::SetBlobTier,
        ("PUT", "copy") => Operation::AbortCopyBlob,
        ("DELETE", "") => Operation::DeleteBlob,
        _ => Operation::Unsupported,
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn route(method: &str, uri: &str, headers: &[(&str, &str)]) -> Route {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Route::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn path_and_host_style_name_the_same_blob() {
        let path = route("GET", "/source/c/dir/a%20b", &[("host", "127.0.0.1:10000")]);
        let host = route(
            "GET",
            "/c/dir/a%20b",
            &[("host", "source.blob.localhost:10000")],
        );
        assert_eq!(path.address, host.address);
        assert_eq!(path.address.path(), "c/dir/a b");
        assert!(path.path_style && !host.path_style);
        assert_eq!(path.operation, Operation::GetBlob);
    }

    #[test]
    fn headers_tell_the_kinds_of_put_apart() {
        let source = ("x-ms-copy-source", "http://x/y");
        let kind = ("x-ms-blob-type", "BlockBlob");
        let put = |headers: &[(&str, &str)], comp| route("PUT", &format!("/a/c/b{comp}"), headers);
        assert_eq!(put(&[kind], "").operation, Operation::PutBlob);
        assert_eq!(
            put(&[kind, source], "").operation,
            Operation::PutBlobFromUrl
        );
        assert_eq!(put(&[source], "").operation, Operation::CopyBlob);
        assert_eq!(
            put(&[source], "?comp=block").operation,
            Operation::PutBlockFromUrl
        );
        assert_eq!(put(&[], "?comp=lease").operation, Operation::Unsupported);
        assert_eq!(
            put(&[("x-ms-blob-type", "PageBlob")], "").operation,
            Operation::Unsupported
        );
    }
}
