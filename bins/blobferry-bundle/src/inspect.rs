//! `blobferry-bundle inspect`.

use std::io::{self, BufReader, Read};
use std::time::Instant;

use blobferry_bundle::{Bundle, BundleError, Contents, SignedBy, Stage, Watch, inspect};
use blobferry_terminal::{ExitStatus, Failure, Size, quantity};
use serde_json::json;

use crate::cli::InspectArgs;
use crate::explain::explain;
use crate::facts::Facts;
use crate::stop::Stop;
use crate::streams::Streams;
use crate::trust;
use crate::watcher::Watcher;

mod contents;

/// How much of the blob is read at once, at least.
const AT_ONCE: u64 = 4 << 20;

pub(crate) fn run(
    args: &InspectArgs,
    streams: &Streams,
    stop: &Stop,
) -> Result<ExitStatus, Failure> {
    let began = Instant::now();
    let bundle = trust::open(&args.bundle, streams)?;
    let mut facts = facts(&bundle, args, began);
    if args.no_contents {
        facts.show(streams)?;
        return Ok(ExitStatus::Done);
    }
    let mut watcher = Watcher::start(streams, stop);
    let contents = look(&bundle, &watcher);
    watcher.finish();
    let contents = contents?;
    contents::add(&mut facts, &contents);
    // In JSON the summary comes last, for people it comes first.
    if streams.is_json() {
        contents::show(&contents, streams)?;
        facts.show(streams)?;
    } else {
        facts.show(streams)?;
        contents::show(&contents, streams)?;
    }
    Ok(ExitStatus::Done)
}

fn look(bundle: &Bundle, watch: &dyn Watch) -> Result<Contents, Failure> {
    let cut = &bundle.manifest().geometry;
    watch.begin(Stage::Verify, Some(cut.blob_size()));
    let at_once = usize::try_from(cut.block_size().max(AT_ONCE)).unwrap_or(1 << 20);
    let blob = Blob {
        bundle,
        at: 0,
        left: cut.blob_size(),
        watch,
        failed: None,
    };
    let mut blob = BufReader::with_capacity(at_once, blob);
    let looked = inspect(&mut blob);
    if let Some(failure) = blob.into_inner().failed {
        return Err(failure);
    }
    looked.map_err(|error| {
        Failure::new(ExitStatus::Failed, "cannot look into the blob").because(&error)
    })
}

/// The blob's bytes, verified and mended as they are read.
struct Blob<'a> {
    bundle: &'a Bundle,
    at: u64,
    left: u64,
    watch: &'a dyn Watch,
    failed: Option<Failure>,
}

impl Read for Blob<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.watch.stop() {
            self.failed = Some(explain(&BundleError::Interrupted));
            return Err(io::Error::other("interrupted"));
        }
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(to.len());
        let (to, _) = to.split_at_mut(most);
        if let Err(error) = self.bundle.read(self.at, to) {
            self.failed = Some(explain(&error));
            return Err(io::Error::other("unreadable"));
        }
        let read = u64::try_from(most).unwrap_or(u64::MAX);
        self.at = self.at.saturating_add(read);
        self.left = self.left.saturating_sub(read);
        self.watch.advance(read);
        Ok(most)
    }
}

fn facts(bundle: &Bundle, args: &InspectArgs, began: Instant) -> Facts {
    let (manifest, cut) = (bundle.manifest(), &bundle.manifest().geometry);
    let (blob, properties) = (&manifest.blob, &manifest.blob.properties);
    let mut facts = Facts::new("blob", cut.blob_size(), began);
    facts.add("name", &blob.name);
    facts.add("bundle", &args.bundle.dir.display());
    facts.add("sha256", &blob.sha256);
    facts.add("md5", &blob.md5);
    facts.add("crc64", &blob.crc64);
    facts.add_some("content type", properties.content_type.as_ref());
    facts.add_some("content md5", properties.content_md5);
    for (name, value) in &properties.metadata {
        facts.row("metadata", format!("{name}={value}"));
    }
    facts.field("metadata", json!(properties.metadata));
    facts.row(
        "parts",
        format!(
            "{} of {}",
            quantity::count(cut.parts().into(), "part"),
            Size(cut.part_size()).exact()
        ),
    );
    facts.row("parity", parity(cut.per_group(), cut.groups()));
    facts.field("parts", cut.parts());
    facts.field("part_size", cut.part_size());
    facts.field("block_size", cut.block_size());
    facts.field("parity", cut.parity());
    facts.field("groups", cut.groups());
    if let Some(chain) = &manifest.chain {
        facts.row(
            "channel",
            format!("{} number {}", chain.channel, chain.sequence),
        );
        facts.field("channel", chain.channel.as_str());
        facts.field("sequence", chain.sequence);
        facts.add_some("previous", chain.previous);
    }
    facts.add("created", &manifest.created);
    facts.add("tool", &manifest.tool);
    facts.add("manifest", &bundle.manifest_sha256());
    add_signers(&mut facts, bundle);
    for field in bundle.unknown_fields() {
        facts.row("unknown field", field);
    }
    facts.field("unknown_fields", bundle.unknown_fields().to_vec());
    facts
}

fn parity(per_group: u32, groups: u32) -> String {
    match (per_group, groups) {
        (0, _) => "none".to_owned(),
        (lost, 1) => format!("mends {}", quantity::count(lost.into(), "lost part")),
        (lost, groups) => {
            let lost = quantity::count(lost.into(), "lost part");
            format!("mends {lost} in each of {groups} groups")
        }
    }
}

/// Who signed, as far as that is known.
pub(crate) fn add_signers(facts: &mut Facts, bundle: &Bundle) {
    let signed = bundle.signed_by();
    for by in signed {
        let SignedBy {
            fingerprint,
            algorithm,
            principals,
            ..
        } = by;
        let who = principals
            .as_deref()
            .unwrap_or("a key that nobody vouches for");
        facts.row("signed by", format!("{who}: {fingerprint} ({algorithm})"));
    }
    if signed.is_empty() {
        facts.row("signed by", "nobody");
    }
    let signed: Vec<_> = signed
        .iter()
        .map(|by| {
            json!({"file": by.file, "fingerprint": by.fingerprint, "algorithm": by.algorithm, "principals": by.principals})
        })
        .collect();
    facts.field("signed_by", signed);
}
