//! Writing the XML of listings.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quick_xml::escape::escape;

use crate::auth::Policy;
use crate::clock::http_date;
use crate::store::{Blob, Block, Container, ListQuery, Listed, Listing, Metadata};

/// XML text that is being written. Empty and absent values are left out where Azure leaves them out.
#[derive(Default)]
pub(super) struct Xml(String);

impl Xml {
    pub(super) fn into_string(self) -> String {
        self.0
    }

    pub(super) fn element(&mut self, name: &str, value: impl AsRef<str>) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "<{name}>{}</{name}>", escape(value.as_ref()));
    }

    fn element_if(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.element(name, value);
        }
    }

    /// A name, percent-encoded where XML cannot carry it (as the service does since 2020-10-02). A carriage return is
    /// one of those: every parser makes a line feed of it.
    fn name(&mut self, name: &str) {
        self.encoded("Name", name);
    }

    fn encoded(&mut self, element: &str, text: &str) {
        let carried = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
        if text.chars().all(carried) {
            self.element(element, text);
        } else {
            let encoded =
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
            let _ = write!(self.0, "<{element} Encoded=\"true\">{encoded}</{element}>");
        }
    }

    /// What the request said, where it said anything.
    fn given(&mut self, element: &str, text: &str) {
        if !text.is_empty() {
            self.encoded(element, text);
        }
    }

    pub(super) fn within(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        let _ = write!(self.0, "<{name}>");
        inner(self);
        let _ = write!(self.0, "</{name}>");
    }

    fn metadata(&mut self, metadata: &Metadata) {
        self.within("Metadata", |xml| {
            for (name, value) in metadata {
                xml.element(name, value);
            }
        });
    }

    fn tags(&mut self, tags: &BTreeMap<String, String>) {
        self.within("Tags", |xml| {
            xml.within("TagSet", |xml| {
                for (name, value) in tags {
                    xml.within("Tag", |xml| {
                        xml.element("Key", name);
                        xml.element("Value", value);
                    });
                }
            });
        });
    }
}

/// What a listing shows of each blob.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) metadata: bool,
    pub(super) tags: bool,
}

/// `EnumerationResults` of List Blobs.
pub(super) fn blobs(
    endpoint: &str,
    container: &str,
    query: &ListQuery,
    page: &Listing,
    shown: Shown,
) -> String {
    let mut xml = Xml::default();
    let _ = write!(
        xml.0,
        "<EnumerationResults ServiceEndpoint=\"{}\" ContainerName=\"{}\">",
        escape(endpoint),
        escape(container)
    );
    xml.given("Prefix", &query.prefix);
    xml.given("Marker", &query.marker);
    xml.element("MaxResults", query.max_results.to_string());
    xml.given("Delimiter", &query.delimiter);
    xml.within("Blobs", |xml| {
        for entry in &page.entries {
            match entry {
                Listed::Blob(name, blob) => {
                    xml.within("Blob", |xml| listed(xml, name, blob, shown));
                }
                Listed::Uncommitted(name) => xml.within("Blob", |xml| {
                    xml.name(name);
                    xml.within("Properties", |xml| {
                        xml.element("Content-Length", "0");
                        xml.element("BlobType", "BlockBlob");
                    });
                }),
                Listed::Prefix(name) => xml.within("BlobPrefix", |xml| xml.name(name)),
            }
        }
    });
    xml.element("NextMarker", &page.next_marker);
    xml.0.push_str("</EnumerationResults>");
    xml.0
}

