//! Error codes whose meaning does not depend on the request.

use blobferry_transfer::ErrorClass as Class;

use super::Verdict;

/// What a code means; `None` for codes not in the table.
pub(super) fn by_code(code: &str) -> Option<Verdict> {
    passing(code)
        .or_else(|| denied(code))
        .or_else(|| state(code))
        .or_else(|| request(code))
}

/// Failures that pass, and bytes damaged under way.
fn passing(code: &str) -> Option<Verdict> {
    Some(match code {
        "ServerBusy" | "TooManyRequests" => {
            Verdict::plain(Class::Throttled, "the account is at its limit")
        }
        "InternalError" | "OperationTimedOut" | "AccountBeingCreated" => {
            Verdict::plain(Class::Transient, "a failure that may pass")
        }
        "Md5Mismatch" | "Crc64Mismatch" => Verdict::plain(
            Class::Damaged,
            "the bytes were damaged on their way to the service",
        ),
        "InvalidBlockList" => Verdict::plain(
            Class::BlocksLost,
            "the service no longer holds every block of the list",
        ),
        _ => return None,
    })
}

/// Who we are, and what that allows.
fn denied(code: &str) -> Option<Verdict> {
    let (meaning, hint) = match code {
        "AuthenticationFailed" | "InvalidAuthenticationInfo" => (
            "the signature or a time of the SAS does not hold",
            "the SAS may be expired, copied incompletely, made with a key that was rotated since, or \
             this machine's clock may be wrong: `blobferry sas inspect` shows its times",
        ),
        "NoAuthenticationInformation" => (
            "the request had no SAS",
            "add a SAS to the URL, or give it in a file or the environment",
        ),
        "AuthorizationPermissionMismatch" | "InsufficientAccountPermissions" => (
            "the SAS lacks a permission",
            "a source needs r, a destination w (or c for a new blob), tags need t: make a new SAS",
        ),
        "AuthorizationFailure" => (
            "the account does not let this machine in",
            "a firewall, a private endpoint or a disabled public network stands before the account: \
             run from an allowed network, or add this machine's address there",
        ),
        "AuthorizationSourceIPMismatch" => (
            "the SAS is for other addresses (sip)",
            "make a SAS without sip, or with this machine's",
        ),
        "AuthorizationProtocolMismatch" => (
            "the SAS is for https only (spr)",
            "write https:// in the URL",
        ),
        "AuthorizationServiceMismatch" => (
            "the SAS is for another service (ss)",
            "make a SAS with ss=b",
        ),
        "AuthorizationResourceTypeMismatch" => (
            "the SAS is for another type of resource (srt)",
            "make a SAS with srt=sco",
        ),
        "KeyBasedAuthenticationNotPermitted" => (
            "the account does not take SAS that were signed with its key",
            "make a user delegation SAS",
        ),
        "PublicAccessNotPermitted" => (
            "the account allows no anonymous reads",
            "add a SAS with permission r",
        ),
        "AccountIsDisabled" => (
            "the account is disabled",
            "enable the account or pay its bill",
        ),
        _ => return None,
    };
    Some(Verdict::new(Class::Denied, meaning, hint))
}

/// What stands there.
fn state(code: &str) -> Option<Verdict> {
    let (class, meaning, hint) = match code {
        "BlobNotFound" | "ResourceNotFound" => (
            Class::NotFound,
            "there is no such blob",
            "check the blob's name; it is case-sensitive",
        ),
        "ContainerNotFound" => (
            Class::NotFound,
            "there is no such container",
            "check the container's name, or create it",
        ),
        "BlobAlreadyExists" | "UnauthorizedBlobOverwrite" => (
            Class::Exists,
            "a blob of this name exists and must not be replaced",
            "choose another name, or allow the replacement: --overwrite true and permission w",
        ),
        "BlobImmutableDueToPolicy" => (
            Class::Rejected,
            "an immutability policy or a legal hold protects the blob",
            "choose another name, or ask the container's owner to lift the policy",
        ),
        "BlobArchived" | "BlobBeingRehydrated" => (
            Class::Rejected,
            "the blob is in the Archive tier and cannot be read",
            "rehydrate it first: az storage blob set-tier --tier Hot (takes hours)",
        ),
        "InvalidBlobType" => (
            Class::Rejected,
            "a page blob or an append blob stands there, where a block blob is wanted",
            "choose another name, or delete it first",
        ),
        "LeaseIdMissing" | "LeaseAlreadyPresent" | "LeaseIdMismatchWithBlobOperation" => (
            Class::Rejected,
            "somebody holds a lease on the blob",
            "break the lease, or wait for its end",
        ),
        "InsufficientStorage" | "AccountCapacityExceeded" => (
            Class::Full,
            "the account is full",
            "make room there, or raise its limit",
        ),
        "PendingCopyOperation" => (
            Class::Rejected,
            "another copy to this blob is under way",
            "wait for it, or abort it",
        ),
        "ContainerBeingDeleted" | "ContainerDisabled" => (
            Class::Rejected,
            "the container is being deleted",
            "create it anew: the name is free again after about 30 s",
        ),
        _ => return None,
    };
    Some(Verdict::new(class, meaning, hint))
}

/// What the request said.
fn request(code: &str) -> Option<Verdict> {
    let (class, meaning, hint) = match code {
        "InvalidBlobOrBlock" | "InvalidBlockId" => (
            Class::Rejected,
            "uncommitted blocks with ids of another length stand at the destination",
            "another tool left them: choose another blob name, or let that tool finish; the service \
             drops them after 7 days",
        ),
        "BlockCountExceedsLimit" => (
            Class::Rejected,
            "100,000 uncommitted blocks stand at the destination",
            "choose another blob name: the service drops them after 7 days",
        ),
        "RequestBodyTooLarge" | "BlockListTooLong" => (
            Class::Rejected,
            "the block is larger than this x-ms-version takes",
            "choose a smaller --block-size-mb",
        ),
        "InvalidMetadata" | "MetadataTooLarge" | "EmptyMetadataKey" => (
            Class::Rejected,
            "the metadata's names or values are not allowed, or longer than 8 KiB together",
            "replace them with --metadata",
        ),
        "InvalidTag" | "InvalidTags" | "TagsTooLarge" => (
            Class::Rejected,
            "the tags are not allowed",
            "at most 10, keys to 128 and values to 256 characters",
        ),
        "FeatureVersionMismatch" | "UnsupportedVersion" => (
            Class::Rejected,
            "the blob needs another x-ms-version",
            "try --x-ms-version 2021-12-02 or newer",
        ),
        "InvalidHeaderValue" | "UnsupportedHeader" => (
            Class::Rejected,
            "the service does not take one of the request's headers",
            "an older service may not know this x-ms-version: try --x-ms-version with an older date",
        ),
        // Azurite before 3.37 answers 500 FeatureNotSupported to a CRC-64.
        "NotImplemented" | "FeatureNotSupported" => (
            Class::Unsupported,
            "the service does not offer this operation",
            "",
        ),
        _ => return None,
    };
    Some(Verdict::new(class, meaning, hint))
}
