//! Azure Resource Manager: requests with tokens renewed, throttling obeyed, errors in the service's own words, answers of
//! every long-running kind, lists with all their pages.

use std::time::Duration;

use serde_json::Value;

use crate::cloud::Cloud;
use crate::http::Network;
use crate::login::{Credential, LoginError};
use crate::resource::{Kind, RegistryId, TransferId};

/// `2025-06-01-preview`: the first with `storageAccessMode`, and known to the service's `api-supported-versions`.
pub const DEFAULT_API_VERSION: &str = "2025-06-01-preview";

/// Versions that have the transfer resources; others are refused before anything is asked.
pub const API_VERSIONS: &[&str] = &[];

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
    pub login: Option<LoginError>,
}

/// A client of one cloud's resource manager. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Arm {
    network: Network,
    cloud: Cloud,
    credential: Credential,
    api_version: String,
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
        let _ = (network, cloud, credential, api_version);
        todo!()
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
        let _ = id;
        todo!()
    }

    /// GET of a registry (stable api version): `properties.loginServer`, `sku.name`, `properties.policies.exportPolicy`.
    ///
    /// # Errors
    /// See [`ArmClass`].
    pub async fn registry(&self, id: &RegistryId) -> Result<Value, ArmError> {
        let _ = id;
        todo!()
    }

    /// PUT of a transfer resource. 200 and 201 are both accepted; neither says that a run did well.
    ///
    /// # Errors
    /// See [`ArmClass`].
    pub async fn put(&self, id: &TransferId, body: &Value) -> Result<Accepted, ArmError> {
        let _ = (id, body);
        todo!()
    }

    /// DELETE; 200, 202 and 204 are all accepted.
    ///
    /// # Errors
    /// See [`ArmClass`].
    pub async fn delete(&self, id: &TransferId) -> Result<Accepted, ArmError> {
        let _ = id;
        todo!()
    }

    /// Everything of one kind, page after page; `top`: stop after so many (bounded at 100,000 in any case, and a nextLink
    /// seen twice ends it with an error).
    ///
    /// # Errors
    /// See [`ArmClass`].
    pub async fn list(
        &self,
        registry: &RegistryId,
        kind: Kind,
        top: Option<usize>,
    ) -> Result<Vec<Value>, ArmError> {
        let _ = (registry, kind, top);
        todo!()
    }

    /// Waits until a resource that was put is no longer Creating or Updating, or one that was deleted is gone. By the poll
    /// URL where it may be read, else by GET of the resource (the transfer role has no operationStatuses/read).
    ///
    /// # Errors
    /// When it ends as Failed or Canceled, or after `patience`.
    pub async fn settle(
        &self,
        id: &TransferId,
        accepted: &Accepted,
        patience: Duration,
    ) -> Result<Option<Value>, ArmError> {
        let _ = (id, accepted, patience);
        todo!()
    }
}
