//! Microsoft's template parameter files in place of flags.

use insta::{assert_snapshot, with_settings};
use serde_json::{Value, json};

use crate::desk::{Desk, line_of, told};

const PIPELINE: &str = "/subscriptions/sub-1/resourceGroups/group1/providers/Microsoft.ContainerRegistry/registries/registry1/exportPipelines/pipe1";

fn file(desk: &Desk, parameters: &[(&str, Value)]) -> String {
    let values: serde_json::Map<String, Value> = parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!({ "value": value })))
        .collect();
    let schema =
        "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#";
    let text = json!({"$schema": schema, "contentVersion": "1.0.0.0", "parameters": values});
    desk.write("azuredeploy.parameters.json", &text.to_string())
}

fn export() -> Vec<(&'static str, Value)> {
    vec![
        ("registryName", json!("registry1")),
        ("exportPipelineName", json!("myExportPipeline")),
        (
            "targetUri",
            json!("https://account.blob.core.windows.net/box"),
        ),
        ("keyVaultName", json!("myvault")),
        ("sasTokenSecretName", json!("acrexportsas")),
        ("options", json!(["OverwriteBlobs"])),
        ("storageAccessMode", json!("SasToken")),
    ]
}

const PLACE: [&str; 5] = ["-g", "group1", "--subscription", "sub-1", "--dry-run"];

#[test]
fn a_file_is_enough_for_a_pipeline_and_flags_win_over_it() {
    let desk = Desk::new();
    let path = file(&desk, &export());
    let words = [
        &[
            "export-pipeline",
            "create",
            "-o",
            "json",
            "--parameters",
            &path,
        ][..],
        &PLACE,
    ]
    .concat();
    let request = line_of(&desk.run(&words, 0), "request");
    let url = request["url"].as_str().unwrap();
    assert!(
        url.contains("/registries/registry1/exportPipelines/myExportPipeline?"),
        "{url}"
    );
    let target = &request["body"]["properties"]["target"];
    assert_eq!(
        target["keyVaultUri"],
        "https://myvault.vault.azure.net/secrets/acrexportsas"
    );
    assert_eq!(target["uri"], "https://account.blob.core.windows.net/box");
    let flags = ["-n", "other1", "-z", "ContinueOnErrors", "-r", "registry2"];
    let request = line_of(&desk.run(&[&words[..], &flags].concat(), 0), "request");
    let url = request["url"].as_str().unwrap();
    assert!(
        url.contains("/registries/registry2/exportPipelines/other1?"),
        "{url}"
    );
    assert_eq!(
        request["body"]["properties"]["options"],
        json!(["ContinueOnErrors"])
    );
}

#[test]
fn microsofts_own_files_are_taken_as_they_are() {
    let desk = Desk::new();
    for (group, name) in [
        ("export-pipeline", "export-pipeline"),
        ("import-pipeline", "import-pipeline"),
        ("pipeline-run", "run-export"),
        ("pipeline-run", "run-import"),
    ] {
        let path = format!(
            "{}/../../fixtures/acr-transfer/parameters/{name}.parameters.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let words = ["create", "--parameters", &path, "-g", "myResourceGroup"];
        let subscription = "00000000-0000-0000-0000-000000000000";
        let words = [
            &[group][..],
            &words,
            &["--subscription", subscription, "--dry-run", "-o", "json"],
        ]
        .concat();
        let shown = desk.run(&words, 0);
        let request = line_of(&shown, "request");
        if name == "run-export" {
            let artifacts = &request["body"]["properties"]["request"]["artifacts"];
            let digest = "0".repeat(64);
            assert_eq!(
                artifacts,
                &json!([
                    "hello-world:latest",
                    format!("sourcerepository@sha256:{digest}")
                ])
            );
            let note = line_of(&shown, "note");
            assert!(
                note["text"].to_string().contains("sourceRepository@"),
                "{note}"
            );
        }
    }
}

#[test]
fn a_trigger_that_the_file_disables_is_disabled() {
    let desk = Desk::new();
    let path = file(
        &desk,
        &[
            ("registryName", json!("registry1")),
            ("importPipelineName", json!("pipe1")),
            (
                "sourceUri",
                json!("https://account.blob.core.windows.net/box"),
            ),
            ("storageAccessMode", json!("ManagedIdentity")),
            ("sourceTriggerStatus", json!("Disabled")),
        ],
    );
    let words = [
        &[
            "import-pipeline",
            "create",
            "-o",
            "json",
            "--parameters",
            &path,
        ][..],
        &PLACE,
    ]
    .concat();
    let request = line_of(&desk.run(&words, 0), "request");
    let trigger = &request["body"]["properties"]["trigger"]["sourceTrigger"]["status"];
    assert_eq!(trigger, "Disabled");
    let request = line_of(&desk.run(&[&words[..], &["-e"]].concat(), 0), "request");
    let trigger = &request["body"]["properties"]["trigger"]["sourceTrigger"]["status"];
    assert_eq!(trigger, "Enabled");
}

#[test]
fn a_runs_file_names_its_pipeline_by_id_and_so_the_place() {
    let desk = Desk::new();
    let path = file(
        &desk,
        &[
            ("registryName", json!("Registry1")),
            ("pipelineRunName", json!("myRun")),
            ("pipelineResourceId", json!(PIPELINE)),
            ("targetName", json!("my blob")),
            ("artifacts", json!(["hello-world:latest"])),
            ("forceUpdateTag", json!("again")),
        ],
    );
    let words = [
        "pipeline-run",
        "create",
        "-o",
        "json",
        "--dry-run",
        "--parameters",
        &path,
    ];
    let request = line_of(&desk.run(&words, 0), "request");
    let properties = &request["body"]["properties"];
    assert_eq!(
        properties["request"]["pipelineResourceId"]
            .as_str()
            .unwrap()
            .to_lowercase(),
        PIPELINE.to_lowercase()
    );
    assert_eq!(properties["request"]["target"]["name"], "my blob");
    assert_eq!(properties["forceUpdateTag"], "again");
}

#[test]
fn contradictions_between_file_and_command_are_refused() {
    let desk = Desk::new();
    let run = |name: &'static str| {
        vec![
            ("pipelineRunName", json!("myRun")),
            ("pipelineResourceId", json!(PIPELINE)),
            ("artifacts", json!(["a:1"])),
            (name, json!("a")),
        ]
    };
    let other = PIPELINE.replace("exportPipelines", "pipelineRuns");
    let cases = [
        ("import-pipeline create", export()),
        ("pipeline-run create -t import", run("targetName")),
        ("pipeline-run create", run("sourceName")),
        ("pipeline-run create -r registry9", run("targetName")),
        (
            "pipeline-run create",
            vec![("pipelineResourceId", json!(other))],
        ),
        ("pipeline-run create", vec![("surprise", json!(1))]),
    ];
    let mut all = String::new();
    for (command, parameters) in cases {
        let path = file(&desk, &parameters);
        let words: Vec<&str> = command.split(' ').chain(["--parameters", &path]).collect();
        all.push_str(&told(&words, &desk.run(&words, 2)));
    }
    with_settings!({ snapshot_path => "../snapshots" }, { assert_snapshot!(desk.steady(&all)); });
}
