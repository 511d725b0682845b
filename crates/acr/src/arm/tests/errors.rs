//! Errors in every shape, and what their texts must not hold.

use reqwest::header::{HeaderMap, HeaderValue};

use super::*;

type Shape = (u16, Value, ArmClass, Option<&'static str>, &'static str);

/// Status and body; class, code and message that are made of them.
fn shapes() -> Vec<Shape> {
    use ArmClass::{Denied, NotFound, Rejected};
    let gone = json!({ "error": { "code": "ResourceNotFound", "message": "gone" } });
    let details = json!([{ "message": "two" }, { "message": "one" }, { "details": [{ "message": "three" }] }]);
    let nested = json!({ "error": { "code": "Invalid", "message": "one", "details": details } });
    let flat = json!({ "code": "Conflict", "message": "busy" });
    let grant = json!({ "error": "invalid_grant", "error_description": "no" });
    let policy = json!({ "error": { "code": "ExportPolicyDisabled" } });
    vec![
        (404, gone, NotFound, Some("ResourceNotFound"), "gone"),
        (400, nested, Rejected, Some("Invalid"), "one; two; three"),
        (409, flat, Rejected, Some("Conflict"), "busy"),
        (403, json!({ "Message": "no" }), Denied, None, "no"),
        (400, grant, Rejected, Some("invalid_grant"), "no"),
        (
            400,
            policy,
            Denied,
            Some("ExportPolicyDisabled"),
            "ExportPolicyDisabled",
        ),
        (
            405,
            json!([1]),
            Rejected,
            None,
            "HTTP 405 Method Not Allowed: [1]",
        ),
    ]
}

#[tokio::test]
async fn errors_are_read_in_every_shape() {
    for (status, body, class, code, message) in shapes() {
        let server = Loopback::start([Reply::new(status, body)]).await;
        let error = arm(&server).get(&run()).await.unwrap_err();
        assert_eq!(error.class, class, "{error}");
        assert_eq!((error.status, error.code.as_deref()), (Some(status), code));
        assert_eq!(error.message, message);
        assert!(
            error.to_string().starts_with("GET /subscriptions/0000/"),
            "{error}"
        );
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn errors_that_are_not_json_say_how_they_begin() {
    for (status, body, class, message) in [
        (
            422,
            "<html>\n <b>what</b>",
            ArmClass::Rejected,
            "HTTP 422 Unprocessable Entity: <html> <b>what</b>",
        ),
        (302, "", ArmClass::Nonsense, "HTTP 302 Found: it is empty"),
    ] {
        let server = Loopback::start([Reply::new(status, body)]).await;
        let error = arm(&server).get(&run()).await.unwrap_err();
        assert_eq!((error.class, error.message.as_str()), (class, message));
    }
}

#[tokio::test]
async fn no_signature_and_no_token_is_shown() {
    let message = "https://a.blob.core.windows.net/c?sv=1&sig=aB%2Bc%3D is wrong";
    let body = json!({ "error": { "code": "Bad", "message": message } });
    let server = Loopback::start([Reply::new(400, body), Reply::new(200, "sig=aB%2Bc%3D")]).await;
    let arm = arm(&server);
    for _ in 0..2 {
        let error = arm.get(&run()).await.unwrap_err();
        let shown = format!("{error} {error:?} {arm:?}");
        assert!(shown.contains("sig=REDACTED"), "{shown}");
        assert!(
            !shown.contains("aB%2Bc") && !shown.contains("token-1"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn what_is_no_answer_is_nonsense() {
    let big = "x".repeat((8 << 20) + 1);
    for body in ["", "[]", "<html>", "null", &big] {
        let server = Loopback::start([Reply::new(200, body)]).await;
        let error = arm(&server).get(&run()).await.unwrap_err();
        assert_eq!(error.class, ArmClass::Nonsense, "{error}");
        assert!(error.message.len() < 400);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Loopback::start([]).await;
    let reply = Reply::new(307, "").with("location", elsewhere.url().as_str());
    let server = Loopback::start([reply]).await;
    let error = arm(&server).get(&run()).await.unwrap_err();
    assert_eq!(error.class, ArmClass::Nonsense);
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    for (value, date, seconds) in [
        ("7", None, Some(7)),
        ("0", None, Some(0)),
        (
            "Sun, 06 Nov 1994 08:49:47 GMT",
            Some("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(10),
        ),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None, Some(0)),
        ("soon", None, None),
        ("-1", None, None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_str(value).unwrap());
        if let Some(date) = date {
            headers.insert("date", HeaderValue::from_str(date).unwrap());
        }
        let answer = Answer {
            status: 429,
            headers,
            bytes: Vec::new(),
        };
        assert_eq!(
            answer.retry_after(),
            seconds.map(Duration::from_secs),
            "{value}"
        );
    }
}
