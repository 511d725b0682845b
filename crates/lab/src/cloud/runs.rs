//! Runs at work: each is a task of the lab's runtime that gathers what the run needs, does it, and writes down what came of
//! it.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::service::{is_at, lock};

use super::estate::{Key, Mode, Pipeline, Run, Stage};
use super::token::STORAGE;
use super::transfer::{Access, Direction, Job, Outcome, RunFailure, execute};
use super::{Behaviour, Cloud};

/// Runs at work at a time; more wait for their turn no longer than a client of a rehearsal would.
const MOST: usize = 1000;

/// The end of every `pipelineRunErrorMessage`.
const HELP: &str = " For more information, please visit https://aka.ms/acr/transfer.";

/// The runs at work.
#[derive(Debug, Default)]
pub(super) struct Running {
    tasks: Mutex<JoinSet<()>>,
    count: Mutex<usize>,
    ended: Condvar,
}

impl Running {
    pub(super) fn count(&self) -> usize {
        *lock(&self.count)
    }

    /// Waits on the calling thread until none is left.
    pub(super) fn idle(&self, patience: Duration) -> io::Result<()> {
        let until = Instant::now() + patience;
        let mut count = lock(&self.count);
        while *count > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let text = format!("{} runs have not ended after {patience:?}", *count);
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            let waited = self.ended.wait_timeout(count, left);
            count = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}

/// Writes the end of a run down, however its task ends.
struct Ending {
    cloud: Arc<Cloud>,
    key: Key,
    /// The operation that began it: another run may have its name by now.
    operation: String,
    outcome: Option<Result<Outcome, RunFailure>>,
    told: Option<oneshot::Sender<()>>,
}

impl Ending {
    fn with(mut self, outcome: Result<Outcome, RunFailure>) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let broken = || {
            Err(RunFailure(
                "The lab's run ended before its time.".to_owned(),
            ))
        };
        let outcome = self.outcome.take().unwrap_or_else(broken);
        self.cloud.ended(&self.key, &self.operation, outcome);
        *lock(&self.cloud.running.count) -= 1;
        self.cloud.running.ended.notify_all();
        if let Some(told) = self.told.take() {
            let _ = told.send(());
        }
    }
}

impl Cloud {
    /// Sets the run that stands under `key` to work. The receiver hears its end. Within the lab's runtime only.
    pub(super) fn begin(self: &Arc<Self>, key: Key) -> oneshot::Receiver<()> {
        let (told, hears) = oneshot::channel();
        let behaviour = self.behaviour();
        *lock(&self.running.count) += 1;
        let operation = {
            let estate = lock(&self.estate);
            let run = estate.resources.get(&key);
            run.map_or_else(String::new, |run| run.standing.operation.clone())
        };
        let ending = Ending {
            cloud: Arc::clone(self),
            key,
            operation,
            outcome: None,
            told: Some(told),
        };
        let mut tasks = lock(&self.running.tasks);
        while tasks.try_join_next().is_some() {}
        if tasks.len() >= MOST {
            let text = "Too many runs are in progress in the lab.".to_owned();
            ending.with(Err(RunFailure(text)));
            return hears;
        }
        tasks.spawn(async move {
            let least = tokio::time::sleep(Duration::from_millis(behaviour.run_milliseconds));
            let work = ending
                .cloud
                .work(&ending.key, &ending.operation, &behaviour);
            let ((), outcome) = tokio::join!(least, work);
            ending.with(outcome);
        });
        hears
    }

    async fn work(
        &self,
        key: &Key,
        operation: &str,
        behaviour: &Behaviour,
    ) -> Result<Outcome, RunFailure> {
        let gone = || RunFailure("The run was deleted.".to_owned());
        let (name, run) = lock(&self.estate)
            .begun(key, operation)
            .map(|(name, run)| (name.to_owned(), run.clone()))
            .ok_or_else(gone)?;
        if let Some(message) = &behaviour.fail_runs {
            let message = message.replace("{pipeline}", &run.pipeline_name);
            return Err(RunFailure(message.replace("{run}", &name)));
        }
        let job = self.job(key.registry, &run, name, behaviour)?;
        tracing::debug!(pipeline = job.pipeline, run = job.run, "a run begins");
        let progress = |percent: u8| {
            if let Some((_, run)) = lock(&self.estate).begun(key, operation) {
                run.progress = Some(percent.min(100));
            }
        };
        execute(&self.client, &job, &progress).await
    }

    /// All that the run needs, its secret out of the vault included.
    fn job(
        &self,
        registry: usize,
        run: &Run,
        name: String,
        behaviour: &Behaviour,
    ) -> Result<Job, RunFailure> {
        let gone = || RunFailure("The registry is gone.".to_owned());
        Ok(Job {
            direction: if run.pipeline.is_import {
                Direction::Import
            } else {
                Direction::Export
            },
            pipeline: run.pipeline_name.clone(),
            run: name,
            container: container(&run.pipeline),
            access: self.access(&run.pipeline)?,
            blob: run.blob().to_owned(),
            artifacts: run.request.artifacts.clone().unwrap_or_default(),
            options: run.pipeline.options.clone().unwrap_or_default(),
            catalog_digest: run.request.catalog_digest.clone(),
            registry: Arc::clone(&self.numbered(registry).ok_or_else(gone)?.registry),
            largest_layer: behaviour.largest_layer,
        })
    }

