//! Which permission allows which operation, as a table: "Create a service SAS" and "Create an account SAS".

use super::*;
use Operation as Op;

/// Operation; letters that suffice for a new blob; for one that exists; what an account SAS must have in `srt`; whether
/// a container SAS may, too.
const TABLE: [(Operation, &str, &str, &str, bool); 27] = [
    (Op::ListContainers, "l", "l", "s", false),
    (Op::GetServiceProperties, "r", "r", "s", false),
    (Op::SetServiceProperties, "w", "w", "s", false),
    (Op::GetUserDelegationKey, "", "", "sco", false),
    (Op::CreateContainer, "cw", "cw", "c", false),
    (Op::GetContainerProperties, "r", "r", "c", false),
    (Op::SetContainerMetadata, "w", "w", "c", false),
    (Op::GetContainerAcl, "", "", "sco", false),
    (Op::SetContainerAcl, "", "", "sco", false),
    (Op::DeleteContainer, "d", "d", "c", false),
    (Op::ListBlobs, "l", "l", "c", true),
    (Op::PutBlob, "cw", "w", "o", true),
    (Op::PutBlobFromUrl, "cw", "w", "o", true),
    (Op::PutBlock, "cw", "cw", "o", true),
    (Op::PutBlockFromUrl, "cw", "cw", "o", true),
    (Op::PutBlockList, "cw", "w", "o", true),
    (Op::GetBlockList, "r", "r", "o", true),
    (Op::GetBlob, "r", "r", "o", true),
    (Op::GetBlobProperties, "r", "r", "o", true),
    (Op::SetBlobProperties, "w", "w", "o", true),
    (Op::GetBlobMetadata, "r", "r", "o", true),
    (Op::SetBlobMetadata, "w", "w", "o", true),
    (Op::GetBlobTags, "t", "t", "o", true),
    (Op::SetBlobTags, "t", "t", "o", true),
    (Op::SetBlobTier, "w", "w", "o", true),
    (Op::CopyBlob, "cw", "w", "o", true),
    (Op::DeleteBlob, "d", "d", "o", true),
];

fn account_sas(letters: &str, types: &str) -> Request {
    let terms = AccountSasTerms {
        terms: terms(letters),
        resource_types: types.into(),
        ..AccountSasTerms::default()
    };
    Request::new(&terms.sign("acct", &key()))
}

#[test]
fn each_operation_wants_its_letter() {
    for (operation, new, exists, types, by_service_sas) in TABLE {
        for letter in ["r", "a", "c", "w", "d", "x", "l", "t", "f", "i"] {
            for (suffices, blob_exists) in [(new, false), (exists, true)] {
                let case = format!("{operation:?} {letter} {blob_exists}");
                let expected = match suffices {
                    "" => "403 AuthorizationFailure",
                    _ if suffices.contains(letter) => "allowed",
                    _ => "403 AuthorizationPermissionMismatch",
                };
                let mut request = account_sas(letter, types);
                request.operation = operation;
                request.blob_exists = blob_exists;
                assert_eq!(request.code(), expected, "account SAS: {case}");

                let mut request = signed(&terms(letter));
                request.operation = operation;
                request.blob_exists = blob_exists;
                let expected = if by_service_sas {
                    expected
                } else {
                    "403 AuthorizationFailure"
                };
                assert_eq!(request.code(), expected, "service SAS: {case}");
            }
        }
    }
}

#[test]
fn an_account_sas_wants_its_resource_type_and_service() {
    for (operation, _, exists, types, _) in TABLE {
        if exists.is_empty() {
            continue;
        }
        for given in ["s", "c", "o"].into_iter().filter(|given| *given != types) {
            let mut request = account_sas("rwdlct", given);
            request.operation = operation;
            assert_eq!(
                request.code(),
                "403 AuthorizationResourceTypeMismatch",
                "{operation:?} {given}"
            );
        }
    }
    let queues = AccountSasTerms {
        terms: terms("r"),
        services: "qf".into(),
        ..AccountSasTerms::default()
    };
    let request = Request::new(&queues.sign("acct", &key()));
    assert_eq!(request.code(), "403 AuthorizationServiceMismatch");
}

#[test]
fn tags_that_come_with_a_write_want_their_own_letter() {
    for (letters, code) in [
        ("w", "403 AuthorizationPermissionMismatch"),
        ("wt", "allowed"),
    ] {
        let mut request = signed(&terms(letters)).header("x-ms-tags", "a=b");
        request.operation = Operation::PutBlockList;
        assert_eq!(request.code(), code);
    }
}

#[test]
fn account_information_takes_any_sas() {
    for request in [signed(&terms("l")), account_sas("d", "o")] {
        let mut request = request;
        request.operation = Operation::GetAccountInformation;
        assert_eq!(request.code(), "allowed");
    }
}

#[test]
fn a_blob_sas_is_good_for_its_blob_alone() {
    let query = terms("rl").sign(&address("acct", "transfer", "a"), &key());
    let mut request = Request::new(&query);
    assert_eq!(request.code(), "allowed");
    request.address.blob = "b".into();
    assert_eq!(request.code(), "403 AuthenticationFailed");
    request.address.blob = String::new();
    request.operation = Operation::ListBlobs;
    assert_eq!(request.code(), "403 AuthenticationFailed");
}
