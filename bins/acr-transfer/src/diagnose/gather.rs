//! Asks everything that was given. What cannot be had is a fact, too: nothing here fails but wrong usage.

use blobferry_acr::arm::{Arm, ArmError};
use blobferry_acr::pipeline::{Direction, Pipeline, StorageAccessMode};
use blobferry_acr::preflight::{Many, preflight};
use blobferry_acr::resource::{Kind, RegistryId, TransferId};
use blobferry_acr::run::PipelineRun;
use blobferry_acr::vault::SecretId;
use blobferry_azure_blob::sas::UrlError;
use blobferry_azure_blob::{Plaintext, SasToken, SasUrl};
use blobferry_terminal::Failure;
use jiff::Timestamp;
use url::Url;

use super::facts::{Asked, Facts, RegistryFacts, SasFacts, SecretFacts, Trouble};
use super::probe;
use crate::cli::diagnose::{DiagnoseArgs, DirectionWord};
use crate::cli::shared::CloudArgs;
use crate::context::Context;
use crate::failure::Explained as _;
use crate::import::trigger::newest;
use crate::selection;
use crate::store::{blob_url, container, own_sas};

/// All facts.
pub(super) async fn gather(args: &DiagnoseArgs, shared: &CloudArgs) -> Result<Facts, Failure> {
    let context = Context::new(shared).await?;
    let mut facts = Facts::none(Timestamp::now(), &shared.api_version);
    facts.direction = args.pipeline_type.map(|word| match word {
        DirectionWord::Export => Direction::Export,
        DirectionWord::Import => Direction::Import,
    });
    let given = blob_given(args, &mut facts)?;
    if args.registry.registry.is_some() {
        resources(args, shared, &context, &mut facts).await?;
    } else if args.pipeline.is_some() || args.run.is_some() {
        return Err(Failure::usage(
            "--pipeline and --run want --registry and --resource-group",
        ));
    }
    credentials(args, &context, given, &mut facts).await?;
    storage(&context, &mut facts).await;
    if args.registry.registry.is_some() {
        fired(args, shared, &context, &mut facts).await?;
    }
    if !args.artifacts.artifacts.is_empty() || !args.artifacts.artifacts_file.is_empty() {
        facts.preflight = artifacts(args, shared, &context).await?;
    }
    Ok(facts)
}

/// The blob: a name, or a URL with perhaps a SAS, which is returned.
fn blob_given(args: &DiagnoseArgs, facts: &mut Facts) -> Result<Option<SasToken>, Failure> {
    let Some(text) = &args.blob else {
        return Ok(None);
    };
    if !text.contains("://") {
        facts.blob_name = Some(text.clone());
        return Ok(None);
    }
    let url = SasUrl::parse(text, Plaintext::LoopbackOnly).map_err(|error: UrlError| {
        let failure = Failure::usage("the blob's URL cannot be used").because(&error);
        error.hint().into_iter().fold(failure, Failure::hint)
    })?;
    let name = url.blob_name();
    let mut base = url.base().clone();
    base.set_query(None);
    if let Ok(mut path) = base.path_segments_mut() {
        for _ in name.split('/') {
            path.pop();
        }
    }
    facts.container_url = Some(base.to_string());
    facts.blob_name = Some(name);
    Ok(url.sas().cloned())
}

