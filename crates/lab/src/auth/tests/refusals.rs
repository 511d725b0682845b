//! Each way to be refused, with its code and what the answer says.

use proptest::prelude::*;

use super::*;

const FAILED: &str = "403 AuthenticationFailed";

#[test]
fn a_sas_holds_from_its_start_to_its_expiry() {
    let mut request = signed(&terms("r"));
    assert_eq!(request.code(), "allowed");
    request.now = time("2026-11-22T00:00:00Z");
    assert_eq!(request.code(), FAILED);
    let detail = request.detail();
    assert!(
        detail.contains("expired at 2026-11-22T00:00:00Z"),
        "{detail}"
    );
    assert!(detail.contains("now [2026-11-22T00:00:00Z]"), "{detail}");
    request.now = time("2026-11-19T23:59:59Z");
    assert!(
        request
            .detail()
            .contains("valid only from 2026-11-20T00:00:00Z on")
    );
    let backwards = SasTerms {
        start: Some(time("2026-11-25T00:00:00Z")),
        ..terms("r")
    };
    assert!(
        signed(&backwards)
            .detail()
            .contains("expires before it starts")
    );
}

#[test]
fn a_delegation_key_expires_before_its_sas() {
    let mut fields = DelegationFields {
        start: "2026-11-20T00:00:00Z".into(),
        expiry: "2026-11-20T12:00:00Z".into(),
        oid: "o".into(),
        service: "b".into(),
        ..DelegationFields::default()
    };
    let place = address("acct", "transfer", "a");
    let make = |fields: &DelegationFields| {
        Request::new(&terms("r").sign_delegated(&place, fields, &delegation_key(&key(), fields)))
    };
    assert!(
        make(&fields)
            .detail()
            .contains("signed key expiry [2026-11-20T12:00:00Z]")
    );
    fields.expiry = "2026-11-23".into();
    assert_eq!(make(&fields).code(), "allowed");
    fields.service = "q".into();
    assert_eq!(make(&fields).code(), "403 AuthorizationServiceMismatch");
    fields.expiry = "soon".into();
    assert!(make(&fields).detail().contains("ske is not a valid time"));
}

#[test]
fn protocol_and_address_are_held() {
    let mut request = signed(&SasTerms {
        protocol: "https".into(),
        ..terms("r")
    });
    assert_eq!(request.code(), "allowed");
    request.tls = false;
    assert_eq!(request.code(), "403 AuthorizationProtocolMismatch");
    let mut either = signed(&SasTerms {
        protocol: "https,http".into(),
        ..terms("r")
    });
    either.tls = false;
    assert_eq!(either.code(), "allowed");
    assert_eq!(
        signed(&SasTerms {
            protocol: "http".into(),
            ..terms("r")
        })
        .code(),
        FAILED
    );

    let mismatch = "403 AuthorizationSourceIPMismatch";
    for (sip, client, code) in [
        ("10.0.0.5", "10.0.0.5", "allowed"),
        ("10.0.0.5", "::ffff:10.0.0.5", "allowed"),
        ("10.0.0.5", "10.0.0.6", mismatch),
        ("10.0.0.1-10.0.0.9", "10.0.0.9", "allowed"),
        ("10.0.0.1-10.0.0.9", "10.0.0.10", mismatch),
        ("127.0.0.1", "::1", "allowed"),
        ("10.0.0.1", "::1", mismatch),
        ("10.0.0.1-", "10.0.0.1", FAILED),
        ("::1", "::1", FAILED),
    ] {
        let mut request = signed(&SasTerms {
            ip: sip.into(),
            ..terms("r")
        });
        request.client = client.parse().unwrap();
        assert_eq!(request.code(), code, "{sip} {client}");
    }
}

#[test]
fn a_policy_lends_what_the_sas_leaves_out() {
    let bare = SasTerms {
        policy: "carry".into(),
        ..SasTerms::default()
    };
    let mut request = signed(&bare);
    assert!(request.detail().contains("no access policy \"carry\""));
    let policy = |permission: Option<&str>, expiry: Option<&str>| {
        vec![Policy {
            id: "carry".into(),
            start: None,
            expiry: expiry.map(Into::into),
            permission: permission.map(Into::into),
        }]
    };
    request.policies = policy(Some("rl"), Some("2026-12-01"));
    assert_eq!(request.code(), "allowed");
    request.policies = policy(Some("l"), Some("2026-12-01"));
    assert_eq!(request.code(), "403 AuthorizationPermissionMismatch");
    request.policies = policy(Some("rl"), Some("2026-11-01"));
    assert_eq!(request.code(), FAILED);
    request.policies = policy(Some("rl"), None);
    assert!(request.detail().contains("se is not a valid time"));

    let mut both = signed(&SasTerms {
        permissions: "r".into(),
        ..bare
    });
    both.policies = policy(Some("r"), Some("2026-12-01"));
    assert_eq!(both.code(), "400 InvalidQueryParameterValue");
    both.policies = policy(None, Some("2026-12-01"));
    assert_eq!(both.code(), "allowed");
}

