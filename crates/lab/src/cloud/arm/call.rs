//! A request that was let in, and what all kinds of resource have in common: GET, lists, DELETE, and the answer to a PUT.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cloud::ask::Ask;
use crate::cloud::estate::{Body, Key, Kind, MOST, Resource, Stage, Standing, Work};
use crate::cloud::reply::{Answered, Reply};
use crate::cloud::{Cloud, PutAnswer};
use crate::service::{lock, request_id};

use super::not_found;

/// A request that was let in.
pub(super) struct Call<'a> {
    pub(super) cloud: &'a Arc<Cloud>,
    pub(super) ask: &'a Ask,
    /// Who asks: the application.
    pub(super) who: String,
    pub(super) api_version: &'a str,
    /// Number of the registry.
    pub(super) registry: usize,
    pub(super) now: Timestamp,
}

impl Call<'_> {
    pub(super) fn key(&self, kind: Kind, name: &str) -> Key {
        Key::new(self.registry, kind, name)
    }

    pub(super) fn id(&self, kind: Kind, name: &str) -> String {
        format!("{}/{name}", self.cloud.path(self.registry, kind))
    }

    pub(super) fn missing(&self, kind: Kind, name: &str) -> Reply {
        let registry = self.cloud.numbered(self.registry);
        let registry = registry.map_or("", |held| held.registry.name.as_str());
        let what = format!("registries/{registry}/{}/{name}", kind.segment());
        not_found(&self.cloud.options.resource_group, &what)
    }

    pub(super) fn get(&self, kind: Kind, name: &str) -> Answered {
        let key = self.key(kind, name);
        let mut estate = lock(&self.cloud.estate);
        let missing = || self.missing(kind, name);
        let resource = estate.resources.get_mut(&key).ok_or_else(missing)?;
        let settled = resource.standing.settles();
        if settled && resource.standing.work == Work::Delete {
            estate.remove(&key);
            return Err(missing());
        }
        let id = self.id(kind, &resource.name);
        Ok(Reply::json(
            200,
            resource.shown(&id, kind, self.api_version, settled),
        ))
    }

    /// A page of a list. The skip token is the last name that was answered.
    pub(super) fn list(&self, kind: Kind) -> Reply {
        let page = self.cloud.behaviour().page.max(1);
        let after = self.ask.query("$skiptoken").unwrap_or_default();
        let from = self.key(kind, after);
        let estate = lock(&self.cloud.estate);
        let mut there = estate
            .resources
            .range(&from..)
            .take_while(|(key, _)| key.kind == kind && key.registry == self.registry)
            .filter(|(key, _)| **key != from)
            .peekable();
        let mut value = Vec::new();
        let mut last = String::new();
        while value.len() < page
            && let Some((_, resource)) = there.next()
        {
            let id = self.id(kind, &resource.name);
            let settled = resource.standing.unsettled == 0;
            value.push(resource.shown(&id, kind, self.api_version, settled));
            last.clone_from(&resource.name);
        }
        let mut answer = json!({ "value": value });
        if let (true, Some(answer)) = (there.peek().is_some(), answer.as_object_mut()) {
            let next = format!(
                "{}{}?api-version={}&$skiptoken={last}",
                self.cloud.endpoint(),
                self.cloud.path(self.registry, kind),
                self.api_version
            );
            answer.insert("nextLink".to_owned(), Value::String(next));
        }
        Reply::json(200, answer)
    }

    pub(super) fn delete(&self, kind: Kind, name: &str) -> Reply {
        let key = self.key(kind, name);
        let behaviour = self.cloud.behaviour();
        let mut estate = lock(&self.cloud.estate);
        let Some(resource) = estate.resources.get_mut(&key) else {
            return Reply::new(204);
        };
        // One made anew under the name looks at all blobs again.
        self.cloud.triggers.forget(&self.id(kind, &resource.name));
        if behaviour.delete != 202 {
            estate.remove(&key);
            return Reply::new(if behaviour.delete == 204 { 204 } else { 200 });
        }
        resource.standing.work = Work::Delete;
        resource.standing.unsettled = 1;
        resource.standing.operation = request_id();
        let at = self.operation(kind, &resource.name, &resource.standing.operation);
        Reply::new(202)
            .header("location", at)
            .header("retry-after", behaviour.retry_after.to_string())
    }

    /// URL of a long-running operation.
    pub(super) fn operation(&self, kind: Kind, name: &str, operation: &str) -> String {
        format!(
            "{}{}/operationStatuses/{}-{operation}?api-version={}",
            self.cloud.endpoint(),
            self.id(kind, name),
            kind.segment().to_ascii_lowercase(),
            self.api_version
        )
    }

    /// The answer to a PUT: the resource as it stands, and where its operation is.
    pub(super) fn accepted(&self, kind: Kind, name: &str) -> Answered {
        let behaviour = self.cloud.behaviour();
        let estate = lock(&self.cloud.estate);
        let missing = || self.missing(kind, name);
        let resource = estate
            .resources
            .get(&self.key(kind, name))
            .ok_or_else(missing)?;
        let settled = resource.standing.unsettled == 0;
        let shown = resource.shown(
            &self.id(kind, &resource.name),
            kind,
            self.api_version,
            settled,
        );
        if settled {
            return Ok(Reply::json(200, shown));
        }
        let at = self.operation(kind, &resource.name, &resource.standing.operation);
        Ok(Reply::json(201, shown)
            .header("azure-asyncoperation", at)
            .header("retry-after", behaviour.retry_after.to_string()))
    }

    /// How often a PUT that is answered now will say that it is not done.
    pub(super) fn unsettled(&self) -> u8 {
        u8::from(self.cloud.behaviour().put == PutAnswer::Created)
    }

    /// Refuses what would make the estate endless.
    pub(super) fn room(&self) -> Result<(), Reply> {
        if lock(&self.cloud.estate).resources.len() < MOST {
            return Ok(());
        }
        Err(Reply::error(
            409,
            "QuotaExceeded",
            "The lab keeps no more resources.",
        ))
    }

    /// Whether a run of that name is at work.
    pub(super) fn is_running(&self, key: &Key) -> bool {
        let mut estate = lock(&self.cloud.estate);
        let run = estate.run(key);
        run.is_some_and(|run| run.stage == Stage::Running)
    }

    pub(super) fn body<T: serde::de::DeserializeOwned>(&self) -> Result<T, Reply> {
        Ok(serde_json::from_slice(&self.ask.body)?)
    }

    /// A resource that is put over whatever is there.
    pub(super) fn write(&self, key: &Key, name: &str, body: Body) {
        let mut estate = lock(&self.cloud.estate);
        let older = estate.resources.get(key);
        let standing = Standing::put(
            older.map(|older| &older.standing),
            &self.who,
            self.now,
            self.unsettled(),
        );
        let name = older.map_or_else(|| name.to_owned(), |older| older.name.clone());
        let resource = Resource {
            name,
            standing,
            body,
        };
        estate.resources.insert(key.clone(), resource);
    }
}
