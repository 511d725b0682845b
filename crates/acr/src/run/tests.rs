//! What a run's two states say together, and the forms of its fields. Bodies against Microsoft's schema are checked in
//! `tests/schema.rs`.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::artifact::Which;
use crate::resource::RegistryId;

fn spec(kind: Kind, artifacts: usize) -> RunSpec {
    let registry = RegistryId::new("s", "g", "myRegistry").unwrap();
    let artifact = |index: usize| Artifact {
        repository: "team/app".to_owned(),
        which: Which::Tag(index.to_string()),
    };
    RunSpec {
        pipeline: registry.existing(kind, "myPipe").unwrap(),
        artifacts: (0..artifacts).map(artifact).collect(),
        blob: "blob.tar".to_owned(),
        catalog_digest: None,
        force_update_tag: None,
    }
}

fn run(properties: &Value) -> PipelineRun {
    PipelineRun::read(json!({ "id": "/a/b/run_1", "properties": properties })).unwrap()
}

#[test]
fn either_state_may_say_that_it_failed() {
    for (status, provisioning, state) in [
        (Some("Running"), Some("Succeeded"), RunState::Running),
        (Some("Succeeded"), Some("Succeeded"), RunState::Succeeded),
        (Some("succeeded"), None, RunState::Succeeded),
        (None, Some("Succeeded"), RunState::Succeeded),
        (Some(""), Some("Succeeded"), RunState::Succeeded),
        (Some("Failed"), Some("Succeeded"), RunState::Failed),
        (Some("failed"), None, RunState::Failed),
        (Some("Succeeded"), Some("FAILED"), RunState::Failed),
        (None, Some("Failed"), RunState::Failed),
        (Some("Canceled"), Some("Succeeded"), RunState::Canceled),
        (Some("Running"), Some("Canceled"), RunState::Canceled),
        (None, Some("Creating"), RunState::Running),
        (Some("Queued"), Some("Updating"), RunState::Running),
        (None, None, RunState::Running),
    ] {
        let run =
            run(&json!({ "response": { "status": status }, "provisioningState": provisioning }));
        assert_eq!(run.state, state, "{status:?} {provisioning:?}");
    }
}

#[test]
fn percentages_and_times_come_in_many_forms() {
    for (given, percent) in [
        (json!("20"), Some(20)),
        (json!(" 20.5 %"), Some(20)),
        (json!(20), Some(20)),
        (json!(20.9), Some(20)),
        (json!("1000"), Some(100)),
        (json!(null), None),
        (json!("half"), None),
        (json!(-1), None),
        (json!([1]), None),
    ] {
        let run = run(&json!({ "response": { "progress": { "percentage": given } } }));
        assert_eq!(run.percentage, percent, "{given}");
    }
    for (given, time) in [
        (
            "2020-03-04T17:23:21.9261521+00:00",
            Some("2020-03-04T17:23:21.9261521Z"),
        ),
        ("2020-03-04T18:23:21+01:00", Some("2020-03-04T17:23:21Z")),
        ("2020-03-04T17:23:21.9", Some("2020-03-04T17:23:21.9Z")),
        ("0001-01-01T00:00:00+00:00", None),
        ("soon", None),
    ] {
        let run = run(&json!({ "response": { "startTime": given } }));
        assert_eq!(run.started.map(|time| time.to_string()).as_deref(), time);
    }
}

#[test]
fn a_signature_in_a_message_is_blanked() {
    let message = "GET https://a.blob.core.windows.net/c/b?sv=1&sig=aB%2Bc%3D failed";
    let run =
        run(&json!({ "response": { "status": "Failed", "pipelineRunErrorMessage": message } }));
    let error = run.error.unwrap();
    assert!(
        error.contains("sig=REDACTED") && !error.contains("aB%2Bc"),
        "{error}"
    );
}

#[test]
fn the_blob_is_named_or_part_of_a_url() {
    let named = run(&json!({ "request": { "source": { "name": "dir/b.tar" } } }));
    assert_eq!(named.blob.as_deref(), Some("dir/b.tar"));
    let uri = "https://a.blob.core.windows.net/c/dir/b.tar";
    let url = run(&json!({ "response": { "target": { "uri": uri }, "source": null } }));
    assert_eq!(url.blob.as_deref(), Some("dir/b.tar"));
}

#[test]
fn what_the_service_would_refuse_is_refused() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    let import = |change: &dyn Fn(&mut RunSpec)| {
        let mut spec = spec(Kind::ImportPipeline, 0);
        change(&mut spec);
        spec.check()
    };
    assert_eq!(spec(Kind::ExportPipeline, 50).check(), Ok(()));
    assert!(spec(Kind::ExportPipeline, 0).check().is_err());
    assert!(spec(Kind::ExportPipeline, 51).check().is_err());
    assert!(spec(Kind::PipelineRun, 1).check().is_err());
    assert_eq!(import(&|_| ()), Ok(()));
    assert_eq!(
        import(&|spec| spec.catalog_digest = Some(digest.clone())),
        Ok(())
    );
    assert_eq!(
        import(&|spec| spec.catalog_digest = Some(digest.replace(':', "@"))),
        Ok(())
    );
    for bad in ["sha256@", "sha256:", "md5:00", &digest.replace('a', "g")] {
        assert!(
            import(&|spec| spec.catalog_digest = Some(bad.to_owned())).is_err(),
            "{bad}"
        );
    }
    for bad in ["", "/b", "b/", "b.", "a\nb", &"é".repeat(1025)] {
        assert!(
            import(&|spec| bad.clone_into(&mut spec.blob)).is_err(),
            "{bad}"
        );
    }
    assert_eq!(import(&|spec| spec.blob = "é".repeat(1024)), Ok(()));
    let mut export = spec(Kind::ExportPipeline, 1);
    export.catalog_digest = Some(digest);
    assert!(export.check().is_err());
}

#[test]
fn fresh_names_are_new_guids() {
    let (one, two) = (fresh_name(), fresh_name());
    assert_ne!(one, two);
    assert_eq!(one.len(), 32);
    assert!(one.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(one.as_bytes()[12], b'4');
    assert!(b"89ab".contains(&one.as_bytes()[16]));
    let registry = RegistryId::new("s", "g", "myRegistry").unwrap();
    assert!(registry.named(Kind::PipelineRun, &one).is_ok());
    assert!(fresh_tag().parse::<Timestamp>().is_ok());
}

proptest! {
    #[test]
    fn no_answer_makes_a_reader_panic(text in r#"(\PC|[{}\[\]":,0-9a-z]){0,200}"#) {
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            let _ = PipelineRun::read(value.clone());
            let _ = PipelineRun::read(json!({ "id": "/x", "properties": { "response": value } }));
        }
    }
}
