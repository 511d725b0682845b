//! Azure Resource Manager: requests with tokens renewed, throttling obeyed, errors in the service's own words, answers of
//! every long-running kind, lists with all their pages.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::cloud::Cloud;
use crate::http::Network;
use crate::login::{Credential, LoginError};
use crate::resource::{RegistryId, TransferId};

mod answer;
mod list;
mod refusal;
mod retry;
mod send;
mod settle;

use answer::Answer;
use send::Call;

/// `2025-06-01-preview`: the first with `storageAccessMode`, and known to the service's `api-supported-versions`.
pub const DEFAULT_API_VERSION: &str = "2025-06-01-preview";

/// Versions that have the transfer resources; others are refused before anything is asked.
pub const API_VERSIONS: &[&str] = &[
    "2019-12-01-preview",
    "2020-11-01-preview",
    "2021-06-01-preview",
    "2021-08-01-preview",
    "2021-12-01-preview",
    "2022-02-01-preview",
    "2023-01-01-preview",
    "2023-06-01-preview",
    "2023-08-01-preview",
    "2023-11-01-preview",
    "2024-11-01-preview",
    "2025-03-01-preview",
    "2025-05-01-preview",
    "2025-06-01-preview",
    "2025-12-01-preview",
    "2026-01-01-preview",
    "2026-03-01-preview",
];

/// For registries themselves: a stable version that every cloud has.
const REGISTRY_VERSION: &str = "2023-07-01";

/// First pause of a back-off.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// What failed, by what the user can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmClass {
    /// 404: the resource, its registry, group or subscription.
    NotFound,
    /// 401, 403 (and exportPolicy disabled).
    Denied,
    /// 400, 409, 412, 422: the request will not do, said by the service.
    Rejected,
    /// 429 and 5xx, beyond all retries.
    Unavailable,
    /// No answer: DNS, TLS, connection, timeout.
    Unreachable,
    /// An answer that is none: not JSON, no such field.
    Nonsense,
    /// No token.
    Login,
}

/// A request that did not do.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path}: {message}")]
pub struct ArmError {
    /// By what to do.
    pub class: ArmClass,
    /// `GET`, …
    pub method: &'static str,
    /// Path without query.
    pub path: String,
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// `code` of the service's error.
    pub code: Option<String>,
    /// `message` of it, or what is wrong with the answer.
    pub message: String,
    /// For support: `x-ms-correlation-request-id`.
    pub correlation: Option<String>,
    /// Where the login failed.
    #[source]
    pub login: Option<Box<LoginError>>,
}

/// A client of one cloud's resource manager. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Arm {
    network: Network,
    cloud: Cloud,
    credential: Credential,
    api_version: String,
    /// [`FIRST_PAUSE`]; less in tests.
    first_pause: Duration,
}

/// What a PUT or DELETE has begun.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The resource as the answer gave it (DELETE: none).
    pub body: Option<Value>,
    /// Whether the service works on it still (201, 202).
    pub pending: bool,
    /// Where to ask (Azure-AsyncOperation, Location), verbatim; only hosts of this cloud's resource manager are followed.
    pub poll: Option<url::Url>,
    /// Retry-After.
    pub retry_after: Option<Duration>,
    /// For support.
    pub correlation: Option<String>,
}

impl Arm {
    /// # Errors
    /// When the version has no transfer resources.
    pub fn new(
        network: Network,
        cloud: Cloud,
        credential: Credential,
        api_version: &str,
    ) -> Result<Self, ArmError> {
        let known = API_VERSIONS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(api_version));
        let Some(api_version) = known else {
            return Err(ArmError {
                class: ArmClass::Rejected,
                method: "GET",
                path: "/".to_owned(),
                status: None,
                code: None,
                message: format!(
                    "api-version {api_version:?} has no transfer resources; there are {}",
                    API_VERSIONS.join(", ")
                ),
                correlation: None,
                login: None,
            });
        };
        Ok(Self {
            network,
            cloud,
            credential,
            api_version: (*api_version).to_owned(),
            first_pause: FIRST_PAUSE,
        })
    }

    /// The cloud asked.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// The version used for transfer resources.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// GET of a transfer resource.
    ///
    /// # Errors
    /// See [`ArmClass`].
    pub async fn get(&self, id: &TransferId) -> Result<Value, ArmError> {
        Ok(self.look(id).await?.0)
    }

    /// The same, with the Retry-After that the answer may have.
    pub(crate) async fn look(
        &self,
        id: &TransferId,
    ) -> Result<(Value, Option<Duration>), ArmError> {
        let call = self.call(Method::GET, &id.to_string(), &self.api_version);
        let answer = self.send(&call).await?;
        Ok((answer.object(&call)?, answer.retry_after()))
    }

    /// GET of a registry (stable api version): `properties.loginServer`, `sku.name`, `properties.policies.exportPolicy`.
    ///
    /// # Errors
    /// See [`ArmClass`].
    pub async fn registry(&self, id: &RegistryId) -> Result<Value, ArmError> {
        let call = self.call(Method::GET, &id.to_string(), REGISTRY_VERSION);
        self.send(&call).await?.object(&call)
    }

    /// PUT of a transfer resource. 200 and 201 are both accepted; neither says that a run did well.
    ///
    /// # Errors
    /// See [`ArmClass`].
    pub async fn put(&self, id: &TransferId, body: &Value) -> Result<Accepted, ArmError> {
        let mut call = self.call(Method::PUT, &id.to_string(), &self.api_version);
        call.body = Some(body.to_string().into());
        let answer = self.send(&call).await?;
        let body = if answer.is_empty() {
            Value::Null
        } else {
            answer.object(&call)?
        };
        Ok(self.accepted(&answer, Some(body)))
    }

    /// DELETE; 200, 202 and 204 are all accepted.
    ///
    /// # Errors
    /// See [`ArmClass`].
    pub async fn delete(&self, id: &TransferId) -> Result<Accepted, ArmError> {
        let call = self.call(Method::DELETE, &id.to_string(), &self.api_version);
        let answer = self.send(&call).await?;
        Ok(self.accepted(&answer, None))
    }

    fn accepted(&self, answer: &Answer, body: Option<Value>) -> Accepted {
        Accepted {
            body,
            pending: matches!(answer.status, 201 | 202),
            poll: answer.poll().filter(|url| self.is_ours(url)),
            retry_after: answer.retry_after(),
            correlation: answer.correlation(),
        }
    }

    /// Whether a URL that an answer names is of this resource manager, so that a token may go there.
    fn is_ours(&self, url: &Url) -> bool {
        let own = &self.cloud.resource_manager;
        url.origin() == own.origin() && url.username().is_empty() && url.password().is_none()
    }

    fn call(&self, method: Method, path: &str, api_version: &str) -> Call {
        let mut url = self.cloud.resource_manager.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            let path = path.trim_start_matches('/').split('/');
            segments.pop_if_empty().extend(path);
        }
        url.query_pairs_mut()
            .clear()
            .append_pair("api-version", api_version);
        Call::new(method, url)
    }
}

#[cfg(test)]
pub(crate) mod tests;
