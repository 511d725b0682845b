//! Azure Resource Manager: the registry and its transfer resources.
//!
//! | | |
//! |---|---|
//! | `…/registries/{name}` | GET, PATCH (`policies.exportPolicy` only) |
//! | `…/registries/{name}/{exportPipelines,importPipelines,pipelineRuns}` | GET |
//! | `…/{kind}/{name}` | GET, PUT, DELETE |
//! | `…/{kind}/{name}/operationStatuses/{operation}` | GET |

mod check;
mod operation;
mod pipelines;
mod put_run;
mod registry;
mod versions;

use std::sync::Arc;

use hyper::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::auth::Claims;
use crate::service::lock;

use super::ask::Ask;
use super::estate::{Body, Key, Kind, Work};
use super::reply::{Answered, Reply};
use super::token::Unfit;
use super::{Cloud, PutAnswer};

/// The versions that the live service tells of.
const SUPPORTED: &str =
    "2025-06-01-preview, 2025-12-01-preview, 2026-01-01-preview, 2026-03-01-preview";

/// A request that was let in.
struct Call<'a> {
    cloud: &'a Arc<Cloud>,
    ask: &'a Ask,
    /// Who asks: the application.
    who: String,
    api_version: &'a str,
    /// Number of the registry.
    registry: usize,
    now: Timestamp,
}

/// Answers what is below `/subscriptions`.
pub(super) async fn answer(cloud: &Arc<Cloud>, ask: &Ask, rest: &[&str]) -> Answered {
    let answered = perform(cloud, ask, rest).await;
    let (Ok(reply) | Err(reply)) = answered;
    Ok(reply
        .header("cache-control", "no-cache")
        .header("api-supported-versions", SUPPORTED))
}

async fn perform(cloud: &Arc<Cloud>, ask: &Ask, rest: &[&str]) -> Answered {
    let who = check_token(cloud, ask)?.appid;
    throttle(cloud, ask)?;
    let (registry, wanted) = place(cloud, rest)?;
    let kind = match wanted {
        [] => None,
        [segment, ..] => Some(Kind::of(segment).ok_or_else(|| no_type(segment))?),
    };
    let api_version = versions::check(ask.query("api-version"), kind)?;
    let call = Call {
        cloud,
        ask,
        who,
        api_version,
        registry,
        now: cloud.clock.now(),
    };
    match (kind, wanted, &ask.method) {
        (None, _, &Method::GET) => registry::get(&call),
        (None, _, &Method::PATCH) => registry::patch(&call),
        (Some(kind), [_], &Method::GET) => call.list(kind),
        (Some(kind), [_, name], &Method::GET) => call.get(kind, name),
        (Some(kind), [_, name], &Method::DELETE) => call.delete(kind, name),
        (Some(Kind::Run), [_, name], &Method::PUT) => put_run::put(&call, name).await,
        (Some(kind), [_, name], &Method::PUT) => pipelines::put(&call, kind, name),
        (Some(kind), [_, name, states, operation], &Method::GET)
            if states.eq_ignore_ascii_case("operationStatuses") =>
        {
            operation::get(&call, kind, name, operation)
        }
        _ => Err(Reply::error(
            405,
            "MethodNotAllowed",
            format!(
                "The HTTP method '{}' is not supported at this location.",
                ask.method
            ),
        )),
    }
}

