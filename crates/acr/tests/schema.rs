//! What is sent, against Microsoft's schema of four ages; what is read, from every example and from recorded traffic.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how it fails"
)]

use std::path::{Path, PathBuf};

use blobferry_acr::artifact::{Artifact, Which};
use blobferry_acr::parameters::Parameters;
use blobferry_acr::pipeline::{
    Direction, Identity, Pipeline, PipelineOption, PipelineSpec, StorageAccessMode,
};
use blobferry_acr::resource::{Kind, RegistryId, TransferId};
use blobferry_acr::run::{PipelineRun, RunSpec, RunState};
use serde_json::{Value, json};
use url::Url;

const VERSIONS: [&str; 4] = [
    "2019-12-01-preview",
    "2021-08-01-preview",
    "2023-11-01-preview",
    "2025-06-01-preview",
];
const WHO: &str = "/subscriptions/0/resourcegroups/My-RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Who";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/acr-transfer")
}

fn json(path: &str) -> Value {
    let bytes = fs_err::read(fixtures().join(path)).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Checks a request's body as the schema has it: type, enum, required, properties (no others), maps, `$ref`, `allOf`.
/// What is read-only may not be sent.
struct Schema(Value);

impl Schema {
    fn of(version: &str) -> Self {
        Self(json(&format!("{version}/definitions.json")))
    }

    fn check(&self, name: &str, body: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let rule = json!({ "$ref": format!("#/definitions/{name}") });
        self.value(&rule, body, name, &mut wrong);
        wrong
    }

    /// A rule with what it refers to and what it extends put together: properties and required fields.
    fn whole(&self, rule: &Value) -> Value {
        let mut whole = match rule.get("$ref") {
            Some(name) => {
                let name = name
                    .as_str()
                    .unwrap()
                    .strip_prefix("#/definitions/")
                    .unwrap();
                self.whole(&self.0["definitions"][name])
            }
            None => rule.clone(),
        };
        for base in rule["allOf"].as_array().into_iter().flatten() {
            let base = self.whole(base);
            for (name, property) in base["properties"].as_object().unwrap() {
                whole["properties"][name] = property.clone();
            }
        }
        whole
    }

    fn value(&self, rule: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let rule = self.whole(rule);
        if rule["readOnly"] == true {
            wrong.push(format!("{at} is read-only"));
        }
        match value {
            Value::Object(fields) => {
                for name in rule["required"].as_array().into_iter().flatten() {
                    if !fields.contains_key(name.as_str().unwrap()) {
                        wrong.push(format!("{at} lacks {name}"));
                    }
                }
                for (name, value) in fields {
                    let own = rule["properties"].get(name);
                    match own.or(rule.get("additionalProperties")) {
                        Some(rule) => self.value(rule, value, &format!("{at}.{name}"), wrong),
                        None => wrong.push(format!("{at} has no {name}")),
                    }
                }
            }
            Value::Array(entries) if rule["type"] == "array" => {
                for entry in entries {
                    self.value(&rule["items"], entry, &format!("{at}[]"), wrong);
                }
            }
            Value::String(_) if rule["type"] == "string" => {
                let allowed = rule["enum"].as_array();
                if allowed.is_some_and(|allowed| !allowed.contains(value)) {
                    wrong.push(format!("{at}: {value} is none of {allowed:?}"));
                }
            }
            _ => wrong.push(format!("{at}: {value} is no {}", rule["type"])),
        }
    }
}

fn registry() -> RegistryId {
    RegistryId::new("0000", "myResourceGroup", "myRegistry").unwrap()
}

fn pipelines(version: &str) -> Vec<PipelineSpec> {
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let mut specs = Vec::new();
    for direction in [Direction::Export, Direction::Import] {
        let names: &[&str] = match direction {
            Direction::Export => &["OverwriteBlobs", "ContinueOnErrors"],
            Direction::Import => &[
                "OverwriteTags",
                "DeleteSourceBlobOnSuccess",
                "ContinueOnErrors",
            ],
        };
        for identity in [&[][..], &[WHO], &["[system]", WHO]] {
            for mode in [
                StorageAccessMode::SasToken,
                StorageAccessMode::ManagedIdentity,
            ] {
                for full in [false, true] {
                    let options = names.iter().filter(|_| full);
                    let options = options.map(|word| PipelineOption::parse(word).unwrap());
                    let secret = "https://myvault.vault.azure.net/secrets/acrsas";
                    specs.push(PipelineSpec {
                        direction,
                        location: full.then(|| "westus".to_owned()),
                        container: Url::parse("https://a.blob.core.windows.net/abc").unwrap(),
                        mode,
                        secret: Some(Url::parse(secret).unwrap()),
                        identity: Identity::parse(&words(identity)).unwrap(),
                        options: options.collect(),
                        source_trigger: (full && direction == Direction::Import).then_some(true),
                    });
                }
            }
        }
    }
    specs.retain(|spec| spec.check(version).is_ok());
    specs
}

#[test]
fn bodies_of_pipelines_are_of_the_schema() {
    for version in VERSIONS {
        let schema = Schema::of(version);
        let specs = pipelines(version);
        let modes = if version < "2025-06" { 1 } else { 2 };
        assert_eq!(specs.len(), 2 * 3 * 2 * modes, "{version}");
        for spec in specs {
            let name = match spec.direction {
                Direction::Export => "ExportPipeline",
                Direction::Import => "ImportPipeline",
            };
            let body = spec.body(version);
            assert_eq!(schema.check(name, &body), [""; 0], "{version}: {body}");
        }
    }
}

#[test]
fn bodies_of_runs_are_of_the_schema() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    for version in VERSIONS {
        let schema = Schema::of(version);
        for (kind, count, full) in [
            (Kind::ExportPipeline, 1, false),
            (Kind::ExportPipeline, 50, true),
            (Kind::ImportPipeline, 0, false),
            (Kind::ImportPipeline, 2, true),
        ] {
            let artifact = |index: usize| Artifact {
                repository: "team/app".to_owned(),
                which: Which::Tag(index.to_string()),
            };
            let import = kind == Kind::ImportPipeline;
            let spec = RunSpec {
                pipeline: registry().named(kind, "myPipeline").unwrap(),
                artifacts: (0..count).map(artifact).collect(),
                blob: "myblob.tar.gz".to_owned(),
                catalog_digest: (full && import).then(|| digest.clone()),
                force_update_tag: full.then(blobferry_acr::run::fresh_tag),
            };
            spec.check().unwrap();
            let body = spec.body();
            assert_eq!(
                schema.check("PipelineRun", &body),
                [""; 0],
                "{version}: {body}"
            );
            let end = if import { "source" } else { "target" };
            assert_eq!(body["properties"]["request"][end]["name"], "myblob.tar.gz");
        }
    }
}

