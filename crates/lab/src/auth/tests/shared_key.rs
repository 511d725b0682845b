//! Shared Key: requests that Microsoft's SDK has signed pass, changed ones do not, and refusals hide what headers hide.

use serde_json::Value;

use super::*;

fn requests() -> Vec<Request> {
    let all: Value = serde_json::from_str(vectors::VERSIONS).unwrap();
    let read = |vector: &Value| {
        let text = |at: usize| vector[at].as_str().unwrap();
        let mut request = Request::new("").header("authorization", text(3));
        request.method = text(0).parse().unwrap();
        // As it comes over the wire: path and query.
        let (_, rest) = text(1).split_once("//").unwrap();
        request.uri = rest[rest.find('/').unwrap()..].parse().unwrap();
        for header in vector[2].as_array().unwrap() {
            request = request.header(header[0].as_str().unwrap(), header[1].as_str().unwrap());
        }
        request
    };
    all["shared_key"]
        .as_array()
        .unwrap()
        .iter()
        .map(read)
        .collect()
}

#[test]
fn requests_of_microsofts_sdk_pass() {
    let all = requests();
    assert_eq!(all.len(), 3);
    for request in all {
        assert_eq!(request.check(), Ok(()), "{}", request.uri);
    }
}

#[test]
fn a_changed_request_does_not() {
    for mut request in requests() {
        let uri = request.uri.clone();
        request.uri = format!("{uri}{}x=y", if uri.query().is_some() { "&" } else { "?" })
            .parse()
            .unwrap();
        assert_eq!(request.code(), "403 AuthenticationFailed");
        request.uri = uri;
        request = request.header("x-ms-meta-more", "1");
        assert_eq!(request.code(), "403 AuthenticationFailed");
        request.headers.remove("x-ms-meta-more");
        request = request.header("range", "bytes=0-1");
        assert_eq!(request.code(), "403 AuthenticationFailed");
    }
}

#[test]
fn the_date_must_be_near() {
    for (now, code) in [
        ("2026-11-20T23:45:00Z", "allowed"),
        ("2026-11-21T00:15:00Z", "allowed"),
        ("2026-11-21T00:15:01Z", "403 AuthenticationFailed"),
        ("2026-11-20T23:44:59Z", "403 AuthenticationFailed"),
    ] {
        let mut request = requests().remove(1);
        request.now = time(now);
        assert_eq!(request.code(), code, "{now}");
    }
    let mut request = requests().remove(1);
    request.headers.remove("x-ms-date");
    assert!(request.detail().contains("neither x-ms-date nor Date"));
    request = request.header("date", "today");
    assert!(request.detail().contains("no RFC 1123 date"));
}

#[test]
fn a_refusal_shows_the_string_to_sign_without_secrets() {
    let mut request = requests().remove(2);
    request.method = Method::POST;
    request = request.header("x-ms-copy-source-authorization", "Bearer topsecret");
    let detail = request.detail();
    assert!(detail.contains("x-ms-copy-source:(hidden)"), "{detail}");
    assert!(detail.contains("/acct/transfer/b"), "{detail}");
    assert!(
        !detail.contains("abc") && !detail.contains("topsecret"),
        "{detail}"
    );
    request.address.account = "another".into();
    assert!(request.detail().contains("for the account acct"));
}

#[test]
fn only_a_bearer_token_asks_for_a_delegation_key() {
    let mut request = requests().remove(1);
    request.operation = Operation::GetUserDelegationKey;
    assert_eq!(request.code(), "403 AuthorizationFailure");
}

/// The documentation's example for Shared Key Lite, with our account: verb, MD5, type, no date, headers, resource.
#[test]
fn the_lite_form_signs_less() {
    let text = "PUT\n\ntext/plain; charset=UTF-8\n\nx-ms-date:Sat, 21 Nov 2026 00:00:00 GMT\n\
                x-ms-meta-m1:v1\nx-ms-meta-m2:v2\n/acct/transfer/a?comp=metadata";
    let lite = |signature: &str| {
        let mut request = Request::new("timeout=5&comp=metadata")
            .header("x-ms-date", "Sat, 21 Nov 2026 00:00:00 GMT")
            .header("content-type", "text/plain; charset=UTF-8")
            .header("x-ms-meta-m2", "v2")
            .header("x-ms-meta-m1", " v1 ")
            .header("authorization", &format!("SharedKeyLite acct:{signature}"));
        request.method = Method::PUT;
        request
    };
    assert_eq!(lite(&key().sign(text)).code(), "allowed");
    assert_eq!(lite(&key().sign("PUT")).code(), "403 AuthenticationFailed");
}
