//! `secret`: a pipeline's SAS in Key Vault. It is kept with its leading `?`, as all of Microsoft's examples keep it, however
//! it was given; `exp` is the SAS's own end, so that whoever watches the vault learns of it in time.

use blobferry_acr::login::Secret;
use blobferry_acr::vault::{SecretId, SecretState};
use blobferry_azure_blob::SasToken;
use blobferry_terminal::{ExitStatus, Failure, Rows};
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::secret::{SecretArgs, SecretCommand, SetArgs, ShowArgs, WhichArgs};
use crate::cli::shared::CloudArgs;
use crate::context::Context;
use crate::failure::Explained as _;
use crate::input::Origin;
use crate::reveal;
use crate::streams::{Streams, Summary};

mod holding;

use holding::{Holding, until};

/// Does it.
pub(crate) async fn run(
    args: &SecretArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    match &args.command {
        SecretCommand::Set(args) => set(args, shared, streams).await,
        SecretCommand::Show(args) => show(args, shared, streams).await,
    }
}

/// What a program reads.
#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    id: &'a str,
    secret_uri: String,
    enabled: bool,
    expires: Option<Timestamp>,
    not_before: Option<Timestamp>,
    created: Option<Timestamp>,
    updated: Option<Timestamp>,
    content_type: Option<&'a str>,
    sas: Option<&'a Holding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    notes: &'a [String],
}

async fn set(args: &SetArgs, shared: &CloudArgs, streams: &Streams) -> Result<ExitStatus, Failure> {
    let given = Origin {
        what: "SAS",
        flag: "--value-file",
        file: args.value_file.as_deref(),
        variable: "ACR_TRANSFER_SAS",
    };
    let now = Timestamp::now();
    let sas = parse(given.read()?.expose())?;
    let holding = Holding::new(&sas, now);
    if let Some(reason) = holding.unusable(now) {
        return Err(
            Failure::new(ExitStatus::Denied, "this SAS would open nothing")
                .cause(reason)
                .hint("make a new one: acr-transfer sas mint --for export …"),
        );
    }
    let context = Context::new(shared).await?;
    let id = secret_id(&args.which, &context)?;
    if id.version.is_some() {
        return Err(Failure::usage("a version of a secret cannot be set")
            .hint("leave the version out of --secret-uri: setting makes a new one"));
    }
    let value = Secret::new(format!("?{}", sas.expose()));
    let state = context.vaults().set(&id, &value, holding.expires).await;
    let state = state.explained()?;
    let mut notes = holding.notes();
    if holding.expires.is_none() {
        notes.push(
            "the SAS's end is in its stored access policy: the secret has no expiry date"
                .to_owned(),
        );
    }
    let shown = Shown {
        status: "set",
        id: &id,
        state: &state,
        holding: Some(&holding),
        value: None,
        notes: &notes,
        now,
    };
    shown.report(streams)?;
    streams.record(&Summary::new("set", Some(&id.name)))?;
    Ok(ExitStatus::Done)
}

async fn show(
    args: &ShowArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let context = Context::new(shared).await?;
    let id = secret_id(&args.which, &context)?;
    let state = context.vaults().get(&id).await.explained()?;
    let now = Timestamp::now();
    let (holding, mut notes) = match SasToken::parse(state.value.expose()) {
        Ok(sas) => {
            let holding = Holding::new(&sas, now);
            let notes = holding.notes();
            (Some(holding), notes)
        }
        Err(error) => (None, vec![format!("its value is no SAS: {error}")]),
    };
    notes.extend(state_notes(&state, holding.as_ref(), now));
    let shown = Shown {
        status: "shown",
        id: &id,
        state: &state,
        holding: holding.as_ref(),
        value: args.show_value.then(|| state.value.expose()),
        notes: &notes,
        now,
    };
    shown.report(streams)?;
    streams.record(&Summary::new("shown", Some(&id.name)))?;
    Ok(ExitStatus::Done)
}

