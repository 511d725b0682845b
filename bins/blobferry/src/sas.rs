//! `blobferry sas inspect`: what a SAS allows, without any connection and without its signature.

use std::ffi::OsStr;
use std::io::Read as _;

use blobferry_azure_blob::sas::{Ability, Inspection, SasFinding, SasKind, Severity, UrlError};
use blobferry_azure_blob::{Plaintext, SasToken, SasUrl};
use blobferry_console::report::{Rows, line};
use blobferry_console::{ExitStatus, Failure, quantity};
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::{SasArgs, SasCommand};
use crate::streams::{Streams, written};

/// Longest text read from standard input, in bytes: a SAS has a few hundred.
const LONGEST: u64 = 64 << 10;

/// Where a SAS without a URL is looked at: a name that RFC 2606 keeps from existing.
const NOWHERE: &str = "https://account.invalid/container/blob";

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    inspection: &'a Inspection,
}

/// The last line where the SAS is good for something.
#[derive(Serialize)]
struct Usable {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
}

/// Runs a `sas` command.
pub(crate) fn run(args: &SasArgs, streams: &Streams) -> Result<ExitStatus, Failure> {
    let SasCommand::Inspect { sas } = &args.command;
    let now = Timestamp::now();
    let inspection = inspect(&text(sas)?, now)?;
    let mut to = streams.results();
    written(if streams.is_json() {
        line(
            &mut to,
            &Record {
                kind: "sas",
                inspection: &inspection,
            },
        )
    } else {
        rows(&inspection, now).write(&mut to)
    })?;
    verdict(&inspection)?;
    if streams.is_json() {
        written(line(
            &mut to,
            &Usable {
                kind: "summary",
                status: "usable",
            },
        ))?;
    }
    Ok(ExitStatus::Done)
}

fn text(argument: &OsStr) -> Result<String, Failure> {
    let not_text = || Failure::usage("a SAS is ASCII text");
    if argument != "-" {
        return argument.to_str().map(str::to_owned).ok_or_else(not_text);
    }
    let mut text = String::new();
    let read = std::io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_string(&mut text);
    read.map_err(|error| {
        Failure::usage("cannot read the SAS from standard input").because(&error)
    })?;
    Ok(text)
}

fn inspect(text: &str, now: Timestamp) -> Result<Inspection, Failure> {
    let text = text.trim();
    let unusable = |error: &UrlError| {
        let failure = Failure::usage("this cannot be inspected").because(error);
        error.hint().into_iter().fold(failure, Failure::hint)
    };
    if !text.contains("://") {
        let token = SasToken::parse(text).map_err(|error| unusable(&UrlError::Sas(error)))?;
        let url = SasUrl::parse(NOWHERE, Plaintext::Anywhere).map_err(|error| unusable(&error))?;
        let mut inspection = Inspection::new(&url, &token, now);
        inspection.url = String::new();
        return Ok(inspection);
    }
    let (url, address) = match SasUrl::parse(text, Plaintext::Anywhere) {
        Ok(url) => (url, None),
        // A container's URL: a blob in it stands for all.
        Err(UrlError::NoBlob { url, .. }) => {
            let (path, query) = text.split_once('?').unwrap_or((text, ""));
            let blob = format!("{}/container/blob?{query}", path.trim_end_matches('/'));
            (
                SasUrl::parse(&blob, Plaintext::Anywhere).map_err(|error| unusable(&error))?,
                Some(url),
            )
        }
        Err(error) => return Err(unusable(&error)),
    };
    let token = url.sas().ok_or_else(|| {
        Failure::usage("the URL has no SAS")
            .hint("put it in single quotes, whole, with everything behind the `?`")
    })?;
    let mut inspection = Inspection::new(&url, token, now);
    if let Some(address) = address {
        inspection.url = address;
    }
    Ok(inspection)
}

