//! The identity of the machine: tokens without a secret, as IMDS (`Metadata: true`) and App Service (`X-IDENTITY-HEADER`)
//! give them.

use serde_json::json;

use super::Cloud;
use super::ask::Ask;
use super::reply::{Answered, Reply};
use super::token::guid_of;

fn refused(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(
        status,
        json!({ "error": error, "error_description": description }),
    )
}

/// `GET /metadata/identity/oauth2/token?api-version=…&resource=…`. The machine's own identity and the lab's one application
/// are all that it has.
pub(super) fn token(cloud: &Cloud, ask: &Ask) -> Answered {
    let is_imds = ask
        .header("metadata")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let is_app_service = ask
        .header("x-identity-header")
        .is_some_and(|value| !value.is_empty());
    if !is_imds && !is_app_service {
        return Err(refused(
            400,
            "invalid_request",
            "Required metadata header not specified",
        ));
    }
    if ask.header("x-forwarded-for").is_some() {
        return Err(refused(400, "invalid_request", "The request was forwarded"));
    }
    if ask.query("api-version").is_none() {
        return Err(refused(
            400,
            "invalid_request",
            "Required query variable 'api-version' is missing",
        ));
    }
    let Some(resource) = ask.query("resource") else {
        return Err(refused(
            400,
            "invalid_request",
            "Required audience parameter not specified",
        ));
    };
    let Some(audience) = cloud.audience(resource) else {
        let description =
            format!("AADSTS500011: The resource principal named {resource} was not found.");
        return Err(refused(400, "invalid_resource", &description));
    };
    let client = match ask.query("client_id") {
        None => "machine",
        Some(client) if client == cloud.options.client.0 => client,
        Some(_) => return Err(refused(400, "invalid_request", "Identity not found")),
    };
    let given = cloud.give(audience, client, &guid_of(client));
    Ok(Reply::json(
        200,
        json!({
            "access_token": given.token,
            "client_id": client,
            "expires_in": given.valid.to_string(),
            "expires_on": given.made.saturating_add(given.valid).to_string(),
            "ext_expires_in": given.valid.to_string(),
            "not_before": given.made.to_string(),
            "resource": resource,
            "token_type": "Bearer",
        }),
    ))
}
