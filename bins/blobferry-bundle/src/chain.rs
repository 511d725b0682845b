//! A bundle's place in its channel, from the bundle before it.

use std::path::Path;

use blobferry_bundle::{Chain, LONGEST_MANIFEST, MANIFEST, Manifest};
use blobferry_integrity::Sha256Digest;
use blobferry_terminal::Failure;

use crate::cli::PackArgs;
use crate::{place, value};

/// The bytes of the manifest that a path names: itself, or in a bundle's directory.
pub(crate) fn manifest_at(path: &Path) -> Result<Vec<u8>, Failure> {
    let inside = path.join(MANIFEST);
    let file = if path.is_dir() { &inside } else { path };
    place::small_file("--previous", file, LONGEST_MANIFEST)
}

/// The next place in the channel that the command line names.
pub(crate) fn next(args: &PackArgs) -> Result<Option<Chain>, Failure> {
    let channel = args.channel.as_deref();
    let channel = channel.map(|name| value::flag("--channel", value::channel(name)));
    let channel = channel.transpose()?;
    let Some(path) = &args.previous else {
        return Ok(channel.map(|channel| Chain {
            channel,
            sequence: 1,
            previous: None,
        }));
    };
    let wrong = |reason: String| Failure::usage(format!("--previous {}: {reason}", path.display()));
    let bytes = manifest_at(path)?;
    let (manifest, _) = Manifest::parse(&bytes)
        .map_err(|error| wrong("is no bundle's manifest".to_owned()).because(&error))?;
    let Some(before) = manifest.chain else {
        return Err(wrong("that bundle belongs to no channel".to_owned())
            .hint("begin one: give --channel without --previous"));
    };
    if let Some(channel) = channel.filter(|channel| *channel != before.channel) {
        let other = &before.channel;
        return Err(wrong(format!(
            "that bundle is of the channel {other}, not of {channel}"
        )));
    }
    let sequence = before.sequence.checked_add(1);
    Ok(Some(Chain {
        channel: before.channel,
        sequence: sequence.ok_or_else(|| wrong("the channel is at its end".to_owned()))?,
        previous: Some(Sha256Digest::of(&bytes)),
    }))
}
