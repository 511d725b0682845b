//! Get User Delegation Key: a key from the account for a login, to sign SAS with in the account key's place.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::ClientOptions;
use azure_core::time::OffsetDateTime;
use azure_storage_blob::clients::{BlobServiceClient, BlobServiceClientOptions};
use azure_storage_blob::models::KeyInfo;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blobferry_transfer::{ErrorClass, StoreError};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::failure::store_error;
use crate::operation::Operation;
use crate::sas::{AccountKey, SasTime, UserDelegationKey};
use crate::service::DEFAULT_VERSION;

/// The longest life of such a key, from now ("Get User Delegation Key").
pub const LONGEST_DELEGATION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How much this machine's clock may run ahead of the service's before a key made now is not valid yet.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Asks the account at `endpoint` (`https://account.blob.core.windows.net`) for a key that is valid until `expiry`, in
/// the name of `credential`; the token is for `https://storage.azure.com`, in every cloud. `options` carry the network.
///
/// # Errors
/// `Rejected` for an endpoint that is not https, or an expiry past [`LONGEST_DELEGATION`]; `Denied` where there is no
/// token, or the login lacks the role; what the service says.
pub async fn user_delegation_key(
    endpoint: &Url,
    credential: Arc<dyn TokenCredential>,
    options: ClientOptions,
    expiry: Timestamp,
) -> Result<UserDelegationKey, StoreError> {
    let rejected = |why: String| StoreError::new(ErrorClass::Rejected, why);
    let now = Timestamp::now();
    if expiry.duration_since(now) > LONGEST_DELEGATION {
        return Err(rejected(
            "a user delegation key lasts at most 7 days".to_owned(),
        ));
    }
    if endpoint.scheme() != "https" {
        return Err(rejected(
            "a token goes over https only: the account's endpoint must be https://".to_owned(),
        ));
    }
    let start = (now - SKEW).max(expiry - LONGEST_DELEGATION);
    let host = endpoint.host_str().unwrap_or_default().to_owned();
    let failed = |error| explained(&host, error);
    let options = BlobServiceClientOptions {
        client_options: options,
        version: DEFAULT_VERSION.to_owned(),
    };
    let client = BlobServiceClient::new(endpoint.clone(), Some(credential), Some(options))
        .map_err(failed)?;
    let wanted = KeyInfo {
        start: Some(whole_seconds(start)?),
        expiry: Some(whole_seconds(expiry)?),
        ..KeyInfo::default()
    };
    let wanted = wanted.try_into().map_err(failed)?;
    let answer = client
        .get_user_delegation_key(wanted, None)
        .await
        .map_err(failed)?;
    let got = answer.into_model().map_err(failed)?;
    let missing = || {
        rejected(format!(
            "{}: the answer lacks a part",
            Operation::DelegationKey
        ))
    };
    let time = |at: Option<OffsetDateTime>| {
        let at = at.and_then(|at| Timestamp::from_second(at.unix_timestamp()).ok());
        at.map(SasTime::from).ok_or_else(missing)
    };
    let value = STANDARD.encode(got.value.ok_or_else(missing)?);
    Ok(UserDelegationKey {
        object_id: got.signed_oid.ok_or_else(missing)?,
        tenant_id: got.signed_tid.ok_or_else(missing)?,
        start: time(got.signed_start)?,
        expiry: time(got.signed_expiry)?,
        service: got.signed_service.ok_or_else(missing)?,
        version: got.signed_version.ok_or_else(missing)?,
        value: AccountKey::from_base64(&value).map_err(|_| missing())?,
    })
}

fn whole_seconds(at: Timestamp) -> Result<OffsetDateTime, StoreError> {
    OffsetDateTime::from_unix_timestamp(at.as_second())
        .map_err(|_| StoreError::new(ErrorClass::Rejected, "the expiry is no time"))
}

/// An answer is read by the usual table. Without one it is the login's or the network's doing.
fn explained(host: &str, error: Error) -> StoreError {
    let operation = Operation::DelegationKey;
    let first_line = || {
        error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    match error.kind() {
        ErrorKind::Credential => StoreError::new(
            ErrorClass::Denied,
            format!("{operation}: there is no token: {}", first_line()),
        )
        .with_hint("log in, and see --login for the ways"),
        ErrorKind::Connection | ErrorKind::Io => StoreError::new(
            ErrorClass::Unreachable,
            format!("{operation}: {host} does not answer"),
        )
        .with_source(error),
        _ => store_error(operation, host, error),
    }
}
