//! Pipelines as people and programs read them.

use blobferry_acr::pipeline::{Direction, Pipeline, StorageAccessMode};
use blobferry_terminal::{Failure, Rows};
use serde::Serialize;
use serde_json::Value;

use crate::streams::Streams;
use crate::table::Table;

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    id: &'a str,
    direction: Direction,
    provisioning_state: Option<&'a str>,
    container: Option<&'a str>,
    storage_account: Option<String>,
    storage_access_mode: StorageAccessMode,
    secret: Option<&'a str>,
    options: &'a [String],
    source_trigger: Option<bool>,
    principal_id: Option<&'a str>,
    user_identities: Vec<UserIdentity<'a>>,
    /// The service's answer, for whatever is not above.
    resource: &'a Value,
}

#[derive(Serialize)]
struct UserIdentity<'a> {
    id: &'a str,
    principal_id: Option<&'a str>,
    client_id: Option<&'a str>,
}

/// One, in full.
pub(super) fn one(pipeline: &Pipeline, streams: &Streams) -> Result<(), Failure> {
    streams.record(&record(pipeline))?;
    if streams.is_table() {
        return streams.table(&table(pipeline.direction, std::slice::from_ref(pipeline)));
    }
    let mut rows = Rows::default();
    rows.add("name", &pipeline.name);
    rows.add_some("state", pipeline.provisioning_state.as_deref());
    rows.add_some("container", pipeline.container.as_deref());
    rows.add("access", mode(pipeline.mode));
    rows.add_some("secret", pipeline.secret.as_deref());
    if !pipeline.options.is_empty() {
        rows.add("options", pipeline.options.join(", "));
    }
    rows.add_some("source trigger", pipeline.source_trigger.map(trigger));
    rows.add_some("principal", pipeline.principal.as_deref());
    for (id, principal, _) in &pipeline.user_identities {
        let principal = principal.as_deref().map(|id| format!(" (principal {id})"));
        rows.add("identity", format!("{id}{}", principal.unwrap_or_default()));
    }
    rows.add("id", &pipeline.id);
    streams.rows(&rows)
}

/// A list, as the az CLI's table has it.
pub(super) fn many(
    direction: Direction,
    pipelines: &[Pipeline],
    streams: &Streams,
) -> Result<(), Failure> {
    for pipeline in pipelines {
        streams.record(&record(pipeline))?;
    }
    if pipelines.is_empty() {
        return Ok(());
    }
    streams.table(&table(direction, pipelines))
}

fn table(direction: Direction, pipelines: &[Pipeline]) -> Table {
    let head = [
        "NAME",
        "PROVISIONING_STATE",
        "STORAGE_ACCOUNT",
        "SOURCE_TRIGGER",
    ];
    // An export has no trigger.
    let columns = match direction {
        Direction::Export => 3,
        Direction::Import => 4,
    };
    let mut table = Table::new(head.get(..columns).unwrap_or(&head));
    for pipeline in pipelines {
        table.row([
            pipeline.name.clone(),
            pipeline.provisioning_state.clone().unwrap_or_default(),
            pipeline.container.clone().unwrap_or_default(),
            pipeline
                .source_trigger
                .map(trigger)
                .unwrap_or_default()
                .to_owned(),
        ]);
    }
    table
}

fn trigger(enabled: bool) -> &'static str {
    if enabled { "Enabled" } else { "Disabled" }
}

fn mode(mode: StorageAccessMode) -> &'static str {
    match mode {
        StorageAccessMode::SasToken => "SasToken",
        StorageAccessMode::ManagedIdentity => "ManagedIdentity",
    }
}

fn record(pipeline: &Pipeline) -> Record<'_> {
    Record {
        kind: "pipeline",
        name: &pipeline.name,
        id: &pipeline.id,
        direction: pipeline.direction,
        provisioning_state: pipeline.provisioning_state.as_deref(),
        container: pipeline.container.as_deref(),
        storage_account: pipeline.storage_account(),
        storage_access_mode: pipeline.mode,
        secret: pipeline.secret.as_deref(),
        options: &pipeline.options,
        source_trigger: pipeline.source_trigger,
        principal_id: pipeline.principal.as_deref(),
        user_identities: pipeline
            .user_identities
            .iter()
            .map(|(id, principal, client)| UserIdentity {
                id,
                principal_id: principal.as_deref(),
                client_id: client.as_deref(),
            })
            .collect(),
        resource: &pipeline.raw,
    }
}
