//! Who may: the registry's own refresh and access tokens. They are HMACs under a key of this process, so that nothing has
//! to be remembered; they end with the lab, and have no expiry of their own.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use hyper::{Method, Response};
use serde_json::json;
use sha2::Sha256;

use super::answers::{Refused, json as reply};
use super::{AnswerBody, Registry, Route, pairs};

/// The user that stands for a refresh token.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn token(registry: &Registry, kind: &str) -> String {
    static KEY: OnceLock<[u8; 32]> = OnceLock::new();
    let key = KEY.get_or_init(rand::random);
    // A key of any length will do; that of 32 bytes cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    // Another lab of this process may have a registry of that name.
    mac.update(format!("{kind} {} {:?}", registry.name, registry.folder()).as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

fn is(registry: &Registry, kind: &str, given: &str) -> bool {
    let known = token(registry, kind);
    // Both are digests under a key that nobody outside knows: comparing them digested again gives nothing away.
    !known.is_empty() && super::Digest::of(known.as_bytes()) == super::Digest::of(given.as_bytes())
}

fn authorization<'a>(parts: &'a Parts, scheme: &str) -> Option<&'a str> {
    let (given, rest) = parts
        .headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// Lets a request in that has an access token; the others hear where to get one.
pub(super) fn admit(registry: &Registry, parts: &Parts) -> Result<(), Refused> {
    if authorization(parts, "bearer").is_some_and(|given| is(registry, "access", given)) {
        return Ok(());
    }
    let host = parts
        .headers
        .get("host")
        .and_then(|host| host.to_str().ok());
    let host = host
        .or(parts
            .uri
            .authority()
            .map(hyper::http::uri::Authority::as_str))
        .unwrap_or_default();
    let challenge = format!("Bearer realm=\"https://{host}/oauth2/token\",service=\"{host}\"");
    let message =
        "authentication required, visit https://aka.ms/acr/authorization for more information.";
    Err(Refused::new(401, "UNAUTHORIZED", message).header("www-authenticate", challenge))
}

/// `/oauth2/exchange` and `/oauth2/token`.
pub(super) fn answer(
    registry: &Registry,
    route: &Route<'_>,
    parts: &Parts,
    form: &[u8],
    is_token: &(dyn Fn(&str) -> bool + Send + Sync),
) -> Result<Response<AnswerBody>, Refused> {
    let form = pairs(&String::from_utf8_lossy(form));
    let field = |name: &str| {
        let found = form.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let refused = || {
        Refused::new(
            401,
            "UNAUTHORIZED",
            "authentication required: the token is not valid",
        )
    };
    let is_post = parts.method == Method::POST;
    match route {
        Route::Exchange if is_post => {
            let known = field("grant_type").starts_with("access_token");
            if !known || !is_token(field("access_token")) {
                return Err(refused());
            }
            let refresh = json!({ "refresh_token": token(registry, "refresh") });
            Ok(reply(200, &[], &refresh))
        }
        Route::Token => {
            let basic = authorization(parts, "basic").and_then(|text| {
                let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
                text.strip_prefix(NOBODY)?
                    .strip_prefix(':')
                    .map(str::to_owned)
            });
            let given = match (field("grant_type"), basic) {
                ("refresh_token", _) if is_post => field("refresh_token").to_owned(),
                ("password", _) if is_post && field("username") == NOBODY => {
                    field("password").to_owned()
                }
                (_, basic) => basic.unwrap_or_default(),
            };
            if !is(registry, "refresh", &given) {
                return Err(refused());
            }
            let access = token(registry, "access");
            // Docker reads the one, others the other.
            let access = json!({ "access_token": access, "token": access, "expires_in": 4500 });
            Ok(reply(200, &[], &access))
        }
        _ => Err(Refused::unsupported()),
    }
}
