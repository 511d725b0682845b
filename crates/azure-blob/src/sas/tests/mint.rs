//! Signatures against the vectors that Microsoft's library made.

use serde_json::Value;

use crate::sas::{
    AccountKey, AccountSas, SasTime, ServiceSas, UserDelegationKey, UserDelegationSas,
};

const VECTORS: &str = include_str!("../../../../../fixtures/sas-vectors.json");

fn text(args: &Value, name: &str) -> String {
    args[name].as_str().unwrap_or_default().to_owned()
}

fn time(args: &Value, name: &'static str) -> SasTime {
    SasTime::parse(name, args[name].as_str().unwrap()).unwrap()
}

fn version(token: &str) -> String {
    let field = token.split('&').find_map(|pair| pair.strip_prefix("sv="));
    field.unwrap().to_owned()
}

#[test]
fn tokens_equal_microsofts() {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    for vector in all["vectors"].as_array().unwrap() {
        let args = &vector["args"];
        let wanted = vector["token"].as_str().unwrap();
        let (string, token) = if args["user_delegation_key"].is_object() {
            let sas = delegated(args, version(wanted));
            (sas.string_to_sign(), sas.sign().unwrap())
        } else {
            let sas = ServiceSas {
                account: text(args, "account_name"),
                container: text(args, "container_name"),
                blob: args["blob_name"].as_str().map(str::to_owned),
                permissions: text(args, "permission"),
                expiry: Some(time(args, "expiry")),
                protocols: text(args, "protocol"),
                version: version(wanted),
                ..ServiceSas::default()
            };
            let key = AccountKey::from_base64(&text(args, "account_key")).unwrap();
            (sas.string_to_sign(), sas.sign(&key).unwrap())
        };
        assert_eq!(
            string,
            vector["string_to_sign"].as_str().unwrap(),
            "{}",
            vector["name"]
        );
        assert_eq!(token.expose(), wanted, "{}", vector["name"]);
    }
}

fn delegated(args: &Value, version: String) -> UserDelegationSas {
    let key = &args["user_delegation_key"];
    UserDelegationSas {
        account: text(args, "account_name"),
        container: text(args, "container_name"),
        blob: args["blob_name"].as_str().map(str::to_owned),
        permissions: text(args, "permission"),
        start: None,
        expiry: time(args, "expiry"),
        ip_range: String::new(),
        protocols: text(args, "protocol"),
        version,
        encryption_scope: String::new(),
        key: UserDelegationKey {
            object_id: text(key, "signed_oid"),
            tenant_id: text(key, "signed_tid"),
            start: time(key, "signed_start"),
            expiry: time(key, "signed_expiry"),
            service: text(key, "signed_service"),
            version: text(key, "signed_version"),
            value: AccountKey::from_base64(&text(key, "value")).unwrap(),
        },
    }
}

#[test]
fn the_older_delegation_form_has_fewer_fields() {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = all["vectors"].as_array().unwrap();
    let args = &vectors
        .iter()
        .find(|v| v["args"]["user_delegation_key"].is_object())
        .unwrap()["args"];
    for (version, fields) in [("2020-12-06", 24), ("2025-07-05", 26), ("2026-04-06", 28)] {
        let string = delegated(args, version.to_owned()).string_to_sign();
        assert_eq!(string.split('\n').count(), fields, "{version}");
    }
}

#[test]
fn an_account_sas_signs_eleven_lines_and_keys_stay_hidden() {
    let key = AccountKey::from_base64("a2V5").unwrap();
    let sas = AccountSas {
        account: "acct".into(),
        services: "b".into(),
        resource_types: "sco".into(),
        permissions: "rl".into(),
        expiry: Some(SasTime::parse("se", "2027-01-01").unwrap()),
        version: "2022-11-02".into(),
        ..AccountSas::default()
    };
    assert_eq!(
        sas.string_to_sign(),
        "acct\nrl\nb\nsco\n\n2027-01-01\n\n\n2022-11-02\n\n"
    );
    assert!(sas.sign(&key).unwrap().expose().contains("srt=sco"));
    assert_eq!(format!("{key:?}"), "AccountKey(hidden)");
    let old = AccountSas {
        version: "2019-12-12".into(),
        ..sas
    };
    assert!(old.sign(&key).is_err());
}
