//! From flags and a parameter file to a run that is checked before anything is asked.

use blobferry_acr::artifact::Artifact;
use blobferry_acr::pipeline::Direction;
use blobferry_acr::resource::{Kind, RegistryId, TransferId};
use blobferry_acr::run::{MOST_ARTIFACTS, RunSpec, fresh_name, fresh_tag};
use blobferry_terminal::Failure;

use crate::cli::run::{CreateArgs, TypeWord};
use crate::cli::shared::PlaceArgs;
use crate::command;
use crate::failure::Explained as _;
use crate::parameters::{Fill, needed};

/// A run whose subscription is not known yet.
pub(super) struct Draft {
    pub(super) place: PlaceArgs,
    pub(super) name: String,
    pipeline: String,
    direction: Direction,
    artifacts: Vec<Artifact>,
    blob: String,
    catalog_digest: Option<String>,
    force_update_tag: Option<String>,
    /// Artifacts of the file that were taken in another case than they are written.
    pub(super) changed: Vec<String>,
}

/// Reads; [`Draft::spec`] checks.
pub(super) fn read(args: &CreateArgs) -> Result<Draft, Failure> {
    let fill = Fill::read(args.parameters.as_deref())?;
    let of_file = pipeline_id(fill.text("pipelineResourceId")?)?;
    // The flag may be an id, too.
    let (given, flag) = match &args.pipeline {
        Some(text) if text.starts_with('/') => (pipeline_id(Some(text.clone()))?, None),
        name => (None, name.clone()),
    };
    let id = given.or(of_file);
    let direction = direction(args.pipeline_type, id.as_ref())?;
    let place = placed(fill.place(&args.place)?, id.as_ref())?;
    let (blob, foreign) = match direction {
        Direction::Export => ("targetName", "sourceName"),
        Direction::Import => ("sourceName", "targetName"),
    };
    fill.forbid(foreign, "it is for a run in the other direction")?;
    let mut artifacts = fill.list_or(&args.artifacts, "artifacts")?;
    let mut changed = Vec::new();
    if args.artifacts.is_empty() {
        for artifact in &mut artifacts {
            changed.extend(in_lower_case(artifact));
        }
    }
    let tag = match args.force_redeploy {
        Some(true) => Some(fresh_tag()),
        Some(false) => None,
        None => fill.text("forceUpdateTag")?,
    };
    let name = fill.text_or(args.name.as_ref(), "pipelineRunName")?;
    let pipeline = flag.or_else(|| id.map(|id| id.name));
    Ok(Draft {
        place,
        name: name.unwrap_or_else(fresh_name),
        pipeline: needed(pipeline, "-p/--pipeline")?,
        direction,
        artifacts: artifacts
            .iter()
            .map(|text| text.parse().explained())
            .collect::<Result<_, _>>()?,
        blob: needed(
            fill.text_or(args.storage_blob.as_ref(), blob)?,
            "-b/--storage-blob",
        )?,
        catalog_digest: fill.text_or(args.catalog_digest.as_ref(), "catalogDigest")?,
        force_update_tag: tag,
        changed,
    })
}

impl Draft {
    /// The run in its registry, checked.
    pub(super) fn spec(self, registry: &RegistryId) -> Result<RunSpec, Failure> {
        let pipeline = registry
            .existing(command::kind(self.direction), &self.pipeline)
            .explained()?;
        let spec = RunSpec {
            pipeline,
            artifacts: self.artifacts,
            blob: self.blob,
            catalog_digest: self.catalog_digest,
            force_update_tag: self.force_update_tag,
        };
        if spec.artifacts.is_empty() && self.direction == Direction::Export {
            return Err(Failure::usage(
                "-a/--artifacts is needed: an export carries 1 to 50",
            ));
        }
        let checked = spec.check().explained();
        if spec.artifacts.len() > MOST_ARTIFACTS {
            return checked
                .map_err(|failure| {
                    failure.hint("`acr-transfer export` splits a longer list into several runs")
                })
                .map(|()| spec);
        }
        checked?;
        Ok(spec)
    }
}

/// Microsoft's own parameter file has a repository in mixed case, which no registry has: lower case is what is meant.
/// Gives the text as it was, where it was another.
fn in_lower_case(artifact: &mut String) -> Option<String> {
    let end = artifact.find([':', '@']).unwrap_or(artifact.len());
    let before = artifact.clone();
    artifact.get_mut(..end)?.make_ascii_lowercase();
    (*artifact != before).then_some(before)
}

/// The id of a pipeline, and of nothing else.
fn pipeline_id(text: Option<String>) -> Result<Option<TransferId>, Failure> {
    let Some(text) = text else {
        return Ok(None);
    };
    let id: TransferId = text.parse().explained()?;
    if id.kind == Kind::PipelineRun {
        return Err(Failure::usage(format!(
            "{text} is the id of a run, not of a pipeline"
        )));
    }
    Ok(Some(id))
}

/// As the flag says, else as the id shows; never one against the other.
fn direction(flag: Option<TypeWord>, id: Option<&TransferId>) -> Result<Direction, Failure> {
    let of_id = id.map(|id| match id.kind {
        Kind::ImportPipeline => Direction::Import,
        Kind::ExportPipeline | Kind::PipelineRun => Direction::Export,
    });
    let of_flag = flag.map(|word| match word {
        TypeWord::Export => Direction::Export,
        TypeWord::Import => Direction::Import,
    });
    match (of_flag, of_id) {
        (Some(flag), Some(id)) if flag != id => Err(Failure::usage(format!(
            "--pipeline-type and the pipeline's id contradict each other: that is an {}",
            command::noun(command::kind(id))
        ))),
        (Some(direction), _) | (None, Some(direction)) => Ok(direction),
        (None, None) => Err(Failure::usage(
            "-t/--pipeline-type is needed: export or import",
        )),
    }
}

/// A run is made in its pipeline's registry: what the flags leave out comes from the pipeline's id, and nothing in them may
/// be against it.
fn placed(mut args: PlaceArgs, id: Option<&TransferId>) -> Result<PlaceArgs, Failure> {
    let Some(id) = id else {
        return Ok(args);
    };
    let place = &id.registry;
    for (flag, value, name) in [
        (&mut args.subscription, &place.subscription, "subscription"),
        (
            &mut args.resource_group,
            &place.resource_group,
            "resource group",
        ),
        (&mut args.registry, &place.registry, "registry"),
    ] {
        match flag {
            Some(given) if !given.eq_ignore_ascii_case(value) => {
                return Err(Failure::usage(format!(
                    "the {name} {given} is not that of the pipeline's id, {value}"
                )));
            }
            Some(_) => {}
            None => *flag = Some(value.clone()),
        }
    }
    Ok(args)
}
