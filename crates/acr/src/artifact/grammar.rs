//! The reference grammar of the OCI distribution specification (v1.1, "Pulling manifests"), with answers that tell what
//! would do.

use super::{ArtifactError, is_digest};

/// The specification leaves it open and names 255 as what many clients take, host included.
const LONGEST_REPOSITORY: usize = 255;

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
const LONGEST_TAG: usize = 128;

/// A reference taken apart, not yet judged.
pub(super) struct Parts<'a> {
    pub(super) repository: &'a str,
    pub(super) tag: Option<&'a str>,
    pub(super) digest: Option<&'a str>,
}

pub(super) fn error(text: &str, reason: impl Into<String>) -> ArtifactError {
    ArtifactError {
        text: text.to_owned(),
        reason: reason.into(),
    }
}

/// Takes it apart; refuses a tag together with a digest.
pub(super) fn split(text: &str) -> Result<Parts<'_>, ArtifactError> {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    // A colon before the last slash belongs to no tag.
    let path = name.rfind('/').map_or(0, |slash| slash + 1);
    let (repository, tag) = match name.get(path..).and_then(|last| last.find(':')) {
        Some(colon) => (
            name.get(..path + colon).unwrap_or_default(),
            name.get(path + colon + 1..),
        ),
        None => (name, None),
    };
    if tag.is_some() && digest.is_some() {
        return Err(error(text, "give a tag or a digest, not both"));
    }
    Ok(Parts {
        repository,
        tag,
        digest,
    })
}

/// A dot alone makes no host: `docker.io/library/nginx` is what mirrors call their repositories.
pub(super) fn refuse_host(text: &str) -> Result<(), ArtifactError> {
    if text.contains("://") {
        return Err(error(text, "give the artifact without scheme and registry"));
    }
    let Some((first, rest)) = text.split_once('/') else {
        return Ok(());
    };
    if first.contains(':') || first.to_ascii_lowercase().contains(".azurecr.") {
        return Err(error(
            text,
            format!("leave the registry {first:?} away: {rest:?}"),
        ));
    }
    Ok(())
}

pub(super) fn repository(text: &str, name: &str) -> Result<(), ArtifactError> {
    refuse_upper_case(text, name)?;
    check_length(text, name)?;
    if name.split('/').all(is_component) {
        return Ok(());
    }
    Err(error(
        text,
        format!(
            "{name:?} is no repository: parts of a-z and 0-9, joined by '.', '_', '__' or '-', with '/' between the parts"
        ),
    ))
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = part.bytes().next().is_some_and(plain) && part.bytes().last().is_some_and(plain);
    ends && part
        .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|b| b == b'-'))
}

/// As a repository, with `*` and `?` anywhere.
pub(super) fn repository_pattern(text: &str, pattern: &str) -> Result<(), ArtifactError> {
    refuse_upper_case(text, pattern)?;
    check_length(text, pattern)?;
    if !pattern.contains(['*', '?']) {
        return repository(text, pattern);
    }
    let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/' | b'*' | b'?');
    if pattern.bytes().all(known) {
        return Ok(());
    }
    Err(error(
        text,
        "a pattern of repositories holds a-z, 0-9, '.', '_', '-', '/', '*' and '?'",
    ))
}

fn refuse_upper_case(text: &str, name: &str) -> Result<(), ArtifactError> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(error(
            text,
            format!(
                "repositories are lower case by the OCI distribution specification: {:?}",
                name.to_ascii_lowercase()
            ),
        ));
    }
    Ok(())
}

fn check_length(text: &str, name: &str) -> Result<(), ArtifactError> {
    match name.len() {
        0 => Err(error(text, "the repository is missing")),
        1..=LONGEST_REPOSITORY => Ok(()),
        _ => Err(error(
            text,
            format!("a repository has at most {LONGEST_REPOSITORY} characters"),
        )),
    }
}

pub(super) fn tag(text: &str, tag: &str) -> Result<(), ArtifactError> {
    if tag_like(tag, is_tag_byte) {
        return Ok(());
    }
    Err(error(
        text,
        format!(
            "{tag:?} is no tag: 1 to {LONGEST_TAG} of A-Z, a-z, 0-9, '_', '.' and '-', the first neither '.' nor '-'"
        ),
    ))
}

pub(super) fn tag_pattern(text: &str, pattern: &str) -> Result<(), ArtifactError> {
    if tag_like(pattern, |byte| {
        is_tag_byte(byte) || matches!(byte, b'*' | b'?')
    }) {
        return Ok(());
    }
    Err(error(
        text,
        format!("{pattern:?} is no pattern of tags: letters, digits, '_', '.', '-', '*' and '?'"),
    ))
}

fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

fn tag_like(tag: &str, known: impl Fn(u8) -> bool) -> bool {
    tag.len() <= LONGEST_TAG
        && tag.bytes().all(known)
        && !tag.is_empty()
        && !tag.starts_with(['.', '-'])
}

pub(super) fn digest(text: &str, digest: &str) -> Result<(), ArtifactError> {
    if is_digest(digest) {
        return Ok(());
    }
    Err(error(
        text,
        format!("{digest:?} is no digest: sha256: and 64 of 0-9 and a-f"),
    ))
}