/// The checker finds what is wrong: else the tests above would say nothing.
#[test]
fn the_checker_checks() {
    let good = pipelines("2025-06-01-preview")
        .remove(0)
        .body("2025-06-01-preview");
    let old = Schema::of("2019-12-01-preview");
    assert!(
        !old.check("ExportPipeline", &good).is_empty(),
        "storageAccessMode is newer"
    );
    let schema = Schema::of("2025-06-01-preview");
    for (pointer, value) in [
        ("/properties/options", json!(["Nonsense"])),
        ("/properties/target/uri", json!(7)),
        ("/properties", json!({})),
        ("/properties/provisioningState", json!("Succeeded")),
        ("/properties/trigger", json!({})),
        ("/id", json!("/x")),
        ("/identity/type", json!("systemAssigned")),
    ] {
        let mut bad = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        bad.pointer_mut(parent).unwrap()[name] = value;
        assert!(
            !schema.check("ExportPipeline", &bad).is_empty(),
            "{pointer}"
        );
    }
}

/// Every example's answers: (file, status, body).
fn examples() -> Vec<(String, Value)> {
    let mut bodies = Vec::new();
    for version in &VERSIONS[..3] {
        for entry in fs_err::read_dir(fixtures().join(version)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let example = json(&format!("{version}/{name}"));
            for answer in example["responses"].as_object().into_iter().flatten() {
                let body = &answer.1["body"];
                let entries = body["value"].as_array().cloned();
                let single = body.is_object().then(|| vec![body.clone()]);
                for body in entries.or(single).unwrap_or_default() {
                    bodies.push((format!("{version}/{name}"), body));
                }
            }
        }
    }
    assert!(bodies.len() >= 45, "{}", bodies.len());
    bodies
}

