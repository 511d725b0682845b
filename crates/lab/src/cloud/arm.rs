//! Azure Resource Manager: the registry and its transfer resources.
//!
//! | | |
//! |---|---|
//! | `…/registries/{name}` | GET, PATCH (`policies.exportPolicy` only) |
//! | `…/registries/{name}/{exportPipelines,importPipelines,pipelineRuns}` | GET |
//! | `…/{kind}/{name}` | GET, PUT, DELETE |
//! | `…/{kind}/{name}/operationStatuses/{operation}` | GET |

mod call;
mod check;
mod operation;
mod pipelines;
mod put_run;
mod registry;
mod versions;

use std::sync::Arc;

use hyper::Method;
use jiff::Timestamp;

use crate::auth::Claims;
use crate::service::lock;

use super::Cloud;
use super::ask::Ask;
use super::estate::Kind;
use super::reply::{Answered, Reply};
use super::token::Unfit;

use self::call::Call;

/// The versions that the live service tells of.
const SUPPORTED: &str =
    "2025-06-01-preview, 2025-12-01-preview, 2026-01-01-preview, 2026-03-01-preview";

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
        (Some(kind), [_], &Method::GET) => Ok(call.list(kind)),
        (Some(kind), [_, name], &Method::GET) => call.get(kind, name),
        (Some(kind), [_, name], &Method::DELETE) => Ok(call.delete(kind, name)),
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