fn listed(xml: &mut Xml, name: &str, blob: &Blob, shown: Shown) {
    let (about, headers) = (&blob.about, &blob.about.headers);
    xml.name(name);
    xml.within("Properties", |xml| {
        xml.element("Creation-Time", http_date(blob.created));
        xml.element("Last-Modified", http_date(blob.modified));
        xml.element("Etag", blob.etag.trim_matches('"'));
        xml.element("Content-Length", blob.content.len().to_string());
        let kind = headers.content_type.as_deref();
        xml.element("Content-Type", kind.unwrap_or("application/octet-stream"));
        for (name, value) in [
            ("Content-Encoding", &headers.content_encoding),
            ("Content-Language", &headers.content_language),
            ("Content-MD5", &headers.content_md5),
            ("Cache-Control", &headers.cache_control),
            ("Content-Disposition", &headers.content_disposition),
        ] {
            xml.element(name, value.as_deref().unwrap_or_default());
        }
        xml.element("BlobType", "BlockBlob");
        xml.element("AccessTier", about.tier.as_deref().unwrap_or("Hot"));
        if about.tier.is_none() {
            xml.element("AccessTierInferred", "true");
        }
        xml.element("LeaseStatus", "unlocked");
        xml.element("LeaseState", "available");
        xml.element("ServerEncrypted", "true");
        if !about.tags.is_empty() {
            xml.element("TagCount", about.tags.len().to_string());
        }
        if let Some(copy) = &about.copy {
            xml.element("CopyId", &copy.id);
            xml.element("CopySource", &copy.source);
            xml.element("CopyStatus", "success");
            xml.element("CopyProgress", format!("{0}/{0}", copy.bytes));
            xml.element("CopyCompletionTime", http_date(copy.completed));
        }
    });
    if shown.metadata {
        xml.metadata(&about.metadata);
    }
    if shown.tags && !about.tags.is_empty() {
        xml.tags(&about.tags);
    }
}

/// `EnumerationResults` of List Containers.
pub(super) fn containers(
    endpoint: &str,
    prefix: &str,
    page: &[(String, Container)],
    next: &str,
    metadata: bool,
) -> String {
    let mut xml = Xml::default();
    let _ = write!(
        xml.0,
        "<EnumerationResults ServiceEndpoint=\"{}\">",
        escape(endpoint)
    );
    xml.given("Prefix", prefix);
    xml.within("Containers", |xml| {
        for (name, container) in page {
            xml.within("Container", |xml| {
                xml.element("Name", name);
                xml.within("Properties", |xml| {
                    xml.element("Last-Modified", http_date(container.modified));
                    xml.element("Etag", &container.etag);
                    xml.element("LeaseStatus", "unlocked");
                    xml.element("LeaseState", "available");
                    xml.element("HasImmutabilityPolicy", "false");
                    xml.element("HasLegalHold", "false");
                });
                if metadata {
                    xml.metadata(&container.metadata);
                }
            });
        }
    });
    xml.element("NextMarker", next);
    xml.0.push_str("</EnumerationResults>");
    xml.0
}

/// `BlockList` of Get Block List; `None`: that part was not asked for.
pub(super) fn block_list(committed: Option<&[Block]>, uncommitted: Option<&[Block]>) -> String {
    let mut xml = Xml::default();
    xml.within("BlockList", |xml| {
        for (name, blocks) in [
            ("CommittedBlocks", committed),
            ("UncommittedBlocks", uncommitted),
        ] {
            let Some(blocks) = blocks else { continue };
            xml.within(name, |xml| {
                for block in blocks {
                    xml.within("Block", |xml| {
                        xml.element("Name", &block.id);
                        xml.element("Size", block.len.to_string());
                    });
                }
            });
        }
    });
    xml.0
}

/// `Tags` of Get Blob Tags.
pub(super) fn tag_set(tags: &BTreeMap<String, String>) -> String {
    let mut xml = Xml::default();
    xml.tags(tags);
    xml.0
}

/// `SignedIdentifiers` of Get Container ACL.
pub(super) fn policies(policies: &[Policy]) -> String {
    let mut xml = Xml::default();
    xml.within("SignedIdentifiers", |xml| {
        for policy in policies {
            xml.within("SignedIdentifier", |xml| {
                xml.element("Id", &policy.id);
                xml.within("AccessPolicy", |xml| {
                    xml.element_if("Start", policy.start.as_deref());
                    xml.element_if("Expiry", policy.expiry.as_deref());
                    xml.element_if("Permission", policy.permission.as_deref());
                });
            });
        }
    });
    xml.0
}