#[test]
fn every_example_of_a_pipeline_is_read() {
    for (file, body) in examples() {
        let direction = match &file {
            file if file.contains("/Export") => Direction::Export,
            file if file.contains("/Import") => Direction::Import,
            _ => continue,
        };
        let options = body["properties"]["options"].as_array().map_or(0, Vec::len);
        let pipeline = Pipeline::read(direction, body.clone()).unwrap();
        assert_eq!(
            pipeline.storage_account().as_deref(),
            Some("accountname"),
            "{file}"
        );
        assert_eq!(pipeline.provisioning_state.as_deref(), Some("Succeeded"));
        assert_eq!(pipeline.mode, StorageAccessMode::SasToken);
        assert_eq!(pipeline.options.len(), options);
        let vault = "https://myvault.vault.azure.net/secrets/acr";
        assert!(pipeline.secret.unwrap().starts_with(vault), "{file}");
        let trigger = body["properties"].get("trigger").map(|_| true);
        assert_eq!(pipeline.source_trigger, trigger, "{file}");
        let id: TransferId = pipeline.id.parse().unwrap();
        assert_eq!(id.name, pipeline.name);
        if body["identity"]["type"] == "SystemAssigned" {
            assert!(pipeline.principal.is_some() && pipeline.user_identities.is_empty());
        } else {
            let [(_, principal, client)] = pipeline.user_identities.as_slice() else {
                panic!("{file}");
            };
            assert!(principal.is_some() && client.is_some());
        }
    }
}

#[test]
fn every_example_of_a_run_is_read() {
    let mut states = Vec::new();
    for (file, body) in examples() {
        if !file.contains("/PipelineRun") {
            continue;
        }
        let run = PipelineRun::read(body.clone()).unwrap();
        assert_eq!(
            run.provisioning_state.as_deref(),
            Some("Succeeded"),
            "{file}"
        );
        let said = body["properties"]["response"]["status"].as_str();
        let state = match said {
            Some("Running") => RunState::Running,
            Some("Succeeded") => RunState::Succeeded,
            _ => panic!("{file}: {said:?}"),
        };
        assert_eq!(run.state, state, "{file}");
        states.push(state);
        let percent = body["properties"]["response"]["progress"]["percentage"].as_str();
        assert_eq!(
            run.percentage.map(|percent| percent.to_string()).as_deref(),
            percent
        );
        assert_eq!(run.catalog_digest.as_deref(), Some("sha256@"));
        assert_eq!(run.blob.as_deref(), Some("myblob.tar.gz"), "{file}");
        let started = body["properties"]["response"]["startTime"]
            .as_str()
            .unwrap();
        let zulu = started.replace("+00:00", "Z");
        assert_eq!(run.started.unwrap().to_string(), zulu);
        let pipeline: TransferId = run.pipeline.unwrap().parse().unwrap();
        assert_ne!(pipeline.kind, Kind::PipelineRun);
        let imported = body["properties"]["response"]["importedArtifacts"].as_array();
        assert_eq!(run.imported.len(), imported.map_or(0, Vec::len));
    }
    assert!(states.contains(&RunState::Running) && states.contains(&RunState::Succeeded));
}

#[test]
fn recorded_pipelines_are_read() {
    let recorded = json("traffic/export-pipeline-managed-identity.json");
    let put = &recorded["interactions"][0];
    let spec = PipelineSpec {
        direction: Direction::Export,
        location: None,
        container: Url::parse("https://acrtransfer000002.blob.core.windows.net/export-container")
            .unwrap(),
        mode: StorageAccessMode::ManagedIdentity,
        secret: None,
        identity: Identity::parse(&[]).unwrap(),
        options: Vec::new(),
        source_trigger: None,
    };
    assert_eq!(spec.body("2025-06-01-preview"), put["request"]["body"]);
    let read = Pipeline::read(Direction::Export, put["response"]["body"].clone()).unwrap();
    assert_eq!(read.mode, StorageAccessMode::ManagedIdentity);
    assert_eq!(
        read.principal.as_deref(),
        Some("8908d33a-9b4d-454c-97c5-ad5aa05a1e0a")
    );

    let recorded = json("traffic/import-pipeline-user-assigned.json");
    let body = recorded["interactions"][0]["response"]["body"].clone();
    let read = Pipeline::read(Direction::Import, body).unwrap();
    assert_eq!((read.principal, read.source_trigger), (None, Some(true)));
    let [(id, principal, client)] = read.user_identities.as_slice() else {
        panic!("one identity");
    };
    assert!(id.contains("/resourcegroups/"), "case is kept: {id}");
    assert_eq!(
        principal.as_deref(),
        Some("0cbc09b4-616f-4915-a013-7277daa0ff48")
    );
    assert_eq!(
        client.as_deref(),
        Some("9d0351b5-bad2-4121-8f2a-17fa189c6ee4")
    );
}

