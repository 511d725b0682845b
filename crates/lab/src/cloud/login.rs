//! Entra ID: tokens for an application that proves itself by its secret or by a signed assertion.
//!
//! An assertion (certificate, workload identity) is held to its form, audience, expiry, issuer and subject. Its signature is
//! not checked: no certificate is registered in the lab, and who issued a federated token nobody told it.

use serde_json::{Value, json};

use crate::auth::jwt_payload;
use crate::service::request_id;

use super::Cloud;
use super::ask::Ask;
use super::reply::{Answered, Reply};
use super::token::guid_of;

/// RFC 7523.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An error as Entra ID words it.
fn refused(cloud: &Cloud, status: u16, error: &str, code: u32, message: &str) -> Reply {
    let (now, trace, correlation) = (cloud.clock.now(), request_id(), request_id());
    let time = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    Reply::json(
        status,
        json!({
            "error": error,
            "error_description": format!(
                "AADSTS{code}: {message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}"
            ),
            "error_codes": [code],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("{}/error?code={code}", cloud.endpoint()),
        }),
    )
}

fn tenant_known(cloud: &Cloud, tenant: &str) -> Result<(), Reply> {
    if tenant.eq_ignore_ascii_case(&cloud.options.tenant) {
        return Ok(());
    }
    let message = format!(
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
         correct cloud."
    );
    Err(refused(cloud, 400, "invalid_request", 90002, &message))
}

/// The form of a request for a token; empty fields count as absent.
struct Form<'a> {
    cloud: &'a Cloud,
    fields: Vec<(String, String)>,
}

impl Form<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(other, _)| other == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    fn needed(&self, name: &str) -> Result<&str, Reply> {
        self.field(name).ok_or_else(|| {
            let message =
                format!("The request body must contain the following parameter: '{name}'.");
            refused(self.cloud, 400, "invalid_request", 900_144, &message)
        })
    }

    /// Whether the client is who it says.
    fn check_client(&self, client: &str) -> Result<(), Reply> {
        match (self.field("client_secret"), self.field("client_assertion")) {
            (Some(secret), _) => check_secret(self.cloud, client, secret),
            (None, Some(assertion)) => {
                let kind = self.field("client_assertion_type").unwrap_or_default();
                check_assertion(self.cloud, client, kind, assertion)
            }
            (None, None) => {
                let message = "The request body must contain the following parameter: 'client_assertion' or \
                               'client_secret'.";
                Err(refused(
                    self.cloud,
                    401,
                    "invalid_client",
                    7_000_218,
                    message,
                ))
            }
        }
    }
}

/// `POST /{tenant}/oauth2/v2.0/token`.
pub(super) fn token(cloud: &Cloud, ask: &Ask, tenant: &str) -> Answered {
    if ask.method != hyper::Method::POST {
        let message = "The endpoint only accepts POST requests.";
        return Err(refused(cloud, 405, "invalid_request", 900_561, message));
    }
    tenant_known(cloud, tenant)?;
    let form = Form {
        cloud,
        fields: ask.form(),
    };
    if form.needed("grant_type")? != "client_credentials" {
        let message = "The app requested an unsupported grant type.";
        return Err(refused(
            cloud,
            400,
            "unsupported_grant_type",
            70003,
            message,
        ));
    }
    let client = form.needed("client_id")?;
    if client != cloud.options.client.0 {
        let message = format!(
            "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant."
        );
        return Err(refused(
            cloud,
            400,
            "unauthorized_client",
            700_016,
            &message,
        ));
    }
    let audience = audience(cloud, form.needed("scope")?)?;
    form.check_client(client)?;
    let given = cloud.give(audience, client, &guid_of(client));
    let body = json!({
        "token_type": "Bearer",
        "expires_in": given.valid,
        "ext_expires_in": given.valid,
        "access_token": given.token,
    });
    Ok(Reply::json(200, body).header("cache-control", "no-store, no-cache"))
}

fn audience<'a>(cloud: &Cloud, scope: &'a str) -> Result<&'a str, Reply> {
    let Some(resource) = scope.strip_suffix("/.default") else {
        let message = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(refused(cloud, 400, "invalid_scope", 1_002_012, &message));
    };
    cloud.audience(resource).ok_or_else(|| {
        let message = format!(
            "The resource principal named {resource} was not found in the tenant named {}. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant.",
            cloud.options.tenant
        );
        refused(cloud, 400, "invalid_resource", 500_011, &message)
    })
}

fn check_secret(cloud: &Cloud, client: &str, secret: &str) -> Result<(), Reply> {
    if secret == cloud.options.client.1 {
        return Ok(());
    }
    let message = format!(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not \
         the client secret ID, for a secret added to app '{client}'."
    );
    Err(refused(cloud, 401, "invalid_client", 7_000_215, &message))
}

fn check_assertion(cloud: &Cloud, client: &str, kind: &str, assertion: &str) -> Result<(), Reply> {
    let invalid = |code, message: &str| Err(refused(cloud, 401, "invalid_client", code, message));
    let payload = jwt_payload(assertion).filter(|_| kind == ASSERTION);
    let Some(payload) = payload else {
        return invalid(50027, "JWT token is invalid or malformed.");
    };
    let text = |name: &str| {
        payload
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let expires = payload
        .get("exp")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    if expires <= cloud.clock.now().as_second() {
        return invalid(
            700_024,
            "Client assertion is not within its valid time range.",
        );
    }
    // A federated token is for this audience wherever it is presented, and is another issuer's.
    let is_federated = text("aud") == "api://AzureADTokenExchange";
    if !is_federated && !text("aud").starts_with(cloud.endpoint()) {
        return invalid(
            700_023,
            "Client assertion audience claim does not match Realm issuer.",
        );
    }
    if !is_federated && (text("iss") != client || text("sub") != client) {
        return invalid(
            700_021,
            "Client assertion application identifier doesn't match 'client_id' parameter.",
        );
    }
    Ok(())
}

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`.
pub(super) fn configuration(cloud: &Cloud, tenant: &str) -> Answered {
    if tenant != "common" && tenant != "organizations" {
        tenant_known(cloud, tenant)?;
    }
    let login = format!("{}/{tenant}", cloud.endpoint());
    Ok(Reply::json(
        200,
        json!({
            "issuer": format!("{}/{}/v2.0", cloud.endpoint(), cloud.options.tenant),
            "authorization_endpoint": format!("{login}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{login}/oauth2/v2.0/token"),
            "jwks_uri": format!("{login}/discovery/v2.0/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }),
    ))
}

/// `GET /common/discovery/instance`.
pub(super) fn instance(cloud: &Cloud) -> Reply {
    let host = cloud.endpoint().trim_start_matches("https://");
    let configuration = format!(
        "{}/{}/v2.0/.well-known/openid-configuration",
        cloud.endpoint(),
        cloud.options.tenant
    );
    Reply::json(
        200,
        json!({
            "tenant_discovery_endpoint": configuration,
            "api-version": "1.1",
            "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
        }),
    )
}

/// No keys: the lab's tokens are nobody's to verify but its own.
pub(super) fn keys() -> Reply {
    Reply::json(200, json!({ "keys": [] }))
}
