//! Tokens of the lab's Entra ID: JWTs (HS256) signed with a key that dies with the lab, so that a token of one cloud opens
//! nothing in another.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::AccountKey;
use super::bearer::{LONGEST, url_safe};

/// What the storage service is called in a token.
const STORAGE: &str = "https://storage.azure.com";

/// What a token says, in the words of Entra ID's version 1 tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// What it is for, without a slash at the end.
    pub aud: String,
    /// Who made it.
    pub iss: String,
    /// Made, seconds since 1970.
    pub iat: i64,
    /// Not good before, seconds since 1970.
    pub nbf: i64,
    /// Expires, seconds since 1970.
    pub exp: i64,
    /// The application.
    pub appid: String,
    /// Its object.
    pub oid: String,
    /// Its directory.
    pub tid: String,
}

/// Makes tokens, and knows its own.
#[derive(Clone, Debug)]
pub struct Issuer {
    key: AccountKey,
}

impl Issuer {
    /// With a key of its own.
    #[must_use]
    pub fn random() -> Self {
        Self {
            key: AccountKey::random(),
        }
    }

    /// A token that says this.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        let header = serde_json::json!({ "typ": "JWT", "alg": "HS256", "kid": "lab" });
        let payload = serde_json::to_string(claims).unwrap_or_default();
        let head = format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(header.to_string()),
            BASE64_URL_SAFE_NO_PAD.encode(payload)
        );
        let signature = url_safe(&self.key.sign(&head));
        format!("{head}.{signature}")
    }

    /// What a token says, where this issuer made it; expiry and audience are the reader's to judge.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<Claims> {
        if token.len() > LONGEST {
            return None;
        }
        let (head, signature) = token.rsplit_once('.')?;
        let standard = signature.replace('-', "+").replace('_', "/") + "=";
        if !self.key.verifies(head, &standard) {
            return None;
        }
        serde_json::from_value(jwt_payload(token)?).ok()
    }

    /// What a token for the storage service says.
    pub(super) fn for_storage(&self, token: &str) -> Option<Claims> {
        self.read(token).filter(|claims| claims.aud == STORAGE)
    }
}

/// What a JWT says, whoever signed it.
pub(crate) fn jwt_payload(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature.is_empty() || token.len() > LONGEST {
        return None;
    }
    let read = |part: &str| {
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(part.trim_end_matches('='))
            .ok()?;
        serde_json::from_slice::<Value>(&bytes)
            .ok()
            .filter(Value::is_object)
    };
    read(header)?;
    read(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            aud: STORAGE.into(),
            iss: "https://127.0.0.1:1/t/".into(),
            iat: 1,
            nbf: 1,
            exp: 2,
            appid: "app".into(),
            oid: "object".into(),
            tid: "t".into(),
        }
    }

    #[test]
    fn knows_its_own_and_no_other() {
        let issuer = Issuer::random();
        let token = issuer.sign(&claims());
        assert_eq!(issuer.read(&token), Some(claims()));
        assert_eq!(Issuer::random().read(&token), None);
        assert_eq!(issuer.read("a.b.c"), None);
        assert_eq!(issuer.read(""), None);
        let (head, _) = token.rsplit_once('.').unwrap();
        assert_eq!(issuer.read(&format!("{head}.")), None);
    }

    #[test]
    fn payloads_are_read_of_well_formed_tokens_only() {
        let token = Issuer::random().sign(&claims());
        assert_eq!(jwt_payload(&token).unwrap()["aud"], STORAGE);
        for bad in [
            "",
            "a",
            "a.b",
            "a.b.c",
            "e30.e30.",
            "e30.W10.x",
            "e30.e30.x.y",
        ] {
            assert_eq!(jwt_payload(bad), None, "{bad}");
        }
        assert!(jwt_payload("e30.e30.x").is_some());
    }
}