/// The az CLI flattens `properties` in its output; the wire does not.
#[test]
fn the_recorded_failure_in_a_200_is_a_failure() {
    let recorded = json("traffic/pipeline-run-failed-storage-403.partial.json");
    assert_eq!(recorded["http_status"], 200);
    let request = &recorded["request"]["body"]["properties"]["request"];
    let body = json!({
        "id": recorded["request"]["path"].as_str().unwrap().split('?').next(),
        "properties": {
            "request": request,
            "response": recorded["az_output_partial"]["response"],
            "provisioningState": "Succeeded",
        },
    });
    let run = PipelineRun::read(body).unwrap();
    assert_eq!(run.state, RunState::Failed);
    assert_eq!(
        (run.percentage, run.triggered, run.finished),
        (None, None, None)
    );
    assert_eq!(run.blob.as_deref(), Some("chunky-app.tar"));
    let error = run.error.unwrap();
    assert!(
        error.contains("Status: 403") && error.contains("AuthorizationFailure"),
        "{error}"
    );
    assert_eq!(
        run.started.unwrap().to_string(),
        "2025-04-29T17:20:52.960226Z"
    );

    let spec = RunSpec {
        pipeline: request["pipelineResourceId"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap(),
        artifacts: vec![Artifact {
            repository: "dotnet/sdk".to_owned(),
            which: Which::Tag("8.0.407".to_owned()),
        }],
        blob: "chunky-app.tar".to_owned(),
        catalog_digest: None,
        force_update_tag: None,
    };
    assert_eq!(spec.body(), recorded["request"]["body"]);
}

#[test]
fn parameter_files_of_the_templates_are_read() {
    let read = |name: &str| {
        let path = fixtures().join(format!("parameters/{name}.parameters.json"));
        Parameters::read(&path).unwrap()
    };
    let export = read("export-pipeline");
    let text = |parameters: &Parameters, name| parameters.text(name).unwrap();
    assert_eq!(
        text(&export, "exportPipelineName").as_deref(),
        Some("myExportPipeline")
    );
    assert_eq!(text(&export, "KEYVAULTNAME").as_deref(), Some("myvault"));
    assert_eq!(text(&export, "location"), None);
    assert_eq!(
        export.list("options").unwrap(),
        ["OverwriteBlobs", "ContinueOnErrors"]
    );
    assert!(export.text("options").is_err() && export.list("registryName").is_err());
    let import = read("import-pipeline");
    assert_eq!(import.list("options").unwrap().len(), 3);
    let run = read("run-export");
    let pipeline: TransferId = text(&run, "pipelineResourceId").unwrap().parse().unwrap();
    assert_eq!(pipeline.kind, Kind::ExportPipeline);
    assert_eq!(run.list("artifacts").unwrap().len(), 2);
    assert_eq!(
        text(&read("run-import"), "sourceName").as_deref(),
        Some("myblob")
    );
}

#[test]
fn what_is_no_parameter_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.json");
    let long = " ".repeat(1 << 20) + "{}";
    for (text, word) in [
        ("", "JSON"),
        ("[]", "parameters"),
        (r#"{"parameters": []}"#, "parameters"),
        (r#"{"parameters": {"typo": {"value": 1}}}"#, "typo"),
        (r#"{"parameters": {"targetUri": {}}}"#, "value"),
        (
            r#"{"parameters": {"targetUri": {"reference": {}}}}"#,
            "Key Vault reference",
        ),
        (
            r#"{"parameters": {"targetUri": {"value": 1}, "TARGETURI": {"value": 1}}}"#,
            "twice",
        ),
        (
            r#"{"$schema": "x/deploymentTemplate.json", "parameters": {}}"#,
            "$schema",
        ),
        (&long, "1 MiB"),
    ] {
        fs_err::write(&path, text).unwrap();
        let error = Parameters::read(&path).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    assert!(Parameters::read(&folder.path().join("none")).is_err());
    let text = "\u{feff}{\"parameters\": {\"sourceName\": {\"value\": \"\"}, \"options\": {\"value\": null}}}";
    fs_err::write(&path, text).unwrap();
    let empty = Parameters::read(&path).unwrap();
    assert_eq!(empty.text("sourceName"), Ok(None));
    assert_eq!(empty.list("options"), Ok(Vec::new()));
}
