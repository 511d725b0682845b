//! Tokens from six versions of Microsoft's Python SDK verify, and none does once a field of it is changed.

use serde_json::Value;

use super::*;

/// From the SDK that the project names.
const CURRENT: &str = include_str!("../../../../../fixtures/sas-vectors.json");
/// From older ones, and of the kinds that the other file leaves out.
pub(super) const VERSIONS: &str = include_str!("vectors.json");

/// Every token, as a request that it allows.
fn requests() -> Vec<(String, Request)> {
    let current: Value = serde_json::from_str(CURRENT).unwrap();
    let mut all = Vec::new();
    for vector in current["vectors"].as_array().unwrap() {
        let arg = |name: &str| vector["args"][name].as_str().unwrap_or_default();
        let mut request = Request::new(vector["token"].as_str().unwrap());
        request.address = address(arg("account_name"), arg("container_name"), arg("blob_name"));
        all.push((vector["name"].as_str().unwrap().to_owned(), request));
    }
    let versions: Value = serde_json::from_str(VERSIONS).unwrap();
    for vector in versions["sas"].as_array().unwrap() {
        let name = vector[0].as_str().unwrap();
        let mut request = Request::new(vector[1].as_str().unwrap());
        if name.ends_with(" blob") {
            request.address.blob = "dir/my blob+ü.tar".into();
        }
        if name.ends_with("request") {
            let query = format!("/transfer/a?timeout=30&{}", vector[1].as_str().unwrap());
            request.uri = query.parse().unwrap();
            request = request.header("x-ms-client-request-id", "req 7");
        }
        request.policies = vec![Policy {
            id: "carry".into(),
            start: None,
            expiry: Some("2027-01-01".into()),
            permission: Some("rl".into()),
        }];
        all.push((name.to_owned(), request));
    }
    for (_, request) in &mut all {
        if request.uri.query().unwrap().contains("sp=rdl") || request.address.blob.is_empty() {
            request.operation = Operation::ListBlobs;
        }
    }
    all
}

#[test]
fn tokens_of_microsofts_sdk_verify() {
    let all = requests();
    assert_eq!(all.len(), 30);
    for (name, request) in all {
        assert_eq!(request.check_injected(), Ok(()), "{name}");
    }
}

#[test]
fn no_token_survives_a_changed_field() {
    let mut tried = 0;
    for (name, mut request) in requests() {
        let query = request.uri.query().unwrap().to_owned();
        let pairs: Vec<_> = query.split('&').collect();
        for at in 0..pairs.len() {
            for instead in ["9", "", "2026-11-30", "racwdl", "c"] {
                let mut changed: Vec<String> = pairs.iter().map(|&pair| pair.into()).collect();
                let field = pairs[at].split('=').next().unwrap();
                changed[at] = format!("{field}={instead}");
                if changed[at] == pairs[at] {
                    continue;
                }
                request.uri = format!("/transfer/a?{}", changed.join("&"))
                    .parse()
                    .unwrap();
                let text = request.check_injected().unwrap_err().to_string();
                assert!(!text.contains("sig="), "{name}: {text}");
                tried += 1;
            }
        }
    }
    assert!(tried > 500);
}

#[test]
fn no_token_is_good_for_another_address_or_key() {
    for (name, mut request) in requests() {
        let query = Query::parse(request.uri.query().unwrap()).unwrap();
        let other = AccountKey::random();
        let lookup = |_: &DelegationFields| other.clone();
        let now = request.now;
        let refused = sas::check(&request.asked(), &query, &other, &lookup, &[], now);
        assert!(refused.is_err(), "{name}");
        request.address.account = "another".into();
        assert!(request.check_injected().is_err(), "{name}");
        if query.get("sr").is_empty() {
            continue;
        }
        request.address.account = "acct".into();
        request.address.container = "another".into();
        assert!(request.check_injected().is_err(), "{name}");
    }
}

#[test]
fn what_the_lab_signs_the_lab_takes_in_every_version() {
    let fields = DelegationFields {
        oid: "o".into(),
        tid: "t".into(),
        start: "2026-11-20T00:00:00Z".into(),
        expiry: "2026-11-23T00:00:00Z".into(),
        service: "b".into(),
        version: "2021-12-02".into(),
        delegated_tid: String::new(),
    };
    let place = address("acct", "transfer", "a");
    for version in [
        "",
        "2018-11-09",
        "2020-02-10",
        "2020-12-06",
        "2025-07-05",
        "2026-04-06",
    ] {
        let mut terms = terms("r");
        terms.version = version.into();
        let delegated = terms.sign_delegated(&place, &fields, &delegation_key(&key(), &fields));
        assert_eq!(Request::new(&delegated).code(), "allowed", "{version}");
        let other = delegated.replace("skoid=o", "skoid=p");
        assert_eq!(Request::new(&other).code(), "403 AuthenticationFailed");
        let service = terms.sign(&place, &key());
        assert_eq!(Request::new(&service).code(), "allowed", "{version}");
        let account = AccountSasTerms {
            terms,
            ..AccountSasTerms::default()
        };
        let account = account.sign("acct", &key());
        assert_eq!(Request::new(&account).code(), "allowed", "{version}");
    }
    assert_eq!(
        signed(&SasTerms {
            version: "2015-04-05".into(),
            ..terms("r")
        })
        .code(),
        "allowed"
    );
}
