//! A long list dealt to several runs, each with a blob of its own.

use std::collections::HashSet;

use super::Artifact;

/// One run's share of a long list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// `NAME`, or `NAME-001`, … where there are several.
    pub blob: String,
    /// At most 50.
    pub artifacts: Vec<Artifact>,
}

/// Deals artifacts to runs, in order, duplicates left out; a tag and the digest it names are kept both. `blob` gets its
/// number before a file extension it may have (`name-001.tar`). `most` 0 counts as 1; no artifacts make no batch.
#[must_use]
pub fn batches(artifacts: &[Artifact], blob: &str, most: usize) -> Vec<Batch> {
    let mut seen = HashSet::new();
    let once: Vec<_> = artifacts.iter().filter(|one| seen.insert(*one)).collect();
    let shares: Vec<_> = once.chunks(most.max(1)).collect();
    let width = shares.len().to_string().len().max(3);
    let (stem, extension) = blob.split_at(blob.len() - extension(blob).len());
    (1..)
        .zip(&shares)
        .map(|(number, share)| Batch {
            blob: if shares.len() == 1 {
                blob.to_owned()
            } else {
                format!("{stem}-{number:0width$}{extension}")
            },
            artifacts: share.iter().copied().cloned().collect(),
        })
        .collect()
}

/// `.tar`, `.tar.gz` and the like: at most eight letters and digits with a letter first, so that `app-1.2` has none.
fn extension(blob: &str) -> &str {
    let file = blob
        .rfind('/')
        .map_or(blob, |slash| blob.get(slash + 1..).unwrap_or_default());
    let end = last_extension(file);
    let before = file
        .get(..file.len() - end.len())
        .map_or("", last_extension);
    let both = before.eq_ignore_ascii_case(".tar") && !end.is_empty();
    let length = if both { before.len() } else { 0 } + end.len();
    file.get(file.len() - length..).unwrap_or_default()
}

fn last_extension(file: &str) -> &str {
    let Some(dot) = file.rfind('.').filter(|dot| *dot > 0) else {
        return "";
    };
    let extension = file.get(dot..).unwrap_or_default();
    let mut letters = extension.bytes().skip(1);
    let is_one = extension.len() <= 9
        && letters
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric());
    if is_one { extension } else { "" }
}
