//! Waits through everything that may pass, against a server that answers by script.

use serde_json::json;

use super::*;
use crate::arm::tests::{arm, run};
use crate::loopback_tests::{Loopback, Reply};

const SOON: Pace = Pace {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(2),
    patience: None,
    begun: false,
};

fn at(status: &str, percent: &str) -> Reply {
    let response = json!({ "status": status, "progress": { "percentage": percent } });
    let properties = json!({ "provisioningState": "Succeeded", "response": response });
    Reply::new(200, json!({ "id": "/x/run_1", "properties": properties }))
}

/// The end, what was observed, and how often it was asked.
async fn end(
    replies: impl IntoIterator<Item = Reply>,
    pace: Pace,
) -> (Result<PipelineRun, WaitError>, Vec<Option<u8>>, usize) {
    let server = Loopback::start(replies).await;
    let mut observed = Vec::new();
    let mut note = |run: &PipelineRun| observed.push(run.percentage);
    let end = wait(&arm(&server), &run(), pace, &mut note).await;
    let asked = server.seen().len();
    (end, observed, asked)
}

#[tokio::test]
async fn throttling_outages_and_expired_tokens_are_survived() {
    let mut replies = vec![
        at("Running", "0"),
        Reply::new(429, "").with("retry-after", "0"),
    ];
    replies.extend(Reply::new(401, "").times(3));
    replies.push(at("Running", "50"));
    replies.extend(Reply::none().times(7));
    replies.extend([Reply::new(200, "<html>a portal"), at("Succeeded", "100")]);
    let count = replies.len();
    let (end, observed, asked) = end(replies, SOON).await;
    assert_eq!(end.unwrap().state, RunState::Succeeded);
    assert_eq!(observed, [Some(0), Some(50), Some(100)]);
    assert_eq!(asked, count);
}

#[tokio::test]
async fn a_bad_end_is_an_answer() {
    for (status, state) in [
        ("Failed", RunState::Failed),
        ("Canceled", RunState::Canceled),
    ] {
        let (end, observed, _) = end([at("Running", ""), at(status, "7")], SOON).await;
        assert_eq!(end.unwrap().state, state);
        assert_eq!(observed, [None, Some(7)]);
    }
}

#[tokio::test]
async fn what_does_not_pass_ends_the_wait() {
    for (replies, class) in [
        (
            vec![at("Running", ""), Reply::new(404, "")],
            ArmClass::NotFound,
        ),
        (
            vec![at("Running", ""), Reply::new(403, "")],
            ArmClass::Denied,
        ),
        // Nothing has answered yet: it may be the wrong cloud.
        (vec![Reply::new(200, "<html>")], ArmClass::Nonsense),
        (Reply::new(500, "").times(6), ArmClass::Unavailable),
    ] {
        let (end, _, _) = end(replies, SOON).await;
        match end.unwrap_err() {
            WaitError::Arm(error) => assert_eq!(error.class, class),
            WaitError::Patience { .. } => panic!("there was no limit"),
        }
    }
}

#[tokio::test]
async fn patience_ends_the_wait_not_the_run() {
    let pace = Pace {
        patience: Some(Duration::ZERO),
        ..SOON
    };
    let (end, observed, asked) = end([at("Running", "3")], pace).await;
    assert_eq!((observed, asked), (vec![Some(3)], 1));
    let error = end.unwrap_err();
    assert_eq!(error.to_string(), "the run run_1 has not ended after 0 s");
}

/// A PUT and the GET after it may meet different regions, and the line may break between them.
#[tokio::test]
async fn a_run_just_begun_may_not_be_everywhere_yet() {
    let begun = Pace {
        begun: true,
        ..SOON
    };
    let missing = || Reply::new(404, "");
    let mut replies = vec![missing(), missing()];
    replies.extend(Reply::none().times(7));
    let (end, _, _) = self::end(replies.into_iter().chain([at("Succeeded", "")]), begun).await;
    assert_eq!(end.unwrap().state, RunState::Succeeded);
    // Once seen, it is gone when it is not to be found.
    let (end, _, asked) =
        self::end([at("Running", ""), missing(), at("Succeeded", "")], begun).await;
    assert!(matches!(end, Err(WaitError::Arm(error)) if error.class == ArmClass::NotFound));
    assert_eq!(asked, 2);
    let (end, _, _) = self::end([missing()], SOON).await;
    assert!(end.is_err());
}

/// A service that is away is asked for five minutes more, no longer.
#[tokio::test(start_paused = true)]
async fn an_outage_is_survived_for_a_while() {
    let error = |class| ArmError {
        class,
        method: "GET",
        path: String::new(),
        status: None,
        code: None,
        message: String::new(),
        correlation: None,
        login: None,
    };
    let last = Instant::now();
    let away = error(ArmClass::Unreachable);
    assert!(survives(&away, Some(last)) && !survives(&away, None));
    assert!(!survives(&error(ArmClass::Rejected), Some(last)));
    tokio::time::advance(AWAY).await;
    assert!(!survives(&away, Some(last)));
}