/// Registry, run and pipeline.
async fn resources(
    args: &DiagnoseArgs,
    shared: &CloudArgs,
    context: &Context,
    facts: &mut Facts,
) -> Result<(), Failure> {
    let arm = context.arm(shared)?;
    let id = context.registry_id(&args.registry)?;
    facts.registry = match arm.registry(&id).await {
        Ok(raw) => {
            let text = |path| raw.pointer(path).and_then(serde_json::Value::as_str);
            let own = |path| text(path).map(str::to_owned);
            Asked::Got(RegistryFacts {
                sku: own("/sku/name"),
                export_policy: own("/properties/policies/exportPolicy/status"),
            })
        }
        Err(error) => Asked::Failed(trouble(error)),
    };
    if let Some(name) = &args.run {
        let run = id.existing(Kind::PipelineRun, name).explained()?;
        facts.run = match arm.get(&run).await {
            Ok(raw) => PipelineRun::read(raw).map_or_else(
                |error| Asked::Failed(Trouble::said(error.to_string())),
                Asked::Got,
            ),
            Err(error) => Asked::Failed(trouble(error)),
        };
    }
    let run = facts.run.got();
    if facts.blob_name.is_none() {
        facts.blob_name = run.and_then(|run| run.blob.clone());
    }
    let of_run = run.and_then(|run| run.pipeline.as_ref()?.parse::<TransferId>().ok());
    pipeline(args, &arm, &id, of_run, facts).await
}

/// The pipeline by its name, else the run's.
async fn pipeline(
    args: &DiagnoseArgs,
    arm: &Arm,
    registry: &RegistryId,
    of_run: Option<TransferId>,
    facts: &mut Facts,
) -> Result<(), Failure> {
    let both = [Direction::Export, Direction::Import];
    let mut tries: Vec<(Direction, TransferId)> = Vec::new();
    if let Some(name) = &args.pipeline {
        for direction in both {
            let id = registry.existing(kind(direction), name).explained()?;
            tries.push((direction, id));
        }
        // The run's pipeline, or the one asked for, says which of the two.
        let known = facts.direction.or_else(|| direction_of(of_run.as_ref()?));
        tries.retain(|(direction, _)| known.is_none_or(|known| known == *direction));
    } else if let Some(id) = of_run {
        tries.extend(direction_of(&id).map(|direction| (direction, id)));
    }
    for (direction, id) in tries {
        match arm.get(&id).await {
            Ok(raw) => {
                facts.direction = Some(direction);
                facts.pipeline = Pipeline::read(direction, raw).map_or_else(
                    |error| Asked::Failed(Trouble::said(error.to_string())),
                    Asked::Got,
                );
                break;
            }
            Err(error) => facts.pipeline = Asked::Failed(trouble(error)),
        }
    }
    let url = facts
        .pipeline
        .got()
        .and_then(|pipeline| pipeline.container.clone());
    if facts.container_url.is_none() {
        facts.container_url = url;
    }
    Ok(())
}

fn kind(direction: Direction) -> Kind {
    match direction {
        Direction::Export => Kind::ExportPipeline,
        Direction::Import => Kind::ImportPipeline,
    }
}

fn direction_of(id: &TransferId) -> Option<Direction> {
    match id.kind {
        Kind::ExportPipeline => Some(Direction::Export),
        Kind::ImportPipeline => Some(Direction::Import),
        Kind::PipelineRun => None,
    }
}

fn trouble(error: ArmError) -> Trouble {
    let login = error.login.map(|login| login.to_string());
    Trouble {
        status: error.status,
        code: error.code,
        message: login.unwrap_or(error.message),
        correlation: error.correlation,
    }
}