/// A SAS that is good for nothing we do, at this time, is a failure of the credential.
fn verdict(inspection: &Inspection) -> Result<(), Failure> {
    if inspection
        .abilities
        .iter()
        .any(|ability| ability.able != Some(false))
    {
        return Ok(());
    }
    let refused = Failure::new(ExitStatus::Denied, "the SAS cannot be used");
    // What speaks against every use is the reason; the rest is in the rows above.
    let reasons = common(inspection)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Fatal);
    Err(reasons.fold(refused, |failure, finding| {
        failure.cause(&finding.message).hint(&finding.hint)
    }))
}

fn rows(inspection: &Inspection, now: Timestamp) -> Rows {
    let mut rows = Rows::default();
    if !inspection.url.is_empty() {
        rows.add("url", &inspection.url);
    }
    rows.add("kind", kind(inspection));
    rows.add_some("version", inspection.version.as_ref());
    let words = inspection
        .permissions
        .iter()
        .map(|one| format!("{} {}", one.letter, one.word));
    let words = words.collect::<Vec<_>>().join(", ");
    rows.add(
        "permissions",
        if words.is_empty() {
            "held by the stored access policy".to_owned()
        } else {
            words
        },
    );
    rows.add_some(
        "valid from",
        inspection.valid_from.map(|at| from_or_until(at, now)),
    );
    rows.add_some(
        "valid until",
        inspection.valid_until.map(|at| from_or_until(at, now)),
    );
    rows.add(
        "protocols",
        inspection.protocols.as_deref().unwrap_or("https, http"),
    );
    rows.add(
        "from",
        inspection.ip_range.as_deref().unwrap_or("any address"),
    );
    rows.add_some("policy", inspection.stored_access_policy.as_ref());
    rows.add_some("encryption", inspection.encryption_scope.as_ref());
    let common = common(inspection);
    for ability in &inspection.abilities {
        rows.add(ability.purpose.words(), in_words(ability, &common));
    }
    for finding in &common {
        rows.add("note", format!("{}; {}", finding.message, finding.hint));
    }
    rows
}

/// What speaks against every use, or is to be known for every use.
fn common(inspection: &Inspection) -> Vec<&SasFinding> {
    let Some((first, rest)) = inspection.abilities.split_first() else {
        return Vec::new();
    };
    let everywhere = |finding: &&SasFinding| {
        rest.iter()
            .all(|ability| ability.findings.contains(finding))
    };
    first.findings.iter().filter(everywhere).collect()
}

fn in_words(ability: &Ability, common: &[&SasFinding]) -> String {
    let mut words = match ability.able {
        Some(true) => "yes",
        Some(false) => "no",
        None => "the stored access policy decides",
    }
    .to_owned();
    let own = ability
        .findings
        .iter()
        .filter(|finding| !common.contains(finding));
    for (index, finding) in own.enumerate() {
        words.push_str(if index == 0 { ": " } else { "; " });
        words.push_str(&finding.message);
    }
    words
}

fn kind(inspection: &Inspection) -> String {
    let kind = match inspection.kind {
        SasKind::Service => "service SAS",
        SasKind::Account => "account SAS",
        SasKind::UserDelegation => "user delegation SAS",
    };
    match (
        inspection.resource,
        &inspection.services,
        &inspection.resource_types,
    ) {
        (Some(resource), ..) => format!("{kind} for a {resource}"),
        (None, Some(services), Some(types)) => {
            format!("{kind} for services {services}, resource types {types}")
        }
        _ => kind.to_owned(),
    }
}

/// `2026-02-03T04:05:06Z (in 2 h 05 min)`.
fn from_or_until(at: Timestamp, now: Timestamp) -> String {
    let apart = quantity::duration(now.duration_until(at).unsigned_abs());
    let relative = if at > now {
        format!("in {apart}")
    } else {
        format!("{apart} ago")
    };
    format!("{} ({relative})", quantity::time(at))
}
