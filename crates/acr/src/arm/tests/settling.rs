//! Long-running answers of every kind.

use super::*;

const LONG: Duration = Duration::from_secs(60);

fn state(state: &str) -> Value {
    json!({ "id": "/x", "properties": { "provisioningState": state } })
}

/// What `settle` says of a PUT whose answer and what follows are these.
async fn put(
    replies: impl IntoIterator<Item = Reply>,
) -> (Loopback, Result<Option<Value>, ArmError>) {
    let server = Loopback::start(replies).await;
    let arm = arm(&server);
    let accepted = arm.put(&run(), &json!({})).await.unwrap();
    let settled = arm.settle(&run(), &accepted, LONG).await;
    (server, settled)
}

async fn delete(
    replies: impl IntoIterator<Item = Reply>,
) -> (Loopback, Result<Option<Value>, ArmError>) {
    let server = Loopback::start(replies).await;
    let arm = arm(&server);
    let accepted = arm.delete(&run()).await.unwrap();
    let settled = arm.settle(&run(), &accepted, LONG).await;
    (server, settled)
}

fn created() -> Reply {
    Reply::new(201, state("Creating"))
        .with("azure-asyncoperation", "{base}/op?t=1&c=signed")
        .with("retry-after", "0")
}

#[tokio::test]
async fn done_at_once_asks_nothing() {
    let (server, settled) = put([Reply::new(200, state("Succeeded"))]).await;
    assert_eq!(settled.unwrap(), Some(state("Succeeded")));
    assert_eq!(server.seen().len(), 1);
    let (server, settled) = delete([Reply::new(204, "")]).await;
    assert_eq!(settled.unwrap(), None);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn the_operation_is_followed_and_the_resource_read() {
    let (server, settled) = put([
        created(),
        Reply::new(200, json!({ "status": "InProgress" })).with("retry-after", "0"),
        Reply::new(503, "").with("retry-after", "0"),
        Reply::new(200, json!({ "status": "Succeeded" })),
        Reply::new(200, state("Succeeded")),
    ])
    .await;
    assert_eq!(settled.unwrap(), Some(state("Succeeded")));
    let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(
        targets[1..4],
        ["/op?t=1&c=signed", "/op?t=1&c=signed", "/op?t=1&c=signed"]
    );
    assert!(targets[4].contains("/pipelineRuns/run_1?"), "{targets:?}");
}

#[tokio::test]
async fn an_operation_that_may_not_be_read_is_left_alone() {
    for status in [403, 404] {
        let (server, settled) = put([
            created(),
            Reply::new(status, ""),
            Reply::new(404, ""),
            Reply::new(200, state("Updating")),
            Reply::new(200, state("Succeeded")),
        ])
        .await;
        assert_eq!(settled.unwrap(), Some(state("Succeeded")));
        assert_eq!(server.seen().len(), 5);
    }
}

#[tokio::test]
async fn a_200_that_goes_on_is_waited_for() {
    let (_, settled) = put([
        Reply::new(200, state("Creating")),
        Reply::new(200, state("Succeeded")),
    ])
    .await;
    assert_eq!(settled.unwrap(), Some(state("Succeeded")));
}

#[tokio::test]
async fn bad_ends_are_errors() {
    let failed =
        json!({ "status": "Failed", "error": { "code": "VaultDenied", "message": "no secret" } });
    let (_, settled) = put([created(), Reply::new(200, failed)]).await;
    let error = settled.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("VaultDenied"));
    assert_eq!(error.message, "it ended as Failed: no secret");
    assert_eq!(error.path, "/op");
    for end in ["Failed", "Canceled"] {
        let (_, settled) = put([Reply::new(200, state(end))]).await;
        assert!(settled.unwrap_err().message.contains(end));
    }
}

#[tokio::test]
async fn a_delete_is_done_when_it_is_gone() {
    let location = Reply::new(202, "")
        .with("location", "{base}/op")
        .with("retry-after", "0");
    let (server, settled) = delete([
        location,
        Reply::new(202, "").with("retry-after", "0"),
        Reply::new(204, ""),
    ])
    .await;
    assert_eq!(settled.unwrap(), None);
    assert_eq!(server.seen().len(), 3);
    let (server, settled) = delete([
        Reply::new(202, ""),
        Reply::new(200, state("Deleting")),
        Reply::new(200, state("Succeeded")),
        Reply::new(404, ""),
    ])
    .await;
    assert_eq!(settled.unwrap(), None);
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn patience_ends() {
    let server = Loopback::start([created()]).await;
    let arm = arm(&server);
    let accepted = arm.put(&run(), &json!({})).await.unwrap();
    let error = arm
        .settle(&run(), &accepted, Duration::ZERO)
        .await
        .unwrap_err();
    assert_eq!(error.class, ArmClass::Unavailable);
    assert!(error.message.contains("pending"), "{error}");
}
