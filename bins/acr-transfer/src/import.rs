//! `import`: the blob is proven to be the export's before anything is run; then the run, or the trigger's; then what arrived
//! is compared with what was sent.

mod arrived;
mod expected;
mod report;
pub(crate) mod trigger;

use blobferry_acr::arm::Arm;
use blobferry_acr::pipeline::{Direction, Pipeline};
use blobferry_acr::resource::{Kind, RegistryId, TransferId};
use blobferry_acr::run::{PipelineRun, RunSpec, RunState};
use blobferry_terminal::{ExitStatus, Failure};
use jiff::SignedDuration;

use crate::cli::import::ImportArgs;
use crate::cli::shared::CloudArgs;
use crate::context::Context;
use crate::failure::{Explained as _, nonsense};
use crate::runs;
use crate::store::{Access, Look, Proven, Store, etag, has_category};
use crate::streams::Streams;

use expected::Expected;

/// What every step of one import needs.
struct Import<'a> {
    args: &'a ImportArgs,
    streams: &'a Streams,
    arm: Arm,
    registry: RegistryId,
    pipeline: Pipeline,
    store: Store,
}

/// One blob that was imported.
struct Imported {
    expected: Expected,
    /// The blob as it was proven; none where it was gone already, deleted by the import.
    proven: Option<Proven>,
    run: PipelineRun,
}

/// Does it.
pub(crate) async fn run(
    args: &ImportArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    runs::check_prefix(&args.run_prefix)?;
    let all = expected::read(args)?;
    let context = Context::new(shared).await?;
    let arm = context.arm(shared)?;
    let registry = context.registry_id(&args.registry)?;
    let id = registry
        .existing(Kind::ImportPipeline, &args.pipeline)
        .explained()?;
    let raw = arm.get(&id).await.explained()?;
    let pipeline = Pipeline::read(Direction::Import, raw).map_err(|error| nonsense(&error))?;
    let store = match Access::find(&context, args.sas.sas_file.as_deref(), &pipeline).await? {
        Access::Open(store) => store,
        Access::Closed(why) => return Err(unreadable(&why)),
    };
    let import = Import {
        args,
        streams,
        arm,
        registry,
        pipeline,
        store,
    };
    // All blobs first: nothing is run while one of them is not what it must be.
    let mut proven = Vec::new();
    for expected in &all {
        proven.push(import.prove(expected).await?);
    }
    streams.if_interrupted(Some(
        Failure::new(
            ExitStatus::Interrupted,
            "interrupted; a run that was started goes on",
        )
        .hint("run the same command again: it finds the run and waits for it"),
    ));
    let alone = all.len() == 1;
    let (mut done, mut trouble) = (Vec::new(), None);
    for (expected, proven) in all.into_iter().zip(proven) {
        match import.carry(&expected, proven.as_ref(), alone).await {
            Ok(run) => done.push(Imported {
                expected,
                proven,
                run,
            }),
            // What was done before is told all the same.
            Err(failure) => {
                trouble = Some(failure.cause(format!("{} ended the import", expected.blob)));
                break;
            }
        }
    }
    streams.if_interrupted(None);
    let target = arrived::Target::find(args, shared, &context, streams).await;
    let ended = report::end(&import, &done, target.as_ref(), trouble.is_none()).await;
    trouble.map_or(ended, Err)
}

fn unreadable(why: &str) -> Failure {
    Failure::new(
        ExitStatus::Denied,
        "the blob cannot be read, so nothing says that it is the export's: nothing was run",
    )
    .cause(why)
    .hint(format!(
        "give a SAS that may read: --sas-file or {}",
        crate::store::VARIABLE
    ))
}

