//! What was found in the blob, for people and for programs.

use std::io::{self, Write};

use blobferry_bundle::{Artifact, BlobKind, Contents, Finding, Layer};
use blobferry_terminal::{Failure, Size, line, quantity};
use serde::Serialize;

use crate::facts::Facts;
use crate::streams::Streams;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Record<'a> {
    Artifact {
        names: &'a [String],
        digest: &'a str,
        media_type: &'a str,
        artifact_type: Option<&'a str>,
        platforms: &'a [String],
        bytes: u64,
        layers: Vec<LayerRecord<'a>>,
        referrers: Vec<&'a str>,
        subject: Option<&'a str>,
    },
    Finding {
        level: &'static str,
        text: String,
    },
}

#[derive(Serialize)]
struct LayerRecord<'a> {
    digest: &'a str,
    bytes: u64,
    media_type: &'a str,
    foreign: bool,
    present: bool,
    zstd: bool,
}

/// Adds what the blob is to the facts about it.
pub(super) fn add(facts: &mut Facts, contents: &Contents) {
    let (kind, text) = match &contents.kind {
        BlobKind::Opaque { reason } => ("opaque", format!("opaque bytes: {reason}")),
        BlobKind::OciLayout => ("oci_layout", "an OCI image layout".to_owned()),
        BlobKind::DockerArchive => ("docker_archive", "a docker-archive".to_owned()),
        BlobKind::Tar => ("tar", "a tar without images".to_owned()),
    };
    let gzipped = if contents.compressed { ", gzipped" } else { "" };
    facts.row("holds", text + gzipped);
    facts.field("kind", kind);
    facts.field("gzipped", contents.compressed);
    facts.field("entries", contents.entries);
    facts.field("artifacts", contents.artifacts.len());
    facts.field("findings", contents.findings.len());
    facts.field("findings_omitted", contents.omitted);
}

/// Says every artifact and finding.
pub(super) fn show(contents: &Contents, streams: &Streams) -> Result<(), Failure> {
    for artifact in &contents.artifacts {
        streams.result(|to| text(artifact, to), |to| line(to, &record(artifact)))?;
    }
    for finding in &contents.findings {
        let level = level(finding);
        let text = finding.to_string();
        streams.result(
            |to| writeln!(to, "{level}: {text}"),
            |to| {
                let text = text.clone();
                line(to, &Record::Finding { level, text })
            },
        )?;
    }
    if contents.omitted > 0 && !streams.is_json() {
        let omitted = quantity::count(contents.omitted, "finding");
        streams.result(|to| writeln!(to, "and {omitted} more"), |_| Ok(()))?;
    }
    Ok(())
}

fn level(finding: &Finding) -> &'static str {
    if finding.is_note() { "note" } else { "warning" }
}

fn text(artifact: &Artifact, to: &mut dyn Write) -> io::Result<()> {
    let names = match artifact.names.as_slice() {
        [] => "(no name)".to_owned(),
        names => names.join(", "),
    };
    writeln!(to, "\n{names}")?;
    writeln!(
        to,
        "  {}  {}",
        artifact.digest,
        Size(artifact.bytes).exact()
    )?;
    let kind = artifact
        .artifact_type
        .as_deref()
        .unwrap_or(&artifact.media_type);
    let words: Vec<&str> = [kind]
        .into_iter()
        .filter(|word| !word.is_empty())
        .chain(artifact.platforms.iter().map(String::as_str))
        .collect();
    if !words.is_empty() {
        writeln!(to, "  {}", words.join(", "))?;
    }
    for layer in &artifact.layers {
        let remarks = remarks(layer);
        writeln!(
            to,
            "  layer {}  {}{remarks}",
            layer.digest,
            Size(layer.size).exact()
        )?;
    }
    for referrer in &artifact.referrers {
        let kind = referrer.artifact_type.as_deref().unwrap_or("unknown type");
        writeln!(to, "  referrer {}  {kind}", referrer.digest)?;
    }
    Ok(())
}

fn remarks(layer: &Layer) -> String {
    [
        (layer.foreign, ", foreign"),
        (!layer.present, ", not here"),
        (layer.zstd, ", zstd"),
        (layer.size > Finding::LARGEST_LAYER, ", over 8 GB"),
    ]
    .into_iter()
    .filter_map(|(is, remark)| is.then_some(remark))
    .collect()
}

fn record(artifact: &Artifact) -> Record<'_> {
    let layers = artifact.layers.iter().map(|layer| LayerRecord {
        digest: &layer.digest,
        bytes: layer.size,
        media_type: &layer.media_type,
        foreign: layer.foreign,
        present: layer.present,
        zstd: layer.zstd,
    });
    Record::Artifact {
        names: &artifact.names,
        digest: &artifact.digest,
        media_type: &artifact.media_type,
        artifact_type: artifact.artifact_type.as_deref(),
        platforms: &artifact.platforms,
        bytes: artifact.bytes,
        layers: layers.collect(),
        referrers: artifact
            .referrers
            .iter()
            .map(|by| by.digest.as_str())
            .collect(),
        subject: artifact.subject.as_deref(),
    }
}
