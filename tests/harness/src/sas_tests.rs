//! The minting against tokens of Microsoft's Python SDK, and the search for a signature against its own forms.

use serde_json::Value;

use super::*;

fn vectors() -> Vec<Value> {
    let text = include_str!("../../../fixtures/sas-vectors.json");
    let all: Value = serde_json::from_str(text).unwrap();
    all["vectors"].as_array().unwrap().clone()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn pairs(query: &str) -> Vec<String> {
    let mut pairs: Vec<String> = query
        .split('&')
        .map(|pair| pair.replace("%2F", "/"))
        .collect();
    pairs.sort_unstable();
    pairs
}

#[test]
fn service_sas_equals_the_sdk_tokens() {
    let mut seen = 0;
    for vector in vectors() {
        let args = &vector["args"];
        if args["account_key"].is_null() {
            continue; // user delegation: signed with another kind of key
        }
        let account = Account {
            name: text(&args["account_name"]),
            key: text(&args["account_key"]),
        };
        let terms = Terms {
            permissions: text(&args["permission"]),
            start: None,
            expiry: text(&args["expiry"]),
            protocol: Some(text(&args["protocol"])),
            version: "2026-10-06".to_owned(),
        };
        let sas = terms
            .service(
                &account,
                args["container_name"].as_str().unwrap(),
                args["blob_name"].as_str(),
            )
            .unwrap();
        assert_eq!(
            sign(&account.key, vector["string_to_sign"].as_str().unwrap()).unwrap(),
            sas.signature
        );
        assert_eq!(
            pairs(sas.query()),
            pairs(vector["token"].as_str().unwrap()),
            "{}",
            vector["name"]
        );
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn a_signature_is_found_in_every_form() {
    let sas = Sas {
        query: "sp=r&sig=a%2Fb%2Bc%3D".to_owned(),
        signature: "a/b+c=".to_owned(),
    };
    for text in ["x a/b+c= y", "sig=a%2Fb%2Bc%3D", "sig=a%2fb%2bc%3d"] {
        assert!(sas.found_in(text.as_bytes()).is_some(), "{text}");
    }
    assert_eq!(sas.found_in(b"sp=r&sig=REDACTED"), None);
    assert_eq!(sas.redacted(), "sp=r&sig=…");
}
