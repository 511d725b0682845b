//! Azure Resource Manager: Microsoft's examples, what is refused and in which words.

use super::*;

const VERSIONS: [&str; 3] = [
    "2019-12-01-preview",
    "2021-08-01-preview",
    "2023-11-01-preview",
];

/// A file that Microsoft wrote.
fn fixture(name: &str) -> Value {
    let path = format!(
        "{}/../../fixtures/acr-transfer/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = fs_err::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Without what differs from one day to the next: ids of identities, system data.
fn stable(answer: &Value) -> Value {
    let mut answer = answer.clone();
    let fields = answer.as_object_mut().unwrap();
    fields.remove("systemData");
    if let Some(identity) = fields.get_mut("identity").and_then(Value::as_object_mut) {
        for (name, value) in identity.iter_mut() {
            match name.as_str() {
                "type" => *value = json!(value.as_str().unwrap().to_lowercase()),
                "userAssignedIdentities" => {
                    for ids in value.as_object_mut().unwrap().values_mut() {
                        let names: Vec<String> = ids.as_object().unwrap().keys().cloned().collect();
                        *ids = json!(names);
                    }
                }
                _ => *value = Value::Null,
            }
        }
    }
    answer
}

#[tokio::test]
async fn microsoft_s_examples_of_pipelines_are_answered_as_they_say() {
    let site = Site::new(Behaviour::default());
    for version in VERSIONS {
        for (word, kind) in [("Export", "exportPipelines"), ("Import", "importPipelines")] {
            let example = fixture(&format!("{version}/{word}PipelineCreate.json"));
            let lower = word.to_lowercase();
            let body = &example["parameters"][format!("{lower}PipelineCreateParameters")];
            let below = format!("/{kind}/my{word}Pipeline?api-version={version}");
            let put = site.put(&below, body).await;
            assert_eq!(put.status, 200, "{version} {word}: {put:?}");
            let wanted = &example["responses"]["200"]["body"];
            assert_eq!(stable(&put.body), stable(wanted), "{version} {word}");
            assert_eq!(site.get(&below).await.body, put.body);
            let list = site.get(&format!("/{kind}?api-version={version}")).await;
            assert_eq!(list.body, json!({ "value": [put.body] }));
            assert_eq!(site.delete(&below).await.status, 200);
            assert_eq!(site.get(&below).await.error().1, "ResourceNotFound");
            assert_eq!(site.delete(&below).await.status, 204);
        }
    }
}

#[tokio::test]
async fn microsoft_s_examples_of_runs_are_taken() {
    let fail_runs = Some("by script".to_owned());
    let site = Site::new(Behaviour {
        fail_runs,
        ..Behaviour::default()
    });
    for version in VERSIONS {
        for (word, kind) in [("Export", "exportPipelines"), ("Import", "importPipelines")] {
            let pipeline = fixture(&format!("{version}/{word}PipelineCreate.json"));
            let lower = word.to_lowercase();
            let body = &pipeline["parameters"][format!("{lower}PipelineCreateParameters")];
            let below = format!("/{kind}/my{word}Pipeline?api-version={version}");
            assert_eq!(site.put(&below, body).await.status, 200);
            let example = fixture(&format!("{version}/PipelineRunCreate_{word}.json"));
            let body = &example["parameters"]["pipelineRunCreateParameters"];
            let run = format!("/pipelineRuns/my{word}Run?api-version={version}");
            let put = site.put(&run, body).await;
            assert_eq!(put.status, 200, "{version} {word}: {put:?}");
            assert_eq!(
                put.at("/properties/request"),
                &body["properties"]["request"]
            );
            let place = if word == "Export" { "target" } else { "source" };
            let wanted = &example["responses"]["200"]["body"]["properties"]["response"][place];
            assert_eq!(&put.at("/properties/response")[place], wanted);
            assert_eq!(
                put.at("/type"),
                "Microsoft.ContainerRegistry/registries/pipelineRuns"
            );
            site.cloud().idle(Duration::from_secs(20)).unwrap();
            assert_eq!(site.delete(&run).await.status, 200);
        }
    }
}

#[tokio::test]
async fn answers_have_the_fields_and_case_of_recorded_traffic() {
    let site = Site::new(Behaviour::default());
    let recorded = fixture("traffic/export-pipeline-managed-identity.json");
    let exchange = &recorded["interactions"][0];
    let put = site
        .put(
            "/exportPipelines/pipeline000004",
            &exchange["request"]["body"],
        )
        .await;
    let wanted = &exchange["response"];
    assert_eq!(put.status, wanted["status"]);
    assert_eq!(
        put.header("api-supported-versions"),
        wanted["headers"]["api-supported-versions"]
    );
    assert_eq!(
        put.header("content-type"),
        wanted["headers"]["content-type"]
    );
    assert_eq!(put.body["properties"], wanted["body"]["properties"]);
    assert_eq!(put.body["identity"]["type"], "systemAssigned");
    let names = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    for place in ["", "/identity", "/systemData"] {
        let (ours, theirs) = (put.at(place), wanted["body"].pointer(place).unwrap());
        assert_eq!(names(ours), names(theirs), "{place}");
    }
    let created = put.at("/systemData/createdAt").as_str().unwrap();
    let theirs = wanted["body"]["systemData"]["createdAt"].as_str().unwrap();
    assert_eq!(created.len(), theirs.len(), "{created}");
    assert!(created.ends_with("+00:00"), "{created}");
    let recorded = fixture("traffic/import-pipeline-user-assigned.json");
    let theirs = &recorded["interactions"][0]["response"]["body"];
    let id = names(&theirs["identity"]["userAssignedIdentities"]).remove(0);
    let asked = id.replace("resourcegroups", "resourceGroups");
    let mut body =
        json!({ "properties": theirs["properties"], "identity": { "type": "UserAssigned" } });
    body["identity"]["userAssignedIdentities"] = json!({ asked: {} });
    let put = site.put("/importPipelines/pipeline000004", &body).await;
    assert_eq!(stable(&put.body)["identity"], stable(theirs)["identity"]);
    assert_eq!(put.body["properties"], theirs["properties"]);
}

/// A place in the body of an export pipeline, what is wrong there, and what the message says.
fn wrong_places() -> Vec<(&'static str, Value, &'static str)> {
    let (target, uri, secret) = (
        "/properties/target",
        "/properties/target/uri",
        "/properties/target/keyVaultUri",
    );
    let signed = "https://a.blob.core.windows.net/c?sv=1&sig=hush";
    vec![
        ("/properties", Value::Null, "'properties' is required"),
        (target, Value::Null, "'properties.target' is required"),
        (uri, Value::Null, "target.uri' is required"),
        (
            uri,
            json!("https://a.blob.core.windows.net"),
            "target.uri' is invalid",
        ),
        (
            uri,
            json!("http://a.blob.core.windows.net/c"),
            "target.uri' is invalid",
        ),
        (uri, json!(signed), "target.uri' is invalid"),
        ("/properties/target/type", json!("Folder"), "'Folder'"),
        (secret, Value::Null, "keyVaultUri' is required"),
        (
            secret,
            json!("https://v.vault.azure.net/keys/k"),
            "keyVaultUri' is invalid",
        ),
        (
            "/properties/options",
            json!(["OverwriteAll"]),
            "'OverwriteAll'",
        ),
        (
            "/properties/options",
            json!("OverwriteBlobs"),
            "could not be deserialized",
        ),
        ("/identity/type", json!("Mine"), "'Mine'"),
        (
            "/identity/type",
            json!("UserAssigned"),
            "userAssignedIdentities' is required",
        ),
    ]
}

#[tokio::test]
async fn bodies_are_held_to_the_schema() {
    let site = Site::new(Behaviour::default());
    for (pointer, value, words) in wrong_places() {
        let mut body = export_pipeline(&site);
        *body.pointer_mut(pointer).unwrap() = value;
        let refused = site.put("/exportPipelines/pipeline1", &body).await;
        let (status, code, message) = refused.error();
        assert_eq!(
            (status, code),
            (400, "InvalidRequestContent"),
            "{pointer}: {message}"
        );
        assert!(message.contains(words), "{pointer}: {message}");
        assert!(!message.contains("hush"), "{message}");
    }
    assert_eq!(
        site.get("/exportPipelines").await.body,
        json!({ "value": [] })
    );
}

#[tokio::test]
async fn names_identities_and_triggers_are_held_to_the_schema() {
    let site = Site::new(Behaviour::default());
    let mut body = export_pipeline(&site);
    for name in ["four", "under_score", &"x".repeat(51)] {
        let refused = site.put(&format!("/exportPipelines/{name}"), &body).await;
        assert_eq!(refused.error().1, "InvalidResourceName", "{name}");
    }
    let trigger = json!({ "properties": {
        "source": body["properties"]["target"], "trigger": { "sourceTrigger": { "status": "Maybe" } },
    } });
    let refused = site.put("/importPipelines/pipeline1", &trigger).await;
    assert!(refused.error().2.contains("'Maybe'"), "{refused:?}");
    body["identity"] = json!({ "type": "UserAssigned", "userAssignedIdentities": { "me": {} } });
    let refused = site.put("/exportPipelines/pipeline1", &body).await;
    assert_eq!(refused.error().1, "InvalidIdentityId");
    body["identity"] = Value::Null;
    let put = site.put("/exportPipelines/pipeline1", &body).await;
    assert_eq!((put.status, put.at("/identity")), (200, &Value::Null));
}

#[tokio::test]
async fn versions_are_held_to_what_a_type_has() {
    let site = Site::new(Behaviour::default());
    let mut body = export_pipeline(&site);
    body["properties"]["target"]["storageAccessMode"] = json!("ManagedIdentity");
    let old = site
        .put(
            "/exportPipelines/pipeline1?api-version=2023-11-01-preview",
            &body,
        )
        .await;
    assert!(old.error().2.contains("storageAccessMode"), "{old:?}");
    assert_eq!(
        site.put("/exportPipelines/pipeline1", &body).await.status,
        200
    );
    let old = site
        .get("/exportPipelines/pipeline1?api-version=2023-11-01-preview")
        .await;
    assert_eq!(old.at("/properties/target/storageAccessMode"), &Value::Null);
    for (query, code) in [
        ("?x=y", "MissingApiVersionParameter"),
        ("?api-version=latest", "InvalidApiVersionParameter"),
        ("?api-version=2023-07-01", "NoRegisteredProviderFound"),
        (
            "?api-version=2020-01-01-preview",
            "NoRegisteredProviderFound",
        ),
    ] {
        let refused = site.get(&format!("/exportPipelines{query}")).await;
        assert_eq!((refused.status, refused.error().1), (400, code), "{query}");
    }
    let registry = site.get("?api-version=2023-07-01").await;
    assert_eq!(registry.at("/sku/name"), "Premium");
    assert_eq!(registry.at("/properties/loginServer"), "http://127.0.0.1:9");
    assert_eq!(
        registry.at("/properties/policies/exportPolicy/status"),
        "enabled"
    );
}

#[tokio::test]
async fn a_disabled_export_policy_forbids_export_pipelines_only() {
    let site = Site::new(Behaviour::default());
    let policy =
        json!({ "properties": { "policies": { "exportPolicy": { "status": "disabled" } } } });
    let patched = site
        .arm(Method::PATCH, "?api-version=2023-07-01", Some(&policy))
        .await;
    assert_eq!(
        patched.at("/properties/policies/exportPolicy/status"),
        "disabled"
    );
    let body = export_pipeline(&site);
    let refused = site.put("/exportPipelines/pipeline1", &body).await;
    assert_eq!(
        (refused.status, refused.error().1),
        (403, "ExportPolicyDisabled")
    );
    let import = json!({ "properties": { "source": body["properties"]["target"] } });
    assert_eq!(
        site.put("/importPipelines/pipeline1", &import).await.status,
        200
    );
}

#[tokio::test]
async fn what_is_not_there_is_said_by_its_part() {
    let site = Site::new(Behaviour::default());
    let other =
        |from: &str, to: &str| format!("{}?api-version={VERSION}", REGISTRY.replace(from, to));
    let endpoint = site.cloud().endpoint().to_owned();
    for (url, code) in [
        (
            other("00000000-0000", "11111111-0000"),
            "SubscriptionNotFound",
        ),
        (other("myResourceGroup", "another"), "ResourceGroupNotFound"),
        (other("myRegistry", "another"), "ResourceNotFound"),
        (other("registries", "caches"), "InvalidResourceType"),
    ] {
        let refused = site.ask_for(&endpoint, &Method::GET, &url, None).await;
        assert_eq!((refused.status, refused.error().1), (404, code), "{url}");
    }
    let missing = site.get("/pipelineRuns/nosuchrun").await;
    assert!(
        missing
            .error()
            .2
            .contains("registries/myRegistry/pipelineRuns/nosuchrun")
    );
    assert!(!missing.header("x-ms-request-id").is_empty());
    // Names and words compare without case.
    let url =
        other("myResourceGroup", "MYRESOURCEGROUP").replace("resourceGroups", "resourcegroups");
    assert_eq!(
        site.ask_for(&endpoint, &Method::GET, &url, None)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn tokens_are_held_to_issuer_audience_and_the_lab_s_clock() {
    let site = Site::new(Behaviour {
        token_seconds: 60,
        ..Behaviour::default()
    });
    let endpoint = site.cloud().endpoint().to_owned();
    let url = format!("{REGISTRY}?api-version={VERSION}");
    let with = |token: String| site.send(site.request(&Method::GET, &url).bearer_auth(token));
    let token = site.token(&endpoint).await;
    assert_eq!(with(token.clone()).await.status, 200);
    let bare = site.send(site.request(&Method::GET, &url)).await;
    assert_eq!((bare.status, bare.error().1), (401, "AuthenticationFailed"));
    assert!(
        bare.header("www-authenticate")
            .contains(&format!("{endpoint}/{TENANT}"))
    );
    let vault = with(site.token("https://vault.azure.net").await).await;
    assert_eq!(vault.error().1, "InvalidAuthenticationTokenAudience");
    let foreign = Site::new(Behaviour::default());
    let foreign = with(foreign.token(foreign.cloud().endpoint()).await).await;
    assert_eq!(
        (foreign.status, foreign.error().1),
        (401, "InvalidAuthenticationToken")
    );
    site.lab.clock().advance(61);
    let late = with(token).await;
    assert_eq!(
        (late.status, late.error().1),
        (401, "ExpiredAuthenticationToken")
    );
}

#[tokio::test]
async fn throttling_is_counted_down() {
    let site = Site::new(Behaviour {
        throttle: 2,
        retry_after: 7,
        ..Behaviour::default()
    });
    for left in [1, 0] {
        let refused = site.get("/exportPipelines").await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, "7"));
        assert_eq!(refused.error().1, "SubscriptionRequestsThrottled");
        assert_eq!(site.cloud().behaviour().throttle, left);
    }
    assert_eq!(site.get("/exportPipelines").await.status, 200);
}
