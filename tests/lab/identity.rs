//! Bearer tokens, and what they open: policies, user delegation keys, sources of copies.

use blobferry_lab::auth::{AccountKey, DelegationFields, SasTerms, lab_token};
use jiff::{SignedDuration, Timestamp};

use crate::ground::{Ground, at, soon};
use crate::wire::{Ask, element};

const OID: &str = "11111111-2222-3333-4444-555555555555";
const TID: &str = "66666666-7777-8888-9999-000000000000";

fn token(ground: &Ground, account: &str, expiry: Timestamp) -> String {
    let key = ground.lab.store().key(account).unwrap();
    format!("Bearer {}", lab_token(&key, OID, TID, expiry))
}

/// With a bearer token in place of a SAS.
fn ask(ground: &Ground, method: &str, what: &str) -> Ask {
    let account = what.split(['/', '?']).next().unwrap();
    ground
        .bare(method, what)
        .header("authorization", token(ground, account, soon()))
}

#[test]
fn a_token_is_for_one_account_and_for_a_time() {
    let ground = Ground::new();
    ground.put("source/box/blob", "x");
    ask(&ground, "GET", "source/box/blob").send().expect(200);
    for bad in [
        token(&ground, "target", soon()),
        token(&ground, "source", Timestamp::now()),
        "Bearer lab1.e30.x".to_owned(),
    ] {
        let refused = ground
            .bare("GET", "source/box/blob")
            .header("authorization", bad)
            .send();
        let refused = refused.refused(401, "InvalidAuthenticationInfo");
        assert!(refused.told("www-authenticate").starts_with("Bearer "));
    }
    let unknown = ground
        .bare("GET", "source/box/blob")
        .header("authorization", "Basic eDp5");
    unknown.send().refused(400, "InvalidAuthenticationInfo");
    let both = ground
        .ask("GET", "source/box/blob")
        .header("authorization", token(&ground, "source", soon()));
    both.send().refused(400, "InvalidAuthenticationInfo");
}

#[test]
fn a_stored_policy_gives_and_takes_back() {
    let ground = Ground::new();
    ground.put("source/box/blob", "x");
    let acl = "source/box?restype=container&comp=acl";
    let put = |permission: &str| {
        let policy = format!(
            "<SignedIdentifier><Id>readers</Id><AccessPolicy><Expiry>2099-01-01T00:00:00Z</Expiry>\
             <Permission>{permission}</Permission></AccessPolicy></SignedIdentifier>"
        );
        let policies = if permission.is_empty() {
            String::new()
        } else {
            policy
        };
        let policies = format!("<SignedIdentifiers>{policies}</SignedIdentifiers>");
        ask(&ground, "PUT", acl).body(&policies).send().expect(200);
        let now = ask(&ground, "GET", acl).send().expect(200).text();
        assert!(now.ends_with(&policies), "{now}");
    };
    let terms = SasTerms {
        policy: "readers".to_owned(),
        ..SasTerms::default()
    };
    let sas = terms.sign(
        &at("source", "box", ""),
        &ground.lab.store().key("source").unwrap(),
    );
    let read = || ground.bare("GET", &format!("source/box/blob?{sas}")).send();
    read().expect(403);
    put("r");
    read().expect(200);
    put("l");
    read().refused(403, "AuthorizationPermissionMismatch");
    put("");
    read().expect(403);
}

#[test]
fn a_policy_list_is_short_and_well_formed() {
    let ground = Ground::new();
    let put = |ids: &[String]| {
        let entries: Vec<String> = ids
            .iter()
            .map(|id| format!("<SignedIdentifier><Id>{id}</Id></SignedIdentifier>"))
            .collect();
        let xml = format!(
            "<SignedIdentifiers>{}</SignedIdentifiers>",
            entries.concat()
        );
        ask(&ground, "PUT", "source/box?restype=container&comp=acl")
            .body(xml)
            .send()
    };
    let five: Vec<String> = (0..5).map(|number| format!("p{number}")).collect();
    put(&five).expect(200);
    let six = [five, vec!["p5".to_owned()]].concat();
    put(&six).expect(400);
    put(&["x".repeat(65)]).expect(400);
}

#[test]
fn a_user_delegation_key_signs_until_it_expires() {
    let ground = Ground::new();
    ground.put("source/box/blob", "x");
    let what = "source?restype=service&comp=userdelegationkey";
    let in_hours = |hours: i64| {
        let time = Timestamp::now()
            .checked_add(SignedDuration::from_hours(hours))
            .unwrap();
        time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let post = |expiry: &str| {
        let body = format!(
            "<?xml version=\"1.0\"?><KeyInfo><Start>{}</Start><Expiry>{expiry}</Expiry></KeyInfo>",
            in_hours(-1)
        );
        ask(&ground, "POST", what).body(body).send()
    };
    let key = post(&in_hours(24)).expect(200).text();
    let said = |name: &str| element(&key, name).unwrap().to_owned();
    assert_eq!(
        (said("SignedOid").as_str(), said("SignedTid").as_str()),
        (OID, TID)
    );
    let fields = DelegationFields {
        oid: OID.to_owned(),
        tid: TID.to_owned(),
        start: said("SignedStart"),
        expiry: said("SignedExpiry"),
        service: said("SignedService"),
        version: said("SignedVersion"),
        delegated_tid: String::new(),
    };
    let terms = SasTerms {
        permissions: "r".to_owned(),
        expiry: Some(soon()),
        ..SasTerms::default()
    };
    let value = AccountKey::from_base64(&said("Value")).unwrap();
    let sas = terms.sign_delegated(&at("source", "box", "blob"), &fields, &value);
    let read = || ground.bare("GET", &format!("source/box/blob?{sas}")).send();
    read().expect(200);
    // The SAS lasts a month, its key a day.
    ground.lab.clock().advance(25 * 3600);
    read().refused(403, "AuthenticationFailed");
    ground.lab.clock().advance(-25 * 3600);
    post(&in_hours(24 * 8)).refused(400, "InvalidXmlDocument");
    post("tomorrow").refused(400, "InvalidXmlDocument");
    ground
        .ask("POST", what)
        .body("<KeyInfo/>")
        .send()
        .expect(403);
}

#[test]
fn a_copy_may_present_a_token_to_its_source() {
    for (ground, far) in [(Ground::new(), None), (Ground::new(), Some(Ground::new()))] {
        let source = far.as_ref().unwrap_or(&ground);
        source.put("source/box/blob", "bytes");
        let copy = ground
            .ask("PUT", "target/box/copy")
            .header("x-ms-blob-type", "BlockBlob");
        let copy = copy.header(
            "x-ms-copy-source",
            format!("{}/source/box/blob", source.lab.endpoint()),
        );
        let refused = copy.clone().send().expect(401);
        assert_eq!(refused.told("x-ms-copy-source-status-code"), "401");
        let wrong = token(source, "target", soon());
        copy.clone()
            .header("x-ms-copy-source-authorization", wrong)
            .send()
            .expect(401);
        let right = token(source, "source", soon());
        copy.header("x-ms-copy-source-authorization", right)
            .send()
            .expect(201);
        assert_eq!(ground.get("target/box/copy").text(), "bytes");
    }
}
