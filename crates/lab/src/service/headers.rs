//! Reading the headers of a request: numbers, ranges, conditions, metadata, tags, what is stored with a blob.

use std::collections::BTreeMap;

use hyper::header::HeaderMap;

use super::query::Query;
use crate::Refusal;
use crate::clock::parse_http_date;
use crate::store::{Conditions, ContentHeaders, Metadata, NewBlob, TagMatch};

/// Bytes of names and values together ("Setting and retrieving properties and metadata").
const METADATA_LIMIT: usize = 8 * 1024;
/// Tags of a blob ("Set Blob Tags").
const TAGS_LIMIT: usize = 10;

/// A header as text; `None` when it is absent or not visible ASCII.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A header as text that the request must have.
pub(super) fn required<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refusal> {
    text(headers, name).ok_or_else(|| {
        Refusal::new(
            400,
            "MissingRequiredHeader",
            "An HTTP header that's mandatory for this request is not specified.",
        )
        .detail("HeaderName", name)
    })
}

/// 400 for a header whose value cannot be understood.
pub(super) fn invalid(name: &'static str) -> Refusal {
    Refusal::new(
        400,
        "InvalidHeaderValue",
        "The value for one of the HTTP headers is not in the correct format.",
    )
    .detail("HeaderName", name)
}

/// Whether a header says `true`.
pub(super) fn says_true(headers: &HeaderMap, name: &str) -> bool {
    text(headers, name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// First byte and, where given, last byte of `bytes=FIRST-[LAST]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: u64,
    pub(super) last: Option<u64>,
}

impl Range {
    /// Of a blob of `length` bytes: where it begins and how many bytes it has.
    pub(super) fn within(self, length: u64) -> Result<(u64, u64), Refusal> {
        if self.first >= length {
            return Err(Refusal::new(
                416,
                "InvalidRange",
                "The range specified is invalid for the current size of the resource.",
            )
            .header("content-range", format!("bytes */{length}")));
        }
        let last = self.last.unwrap_or(u64::MAX).min(length - 1);
        Ok((self.first, last - self.first + 1))
    }
}

/// `x-ms-range`, or `Range` where that is absent. A range that is not understood is refused when it is the service's own
/// header and passed over when it is HTTP's (RFC 9110, 14.2).
pub(super) fn range(headers: &HeaderMap) -> Result<Option<Range>, Refusal> {
    if let Some(own) = text(headers, "x-ms-range") {
        return parse_range(own)
            .map(Some)
            .ok_or_else(|| invalid("x-ms-range"));
    }
    Ok(text(headers, "range").and_then(parse_range))
}

/// `bytes=FIRST-[LAST]`.
pub(super) fn parse_range(text: &str) -> Option<Range> {
    let (first, last) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
    let first = first.parse().ok()?;
    let last = match last {
        "" => None,
        last => Some(last.parse().ok()?),
    };
    last.is_none_or(|last: u64| last >= first)
        .then_some(Range { first, last })
}

/// `If-Match` and its kin.
pub(super) fn conditions(headers: &HeaderMap) -> Conditions {
    conditions_named(
        headers,
        [
            "if-match",
            "if-none-match",
            "if-modified-since",
            "if-unmodified-since",
        ],
    )
}

/// `x-ms-source-if-match` and its kin.
pub(super) fn source_conditions(headers: &HeaderMap) -> Conditions {
    conditions_named(
        headers,
        [
            "x-ms-source-if-match",
            "x-ms-source-if-none-match",
            "x-ms-source-if-modified-since",
            "x-ms-source-if-unmodified-since",
        ],
    )
}

fn conditions_named(headers: &HeaderMap, names: [&str; 4]) -> Conditions {
    let [matches, none, since, unmodified] = names.map(|name| text(headers, name));
    let tag = |text: &str| match text.trim() {
        "*" => TagMatch::Any,
        // Some clients leave the quotes out; the service forgives them.
        bare if !bare.starts_with('"') => TagMatch::Tag(format!("\"{bare}\"")),
        quoted => TagMatch::Tag(quoted.to_owned()),
    };
    Conditions {
        if_match: matches.map(tag),
        if_none_match: none.map(tag),
        if_modified_since: since.and_then(parse_http_date),
        if_unmodified_since: unmodified.and_then(parse_http_date),
    }
}

/// `x-ms-meta-…`. hyper has lower-cased the names.
pub(super) fn metadata(headers: &HeaderMap) -> Result<Metadata, Refusal> {
    let mut found = Metadata::new();
    let mut bytes = 0;
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix("x-ms-meta-") else {
            continue;
        };
        let value = value.to_str().map_err(|_| bad_metadata())?;
        let identifier = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !identifier || name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(bad_metadata());
        }
        bytes += name.len() + value.len();
        found.insert(name.to_owned(), value.to_owned());
    }
    if bytes > METADATA_LIMIT {
        return Err(Refusal::new(
            400,
            "MetadataTooLarge",
            "The size of the specified metadata exceeds the maximum size permitted.",
        ));
    }
    Ok(found)
}

