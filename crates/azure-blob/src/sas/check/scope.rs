//! Whether a SAS is for this kind of thing at all: blobs, objects, containers.

use super::{SasFinding, Use};
use crate::sas::{SasKind, SasToken};

/// What the SAS's scope (`ss` and `srt`, or `sr`) has against the use; `None` where it fits.
pub(super) fn check(sas: &SasToken, purpose: Use) -> Option<SasFinding> {
    match sas.kind() {
        SasKind::Account => account(sas, purpose),
        SasKind::Service | SasKind::UserDelegation => resource(sas, purpose),
    }
}

fn account(sas: &SasToken, purpose: Use) -> Option<SasFinding> {
    if sas
        .field("ss")
        .is_some_and(|services| !services.contains('b'))
    {
        return Some(SasFinding::fatal(
            "the account SAS is not for blobs (ss lacks b)",
            "make a SAS for the container or the blob",
        ));
    }
    let (letter, thing) = if purpose == Use::List {
        ('c', "containers")
    } else {
        ('o', "objects")
    };
    if sas.field("srt").is_some_and(|types| types.contains(letter)) {
        return None;
    }
    Some(SasFinding::fatal(
        format!("the account SAS is not for {thing} (srt lacks {letter})"),
        "make an account SAS with srt=sco, or a SAS for the container",
    ))
}

fn resource(sas: &SasToken, purpose: Use) -> Option<SasFinding> {
    let again = "make a SAS for the container or the blob";
    match (sas.field("sr"), purpose) {
        (Some("b" | "bs" | "bv"), Use::List) => Some(SasFinding::fatal(
            "the SAS is for one blob (sr), not for its container",
            "make a SAS for the container (sr=c) with permission l",
        )),
        (Some("bs" | "bv"), Use::Destination | Use::Touch) => Some(SasFinding::fatal(
            "the SAS is for a snapshot or a version (sr), which cannot be written",
            "make a SAS for the blob (sr=b) or its container (sr=c)",
        )),
        (Some("b" | "bs" | "bv" | "c" | "d"), _) => None,
        (Some(other), _) => Some(SasFinding::fatal(
            format!("the SAS is not for a blob (sr={other})"),
            again,
        )),
        (None, _) => Some(SasFinding::fatal(
            "the SAS does not say for what it is (no sr, no srt)",
            again,
        )),
    }
}
