//! Runs: begun, ended, failed, and those that are not begun.

use super::*;

/// The cloud with one export pipeline, `pipeline1`.
async fn site(behaviour: Behaviour) -> Site {
    let site = Site::new(behaviour);
    let put = site
        .put("/exportPipelines/pipeline1", &export_pipeline(&site))
        .await;
    assert!(put.status < 300, "{put:?}");
    site
}

fn failing() -> Behaviour {
    Behaviour {
        fail_runs: Some("Failed to access storage.".to_owned()),
        ..Behaviour::default()
    }
}

fn patience() -> Duration {
    Duration::from_secs(20)
}

#[tokio::test]
async fn a_run_is_running_when_it_was_put_and_fails_by_script() {
    let site = site(failing()).await;
    let put = site
        .put("/pipelineRuns/exportRun1", &export_run("PIPELINE1"))
        .await;
    assert_eq!(put.status, 200);
    let response = |answer: &Answer| answer.at("/properties/response").clone();
    assert_eq!(response(&put)["status"], "Running");
    assert_eq!(response(&put)["progress"], json!({ "percentage": null }));
    assert_eq!(put.at("/properties/provisioningState"), "Succeeded");
    site.cloud().idle(patience()).unwrap();
    let ended = site.get("/pipelineRuns/exportRun1").await;
    let response = response(&ended);
    assert_eq!(response["status"], "Failed");
    assert_eq!(
        response["pipelineRunErrorMessage"],
        "ExportPipeline 'pipeline1', Run 'exportRun1': Failed to access storage. For more information, please visit https://aka.ms/acr/transfer."
    );
    assert_eq!(
        response["trigger"],
        json!({ "sourceTrigger": { "timestamp": null } })
    );
    let container = format!("{}/source/transfer", site.lab.endpoint());
    assert_eq!(response["target"]["uri"], format!("{container}/team.tar"));
    assert_eq!(response["target"]["type"], "AzureStorageBlob");
    assert_eq!(response["source"], Value::Null);
    for time in ["startTime", "finishTime"] {
        let text = response[time].as_str().unwrap();
        assert!(
            text.len() == 33 && text.ends_with("+00:00"),
            "{time}: {text}"
        );
    }
    assert_eq!(ended.at("/properties/provisioningState"), "Failed");
}

#[tokio::test]
async fn a_put_may_wait_for_the_end_and_answer_200_with_a_failed_run() {
    let script = "ExportPipeline '{pipeline}', Run '{run}': whole.".to_owned();
    let site = site(Behaviour {
        put: PutAnswer::Ended,
        fail_runs: Some(script),
        ..Behaviour::default()
    })
    .await;
    let put = site
        .put("/pipelineRuns/exportRun1", &export_run("pipeline1"))
        .await;
    assert_eq!(
        (put.status, put.at("/properties/response/status")),
        (200, &json!("Failed"))
    );
    let message = put.at("/properties/response/pipelineRunErrorMessage");
    assert_eq!(
        message,
        "ExportPipeline 'pipeline1', Run 'exportRun1': whole."
    );
}

