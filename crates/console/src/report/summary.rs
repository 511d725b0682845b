//! What a copy or a verification did: rows for people, the `summary` line for programs.

use std::io::{self, Write};
use std::time::Duration;

use blobferry_transfer::{Phase, Status, Summary, Way};
use serde::Serialize;

use super::{Rows, line};
use crate::quantity::{count, duration, per_second, rate};
use crate::{Size, redact};

/// A result that can be shown.
#[derive(Debug, Clone, Copy)]
pub struct SummaryReport<'a> {
    /// What the engine says.
    pub summary: &'a Summary,
    /// Most memory the process ever held, in bytes; `None` where the system does not say.
    pub peak_memory: Option<u64>,
}

#[derive(Serialize)]
struct Record {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    source: String,
    destination: Option<String>,
    via: Option<&'static str>,
    bytes: u64,
    sha256: Option<String>,
    md5: Option<String>,
    crc64: Option<String>,
    proven: bool,
    blocks: u32,
    blocks_resumed: u32,
    bytes_sent: u64,
    bytes_received: u64,
    retries: u64,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
    bottleneck: Option<&'static str>,
    notes: Vec<String>,
}

impl SummaryReport<'_> {
    /// Writes it for people. `said` tells which notes they have read already.
    ///
    /// # Errors
    /// What `to` says.
    pub fn write_text(&self, to: &mut dyn Write, said: &dyn Fn(&str) -> bool) -> io::Result<()> {
        let summary = self.summary;
        let mut rows = Rows::default();
        match summary.status {
            Status::Skipped => rows.add(
                "skipped",
                "the destination is at least as new as the source",
            ),
            status => rows.add(status.word(), Size(summary.bytes).exact()),
        }
        rows.add("from", &summary.source);
        if !summary.destination.is_empty() {
            rows.add("to", &summary.destination);
        }
        rows.add_some("via", summary.via.map(Way::word));
        rows.add_some("sha256", summary.sha256);
        rows.add_some("md5", summary.md5);
        if summary.status == Status::Verified {
            rows.add_some("crc64", summary.crc64);
        }
        if summary.status != Status::Skipped {
            rows.add("proof", self.proof());
            self.add_course(&mut rows);
        }
        for note in summary.notes.iter().filter(|note| !said(note)) {
            rows.add("note", note);
        }
        rows.write(to)
    }

    /// Writes it as one JSON line.
    ///
    /// # Errors
    /// What `to` says.
    pub fn write_json(&self, to: &mut dyn Write) -> io::Result<()> {
        let summary = self.summary;
        let destination = redact(&summary.destination).into_owned();
        line(
            to,
            &Record {
                kind: "summary",
                status: summary.status.word(),
                source: redact(&summary.source).into_owned(),
                destination: Some(destination).filter(|name| !name.is_empty()),
                via: summary.via.map(Way::word),
                bytes: summary.bytes,
                sha256: summary.sha256.map(|digest| digest.to_string()),
                md5: summary.md5.map(|digest| digest.to_string()),
                crc64: summary.crc64.map(|crc| crc.to_string()),
                proven: summary.proven,
                blocks: summary.blocks,
                blocks_resumed: summary.blocks_resumed,
                bytes_sent: summary.bytes_sent,
                bytes_received: summary.bytes_received,
                retries: summary.retries,
                seconds: (summary.seconds * 1e3).round() / 1e3,
                peak_memory_bytes: self.peak_memory,
                bottleneck: summary.bottleneck.map(Phase::word),
                notes: summary
                    .notes
                    .iter()
                    .map(|note| redact(note).into_owned())
                    .collect(),
            },
        )
    }

    fn proof(&self) -> &'static str {
        match (
            self.summary.proven,
            self.summary.sha256.is_some() || self.summary.md5.is_some(),
        ) {
            (true, _) => "the bytes are what was expected",
            (false, true) => "nothing was proven: no digest was expected",
            (false, false) => "nothing was proven: no digest was computed",
        }
    }

    /// How it went: only what was worth a row.
    fn add_course(&self, rows: &mut Rows) {
        let summary = self.summary;
        if summary.blocks_resumed > 0 {
            let resumed = u64::from(summary.blocks_resumed);
            let all = count(u64::from(summary.blocks), "block");
            rows.add("resumed", format!("{resumed} of {all} were there already"));
        }
        if summary.retries > 0 {
            rows.add("retries", count(summary.retries, "repeated request"));
        }
        let time = Duration::try_from_secs_f64(summary.seconds).unwrap_or_default();
        let mut words = duration(time);
        if let Some(per_second) = per_second(summary.bytes, time).filter(|_| summary.bytes > 0) {
            words.push_str(" at ");
            words.push_str(&rate(per_second));
        }
        if let Some(phase) = summary.bottleneck {
            words.push_str(", waiting most for the ");
            words.push_str(phase.word());
        }
        rows.add("time", words);
    }
}