fn bad_metadata() -> Refusal {
    Refusal::new(
        400,
        "InvalidMetadata",
        "The specified metadata is invalid. It includes characters that are not permitted.",
    )
}

/// `x-ms-tags`: `a=b&c=d`, percent-encoded.
pub(super) fn tags(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Refusal> {
    let Some(text) = text(headers, "x-ms-tags") else {
        return Ok(BTreeMap::new());
    };
    let pairs = Query::parse(&text.replace('+', "%20")).pairs();
    checked_tags(pairs)
}

/// At most ten tags, names of 1 to 128 and values of up to 256 characters.
pub(super) fn checked_tags(
    pairs: Vec<(String, String)>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let well_formed = |text: &str, most: usize| {
        text.chars().count() <= most
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || " +-./:=_".contains(c))
    };
    let all = pairs
        .iter()
        .all(|(name, value)| !name.is_empty() && well_formed(name, 128) && well_formed(value, 256));
    if !all || pairs.len() > TAGS_LIMIT {
        return Err(Refusal::new(
            400,
            "InvalidTag",
            "The tags specified are invalid: at most 10, of the characters that Set Blob Tags allows.",
        ));
    }
    Ok(pairs.into_iter().collect())
}

/// What Put Blob, Put Block List and their kin store beside the bytes.
pub(super) fn new_blob(headers: &HeaderMap) -> Result<NewBlob, Refusal> {
    Ok(NewBlob {
        headers: content_headers(headers),
        metadata: metadata(headers)?,
        tags: tags(headers)?,
        tier: tier(headers)?,
        copy: None,
    })
}

/// `x-ms-blob-content-…` and `x-ms-blob-cache-control`.
pub(super) fn content_headers(headers: &HeaderMap) -> ContentHeaders {
    let own = |name: &str| {
        text(headers, name)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    };
    ContentHeaders {
        content_type: own("x-ms-blob-content-type"),
        content_encoding: own("x-ms-blob-content-encoding"),
        content_language: own("x-ms-blob-content-language"),
        content_disposition: own("x-ms-blob-content-disposition"),
        cache_control: own("x-ms-blob-cache-control"),
        content_md5: own("x-ms-blob-content-md5"),
    }
}

/// `x-ms-access-tier`.
pub(super) fn tier(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    match text(headers, "x-ms-access-tier") {
        None => Ok(None),
        Some(tier @ ("Hot" | "Cool" | "Cold" | "Archive")) => Ok(Some(tier.to_owned())),
        Some(_) => Err(invalid("x-ms-access-tier")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_clients_write_them() {
        let range = |first, last| Some(Range { first, last });
        assert_eq!(parse_range("bytes=0-99"), range(0, Some(99)));
        assert_eq!(parse_range("bytes=5-"), range(5, None));
        for bad in ["bytes=-5", "lines=1-2", "bytes=9-2", "bytes=a-b", ""] {
            assert_eq!(parse_range(bad), None, "{bad}");
        }
        let whole = Range {
            first: 2,
            last: None,
        };
        assert_eq!(whole.within(10).unwrap(), (2, 8));
        assert_eq!(whole.within(2).unwrap_err().status, 416);
    }

    #[test]
    fn metadata_and_tags_have_limits() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ms-meta-category", "acr-transfer-blob".parse().unwrap());
        headers.insert("x-ms-tags", "a=1&b=x%20y".parse().unwrap());
        assert_eq!(metadata(&headers).unwrap()["category"], "acr-transfer-blob");
        assert_eq!(tags(&headers).unwrap()["b"], "x y");
        headers.insert("x-ms-meta-big", "x".repeat(9000).parse().unwrap());
        assert_eq!(metadata(&headers).unwrap_err().code, "MetadataTooLarge");
        headers.insert("x-ms-meta-1st", "x".parse().unwrap());
        assert_eq!(metadata(&headers).unwrap_err().code, "InvalidMetadata");
        let many: Vec<String> = (0..11).map(|n| format!("t{n}=v&")).collect();
        headers.insert("x-ms-tags", many.concat().parse().unwrap());
        assert_eq!(tags(&headers).unwrap_err().code, "InvalidTag");
    }
}