/// The secret, its SAS, and the SAS given.
async fn credentials(
    args: &DiagnoseArgs,
    context: &Context,
    given: Option<SasToken>,
    facts: &mut Facts,
) -> Result<(), Failure> {
    let pipeline = facts.pipeline.got();
    let managed = pipeline.is_some_and(|own| own.mode == StorageAccessMode::ManagedIdentity);
    let own = pipeline.and_then(|pipeline| pipeline.secret.clone());
    let mut stored = None;
    let id = match (&args.secret, own) {
        (Some(url), _) => Some(SecretId::parse(url).explained()?),
        (None, Some(url)) => match SecretId::parse(&url) {
            Ok(id) => Some(id),
            Err(error) => {
                let text = format!("the pipeline's secret cannot be asked for: {error}");
                facts.secret = Asked::Failed(Trouble::said(text));
                None
            }
        },
        (None, None) => {
            if managed {
                let why = "the pipeline uses its managed identity";
                facts.secret = Asked::Not(why.to_owned());
            }
            None
        }
    };
    if let Some(id) = id {
        facts.secret = match context.vaults().get(&id).await {
            Ok(state) => {
                match SasToken::parse(state.value.expose()) {
                    Ok(token) => stored = Some(token),
                    Err(error) => {
                        let text = format!("the secret holds no SAS: {error}");
                        facts.sas = Asked::Failed(Trouble::said(text));
                    }
                }
                Asked::Got(SecretFacts {
                    enabled: state.enabled,
                    expires: state.expires,
                    not_before: state.not_before,
                })
            }
            Err(error) => Asked::Failed(Trouble {
                status: error.status,
                message: error.reason,
                ..Trouble::default()
            }),
        };
    }
    let given = match given {
        Some(token) => Some(token),
        None => own_sas(args.sas.sas_file.as_deref())?.and_then(|source| source.current()),
    };
    facts.other_sas = given.is_some() && stored.is_some() && given != stored;
    let sas = |whose, token| Asked::Got(SasFacts { whose, token });
    if let Some(token) = stored {
        facts.sas = sas("the secret's SAS", token);
    } else if let Some(token) = given {
        facts.sas = sas("the SAS given", token);
    }
    Ok(())
}

/// Container and blob, by the SAS that was found.
async fn storage(context: &Context, facts: &mut Facts) {
    let Some(url) = facts.container_url.as_deref().and_then(container) else {
        return;
    };
    let plain = url.scheme() != "https";
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let Some(sas) = facts.sas.got().filter(|_| !plain || local) else {
        return;
    };
    let (network, sas) = (&context.network, Some(&sas.token));
    let name = facts.blob_name.clone().unwrap_or_default();
    let listed = probe::list(network, &url, &name, sas).await;
    let blob: Option<Url> = (!name.is_empty()).then(|| blob_url(&url, &name));
    let seen = match blob {
        Some(blob) => Some(probe::properties(network, &blob, sas).await),
        None => None,
    };
    facts.container = listed;
    if let Some(seen) = seen {
        facts.blob = seen;
    }
    let answers = [facts.blob.got(), facts.container.got()];
    if let Some(date) = answers
        .into_iter()
        .flatten()
        .find_map(|own| own.time("date"))
    {
        facts.ahead = Some(facts.now.duration_since(date).as_secs());
        facts.now = date;
    }
}

/// Whether the trigger began a run for the blob as it is now.
async fn fired(
    args: &DiagnoseArgs,
    shared: &CloudArgs,
    context: &Context,
    facts: &mut Facts,
) -> Result<(), Failure> {
    let written = facts.blob.got().and_then(|blob| blob.time("last-modified"));
    let (Some(pipeline), Some(blob), Some(written), true) = (
        facts.pipeline.got(),
        facts.blob_name.as_deref(),
        written,
        facts.imports(),
    ) else {
        return Ok(());
    };
    let id = context.registry_id(&args.registry)?;
    let listed = context
        .arm(shared)?
        .list(&id, Kind::PipelineRun, None)
        .await;
    facts.fired = match listed {
        Ok(all) => {
            let runs = all
                .into_iter()
                .filter_map(|raw| PipelineRun::read(raw).ok());
            let run = newest(runs, &pipeline.id, blob, Some(written));
            Asked::Got(run.map(|run| run.name))
        }
        Err(error) => Asked::Failed(trouble(error)),
    };
    Ok(())
}

/// What preflight finds in the registry.
async fn artifacts(
    args: &DiagnoseArgs,
    shared: &CloudArgs,
    context: &Context,
) -> Result<Asked<blobferry_acr::preflight::Report>, Failure> {
    let selections = selection::read(&args.artifacts)?;
    let Ok(registry) = context.registry(&args.registry, shared).await else {
        let text = "the registry cannot be asked; `acr-transfer preflight` says why";
        return Ok(Asked::Failed(Trouble::said(text)));
    };
    let report = preflight(&registry, &selections, Many::Split).await;
    Ok(report.map_or_else(
        |error| Asked::Failed(Trouble::said(error.to_string())),
        Asked::Got,
    ))
}
