//! The source triggers at work: a look at each watched container now and then, and a run for each blob that fires.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::service::lock;

use super::Cloud;
use super::estate::{Body, Key, Kind, MOST, Pipeline, Resource, Run, RunRequest, Standing};
use super::runs::container;
use super::trigger::Watched;

/// Between two looks at least, milliseconds.
const LEAST: u64 = 10;

/// A pause that was changed is heeded after so long.
const NAP: Duration = Duration::from_millis(100);

impl Cloud {
    /// What goes on without being asked for, until the lab ends.
    pub(crate) async fn background(self: Arc<Self>) {
        let mut looked = Instant::now();
        loop {
            let pause = self.behaviour().trigger_milliseconds.max(LEAST);
            let left = Duration::from_millis(pause).saturating_sub(looked.elapsed());
            if left.is_zero() {
                self.look().await;
                looked = Instant::now();
            } else {
                tokio::time::sleep(left.min(NAP)).await;
            }
        }
    }

    /// One look at every container that a trigger watches.
    async fn look(self: &Arc<Self>) {
        let watched = self.watched();
        let known: BTreeSet<String> = watched
            .iter()
            .map(|(key, name, _)| self.id(key, name))
            .collect();
        for finding in self.triggers.findings() {
            if !known.contains(&finding.pipeline) {
                self.triggers.forget(&finding.pipeline);
            }
        }
        for (key, name, pipeline) in watched {
            let id = self.id(&key, &name);
            let access = match self.access(&pipeline) {
                Ok(access) => access,
                Err(failure) => {
                    self.triggers.blind(&id, failure.0);
                    continue;
                }
            };
            let watched = Watched {
                pipeline: id,
                container: container(&pipeline),
                access,
            };
            let now = self.clock.now();
            for fired in self.triggers.look(&self.client, &watched, now).await {
                self.start_run(&key, &fired.blob, fired.modified);
            }
        }
    }

    /// Import pipelines whose source trigger is on.
    fn watched(&self) -> Vec<(Key, String, Pipeline)> {
        let estate = lock(&self.estate);
        let all = estate.resources.iter();
        let watched = all.filter_map(|(key, resource)| match &resource.body {
            Body::Pipeline(pipeline) if pipeline.triggered => {
                Some((key.clone(), resource.name.clone(), (**pipeline).clone()))
            }
            _ => None,
        });
        watched.collect()
    }

    fn id(&self, key: &Key, name: &str) -> String {
        format!("{}/{name}", self.path(key.registry, key.kind))
    }

    /// Begins the run of an import pipeline whose source trigger found `blob`, last modified at `modified`. `None`: there is
    /// no such pipeline (any more), or no room. Answers the run's name, which a client could not have given it.
    pub(super) fn start_run(
        self: &Arc<Self>,
        pipeline: &Key,
        blob: &str,
        modified: Timestamp,
    ) -> Option<String> {
        let now = self.clock.now();
        let mut estate = lock(&self.estate);
        if estate.resources.len() >= MOST {
            return None;
        }
        let found = estate.pipeline(pipeline)?;
        let (pipeline_name, body) = (found.0.to_owned(), found.1.clone());
        let name = format!("{pipeline_name}_{}", now.strftime("%Y%m%d%H%M%S%6f"));
        let again = || format!("{name}{:08x}", rand::random::<u32>());
        let names = std::iter::once(name.clone()).chain(std::iter::repeat_with(again));
        let keys = names.map(|name| (Key::new(pipeline.registry, Kind::Run, &name), name));
        let mut free = keys.filter(|(key, _)| !estate.resources.contains_key(key));
        let (key, name) = free.next()?;
        drop(free);
        let run = Run {
            request: RunRequest::triggered(self.id(pipeline, &pipeline_name), blob),
            triggered: Some(modified),
            ..Run::new(body, pipeline_name, now)
        };
        let resource = Resource {
            name: name.clone(),
            standing: Standing::put(None, "Azure Container Registry", now, 0),
            body: Body::Run(Box::new(run)),
        };
        estate.resources.insert(key.clone(), resource);
        drop(estate);
        self.begin(key);
        Some(name)
    }
}
