//! Shared Key and Shared Key Lite, in their forms since 2015-02-21 ("Authorize with Shared Key").

use hyper::header::{CONTENT_LENGTH, DATE, HeaderMap};
use jiff::{SignedDuration, Timestamp};

use crate::Refusal;
use crate::clock::parse_http_date;

use super::query::Query;
use super::{AccountKey, Asked, failed, unreadable};

/// How far a request's date may be from the service's clock.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

/// The standard headers that are signed, in their order. `Content-Length: 0` and, beside `x-ms-date`, `Date` are empty.
const SIGNED_HEADERS: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// Checks `account:signature`.
pub(super) fn check(
    asked: &Asked<'_>,
    query: &Query,
    key: &AccountKey,
    scheme: &str,
    credential: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let (account, signature) = credential
        .split_once(':')
        .ok_or_else(|| unreadable("the credential is not account:signature"))?;
    if account != asked.address.account {
        return Err(failed(format!(
            "the credential is for the account {account}, the request for {}",
            asked.address.account
        )));
    }
    if asked.operation == crate::Operation::GetUserDelegationKey {
        return Err(Refusal::new(
            403,
            "AuthorizationFailure",
            "This request is not authorized to perform this operation: only a bearer token may ask for a user \
             delegation key.",
        ));
    }
    check_date(asked.headers, now)?;
    let lite = scheme == "SharedKeyLite";
    let text = |order, secrets| string_to_sign(asked, query, lite, order, secrets);
    // The service sorts as Windows does; some clients sort by code point. Where that differs, either will do.
    let orders = [HeaderOrder::Windows, HeaderOrder::CodePoint];
    if orders
        .iter()
        .any(|order| key.verifies(&text(*order, true), signature))
    {
        return Ok(());
    }
    Err(failed(format!(
        "the signature is not that of the account's key over this string to sign: {:?}",
        text(HeaderOrder::Windows, false)
    )))
}

fn check_date(headers: &HeaderMap, now: Timestamp) -> Result<(), Refusal> {
    let (name, text) = ["x-ms-date", "date"]
        .iter()
        .find_map(|name| Some((name, headers.get(*name)?.to_str().ok()?)))
        .ok_or_else(|| failed("neither x-ms-date nor Date is there"))?;
    let date = parse_http_date(text)
        .ok_or_else(|| failed(format!("{name} is no RFC 1123 date: {text:?}")))?;
    if date.duration_since(now).abs() > SKEW {
        return Err(failed(format!(
            "{name} is {date}, more than 15 minutes from now, {now:.0}"
        )));
    }
    Ok(())
}

/// How `x-ms-` headers are sorted.
#[derive(Clone, Copy)]
enum HeaderOrder {
    /// Hyphens and apostrophes count only between names that are otherwise equal; punctuation before digits before
    /// letters. As Microsoft's SDKs do it, which say that the service does.
    Windows,
    /// By code point, as the documentation says.
    CodePoint,
}

/// What is signed. Without `secrets`: as it may be shown in an answer.
fn string_to_sign(
    asked: &Asked<'_>,
    query: &Query,
    lite: bool,
    order: HeaderOrder,
    secrets: bool,
) -> String {
    let mut lines = vec![asked.method.as_str().to_owned()];
    let signed: &[&str] = if lite {
        &["content-md5", "content-type", "date"]
    } else {
        &SIGNED_HEADERS
    };
    lines.extend(
        signed
            .iter()
            .map(|name| standard_header(asked.headers, name)),
    );
    lines.extend(canonical_headers(asked.headers, order, secrets));
    // A path-style path begins with the account, which so stands there twice.
    lines.push(format!("/{}{}", asked.address.account, asked.uri.path()));
    let mut pairs: Vec<_> = query.pairs().iter().collect();
    pairs.sort();
    if lite {
        if let (Some(path), Some((_, comp))) = (
            lines.last_mut(),
            pairs.iter().find(|(name, _)| name == "comp"),
        ) {
            path.extend(["?comp=", comp]);
        }
        return lines.join("\n");
    }
    for same in pairs.chunk_by(|a, b| a.0 == b.0) {
        let values: Vec<_> = same.iter().map(|(_, value)| value.as_str()).collect();
        if let Some((name, _)) = same.first() {
            lines.push(format!("{name}:{}", values.join(",")));
        }
    }
    lines.join("\n")
}

fn standard_header(headers: &HeaderMap, name: &str) -> String {
    let value = joined(headers, name);
    let unsigned = (name == CONTENT_LENGTH.as_str() && value == "0")
        || (name == DATE.as_str() && headers.contains_key("x-ms-date"));
    if unsigned { String::new() } else { value }
}

fn canonical_headers(headers: &HeaderMap, order: HeaderOrder, secrets: bool) -> Vec<String> {
    let mut names: Vec<&str> = headers
        .keys()
        .map(hyper::header::HeaderName::as_str)
        .filter(|name| name.starts_with("x-ms-"))
        .collect();
    match order {
        HeaderOrder::CodePoint => names.sort_unstable(),
        HeaderOrder::Windows => names.sort_by_cached_key(|name| windows_order(name)),
    }
    let line = |name: &str| {
        let value = joined(headers, name);
        let secret = name.ends_with("authorization")
            || name.ends_with("encryption-key")
            || value.to_ascii_lowercase().contains("sig");
        if secret && !secrets {
            format!("{name}:(hidden)")
        } else {
            format!("{name}:{value}")
        }
    };
    names.into_iter().map(line).collect()
}

/// Values of one name, joined by commas, without the space around them. Not UTF-8: read as Latin-1, as clients sign.
fn joined(headers: &HeaderMap, name: &str) -> String {
    let text = |value: &hyper::header::HeaderValue| {
        let text = std::str::from_utf8(value.as_bytes()).map_or_else(
            |_| {
                value
                    .as_bytes()
                    .iter()
                    .map(|byte| char::from(*byte))
                    .collect()
            },
            str::to_owned,
        );
        text.trim().to_owned()
    };
    let values: Vec<_> = headers.get_all(name).iter().map(text).collect();
    values.join(",")
}

fn windows_order(name: &str) -> (Vec<(u8, u8)>, Vec<bool>) {
    let ignored = |byte: u8| byte == b'-' || byte == b'\'';
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 2,
        b'0'..=b'9' => 1,
        _ => 0,
    };
    let counted = name
        .bytes()
        .filter(|byte| !ignored(*byte))
        .map(|byte| (class(byte), byte))
        .collect();
    (counted, name.bytes().map(ignored).collect())
}
