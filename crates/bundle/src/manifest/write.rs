//! Writing a manifest.

use std::collections::BTreeMap;

use blobferry_integrity::Sha256Digest;

use super::json::Value;
use super::{BlobFacts, Chain, Manifest};
use crate::geometry::Piece;

/// What `format` says.
pub(super) const FORMAT: &str = "blobferry-bundle";

/// What `version` says.
pub(super) const VERSION: &str = "1.0";

/// What `parity.code` says.
pub(super) const CODE: &str = "leopard-gf16-high";

pub(super) fn to_bytes(manifest: &Manifest) -> Vec<u8> {
    let mut text = String::new();
    value(manifest).write(&mut text);
    text.push('\n');
    text.into_bytes()
}

fn value(manifest: &Manifest) -> Value {
    let geometry = &manifest.geometry;
    let pieces = |digests: &[Sha256Digest], piece: fn(u32) -> Piece| {
        let lengths = (0..).map(|number| geometry.len(piece(number)));
        let pieces = digests.iter().zip(lengths);
        let piece = |(sha256, len)| object([("sha256", Some(text(sha256))), ("size", some(len))]);
        Some(Value::Array(pieces.map(piece).collect()))
    };
    let blocks = object([
        ("sha256", Some(text(&manifest.table))),
        ("size", some(geometry.block_size())),
    ]);
    let parity = (geometry.per_group() > 0).then(|| {
        object([
            ("code", Some(text(CODE))),
            ("groups", some(geometry.groups().into())),
            ("parts", pieces(&manifest.parity, Piece::Parity)),
            ("per_group", some(geometry.per_group().into())),
        ])
    });
    object([
        ("blob", Some(blob(&manifest.blob, geometry.blob_size()))),
        ("blocks", Some(blocks)),
        ("chain", manifest.chain.as_ref().map(chain)),
        ("created", Some(text(&manifest.created))),
        ("format", Some(text(FORMAT))),
        ("parity", parity),
        ("part_size", some(geometry.part_size())),
        ("parts", pieces(&manifest.parts, Piece::Part)),
        ("tool", Some(text(&manifest.tool))),
        ("version", Some(text(VERSION))),
    ])
}

fn blob(blob: &BlobFacts, size: u64) -> Value {
    let properties = &blob.properties;
    let header = |value: &Option<String>| value.as_ref().map(text);
    let metadata = properties.metadata.iter();
    let metadata = metadata.map(|(name, value)| (name.as_str(), Some(text(value))));
    object([
        ("cache_control", header(&properties.cache_control)),
        (
            "content_disposition",
            header(&properties.content_disposition),
        ),
        ("content_encoding", header(&properties.content_encoding)),
        ("content_language", header(&properties.content_language)),
        ("content_md5", properties.content_md5.as_ref().map(text)),
        ("content_type", header(&properties.content_type)),
        ("crc64", Some(text(&blob.crc64))),
        ("md5", Some(text(&blob.md5))),
        ("metadata", Some(object(metadata))),
        ("name", Some(text(&blob.name))),
        ("sha256", Some(text(&blob.sha256))),
        ("size", some(size)),
    ])
}

fn chain(chain: &Chain) -> Value {
    object([
        ("channel", Some(text(&chain.channel))),
        ("previous", chain.previous.as_ref().map(text)),
        ("sequence", some(chain.sequence)),
    ])
}

fn text(of: &(impl ToString + ?Sized)) -> Value {
    Value::Text(of.to_string())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "reads well beside optional fields"
)]
fn some(number: u64) -> Option<Value> {
    Some(Value::Number(number))
}

/// The fields that there are, in their order.
fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Option<Value>)>) -> Value {
    let fields = fields.into_iter();
    let there = fields.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let sorted: BTreeMap<String, Value> = there.collect();
    Value::Object(sorted.into_iter().collect())
}
