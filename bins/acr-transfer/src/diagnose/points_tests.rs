//! Every point of what is known to go wrong (facts of ACR Transfer) has a check that passes and one that fails.

use std::collections::BTreeSet;

use blobferry_acr::arm::DEFAULT_API_VERSION;
use blobferry_acr::pipeline::{Direction, Pipeline};
use blobferry_acr::preflight::{Finding, Report, Severity};
use blobferry_acr::run::PipelineRun;
use blobferry_azure_blob::SasToken;
use jiff::Timestamp;
use serde_json::json;

use super::facts::{Asked, RegistryFacts, SasFacts, SecretFacts, Trouble};
use super::probe::Answer;
use super::*;

const POINTS: std::ops::RangeInclusive<u8> = 1..=17;

fn now() -> Timestamp {
    "2026-06-10T00:00:00Z".parse().unwrap()
}

fn points(facts: &Facts, state: State) -> BTreeSet<u8> {
    let checks = judge(facts).into_iter();
    let own = checks.filter(|check| check.state == state);
    own.map(|check| check.point).collect()
}

fn pipeline(direction: Direction, state: &str, options: &[&str]) -> Pipeline {
    let (kind, end) = match direction {
        Direction::Export => ("exportPipelines", "target"),
        Direction::Import => ("importPipelines", "source"),
    };
    let root = "/subscriptions/00000000-0000-0000-0000-000000000005/resourceGroups/g/providers/\
        Microsoft.ContainerRegistry/registries/reg1";
    let raw = json!({
        "id": format!("{root}/{kind}/pipe1"), "name": "pipe1",
        "identity": {"type": "SystemAssigned", "principalId": "p"},
        "properties": {
            end: {
                "type": "AzureStorageBlobContainer", "uri": "https://a.blob.core.windows.net/c",
                "keyVaultUri": "https://v.vault.azure.net/secrets/s",
            },
            "options": options, "provisioningState": state,
        },
    });
    Pipeline::read(direction, raw).unwrap()
}

fn run(status: &str, started: &str, imported: &[&str]) -> PipelineRun {
    let raw = json!({"id": "/r", "name": "run1", "properties": {
        "provisioningState": status,
        "request": {"artifacts": ["a:1"], "target": {"type": "AzureStorageBlob", "name": "b.tar"}},
        "response": {
            "status": status, "startTime": started, "importedArtifacts": imported,
            "pipelineRunErrorMessage": (status == "Failed").then_some("layer larger than 8 GB"),
        },
    }});
    PipelineRun::read(raw).unwrap()
}

fn answer(status: u16, code: Option<&str>, headers: &[(&str, &str)]) -> Asked<Answer> {
    let headers = headers.iter();
    Asked::Got(Answer {
        status,
        code: code.map(str::to_owned),
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..Answer::default()
    })
}

fn content(codes: &[&'static str]) -> Asked<Report> {
    let finding = |code: &&'static str| Finding {
        severity: Severity::Error,
        code,
        subject: None,
        message: "m".to_owned(),
        hint: "h".to_owned(),
    };
    Asked::Got(Report {
        registry: "r".to_owned(),
        artifacts: Vec::new(),
        findings: codes.iter().map(finding).collect(),
        bytes: 0,
        runs: 1,
        selected: Vec::new(),
        unmatched: Vec::new(),
    })
}

fn sas(text: &str) -> Asked<SasFacts> {
    let token = format!("sv=2022-11-02&sr=c&spr=https&{text}&sig=x");
    Asked::Got(SasFacts {
        whose: "the SAS",
        token: SasToken::parse(&token).unwrap(),
    })
}

