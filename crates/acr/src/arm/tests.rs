//! Against a server that answers by script.

use serde_json::json;

use super::*;
use crate::http::NetworkOptions;
use crate::loopback_tests::{Loopback, Reply};
use crate::resource::Kind;

mod errors;
mod settling;

/// A client of that server, whose pauses are short.
pub(crate) fn arm(server: &Loopback) -> Arm {
    let network = Network::new(NetworkOptions::default()).unwrap();
    let mut cloud = Cloud::by_name("public").unwrap();
    cloud.resource_manager = server.url();
    let mut arm = Arm::new(network, cloud, Credential::counting(), DEFAULT_API_VERSION).unwrap();
    arm.first_pause = Duration::from_millis(1);
    arm
}

fn registry() -> RegistryId {
    RegistryId::new("0000", "my (group)", "myRegistry").unwrap()
}

pub(crate) fn run() -> TransferId {
    registry().existing(Kind::PipelineRun, "run_1").unwrap()
}

fn throttled() -> Reply {
    let body = json!({ "error": { "code": "TooManyRequests", "message": "slowly" } });
    Reply::new(429, body).with("retry-after", "0")
}

#[tokio::test]
async fn a_get_bears_its_token_and_version() {
    let server = Loopback::start([
        Reply::new(200, json!({ "name": "x" })),
        Reply::new(200, "{}"),
    ])
    .await;
    let arm = arm(&server);
    assert_eq!(arm.get(&run()).await.unwrap()["name"], "x");
    arm.registry(&registry()).await.unwrap();
    let [one, two] = server.seen().try_into().unwrap();
    assert_eq!(one.header("authorization"), Some("Bearer token-1"));
    assert_eq!(
        one.target,
        "/subscriptions/0000/resourceGroups/my%20(group)/providers/Microsoft.ContainerRegistry/registries/\
         myRegistry/pipelineRuns/run_1?api-version=2025-06-01-preview"
    );
    assert!(
        two.target
            .ends_with("/registries/myRegistry?api-version=2023-07-01"),
        "{two:?}"
    );
}

