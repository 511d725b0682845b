//! Every row of the table.

use blobferry_transfer::ErrorClass::{self as Class, *};

use super::*;
use Operation::{Commit, Get, Properties, Stage, StageFrom};

fn class(operation: Operation, status: u16, code: &str) -> Class {
    classify(
        operation,
        Refusal {
            status,
            code,
            ..Refusal::default()
        },
    )
    .class
}

#[test]
fn what_passes_is_repeated() {
    for (status, code, wanted) in [
        (503, "ServerBusy", Throttled),
        (429, "", Throttled),
        (500, "OperationTimedOut", Transient),
        (500, "InternalError", Transient),
        (408, "", Transient),
        (500, "", Transient),
        (502, "", Transient),
        (503, "", Transient),
        (504, "", Transient),
        (400, "Md5Mismatch", Damaged),
        (400, "Crc64Mismatch", Damaged),
    ] {
        assert_eq!(class(Stage, status, code), wanted, "{status} {code}");
    }
    assert_eq!(class(Commit, 400, "InvalidBlockList"), BlocksLost);
}

#[test]
fn what_does_not_pass_is_not() {
    for (operation, status, code, wanted) in [
        (Get, 403, "AuthorizationFailure", Denied),
        (Get, 403, "AuthorizationPermissionMismatch", Denied),
        (Get, 403, "AuthenticationFailed", Denied),
        (Get, 401, "NoAuthenticationInformation", Denied),
        (Get, 401, "", Denied),
        (Get, 403, "SomethingNew", Denied),
        (Get, 404, "BlobNotFound", NotFound),
        (Properties, 404, "", NotFound),
        (Stage, 404, "ContainerNotFound", NotFound),
        (Get, 412, "ConditionNotMet", Changed),
        (Get, 412, "", Changed),
        (Get, 416, "InvalidRange", Changed),
        (Commit, 412, "ConditionNotMet", Exists),
        (Commit, 412, "TargetConditionNotMet", Exists),
        (Commit, 409, "BlobAlreadyExists", Exists),
        (Commit, 403, "UnauthorizedBlobOverwrite", Exists),
        (Commit, 409, "BlobImmutableDueToPolicy", Rejected),
        (Commit, 412, "LeaseIdMissing", Rejected),
        (Get, 409, "BlobArchived", Rejected),
        (Commit, 409, "InvalidBlobType", Rejected),
        (Stage, 400, "InvalidBlobOrBlock", Rejected),
        (Stage, 409, "BlockCountExceedsLimit", Rejected),
        (Stage, 413, "RequestBodyTooLarge", Rejected),
        (Stage, 413, "", Rejected),
        (Get, 400, "InvalidHeaderValue", Rejected),
        (Get, 302, "", Rejected),
        (Get, 407, "", Denied),
        (Commit, 418, "", Rejected),
        (Stage, 500, "FeatureNotSupported", Unsupported),
    ] {
        assert_eq!(
            class(operation, status, code),
            wanted,
            "{operation} {status} {code}"
        );
    }
}

#[test]
fn a_server_side_copy_listens_to_the_source() {
    for (status, code, source_status, source_code, wanted) in [
        (412, "SourceConditionNotMet", None, "", Changed),
        (412, "CannotVerifyCopySource", None, "", Changed),
        (
            400,
            "CannotVerifyCopySource",
            Some(412),
            "ConditionNotMet",
            Changed,
        ),
        (403, "CannotVerifyCopySource", None, "", Unsupported),
        (404, "CannotVerifyCopySource", None, "", Unsupported),
        (401, "CannotVerifyCopySource", Some(401), "", Unsupported),
        (
            403,
            "CannotVerifyCopySource",
            Some(403),
            "AuthenticationFailed",
            Unsupported,
        ),
        (500, "CannotVerifyCopySource", None, "", Unsupported),
        (
            500,
            "CannotVerifyCopySource",
            Some(503),
            "ServerBusy",
            Throttled,
        ),
        (
            500,
            "CannotVerifyCopySource",
            Some(500),
            "InternalError",
            Transient,
        ),
        (429, "CannotVerifyCopySource", None, "", Throttled),
        (503, "ServerBusy", None, "", Throttled),
        (500, "InternalError", None, "", Transient),
        (400, "Crc64Mismatch", None, "", Damaged),
        (400, "InvalidHeaderValue", None, "", Unsupported),
        (400, "", None, "", Unsupported),
        (501, "NotImplemented", None, "", Unsupported),
        (404, "BlobNotFound", None, "", Unsupported),
        (404, "ContainerNotFound", None, "", NotFound),
        (400, "InvalidBlobOrBlock", None, "", Rejected),
        (403, "AuthorizationPermissionMismatch", None, "", Denied),
    ] {
        let refusal = Refusal {
            status,
            code,
            source_status,
            source_code,
        };
        assert_eq!(classify(StageFrom, refusal).class, wanted, "{refusal:?}");
    }
}

#[test]
fn a_refused_credential_always_comes_with_meaning_and_hint() {
    for code in [
        "AuthenticationFailed",
        "AuthorizationPermissionMismatch",
        "AuthorizationFailure",
    ] {
        let verdict = classify(
            Get,
            Refusal {
                status: 403,
                code,
                ..Refusal::default()
            },
        );
        assert!(
            !verdict.meaning.is_empty() && !verdict.hint.is_empty(),
            "{code}"
        );
    }
}