    /// How a pipeline gets at its container: as its own identity, or by the SAS that its identity reads from the vault.
    pub(super) fn access(&self, pipeline: &Pipeline) -> Result<Access, RunFailure> {
        self.reach(pipeline)?;
        let object = pipeline.object().ok_or_else(|| {
            RunFailure(
                "The pipeline has no identity to access the key vault or the storage account with."
                    .to_owned(),
            )
        })?;
        if pipeline.mode == Mode::ManagedIdentity {
            return Ok(Access::Bearer(self.give(STORAGE, &object, &object).token));
        }
        let uri = pipeline.place.key_vault_uri.as_deref().unwrap_or_default();
        let failed = |status: u16, code: &str, message: &str| {
            let reason = hyper::StatusCode::from_u16(status).unwrap_or_default();
            let reason = reason.canonical_reason().unwrap_or_default();
            RunFailure(format!(
                "Failed to access key vault secret '{uri}'. {message}\nStatus: {status} ({reason})\nErrorCode: {code}\n"
            ))
        };
        let rest = uri.strip_prefix("https://").unwrap_or_default();
        let mut parts = rest.split('/');
        let (host, _, name) = (parts.next(), parts.next(), parts.next());
        let version = parts.next().filter(|version| !version.is_empty());
        if !host.is_some_and(|host| self.is_own_vault(host)) {
            let message = "There is no such vault in this cloud.";
            return Err(failed(404, "VaultNotFound", message));
        }
        let secret = self.vault.usable(name.unwrap_or_default(), version);
        let secret = secret.map_err(|no| failed(no.status, no.code, &no.message))?;
        Ok(Access::Sas(
            secret.trim().trim_start_matches('?').to_owned(),
        ))
    }

    /// Refuses a container that lies outside a cloud which sees nothing but itself.
    fn reach(&self, pipeline: &Pipeline) -> Result<(), RunFailure> {
        let Some(ports) = &self.storage.only else {
            return Ok(());
        };
        let url = reqwest::Url::parse(&container(pipeline)).ok();
        let authority = url.as_ref().and_then(|url| {
            let (host, port) = (url.host_str()?, url.port_or_known_default()?);
            Some(format!("{host}:{port}"))
        });
        let authority = authority.unwrap_or_default();
        if is_at(&authority, ports) {
            return Ok(());
        }
        Err(RunFailure(format!(
            "Failed to access storage. The host '{authority}' cannot be reached from this cloud."
        )))
    }

    /// Whether a URL with this host and port leads to the cloud's vault.
    fn is_own_vault(&self, authority: &str) -> bool {
        let authority = authority.to_ascii_lowercase();
        let Some((host, port)) = authority.rsplit_once(':') else {
            return false;
        };
        let is_here = host == self.front.ip().to_string()
            || matches!(host, "localhost" | "127.0.0.1")
            || host.ends_with(".vault.localhost");
        is_here && port.parse() == Ok(self.front.port())
    }

    /// Writes down how a run ended. A run that was deleted meanwhile is let go.
    fn ended(&self, key: &Key, operation: &str, outcome: Result<Outcome, RunFailure>) {
        let now = self.clock.now();
        let mut estate = lock(&self.estate);
        let Some((run_name, run)) = estate.begun(key, operation) else {
            return;
        };
        run.finished = Some(now);
        match outcome {
            Ok(outcome) => {
                for skipped in &outcome.skipped {
                    tracing::info!(run = run_name, skipped);
                }
                run.stage = Stage::Succeeded;
                run.progress = Some(100);
                run.catalog_digest = Some(outcome.catalog_digest);
                run.imported = outcome.imported;
            }
            Err(RunFailure(why)) => {
                let kind = if run.pipeline.is_import {
                    "ImportPipeline"
                } else {
                    "ExportPipeline"
                };
                // What a script gives may be whole already, and a transfer's has its end.
                let begins = why.starts_with(kind);
                let ends = why.ends_with(HELP);
                let name = &run.pipeline_name;
                let head = if begins {
                    String::new()
                } else {
                    format!("{kind} '{name}', Run '{run_name}': ")
                };
                let tail = if begins || ends { "" } else { HELP };
                run.stage = Stage::Failed(format!("{head}{why}{tail}"));
            }
        }
    }
}

/// The container URL of a pipeline.
pub(super) fn container(pipeline: &Pipeline) -> String {
    let uri = pipeline.place.uri.as_deref().unwrap_or_default();
    uri.trim_end_matches('/').to_owned()
}