#[test]
fn malformed_sas_are_refused_and_say_why() {
    let good = terms("r").sign(&address("acct", "transfer", ""), &key());
    let (unsigned, _) = good.split_once("&sig=").unwrap();
    for (query, says) in [
        (format!("{good}&sp=r"), "sp is given twice"),
        (format!("{good}&SP=r"), "sp is given twice"),
        (format!("{good}&rscc=%zz"), "rscc is not well formed"),
        (format!("{good}&rscc=%0a"), "rscc is not well formed"),
        (format!("{good}&rscc=%ff"), "rscc is not well formed"),
        (unsigned.to_owned(), "sig is mandatory"),
        (format!("{unsigned}&sig=!"), "Signature did not match"),
        (
            good.replace("sv=2021-12-02", "sv=1"),
            "sv is not well formed",
        ),
        (
            good.replace("sv=2021-12-02", "sv=2014-02-14"),
            "older than 2015-04-05",
        ),
        (good.replace("sr=c", "sr=bs"), "sr=bs is for snapshots"),
        (good.replace("sr=c", "sr=q"), "sr is not well formed"),
        (good.replace("sr=c", ""), "neither sr nor"),
        (format!("{good}&ss=b"), "mixed"),
    ] {
        let request = Request::new(&query);
        assert_eq!(request.code(), FAILED, "{query}");
        assert!(
            request.detail().contains(says),
            "{query}: {}",
            request.detail()
        );
    }
    for letters in ["wr", "rr", "q"] {
        assert!(
            signed(&terms(letters)).detail().contains("sp="),
            "{letters}"
        );
    }
    assert!(signed(&terms("")).detail().contains("sp is mandatory"));
    let huge = Request::new(&"a=b&".repeat(10_000));
    assert_eq!(huge.code(), "400 RequestUrlFailedToParse");
}

#[test]
fn one_credential_is_wanted() {
    let none = Request::new("comp=metadata");
    assert_eq!(none.code(), "401 NoAuthenticationInformation");
    let (name, challenge) = &none.check().unwrap_err().headers[0];
    assert_eq!(*name, "www-authenticate");
    assert!(challenge.starts_with("Bearer authorization_uri="));
    let two = signed(&terms("r")).header("authorization", "Bearer x");
    assert_eq!(two.code(), "400 InvalidAuthenticationInfo");
    for odd in ["Basic abc", "Bearer", "SharedKey acct", "sharedkey acct:x"] {
        let request = Request::new("").header("authorization", odd);
        assert_eq!(request.code(), "400 InvalidAuthenticationInfo", "{odd}");
    }
}

#[test]
fn a_bearer_token_may_do_everything_until_it_expires() {
    let token = lab_token(&key(), "oid", "tid", time("2026-11-21T01:00:00Z"));
    let ask = |token: &str| {
        let mut request = Request::new("").header("authorization", &format!("Bearer {token}"));
        request.operation = Operation::GetUserDelegationKey;
        request
    };
    let mut request = ask(&token);
    assert_eq!(request.code(), "allowed");
    let who = identity(&request.headers, &key(), None, request.now).unwrap();
    assert_eq!((who.oid.as_str(), who.tid.as_str()), ("oid", "tid"));
    request.now = time("2026-11-21T01:00:00Z");
    assert_eq!(request.code(), "401 InvalidAuthenticationInfo");
    assert!(request.detail().contains("expired at 2026-11-21T01:00:00Z"));
    let other = lab_token(
        &AccountKey::random(),
        "oid",
        "tid",
        time("2027-01-01T00:00:00Z"),
    );
    let (head, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = token.rsplit_once('.').unwrap();
    for bad in [
        &other,
        &format!("{head}.{signature}"),
        &format!("{token}x"),
        "",
        "lab1..",
        "a.b",
    ] {
        assert_eq!(ask(bad).code(), "401 InvalidAuthenticationInfo", "{bad}");
    }
}

#[test]
fn a_sas_for_one_user_wants_that_users_token() {
    let query = "sv=2026-10-06&sp=r&se=2026-11-22&sr=b&skoid=o&skt=2026-11-20&ske=2026-11-23&sks=b&sduoid=bob";
    let parsed = Query::parse(query).unwrap();
    let place = address("acct", "transfer", "a");
    let text = sas::string_to_sign(&parsed, sas::Kind::Delegation, &place, &HeaderMap::new());
    let fields = DelegationFields {
        oid: "o".into(),
        start: "2026-11-20".into(),
        expiry: "2026-11-23".into(),
        service: "b".into(),
        ..DelegationFields::default()
    };
    let signature = delegation_key(&key(), &fields).sign(&text.unwrap());
    let ask = || Request::new(&format!("{query}&sig={signature}"));
    assert_eq!(ask().code(), "401 InvalidAuthenticationInfo");
    for (user, code) in [("bob", "allowed"), ("eve", FAILED)] {
        let token = lab_token(&key(), user, "tid", time("2027-01-01T00:00:00Z"));
        let request = ask().header("authorization", &format!("Bearer {token}"));
        assert_eq!(request.code(), code, "{user}");
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_unsigned_passes(
        query in "((sv|sr|ss|srt|sp|se|st|sip|spr|sig|si|skoid|srh|srq|x)=?([0-9TZ:=%.-]{0,12}|2021-12-02|c|r|b)&?){0,12}",
        authorization in proptest::option::of("(Bearer|SharedKey|SharedKeyLite)? ?[ -~]{0,40}"),
    ) {
        if let Ok(uri) = format!("/transfer/a?{query}").parse::<Uri>() {
            let mut request = Request::new("");
            let _ = sas_fingerprint(&uri);
            request.uri = uri;
            if let Some(text) = authorization {
                request = request.header("authorization", &text);
            }
            prop_assert!(request.check().is_err());
        }
    }
}