#[tokio::test]
async fn throttling_and_short_outages_are_waited_out() {
    let server = Loopback::start([
        throttled(),
        Reply::new(503, ""),
        Reply::new(502, "<html>gateway</html>"),
        Reply::none(),
        Reply::new(200, "{}"),
    ])
    .await;
    arm(&server).get(&run()).await.unwrap();
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn what_lasts_is_an_error() {
    let last = throttled().with("x-ms-correlation-request-id", "c-1");
    let server = Loopback::start(last.times(20)).await;
    let error = arm(&server).get(&run()).await.unwrap_err();
    assert_eq!(
        (error.class, error.status),
        (ArmClass::Unavailable, Some(429))
    );
    assert_eq!(error.code.as_deref(), Some("TooManyRequests"));
    assert_eq!(error.correlation.as_deref(), Some("c-1"));
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn a_401_is_answered_with_a_fresh_token_once() {
    let server = Loopback::start([Reply::new(401, ""), Reply::new(200, "{}")]).await;
    let arm = arm(&server);
    arm.get(&run()).await.unwrap();
    server.reply(Reply::new(401, "").times(2));
    let error = arm.get(&run()).await.unwrap_err();
    assert_eq!((error.class, error.status), (ArmClass::Denied, Some(401)));
    let tokens: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| seen.header("authorization").unwrap().to_owned())
        .collect();
    let wanted = [1, 2, 2, 3].map(|number| format!("Bearer token-{number}"));
    assert_eq!(tokens, wanted);
}

#[tokio::test]
async fn a_put_is_repeated_only_where_nothing_was_done() {
    let body = json!({ "properties": {} });
    let server = Loopback::start([throttled(), Reply::new(503, ""), Reply::new(200, &body)]).await;
    let arm = arm(&server);
    let accepted = arm.put(&run(), &body).await.unwrap();
    assert_eq!(accepted.body, Some(body.clone()));
    assert!(!accepted.pending);
    let (seen, body_text) = (server.seen(), body.to_string());
    assert_eq!(seen.len(), 3);
    assert!(
        seen.iter()
            .all(|seen| seen.method == "PUT" && seen.body == body_text)
    );
    for (reply, class) in [
        (Reply::new(500, ""), ArmClass::Unavailable),
        (Reply::none(), ArmClass::Unreachable),
    ] {
        server.reply([reply]);
        assert_eq!(arm.put(&run(), &body).await.unwrap_err().class, class);
    }
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let server = Loopback::start([]).await;
    let arm = arm(&server);
    drop(server);
    let error = arm.put(&run(), &json!({})).await.unwrap_err();
    assert_eq!((error.class, error.status), (ArmClass::Unreachable, None));
}

#[tokio::test]
async fn lists_have_all_their_pages() {
    let page =
        |names: &[u32], next: &str| Reply::new(200, json!({ "value": names, "nextLink": next }));
    let server = Loopback::start([page(&[1, 2], "{base}/p?$skiptoken=a"), page(&[3], "")]).await;
    let arm = arm(&server);
    let registry = registry();
    let list = |top| arm.list(&registry, Kind::PipelineRun, top);
    assert_eq!(list(None).await.unwrap(), [1, 2, 3]);
    assert_eq!(server.seen()[1].target, "/p?$skiptoken=a");
    server.reply([page(&[1, 2], "{base}/p")]);
    assert_eq!(list(Some(1)).await.unwrap(), [1]);
    assert_eq!(list(Some(0)).await.unwrap(), [0; 0]);
    assert_eq!(server.seen().len(), 3);
    for replies in [
        page(&[], "{base}/p").times(2),
        page(&[], "https://elsewhere.example/p").times(1),
        page(&[], "/relative").times(1),
        Reply::new(200, json!({ "value": 1 })).times(1),
        Reply::new(200, "[]").times(1),
    ] {
        server.reply(replies);
        assert_eq!(list(None).await.unwrap_err().class, ArmClass::Nonsense);
    }
    assert_eq!(server.seen().len(), 9);
}

#[tokio::test]
async fn what_was_begun_is_told() {
    let poll = "{base}/operations/1?sig=abc%2F";
    let server = Loopback::start([
        Reply::new(201, "{}")
            .with("Azure-AsyncOperation", poll)
            .with("retry-after", "7"),
        Reply::new(202, "").with("Location", poll),
        Reply::new(202, "").with("Location", "https://elsewhere.example/steal"),
        Reply::new(204, ""),
        Reply::new(200, ""),
    ])
    .await;
    let arm = arm(&server);
    let put = arm.put(&run(), &json!({})).await.unwrap();
    assert!(put.pending);
    assert_eq!(put.retry_after, Some(Duration::from_secs(7)));
    let poll = put.poll.unwrap();
    assert_eq!(
        poll.as_str(),
        format!("{}operations/1?sig=abc%2F", server.url())
    );
    let deleted = [
        arm.delete(&run()).await,
        arm.delete(&run()).await,
        arm.delete(&run()).await,
    ];
    let [location, elsewhere, gone] = deleted.map(Result::unwrap);
    assert!(location.pending && location.poll == Some(poll) && location.body.is_none());
    assert!(elsewhere.pending && elsewhere.poll.is_none());
    assert!(!gone.pending);
    assert!(!arm.delete(&run()).await.unwrap().pending);
}

#[test]
fn versions_without_transfer_are_refused() {
    let make = |version: &str| {
        let network = Network::new(NetworkOptions::default()).unwrap();
        let cloud = Cloud::by_name("public").unwrap();
        Arm::new(network, cloud, Credential::counting(), version)
    };
    for version in API_VERSIONS {
        assert_eq!(make(version).unwrap().api_version(), *version);
    }
    assert!(API_VERSIONS.contains(&DEFAULT_API_VERSION));
    let error = make("2023-07-01").unwrap_err();
    assert!(error.message.contains("2025-06-01-preview"), "{error}");
}
