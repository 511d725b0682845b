//! The chain of a channel: each bundle names the one before it, so that a gap, a replay and a reorder
//! show without clocks and without talking to the sender.

use blobferry_integrity::Sha256Digest;

use crate::manifest::{Chain, Manifest};

/// What is wrong with `manifest` as the successor of the manifest file with the bytes `previous`;
/// `None` when it is just that.
///
/// # Errors
/// Why the previous file is no manifest.
pub(crate) fn check(manifest: &Manifest, previous: &[u8]) -> Result<Option<String>, String> {
    let (before, _) = Manifest::parse(previous)
        .map_err(|error| format!("the previous manifest is none: {error}"))?;
    Ok(compare(
        manifest.chain.as_ref(),
        before.chain.as_ref(),
        Sha256Digest::of(previous),
    ))
}

/// The rules, in the order in which a human wants to hear of them.
fn compare(
    here: Option<&Chain>,
    before: Option<&Chain>,
    before_sha256: Sha256Digest,
) -> Option<String> {
    let (here, before) = match (here, before) {
        (Some(here), Some(before)) => (here, before),
        (None, _) => return Some("this bundle belongs to no channel".to_owned()),
        (_, None) => return Some("the previous bundle belongs to no channel".to_owned()),
    };
    let (number, last) = (here.sequence, before.sequence);
    if here.channel != before.channel {
        let (ours, theirs) = (&here.channel, &before.channel);
        return Some(format!(
            "this bundle is of the channel {ours}, the previous one of {theirs}"
        ));
    }
    if number <= last {
        return Some(format!(
            "replay: this is number {number} of the channel, and number {last} was there before it"
        ));
    }
    match number - last {
        1 if here.previous == Some(before_sha256) => None,
        1 => Some(format!(
            "fork: this is number {number}, but it follows another number {last} than the one given"
        )),
        2 => Some(format!(
            "gap: number {} of the channel is missing",
            last + 1
        )),
        _ => Some(format!(
            "gap: numbers {} to {} of the channel are missing",
            last + 1,
            number - 1
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(channel: &str, sequence: u64, previous: &[u8]) -> Chain {
        Chain {
            channel: channel.to_owned(),
            sequence,
            previous: Some(Sha256Digest::of(previous)),
        }
    }

    #[test]
    fn a_gap_a_replay_a_fork_and_another_channel_are_named() {
        let before = chain("east", 7, b"");
        let cases = [
            (chain("east", 8, b"seven"), None),
            (chain("east", 8, b"other"), Some("fork: this is number 8")),
            (chain("east", 9, b"seven"), Some("gap: number 8 of")),
            (chain("east", 12, b"seven"), Some("gap: numbers 8 to 11")),
            (chain("east", 7, b"seven"), Some("replay: this is number 7")),
            (chain("east", 2, b"seven"), Some("replay: this is number 2")),
            (chain("west", 8, b"seven"), Some("of the channel west")),
        ];
        for (here, wanted) in cases {
            let said = compare(Some(&here), Some(&before), Sha256Digest::of(b"seven"));
            match wanted {
                None => assert_eq!(said, None),
                Some(text) => assert!(said.as_ref().is_some_and(|s| s.contains(text)), "{said:?}"),
            }
        }
        let digest = Sha256Digest::of(b"");
        assert!(compare(None, Some(&before), digest).is_some());
        assert!(compare(Some(&before), None, digest).is_some());
    }
}
