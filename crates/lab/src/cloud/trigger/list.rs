//! List Blobs, as far as a source trigger reads it.

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;

use super::super::transfer::storage::{Ask, Container, Refused, text};
use crate::clock::parse_http_date;
use crate::service::xml_leaves;

/// Pages of a list that are read: of 5,000 blobs each, as the service gives them.
const PAGES: usize = 20;

/// What a list says of a blob.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) etag: String,
    pub(super) modified: Timestamp,
    /// Empty where there is none.
    pub(super) content_md5: String,
    /// The metadata of that name, in any case; empty where there is none.
    pub(super) category: String,
}

/// All blobs of a container, in the order of their names.
pub(super) async fn blobs(container: Container<'_>) -> Result<Vec<Seen>, Refused> {
    let (mut blobs, mut marker) = (Vec::new(), String::new());
    for _ in 0..PAGES {
        let from = utf8_percent_encode(&marker, NON_ALPHANUMERIC);
        let query = format!("restype=container&comp=list&include=metadata&marker={from}");
        let mut ask = Ask::new(Method::GET, "");
        ask.query = &query;
        let page = text(container.ask(&ask).await?).await?;
        marker = read(&page, &mut blobs).map_err(|error| Refused::Silent(error.to_string()))?;
        if marker.is_empty() {
            break;
        }
    }
    Ok(blobs)
}

/// Adds a page's blobs; where the next page begins.
fn read(page: &str, blobs: &mut Vec<Seen>) -> Result<String, crate::Refusal> {
    let mut marker = String::new();
    xml_leaves(page.as_bytes(), |path, value| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        // The name is the first that a blob's element has.
        if let [_, "Blobs", "Blob", "Name"] = path[..] {
            blobs.push(Seen {
                name: value,
                ..Seen::default()
            });
            return;
        }
        if let [_, "NextMarker"] = path[..] {
            marker = value;
            return;
        }
        let Some(blob) = blobs.last_mut() else {
            return;
        };
        match path[..] {
            [_, "Blobs", "Blob", "Properties", "Etag"] => blob.etag = value,
            [_, "Blobs", "Blob", "Properties", "Content-MD5"] => blob.content_md5 = value,
            [_, "Blobs", "Blob", "Properties", "Last-Modified"] => {
                blob.modified = parse_http_date(&value).unwrap_or_default();
            }
            [_, "Blobs", "Blob", "Metadata", name] if name.eq_ignore_ascii_case("category") => {
                blob.category = value;
            }
            _ => {}
        }
    })?;
    Ok(marker)
}
