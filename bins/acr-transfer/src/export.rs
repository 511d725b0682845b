//! `export`: preflight, runs of at most 50 artifacts, wait, each blob looked at and hashed, and a receipt after each run.

mod book;
mod carry;
mod plan;
mod report;

use blobferry_acr::arm::Arm;
use blobferry_acr::artifact::{Artifact, Selection, Which};
use blobferry_acr::pipeline::{Direction, Pipeline};
use blobferry_acr::preflight::{Many, preflight};
use blobferry_acr::receipt::ArtifactReceipt;
use blobferry_acr::registry::{Registry, RegistryError};
use blobferry_acr::resource::{Kind, RegistryId};
use blobferry_terminal::{ExitStatus, Failure};

use crate::cli::export::ExportArgs;
use crate::cli::shared::CloudArgs;
use crate::context::Context;
use crate::failure::{Explained as _, nonsense};
use crate::preflight::{findings, verdict};
use crate::store::Access;
use crate::streams::Streams;
use crate::{runs, selection};

use book::Book;

/// What every step of one export needs.
struct Export<'a> {
    args: &'a ExportArgs,
    streams: &'a Streams,
    arm: Arm,
    registry: RegistryId,
    pipeline: Pipeline,
    access: Access,
}

/// What is to be exported, as the registry had it.
struct Cargo {
    /// Login server.
    registry: String,
    artifacts: Vec<Artifact>,
    carried: Vec<ArtifactReceipt>,
}

/// Does it.
pub(crate) async fn run(
    args: &ExportArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    runs::check_prefix(&args.run_prefix)?;
    let selections = selection::read(&args.artifacts)?;
    let context = Context::new(shared).await?;
    let arm = context.arm(shared)?;
    let registry = context.registry_id(&args.registry)?;
    let id = registry
        .existing(Kind::ExportPipeline, &args.pipeline)
        .explained()?;
    let raw = arm.get(&id).await.explained()?;
    let pipeline = Pipeline::read(Direction::Export, raw).map_err(|error| nonsense(&error))?;
    let mut book = Book::open(args.receipt.as_deref(), &id.to_string())?;
    let cargo = cargo(args, shared, &context, &selections, streams).await?;
    book.carries(&cargo.registry);
    let access = Access::find(&context, args.sas.sas_file.as_deref(), &pipeline).await?;
    if let Access::Closed(why) = &access {
        streams.note(&format!("the blobs cannot be looked at: {why}"));
    }
    let export = Export {
        args,
        streams,
        arm,
        registry,
        pipeline,
        access,
    };
    let items = plan::plan(&export, &cargo, &mut book).await?;
    let again = "run the same command again: it finds the runs that go on and waits for them";
    streams.if_interrupted(Some(
        Failure::new(
            ExitStatus::Interrupted,
            "interrupted; runs that were started go on",
        )
        .hint(again),
    ));
    let ends = carry::all(&export, items, &mut book).await?;
    streams.if_interrupted(None);
    report::end(&export, ends, &book)
}

/// What the selections mean, and whether it would pass.
async fn cargo(
    args: &ExportArgs,
    shared: &CloudArgs,
    context: &Context,
    selections: &[Selection],
    streams: &Streams,
) -> Result<Cargo, Failure> {
    if args.skip_preflight {
        return unseen(args, shared, context, selections, streams).await;
    }
    let registry = context.registry(&args.registry, shared).await?;
    let report = preflight(&registry, selections, Many::Split)
        .await
        .explained()?;
    findings(&report, streams)?;
    verdict(&report).map_err(|failure| {
        if failure.exit() == ExitStatus::Verification {
            failure
                .hint("`acr-transfer preflight` shows it all; --skip-preflight exports regardless")
        } else {
            failure
        }
    })?;
    let digest = |artifact: &str| {
        let mut checked = report.artifacts.iter();
        checked
            .find(|checked| checked.artifact == artifact)
            .and_then(|checked| checked.digest.clone())
    };
    let carried = report.selected.iter().map(|artifact| {
        let artifact = artifact.to_string();
        let digest = digest(&artifact);
        ArtifactReceipt { artifact, digest }
    });
    Ok(Cargo {
        carried: carried.collect(),
        registry: report.registry,
        artifacts: report.selected,
    })
}

/// Without preflight: digests where the registry can be asked for them; patterns need it.
async fn unseen(
    args: &ExportArgs,
    shared: &CloudArgs,
    context: &Context,
    selections: &[Selection],
    streams: &Streams,
) -> Result<Cargo, Failure> {
    let exact = |selection: &Selection| match selection {
        Selection::One(artifact) => Some(artifact.clone()),
        Selection::Glob { .. } => None,
    };
    let named: Option<Vec<Artifact>> = selections.iter().map(exact).collect();
    let registry = match (context.registry(&args.registry, shared).await, &named) {
        (Ok(registry), _) => Some(registry),
        (Err(failure), None) => {
            return Err(failure.hint("patterns need the registry, also with --skip-preflight"));
        }
        (Err(_), Some(_)) => {
            streams.note("the registry cannot be asked: the receipt will hold no manifest digests");
            None
        }
    };
    let artifacts = match (named, &registry) {
        (Some(named), _) => named,
        (None, Some(registry)) => registry.expand(selections).await.explained()?.concat(),
        (None, None) => Vec::new(),
    };
    if artifacts.is_empty() {
        return Err(Failure::new(
            ExitStatus::NothingMatched,
            "no artifact matches",
        ));
    }
    let digests = digests(registry.as_ref(), &artifacts).await;
    if let Err(why) = &digests {
        streams.note(&format!("the receipt will hold no manifest digests: {why}"));
    }
    let digests = digests.unwrap_or_default().into_iter().map(Some);
    let digests = digests.chain(std::iter::repeat(None));
    let carried = artifacts.iter().zip(digests);
    let carried = carried.map(|(artifact, digest)| ArtifactReceipt {
        artifact: artifact.to_string(),
        digest: digest.flatten().or_else(|| named_digest(artifact)),
    });
    let carried = carried.collect();
    let registry = match registry {
        Some(registry) => registry.host().to_owned(),
        None => login_server(args, context)?,
    };
    Ok(Cargo {
        registry,
        artifacts,
        carried,
    })
}

/// What the registry says, all or nothing: runs are named by it. One that cannot be asked is not asked for each.
async fn digests(
    registry: Option<&Registry>,
    artifacts: &[Artifact],
) -> Result<Vec<Option<String>>, RegistryError> {
    let mut all = Vec::new();
    if let Some(registry) = registry {
        for artifact in artifacts {
            all.push(registry.digest(artifact).await?);
        }
    }
    Ok(all)
}

fn named_digest(artifact: &Artifact) -> Option<String> {
    match &artifact.which {
        Which::Digest(digest) => Some(digest.clone()),
        Which::Tag(_) => None,
    }
}

fn login_server(args: &ExportArgs, context: &Context) -> Result<String, Failure> {
    if let Some(host) = &args.registry.login_server {
        return Ok(host.clone());
    }
    let id = context.registry_id(&args.registry)?;
    Ok(context.cloud.login_server(&id.registry))
}