fn parse(text: &str) -> Result<SasToken, Failure> {
    SasToken::parse(text).map_err(|error| {
        let failure = Failure::usage("this is no SAS").because(&error);
        let failure = error.hint().into_iter().fold(failure, Failure::hint);
        failure.hint("wanted what `acr-transfer sas mint` prints: sv=…&sp=…&se=…&sig=…")
    })
}

fn secret_id(which: &WhichArgs, context: &Context) -> Result<SecretId, Failure> {
    let bad = |error: blobferry_acr::vault::VaultError| {
        Failure::usage(error.to_string()).hint(&error.hint)
    };
    if let Some(url) = &which.secret_uri {
        return SecretId::parse(url).map_err(bad);
    }
    let (vault, name) = (
        which.vault.as_deref().unwrap_or_default(),
        which.name.as_deref().unwrap_or_default(),
    );
    let vault = context.cloud.vault_url(vault).ok_or_else(|| {
        Failure::usage("--vault is neither a vault's name nor its https URL")
            .hint("a name is 3 to 24 letters, digits and -")
    })?;
    SecretId::new(&vault, name).map_err(bad)
}

/// What the vault's own dates say, which it heeds least of all itself.
fn state_notes(state: &SecretState, holding: Option<&Holding>, now: Timestamp) -> Vec<String> {
    let mut notes = Vec::new();
    if !state.enabled {
        notes.push("the secret is disabled: pipelines cannot read it".to_owned());
    }
    if let Some(end) = state.expires.filter(|end| *end <= now) {
        notes.push(format!("the secret expired: {}", until(end, now)));
    }
    if let Some(start) = state.not_before.filter(|start| *start > now) {
        notes.push(format!(
            "the secret is not valid before {}",
            until(start, now)
        ));
    }
    match (state.expires, holding.and_then(|holding| holding.expires)) {
        (None, Some(_)) => notes.push(
            "the secret has no expiry date, its SAS has: `acr-transfer secret set` sets both"
                .to_owned(),
        ),
        (Some(secret), Some(sas)) if secret > sas => {
            notes.push("the secret's expiry date is after its SAS's".to_owned());
        }
        _ => {}
    }
    notes
}

struct Shown<'a> {
    status: &'static str,
    id: &'a SecretId,
    state: &'a SecretState,
    holding: Option<&'a Holding>,
    value: Option<&'a str>,
    notes: &'a [String],
    now: Timestamp,
}

impl Shown<'_> {
    /// A value that was asked for is not blanked; it is the last line.
    fn report(&self, streams: &Streams) -> Result<(), Failure> {
        match (streams.is_json(), self.value) {
            (true, Some(_)) => reveal::record(&self.record()),
            (true, None) => streams.record(&self.record()),
            (false, value) => {
                streams.rows(&self.rows())?;
                value.map_or(Ok(()), reveal::line)
            }
        }
    }

    fn record(&self) -> Record<'_> {
        let state = self.state;
        Record {
            kind: "secret",
            status: self.status,
            id: state.id.as_str(),
            secret_uri: self.id.url().to_string(),
            enabled: state.enabled,
            expires: state.expires,
            not_before: state.not_before,
            created: state.created,
            updated: state.updated,
            content_type: state.content_type.as_deref(),
            sas: self.holding,
            value: self.value,
            notes: self.notes,
        }
    }

    fn rows(&self) -> Rows {
        let (state, now) = (self.state, self.now);
        let mut rows = Rows::default();
        rows.add("secret", state.id.as_str());
        rows.add("for pipelines", self.id.url().as_str());
        rows.add("enabled", if state.enabled { "yes" } else { "no" });
        rows.add_some("valid from", state.not_before.map(|at| until(at, now)));
        rows.add(
            "valid until",
            state
                .expires
                .map_or_else(|| "no date".to_owned(), |at| until(at, now)),
        );
        rows.add_some("updated", state.updated.map(|at| until(at, now)));
        rows.add_some("content type", state.content_type.as_ref());
        if let Some(holding) = self.holding {
            holding.add_to(&mut rows, now);
        }
        for note in self.notes {
            rows.add("note", note);
        }
        rows
    }
}