#[cfg(test)]
mod tests {
    use blobferry_integrity::Sha256Digest;
    use insta::assert_snapshot;

    use super::*;

    fn summary() -> Summary {
        Summary {
            status: Status::Copied,
            source: "https://src.blob.core.windows.net/transfer/myblob".to_owned(),
            destination: "https://dst.blob.core.windows.net/transfer/myblob".to_owned(),
            via: Some(Way::Server),
            bytes: 4 << 30,
            sha256: Some(Sha256Digest::of(b"abc")),
            md5: None,
            crc64: None,
            proven: true,
            blocks: 512,
            blocks_resumed: 500,
            bytes_sent: 96 << 20,
            bytes_received: 4 << 30,
            retries: 3,
            seconds: 8.000_4,
            bottleneck: Some(Phase::Destination),
            notes: vec![
                "the source has no Content-MD5".to_owned(),
                "said".to_owned(),
            ],
        }
    }

    fn text(summary: &Summary) -> String {
        let mut out = Vec::new();
        SummaryReport {
            summary,
            peak_memory: None,
        }
        .write_text(&mut out, &|note| note == "said")
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_summary_says_what_happened_in_prose() {
        assert_snapshot!(text(&summary()), @"
        copied   4.00 GiB (4294967296 bytes)
        from     https://src.blob.core.windows.net/transfer/myblob
        to       https://dst.blob.core.windows.net/transfer/myblob
        via      server
        sha256   ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
        proof    the bytes are what was expected
        resumed  500 of 512 blocks were there already
        retries  3 repeated requests
        time     8.0 s at 512 MiB/s, waiting most for the destination
        note     the source has no Content-MD5
        ");
    }

    #[test]
    fn a_summary_without_proof_says_so() {
        let bare = Summary {
            proven: false,
            blocks_resumed: 0,
            retries: 0,
            bottleneck: None,
            via: None,
            bytes: 0,
            seconds: 0.0,
            notes: Vec::new(),
            ..summary()
        };
        assert_snapshot!(text(&bare), @"
        copied  0 bytes
        from    https://src.blob.core.windows.net/transfer/myblob
        to      https://dst.blob.core.windows.net/transfer/myblob
        sha256  ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
        proof   nothing was proven: no digest was expected
        time    0.00 s
        ");
        assert!(
            text(&Summary {
                sha256: None,
                ..bare
            })
            .contains("no digest was computed")
        );
    }

    #[test]
    fn the_json_line_begins_with_its_type_and_holds_numbers() {
        let mut out = Vec::new();
        let report = SummaryReport {
            summary: &summary(),
            peak_memory: Some(90 << 20),
        };
        report.write_json(&mut out).unwrap();
        assert_snapshot!(String::from_utf8(out).unwrap(), @r#"{"type":"summary","status":"copied","source":"https://src.blob.core.windows.net/transfer/myblob","destination":"https://dst.blob.core.windows.net/transfer/myblob","via":"server","bytes":4294967296,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","md5":null,"crc64":null,"proven":true,"blocks":512,"blocks_resumed":500,"bytes_sent":100663296,"bytes_received":4294967296,"retries":3,"seconds":8.0,"peak_memory_bytes":94371840,"bottleneck":"destination","notes":["the source has no Content-MD5","said"]}"#);
    }
}
