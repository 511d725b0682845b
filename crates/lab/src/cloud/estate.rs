//! What the resource manager keeps: pipelines and runs, and how far they have come.

mod pipeline;
mod run;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) use pipeline::{ACCESS_MODE_SINCE, Identity, Mode, Pipeline, PipelineBody, Place};
pub(super) use run::{Run, RunBody, RunRequest, Stage};

/// Deleted resources whose operation can still be asked after.
const REMEMBERED: usize = 1000;

/// Resources of a cloud at most.
pub(super) const MOST: usize = 100_000;

/// The three kinds of transfer resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Export,
    Import,
    Run,
}

/// A resource: the registry's number, its kind, and its name in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) registry: usize,
    pub(super) kind: Kind,
    name: String,
}

/// All resources.
#[derive(Debug, Default)]
pub(super) struct Estate {
    pub(super) resources: BTreeMap<Key, Resource>,
    /// Operations that deleted something and have ended.
    ended: VecDeque<String>,
}

/// A resource.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// As it was first written.
    pub(super) name: String,
    pub(super) standing: Standing,
    pub(super) body: Body,
}

/// What a resource is.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Pipeline(Box<Pipeline>),
    Run(Box<Run>),
}

/// Who made it, when, and whether the service is still at it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) created: (String, Timestamp),
    pub(super) modified: (String, Timestamp),
    /// Name of the last long-running operation.
    pub(super) operation: String,
    /// So many times the service says that it is not done yet.
    pub(super) unsettled: u8,
    pub(super) work: Work,
}

/// What a long-running operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Create,
    Update,
    Delete,
}

impl Kind {
    pub(super) fn of(segment: &str) -> Option<Self> {
        let all = [Self::Export, Self::Import, Self::Run];
        all.into_iter()
            .find(|kind| kind.segment().eq_ignore_ascii_case(segment))
    }

    pub(super) fn segment(self) -> &'static str {
        match self {
            Self::Export => "exportPipelines",
            Self::Import => "importPipelines",
            Self::Run => "pipelineRuns",
        }
    }
}

impl Key {
    pub(super) fn new(registry: usize, kind: Kind, name: &str) -> Self {
        Self {
            registry,
            kind,
            name: name.to_ascii_lowercase(),
        }
    }
}

impl Standing {
    /// Of a resource that `who` puts now, over an older one perhaps.
    pub(super) fn put(older: Option<&Self>, who: &str, now: Timestamp, unsettled: u8) -> Self {
        let modified = (who.to_owned(), now);
        Self {
            created: older.map_or_else(|| modified.clone(), |older| older.created.clone()),
            modified,
            operation: crate::service::request_id(),
            unsettled,
            work: if older.is_some() {
                Work::Update
            } else {
                Work::Create
            },
        }
    }

    /// Whether the service is done; asking brings it nearer.
    pub(super) fn settles(&mut self) -> bool {
        let settled = self.unsettled == 0;
        self.unsettled = self.unsettled.saturating_sub(1);
        settled
    }

    fn system_data(&self) -> Value {
        json!({
            "createdBy": self.created.0,
            "createdByType": "Application",
            "createdAt": date(self.created.1),
            "lastModifiedBy": self.modified.0,
            "lastModifiedByType": "Application",
            "lastModifiedAt": date(self.modified.1),
        })
    }
}

impl Resource {
    /// As `id` is answered in this api version.
    pub(super) fn shown(&self, id: &str, kind: Kind, api_version: &str, settled: bool) -> Value {
        let (mut properties, identity, location) = match &self.body {
            Body::Pipeline(pipeline) => pipeline.shown(api_version),
            Body::Run(run) => (run.shown(api_version), None, None),
        };
        let state = match (&self.body, self.standing.work, settled) {
            (_, Work::Delete, _) => "Deleting",
            (_, Work::Create, false) => "Creating",
            (_, Work::Update, false) => "Updating",
            (Body::Run(run), _, true) => run.provisioning_state(),
            (Body::Pipeline(_), _, true) => "Succeeded",
        };
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("provisioningState".to_owned(), json!(state));
        }
        let mut shown = json!({
            "type": format!("Microsoft.ContainerRegistry/registries/{}", kind.segment()),
            "id": id,
            "name": self.name,
            "systemData": self.standing.system_data(),
            "properties": properties,
        });
        if let Some(shown) = shown.as_object_mut() {
            shown.extend(identity.map(|identity| ("identity".to_owned(), identity)));
            shown.extend(location.map(|location| ("location".to_owned(), json!(location))));
        }
        shown
    }
}

impl Estate {
    /// Takes a resource whose deletion has ended out.
    pub(super) fn remove(&mut self, key: &Key) {
        let Some(resource) = self.resources.remove(key) else {
            return;
        };
        self.ended.push_back(resource.standing.operation);
        if self.ended.len() > REMEMBERED {
            self.ended.pop_front();
        }
    }

    /// Whether this operation has deleted what it should.
    pub(super) fn has_deleted(&self, operation: &str) -> bool {
        self.ended.iter().any(|ended| ended == operation)
    }

    pub(super) fn run(&mut self, key: &Key) -> Option<&mut Run> {
        match &mut self.resources.get_mut(key)?.body {
            Body::Run(run) => Some(run),
            Body::Pipeline(_) => None,
        }
    }

    /// The run under `key`, and its name, if it is still the one that this operation began.
    pub(super) fn begun(&mut self, key: &Key, operation: &str) -> Option<(&str, &mut Run)> {
        let resource = self.resources.get_mut(key)?;
        match &mut resource.body {
            Body::Run(run) if resource.standing.operation == operation => {
                Some((&resource.name, run))
            }
            _ => None,
        }
    }

    pub(super) fn pipeline(&self, key: &Key) -> Option<(&str, &Pipeline)> {
        let resource = self.resources.get(key)?;
        match &resource.body {
            Body::Pipeline(pipeline) => Some((&resource.name, pipeline)),
            Body::Run(_) => None,
        }
    }
}

/// A date as the registry service writes it: seven digits of a second, and an offset.
pub(super) fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.7f+00:00").to_string()
}