fn check_token(cloud: &Cloud, ask: &Ask) -> Result<Claims, Reply> {
    let audiences = [
        cloud.endpoint(),
        "https://management.azure.com",
        "https://management.core.windows.net",
    ];
    let utc = |time: Timestamp| time.strftime("%-m/%-d/%Y %-I:%M:%S %p").to_string();
    let (code, message) = match cloud.bearer(ask, &audiences) {
        Ok(claims) => return Ok(claims),
        Err(Unfit::Missing) => (
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.".to_owned(),
        ),
        Err(Unfit::Foreign) => (
            "InvalidAuthenticationToken",
            "The access token is invalid.".to_owned(),
        ),
        Err(Unfit::Audience(found)) => (
            "InvalidAuthenticationTokenAudience",
            format!(
                "The access token has been obtained for wrong audience or resource '{found}'. It should exactly match \
                 with one of the allowed audiences '{}/'.",
                cloud.endpoint()
            ),
        ),
        Err(Unfit::Expired(at)) => (
            "ExpiredAuthenticationToken",
            format!(
                "The access token expiry UTC time '{}' is earlier than current UTC time '{}'.",
                utc(at),
                utc(cloud.clock.now())
            ),
        ),
    };
    let challenge = format!(
        "Bearer authorization_uri=\"{}/{}\", error=\"invalid_token\", error_description=\"{message}\"",
        cloud.endpoint(),
        cloud.options.tenant
    );
    Err(Reply::error(401, code, message).header("www-authenticate", challenge))
}

/// Counts [`super::Behaviour::throttle`] down.
fn throttle(cloud: &Cloud, ask: &Ask) -> Result<(), Reply> {
    let mut behaviour = lock(&cloud.behaviour);
    if behaviour.throttle == 0 {
        return Ok(());
    }
    behaviour.throttle -= 1;
    let message = format!(
        "Number of '{}' requests for subscription '{}' exceeded the limit. Please try again after '{}' seconds.",
        ask.method, cloud.options.subscription, behaviour.retry_after
    );
    Err(Reply::error(429, "SubscriptionRequestsThrottled", message)
        .header("retry-after", behaviour.retry_after.to_string()))
}

/// The registry's number, and what is wanted of it.
fn place<'a, 'b>(cloud: &Cloud, rest: &'a [&'b str]) -> Result<(usize, &'a [&'b str]), Reply> {
    let same = |word: &str, other: &str| word.eq_ignore_ascii_case(other);
    let [subscription, rest @ ..] = rest else {
        return Err(no_type(""));
    };
    if !same(subscription, &cloud.options.subscription) {
        let message = format!("The subscription '{subscription}' could not be found.");
        return Err(Reply::error(404, "SubscriptionNotFound", message));
    }
    let [
        groups,
        group,
        providers,
        provider,
        registries,
        registry,
        wanted @ ..,
    ] = rest
    else {
        return Err(no_type(rest.first().unwrap_or(&"")));
    };
    let is_registry = same(groups, "resourceGroups")
        && same(providers, "providers")
        && same(provider, "Microsoft.ContainerRegistry")
        && same(registries, "registries");
    if !is_registry {
        return Err(no_type(registries));
    }
    if !same(group, &cloud.options.resource_group) {
        let message = format!("Resource group '{group}' could not be found.");
        return Err(Reply::error(404, "ResourceGroupNotFound", message));
    }
    let found = cloud.held(registry).map(|(number, _)| (number, wanted));
    found.ok_or_else(|| {
        not_found(
            &cloud.options.resource_group,
            &format!("registries/{registry}"),
        )
    })
}

fn no_type(word: &str) -> Reply {
    let message = format!(
        "The resource type '{word}' could not be found in the namespace 'Microsoft.ContainerRegistry'."
    );
    Reply::error(404, "InvalidResourceType", message)
}

fn not_found(group: &str, what: &str) -> Reply {
    let message = format!(
        "The Resource 'Microsoft.ContainerRegistry/{what}' under resource group '{group}' was not found. For more \
         details please go to https://aka.ms/ARMResourceNotFoundFix"
    );
    Reply::error(404, "ResourceNotFound", message)
}

impl Cloud {
    /// `/subscriptions/…/registries/{name}`, as answers have it.
    fn registry_id(&self, number: usize) -> String {
        let name = self
            .numbered(number)
            .map_or("", |held| held.registry.name.as_str());
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerRegistry/registries/{name}",
            self.options.subscription, self.options.resource_group
        )
    }

    /// `/subscriptions/…/{kind}`.
    pub(super) fn path(&self, number: usize, kind: Kind) -> String {
        format!("{}/{}", self.registry_id(number), kind.segment())
    }
}