impl Import<'_> {
    /// Reads a blob and compares it. `None`: it is gone, and a run of ours says that it was imported.
    async fn prove(&self, expected: &Expected) -> Result<Option<Proven>, Failure> {
        let blob = &expected.blob;
        let info = match self.store.look(blob).await {
            Look::There(info) => info,
            Look::Absent => return self.gone(expected).await,
            Look::Hidden(error) => return Err(blobferry_console::failure::of_store(&error)),
        };
        if let (Some(size), Some(length)) = (expected.size, info.length)
            && size != length
        {
            let text = format!("{blob} has {length} bytes, and the export wrote {size}");
            return Err(refused(text));
        }
        if self.args.via_trigger {
            trigger::check(self, &info)?;
        }
        let proven = self
            .store
            .prove(blob, expected.digest, self.streams, true)
            .await;
        let proven = proven.map_err(|failure| {
            if failure.exit() == ExitStatus::Verification {
                let why = "the blob is not what the export wrote: nothing was run";
                failure.cause(why).hint(CARRY)
            } else {
                failure
            }
        })?;
        let sha256 = &proven.receipt.sha256;
        self.streams
            .note(&format!("{blob} is the export's: {sha256}"));
        if !has_category(&proven.info) && self.pipeline.source_trigger == Some(true) {
            self.streams.note(&format!(
                "{blob} lacks category=acr-transfer-blob: no trigger will see it"
            ));
        }
        Ok(Some(proven))
    }

    /// No blob: fine where the pipeline deletes what it has imported, and a run did.
    async fn gone(&self, expected: &Expected) -> Result<Option<Proven>, Failure> {
        let done = match (self.args.via_trigger, expected.exported) {
            // A run from before the export was of another blob of this name.
            (true, Some(since)) => trigger::find(self, &expected.blob, Some(since)).await?,
            (true, None) => None,
            (false, _) => runs::find(&self.arm, &self.id(expected)?).await?,
        };
        let blob = &expected.blob;
        let took = |run: &PipelineRun| matches!(run.state, RunState::Succeeded | RunState::Running);
        if let Some(run) = done.filter(took) {
            let text = format!("{blob} is gone: run {} took it", run.name);
            self.streams.note(&text);
            return Ok(None);
        }
        let address = self.store.address(blob);
        Err(Failure::new(
            ExitStatus::Failed,
            format!("there is no {address}: nothing was run"),
        )
        .hint("check the name and that the copy has ended; `blobferry copy` carries it"))
    }

    /// Runs it, or finds the run that does. What it read must be what was proven.
    async fn carry(
        &self,
        expected: &Expected,
        before: Option<&Proven>,
        alone: bool,
    ) -> Result<PipelineRun, Failure> {
        // Others may have been imported since it was read.
        self.unchanged(expected, before, false).await?;
        let run = self.bring(expected, before, alone).await?;
        self.unchanged(expected, before, true).await?;
        if before.is_some_and(|before| is_newer(before, &run)) {
            return Err(self.changed(expected, true));
        }
        Ok(run)
    }

    async fn bring(
        &self,
        expected: &Expected,
        before: Option<&Proven>,
        alone: bool,
    ) -> Result<PipelineRun, Failure> {
        if self.args.via_trigger {
            let run = trigger::wait(self, &expected.blob, before).await?;
            if run.state != RunState::Running {
                return Ok(run);
            }
            let id = self.registry.existing(Kind::PipelineRun, &run.name);
            return runs::end(&self.arm, &id.explained()?, self.streams, alone).await;
        }
        let id = self.id(expected)?;
        let blob = &expected.blob;
        let found = runs::find(&self.arm, &id).await?;
        let newer = |run: &PipelineRun| before.is_some_and(|before| is_newer(before, run));
        let newer = found.as_ref().is_some_and(newer);
        let redo = (self.args.force_redeploy || newer) && before.is_some();
        match &found {
            Some(run) if run.state == RunState::Succeeded && !redo => {
                self.streams.note(&format!(
                    "{blob} was imported by run {}: not run again; -f does it anew",
                    id.name
                ));
                return Ok(run.clone());
            }
            Some(run) if run.state == RunState::Running => {
                self.streams.note(&format!("{blob}: found run {}", id.name));
            }
            _ => {
                let spec = self.spec(expected)?;
                runs::begin(&self.arm, &id, spec, found.is_some()).await?;
                self.streams
                    .note(&format!("{blob}: started run {}", id.name));
            }
        }
        runs::end(&self.arm, &id, self.streams, alone).await
    }

    fn spec(&self, expected: &Expected) -> Result<RunSpec, Failure> {
        Ok(RunSpec {
            pipeline: self.pipeline.id.parse().explained()?,
            artifacts: Vec::new(),
            blob: expected.blob.clone(),
            catalog_digest: expected.catalog_digest.clone(),
            force_update_tag: None,
        })
    }

    fn id(&self, expected: &Expected) -> Result<TransferId, Failure> {
        let pipeline = self.pipeline.id.to_ascii_lowercase();
        let digest = expected.digest.sha256.map(|digest| digest.to_string());
        let digest = digest.unwrap_or_default();
        let parts = [pipeline.as_str(), expected.blob.as_str(), digest.as_str()];
        let name = runs::name(&self.args.run_prefix, parts);
        self.registry.named(Kind::PipelineRun, &name).explained()
    }

    /// The service reads the blob after us: it must be the same one, before its run and after.
    async fn unchanged(
        &self,
        expected: &Expected,
        before: Option<&Proven>,
        ran: bool,
    ) -> Result<(), Failure> {
        let Some(before) = before else { return Ok(()) };
        match self.store.look(&expected.blob).await {
            Look::There(info) if etag(&info) != before.receipt.etag => {
                Err(self.changed(expected, ran))
            }
            // Deleted by the import, or no longer ours to see.
            Look::There(_) | Look::Absent | Look::Hidden(_) => Ok(()),
        }
    }

    fn changed(&self, expected: &Expected, ran: bool) -> Failure {
        let blob = &expected.blob;
        let text = if ran {
            format!("{blob} changed while it was imported: what arrived is not proven")
        } else {
            format!("{blob} changed after it was proven: it was not run")
        };
        let failure = Failure::new(ExitStatus::SourceChanged, text);
        if self.args.via_trigger {
            return failure
                .hint("import again without --via-trigger when nobody writes to the blob");
        }
        failure.hint("import again when nobody writes to the blob: it is proven, and run, again")
    }
}

/// Whether a blob was written after its run had begun, by the services' own clocks: then the run may have read another.
fn is_newer(blob: &Proven, run: &PipelineRun) -> bool {
    let times = blob.info.last_modified.zip(run.started);
    times.is_some_and(|(written, started)| written.duration_since(started) > CLOCKS)
}

/// The clocks of registry and storage service may be so far apart.
const CLOCKS: SignedDuration = SignedDuration::from_secs(5);

/// What to do about another blob.
const CARRY: &str = "carry it again: `blobferry copy` proves it before it becomes visible";

fn refused(text: impl AsRef<str>) -> Failure {
    Failure::new(ExitStatus::Verification, text)
        .cause("the blob is not what the export wrote: nothing was run")
        .hint(CARRY)
}
