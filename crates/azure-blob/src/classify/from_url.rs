//! Put Block From URL: two services in one answer. What the source said decides, where it is told.
//!
//! Anything that keeps this pair of services from copying is `Unsupported`, never fatal: the same
//! bytes may well pass through this machine, and the relay then says precisely what is wrong.

use blobferry_transfer::ErrorClass as Class;

use super::{Refusal, Verdict};

/// The verdict on what concerns the source; `None` for refusals by the destination itself.
pub(super) fn verdict(refusal: Refusal<'_>) -> Option<Verdict> {
    let changed = Verdict::plain(
        Class::Changed,
        "the source was replaced since it was first read",
    );
    match refusal.code {
        "SourceConditionNotMet" => return Some(changed),
        "Md5Mismatch" | "Crc64Mismatch" => {
            return Some(Verdict::plain(
                Class::Damaged,
                "the bytes fetched are not the bytes expected",
            ));
        }
        _ => {}
    }
    // Newer services tell what the source answered; older ones pass its status on as their own.
    if let Some(status) = refusal.source_status {
        return Some(by_source(status, refusal.source_code, changed));
    }
    match (refusal.code, refusal.status) {
        ("CannotVerifyCopySource", 412 | 416) => Some(changed),
        ("CannotVerifyCopySource", 429) => Some(by_source(429, "", changed)),
        // Includes 500 "could not verify the copy source within the specified time": not reachable.
        // No destination blob need exist, so what was not found is the source.
        ("CannotVerifyCopySource" | "BlobNotFound" | "ResourceNotFound", _) | ("", 404) => {
            Some(unreachable_source())
        }
        ("NotImplemented" | "CopyAcrossAccountsNotSupported" | "CopyIdMismatch", _)
        | (_, 501 | 405) => Some(not_offered()),
        ("InvalidBlobOrBlock" | "InvalidBlockId", _) => None,
        (_, 400 | 411) => Some(not_offered()),
        _ => None,
    }
}

fn by_source(status: u16, code: &str, changed: Verdict) -> Verdict {
    match (status, code) {
        (_, "ServerBusy") | (429, _) => {
            Verdict::plain(Class::Throttled, "the source is at its limit")
        }
        (412 | 416, _) => changed,
        (408 | 500 | 502 | 503 | 504, _) => {
            Verdict::plain(Class::Transient, "the source had a failure that may pass")
        }
        _ => unreachable_source(),
    }
}

fn unreachable_source() -> Verdict {
    Verdict::new(
        Class::Unsupported,
        "the destination's service cannot read the source",
        "the source's firewall, private endpoint or SAS does not let it: use --via relay",
    )
}

fn not_offered() -> Verdict {
    Verdict::new(
        Class::Unsupported,
        "the service does not do this server-side copy",
        "use --via relay",
    )
}