fn sound(direction: Direction) -> Facts {
    let mut facts = Facts::none(now(), DEFAULT_API_VERSION);
    facts.direction = Some(direction);
    facts.ahead = Some(0);
    facts.registry = Asked::Got(RegistryFacts {
        sku: Some("Premium".to_owned()),
        export_policy: None,
    });
    let options = ["OverwriteBlobs", "DeleteSourceBlobOnSuccess"];
    facts.pipeline = Asked::Got(pipeline(direction, "Succeeded", &options));
    facts.run = Asked::Got(run("Succeeded", "2026-06-09T23:00:00Z", &["a:1"]));
    facts.secret = Asked::Got(SecretFacts {
        enabled: true,
        expires: Some("2026-07-01T00:00:00Z".parse().unwrap()),
        not_before: None,
    });
    facts.sas = sas("sp=rawdl&se=2026-07-01T00:00:00Z");
    facts.container_url = Some("https://a.blob.core.windows.net/c".to_owned());
    facts.blob_name = Some("b.tar".to_owned());
    facts.container = answer(200, None, &[]);
    facts.blob = answer(
        200,
        None,
        &[
            ("content-length", "10"),
            ("x-ms-blob-type", "BlockBlob"),
            ("x-ms-meta-category", "acr-transfer-blob"),
            ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="),
            ("last-modified", "Tue, 09 Jun 2026 23:10:00 GMT"),
        ],
    );
    facts.fired = Asked::Got(Some("run1".to_owned()));
    facts.preflight = content(&[]);
    facts
}

/// Everything wrong that can be wrong at once.
fn broken(direction: Direction) -> Facts {
    let mut facts = sound(direction);
    facts.api_version = "2019-12-01-preview".to_owned();
    facts.registry = Asked::Failed(Trouble {
        status: Some(403),
        ..Trouble::default()
    });
    let delete = ["DeleteSourceBlobOnSuccess"];
    let mut own = pipeline(direction, "Failed", &delete);
    own.secret = None;
    own.principal = None;
    facts.pipeline = Asked::Got(own);
    facts.run = Asked::Got(run("Failed", "2026-06-09T23:00:00Z", &[]));
    facts.sas = sas("sp=r&se=2026-06-01T00:00:00Z");
    facts.container = answer(404, Some("ContainerNotFound"), &[]);
    facts.blob = answer(200, None, &[("content-length", "0")]);
    facts.preflight = content(&["layer-too-large", "missing", "foreign-layer"]);
    facts
}

#[test]
fn every_point_has_a_check_that_passes() {
    let both = [Direction::Export, Direction::Import].map(sound);
    let ok: BTreeSet<u8> = both.iter().flat_map(|one| points(one, State::Ok)).collect();
    assert!(POINTS.clone().all(|point| ok.contains(&point)), "{ok:?}");
    for facts in both {
        let wrong: Vec<_> = judge(&facts)
            .into_iter()
            .filter(|check| check.state == State::Problem)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

#[test]
fn every_point_has_a_check_that_fails() {
    let mut hangs = sound(Direction::Export);
    hangs.run = Asked::Got(run("Running", "2026-06-01T00:00:00Z", &[]));
    let all = [broken(Direction::Export), broken(Direction::Import), hangs];
    let mut bad: BTreeSet<u8> = all
        .iter()
        .flat_map(|one| points(one, State::Problem))
        .collect();
    // What support needs can only be lacking.
    assert!(points(&all[0], State::Unknown).contains(&14));
    bad.insert(14);
    assert!(POINTS.clone().all(|point| bad.contains(&point)), "{bad:?}");
}

#[test]
fn a_run_that_succeeded_is_measured_by_its_blob() {
    let named = |facts: &Facts, name: &str| {
        let mut checks = judge(facts).into_iter();
        checks.find(|check| check.name == name).unwrap().state
    };
    let mut facts = sound(Direction::Export);
    facts.pipeline = Asked::Got(pipeline(Direction::Export, "Succeeded", &[]));
    assert_eq!(named(&facts, "overwrite"), State::Ok, "its own blob");
    facts.run = Asked::Got(run("Succeeded", "2026-06-09T23:30:00Z", &[]));
    assert_eq!(named(&facts, "overwrite"), State::Problem, "an older one");
    facts.blob = answer(404, Some("BlobNotFound"), &[]);
    assert_eq!(named(&facts, "blob"), State::Problem);
}