#[tokio::test]
async fn the_same_run_is_not_begun_again_without_another_tag() {
    let site = site(failing()).await;
    let mut body = export_run("pipeline1");
    site.put("/pipelineRuns/exportRun1", &body).await;
    site.cloud().idle(patience()).unwrap();
    let first = site.get("/pipelineRuns/exportRun1").await;
    assert_eq!(
        site.put("/pipelineRuns/exportRun1", &body).await.body,
        first.body
    );
    body["properties"]["forceUpdateTag"] = json!("again");
    let second = site.put("/pipelineRuns/exportRun1", &body).await;
    assert_eq!(second.at("/properties/response/status"), "Running");
    assert_eq!(second.at("/properties/forceUpdateTag"), "again");
    assert_eq!(
        second.at("/systemData/createdAt"),
        first.at("/systemData/createdAt")
    );
    site.cloud().idle(patience()).unwrap();
    site.change(|behaviour| behaviour.run_milliseconds = 60_000);
    body["properties"]["forceUpdateTag"] = json!("once more");
    assert_eq!(
        site.put("/pipelineRuns/exportRun1", &body).await.status,
        200
    );
    body["properties"]["forceUpdateTag"] = json!("too soon");
    let refused = site.put("/pipelineRuns/exportRun1", &body).await;
    assert_eq!((refused.status, refused.error().1), (409, "Conflict"));
    let error = site.cloud().idle(Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    // A run in progress may be deleted; its end is nobody's then.
    assert_eq!(site.delete("/pipelineRuns/exportRun1").await.status, 200);
    assert_eq!(site.get("/pipelineRuns/exportRun1").await.status, 404);
}

#[tokio::test]
async fn a_deleted_run_s_end_is_not_that_of_the_next_by_its_name() {
    let site = site(Behaviour {
        run_milliseconds: 500,
        ..failing()
    })
    .await;
    let body = export_run("pipeline1");
    site.put("/pipelineRuns/exportRun1", &body).await;
    site.delete("/pipelineRuns/exportRun1").await;
    site.change(|behaviour| behaviour.run_milliseconds = 60_000);
    site.put("/pipelineRuns/exportRun1", &body).await;
    while site.cloud().running.count() > 1 {
        tokio::task::yield_now().await;
    }
    let second = site.get("/pipelineRuns/exportRun1").await;
    assert_eq!(second.at("/properties/response/status"), "Running");
}

/// A place in the request of a run, what is wrong there, and the code of the refusal.
fn wrong_requests() -> Vec<(&'static str, Value, u16, &'static str)> {
    let invalid = "InvalidRequestContent";
    let many: Vec<String> = (0..51).map(|number| format!("a:{number}")).collect();
    let pipeline = "/pipelineResourceId";
    let elsewhere = REGISTRY.replace("myRegistry", "other");
    let missing = format!("{REGISTRY}/exportPipelines/nosuchpipeline");
    vec![
        ("/artifacts", json!(many), 400, "TooManyArtifacts"),
        ("/artifacts", json!([]), 400, invalid),
        ("/target", Value::Null, 400, invalid),
        ("/target/name", json!(""), 400, invalid),
        ("/target/type", json!("Folder"), 400, invalid),
        (pipeline, Value::Null, 400, invalid),
        (
            pipeline,
            json!(format!("{elsewhere}/exportPipelines/pipeline1")),
            400,
            invalid,
        ),
        (
            pipeline,
            json!(format!("{REGISTRY}/pipelineRuns/pipeline1")),
            400,
            invalid,
        ),
        (pipeline, json!(missing), 404, "ResourceNotFound"),
        ("", Value::Null, 400, invalid),
    ]
}

#[tokio::test]
async fn what_a_run_may_not_ask() {
    let site = site(failing()).await;
    let request = |pointer: &str, value: Value| {
        let mut body = export_run("pipeline1");
        *body
            .pointer_mut(&format!("/properties/request{pointer}"))
            .unwrap() = value;
        body
    };
    for (pointer, value, status, code) in wrong_requests() {
        let refused = site
            .put("/pipelineRuns/exportRun1", &request(pointer, value))
            .await;
        assert_eq!(
            (refused.status, refused.error().1),
            (status, code),
            "{pointer}"
        );
    }
    let fifty: Vec<String> = (0..50).map(|number| format!("a:{number}")).collect();
    let fifty = request("/artifacts", json!(fifty));
    assert_eq!(
        site.put("/pipelineRuns/exportRun1", &fifty).await.status,
        200
    );
    // Runs outlive their pipeline.
    assert_eq!(site.delete("/exportPipelines/pipeline1").await.status, 200);
    site.cloud().idle(patience()).unwrap();
    let ended = site.get("/pipelineRuns/exportRun1").await;
    assert_eq!(ended.at("/properties/response/status"), "Failed");
}

#[tokio::test]
async fn a_secret_that_cannot_be_used_fails_the_run_with_the_vault_s_words() {
    let site = site(Behaviour {
        put: PutAnswer::Ended,
        ..Behaviour::default()
    })
    .await;
    let run = async |name: &str| {
        let put = site
            .put(&format!("/pipelineRuns/{name}"), &export_run("pipeline1"))
            .await;
        assert_eq!(put.at("/properties/response/status"), "Failed", "{put:?}");
        put.at("/properties/response/pipelineRunErrorMessage")
            .as_str()
            .unwrap()
            .to_owned()
    };
    let missing = run("run01").await;
    assert!(
        missing.contains("key vault secret") && missing.contains("SecretNotFound"),
        "{missing}"
    );
    let body = json!({ "value": "?sv=x&sig=hush", "attributes": { "enabled": false } });
    let put = site.vault(Method::PUT, "/secrets/sas", Some(&body)).await;
    assert_eq!(put.status, 200);
    let disabled = run("run04").await;
    assert!(
        disabled.contains("SecretDisabled") && disabled.contains("403 (Forbidden)"),
        "{disabled}"
    );
    assert!(!disabled.contains("hush"), "{disabled}");
    let mut elsewhere = export_pipeline(&site);
    elsewhere["properties"]["target"]["keyVaultUri"] =
        json!("https://myvault.vault.azure.net/secrets/sas");
    site.put("/exportPipelines/pipeline1", &elsewhere).await;
    assert!(run("run05").await.contains("VaultNotFound"));
    elsewhere["identity"] = Value::Null;
    site.put("/exportPipelines/pipeline1", &elsewhere).await;
    assert!(run("run06").await.contains("no identity"));
}