impl Call<'_> {
    fn key(&self, kind: Kind, name: &str) -> Key {
        Key::new(self.registry, kind, name)
    }

    fn id(&self, kind: Kind, name: &str) -> String {
        format!("{}/{name}", self.cloud.path(self.registry, kind))
    }

    fn missing(&self, kind: Kind, name: &str) -> Reply {
        let registry = self.cloud.numbered(self.registry);
        let registry = registry.map_or("", |held| held.registry.name.as_str());
        let what = format!("registries/{registry}/{}/{name}", kind.segment());
        not_found(&self.cloud.options.resource_group, &what)
    }

    fn get(&self, kind: Kind, name: &str) -> Answered {
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
    fn list(&self, kind: Kind) -> Answered {
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
        let mut list = json!({ "value": value });
        if let (true, Some(list)) = (there.peek().is_some(), list.as_object_mut()) {
            let next = format!(
                "{}{}?api-version={}&$skiptoken={last}",
                self.cloud.endpoint(),
                self.cloud.path(self.registry, kind),
                self.api_version
            );
            list.insert("nextLink".to_owned(), Value::String(next));
        }
        Ok(Reply::json(200, list))
    }

    fn delete(&self, kind: Kind, name: &str) -> Answered {
        let key = self.key(kind, name);
        let behaviour = self.cloud.behaviour();
        let mut estate = lock(&self.cloud.estate);
        let Some(resource) = estate.resources.get_mut(&key) else {
            return Ok(Reply::new(204));
        };
        // One made anew under the name looks at all blobs again.
        self.cloud.triggers.forget(&self.id(kind, &resource.name));
        if behaviour.delete != 202 {
            estate.remove(&key);
            return Ok(Reply::new(if behaviour.delete == 204 { 204 } else { 200 }));
        }
        resource.standing.work = Work::Delete;
        resource.standing.unsettled = 1;
        resource.standing.operation = crate::service::request_id();
        let at = self.operation(kind, &resource.name, &resource.standing.operation);
        Ok(Reply::new(202)
            .header("location", at)
            .header("retry-after", behaviour.retry_after.to_string()))
    }

    /// URL of a long-running operation.
    fn operation(&self, kind: Kind, name: &str, operation: &str) -> String {
        format!(
            "{}{}/operationStatuses/{}-{operation}?api-version={}",
            self.cloud.endpoint(),
            self.id(kind, name),
            kind.segment().to_ascii_lowercase(),
            self.api_version
        )
    }

    /// The answer to a PUT: the resource as it stands, and where its operation is.
    fn accepted(&self, kind: Kind, name: &str) -> Answered {
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
    fn unsettled(&self) -> u8 {
        u8::from(self.cloud.behaviour().put == PutAnswer::Created)
    }

    /// Refuses what would make the estate endless.
    fn room(&self) -> Result<(), Reply> {
        if lock(&self.cloud.estate).resources.len() < super::estate::MOST {
            return Ok(());
        }
        Err(Reply::error(
            409,
            "QuotaExceeded",
            "The lab keeps no more resources.",
        ))
    }

    /// Whether a run of that name is at work.
    fn is_running(&self, key: &Key) -> bool {
        let mut estate = lock(&self.cloud.estate);
        let run = estate.run(key);
        run.is_some_and(|run| run.stage == super::estate::Stage::Running)
    }

    fn body<T: serde::de::DeserializeOwned>(&self) -> Result<T, Reply> {
        Ok(serde_json::from_slice(&self.ask.body)?)
    }
}

/// A resource that is put over whatever is there.
fn write(call: &Call<'_>, key: &Key, name: &str, body: Body) {
    use super::estate::{Resource, Standing};
    let mut estate = lock(&call.cloud.estate);
    let older = estate.resources.get(key);
    let standing = Standing::put(
        older.map(|older| &older.standing),
        &call.who,
        call.now,
        call.unsettled(),
    );
    let name = older.map_or_else(|| name.to_owned(), |older| older.name.clone());
    let resource = Resource {
        name,
        standing,
        body,
    };
    estate.resources.insert(key.clone(), resource);
}
