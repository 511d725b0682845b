//! Who one is to a registry: challenges answered with tokens of the scope that is asked for, ACR's exchange of an Entra
//! token, and passwords that go to nobody in the clear.

mod challenge;

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::Serializer;

use super::sender::{Answer, Sender};
use super::{RegistryClass, RegistryError, RegistryLogin};
use crate::http::is_safe;
use crate::login::Secret;
use challenge::{Challenge, challenges};

/// The user that ACR knows refresh tokens by.
const NULL_GUID: &str = "00000000-0000-0000-0000-000000000000";

/// What a token is for. ACR wants another permission for each of the three.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    Catalog,
    Tags(String),
    Content(String),
}

/// Gives the Authorization header of a request, once a registry has asked for one.
pub(super) struct Tokens {
    sender: Sender,
    /// `https://{host}`.
    base: Url,
    login: RegistryLogin,
    /// Of Entra: the refresh token.
    refresh: Mutex<Option<Secret>>,
    held: Mutex<HashMap<Scope, Arc<Mutex<Option<HeaderValue>>>>>,
}

impl Scope {
    /// Where the challenge names none.
    fn text(&self) -> String {
        match self {
            Self::Catalog => "registry:catalog:*".to_owned(),
            Self::Tags(repository) | Self::Content(repository) => {
                format!("repository:{repository}:pull")
            }
        }
    }
}

impl Tokens {
    pub(super) fn new(sender: Sender, base: Url, login: RegistryLogin) -> Self {
        Self {
            sender,
            base,
            login,
            refresh: Mutex::default(),
            held: Mutex::default(),
        }
    }

    /// The header that did last time, or that is being fetched.
    pub(super) async fn held(&self, scope: &Scope) -> Option<HeaderValue> {
        self.cell(scope).await.lock().await.clone()
    }

    async fn cell(&self, scope: &Scope) -> Arc<Mutex<Option<HeaderValue>>> {
        let mut held = self.held.lock().await;
        Arc::clone(held.entry(scope.clone()).or_default())
    }

    /// The header that a 401 asks for, which `used` did not satisfy. `None`: there is nothing to answer with.
    pub(super) async fn renew(
        &self,
        scope: &Scope,
        headers: &HeaderMap,
        used: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        // Locked all the way: of many requests that are refused together, one renews.
        let cell = self.cell(scope).await;
        let mut held = cell.lock().await;
        if held.is_some() && held.as_ref() != used {
            return Ok(held.clone());
        }
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let asked = values.filter_map(|value| value.to_str().ok());
        let header = match challenges(asked) {
            Some(Challenge::Bearer(bearer)) => {
                let wanted = bearer.scope.clone().unwrap_or_else(|| scope.text());
                Some(self.token(&bearer, &wanted).await?)
            }
            Some(Challenge::Basic) => self.basic().await?,
            None => None,
        };
        held.clone_from(&header);
        Ok(header)
    }

    /// A bearer token for `scope` from the realm that the registry named.
    async fn token(
        &self,
        challenge: &challenge::Bearer,
        scope: &str,
    ) -> Result<HeaderValue, RegistryError> {
        let mut realm = self.realm(&challenge.realm)?;
        {
            let mut query = realm.query_pairs_mut();
            if let Some(service) = &challenge.service {
                query.append_pair("service", service);
            }
            query.append_pair("scope", scope);
        }
        let mut answer = self.ask_realm(&realm).await?;
        if refused(&answer) && matches!(self.login, RegistryLogin::Entra { .. }) {
            // A refresh token lasts for hours; a run may last longer.
            *self.refresh.lock().await = None;
            answer = self.ask_realm(&realm).await?;
        }
        let token: Granted = self.read(&answer, "the token service")?;
        let token = token.token.or(token.access_token).unwrap_or_default();
        self.header(&format!("Bearer {token}"))
    }

    async fn ask_realm(&self, realm: &Url) -> Result<Answer, RegistryError> {
        let basic = self.basic().await?;
        self.sender
            .send(|client| {
                let request = client.get(realm.clone());
                match &basic {
                    Some(basic) => request.header(AUTHORIZATION, basic),
                    None => request,
                }
            })
            .await
    }

    /// The token service may be elsewhere, but a password goes there by https, or nowhere.
    fn realm(&self, text: &str) -> Result<Url, RegistryError> {
        let nonsense = |reason| self.sender.error(RegistryClass::Nonsense, reason);
        let realm = Url::parse(text)
            .map_err(|_| nonsense("its token service has no URL that can be read".to_owned()))?;
        let same = realm.scheme() == self.base.scheme() && realm.host() == self.base.host();
        if is_safe(&realm) || same {
            return Ok(realm);
        }
        Err(nonsense(format!(
            "its token service {} is not https",
            realm.host_str().unwrap_or_default()
        )))
    }

    /// User and password as they are sent; `None`: nobody.
    async fn basic(&self) -> Result<Option<HeaderValue>, RegistryError> {
        let pair = match &self.login {
            RegistryLogin::Anonymous => return Ok(None),
            RegistryLogin::Password { user, password } => format!("{user}:{}", password.expose()),
            RegistryLogin::Entra { .. } => {
                format!("{NULL_GUID}:{}", self.refresh().await?.expose())
            }
        };
        let header = self.header(&format!("Basic {}", STANDARD.encode(pair)))?;
        Ok(Some(header))
    }

    /// ACR's refresh token for an Entra token.
    async fn refresh(&self) -> Result<Secret, RegistryError> {
        let mut held = self.refresh.lock().await;
        if let Some(refresh) = &*held {
            return Ok(refresh.clone());
        }
        if !is_safe(&self.base) {
            let reason = "an Entra token is sent by https only";
            return Err(self.sender.error(RegistryClass::Denied, reason));
        }
        let body = self.exchange_body().await?;
        let mut url = self.base.clone();
        url.set_path("/oauth2/exchange");
        let answer = self
            .sender
            .send(|client| {
                client
                    .post(url.clone())
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(body.clone())
            })
            .await?;
        let token: Granted = self.read(
            &answer,
            "the exchange of the Entra token (only Azure registries have one)",
        )?;
        let refresh = Secret::new(token.refresh_token.unwrap_or_default());
        *held = Some(refresh.clone());
        Ok(refresh)
    }

    async fn exchange_body(&self) -> Result<String, RegistryError> {
        let RegistryLogin::Entra {
            credential,
            audience,
            tenant,
        } = &self.login
        else {
            return Err(self.sender.error(RegistryClass::Denied, "no Entra login"));
        };
        let token = credential
            .token(audience)
            .await
            .map_err(|error| self.sender.error(RegistryClass::Denied, error.to_string()))?;
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "access_token");
        form.append_pair("service", &self.sender.host);
        if let Some(tenant) = tenant {
            form.append_pair("tenant", tenant);
        }
        form.append_pair("access_token", token.expose());
        Ok(form.finish())
    }

    fn read(&self, answer: &Answer, who: &str) -> Result<Granted, RegistryError> {
        if answer.status.is_success() {
            // The parser's own words may quote the token.
            let token: Option<Granted> = serde_json::from_slice(&answer.body).ok();
            return token.filter(|token| !token.is_empty()).ok_or_else(|| {
                let reason = format!("{who} answered without a token");
                self.sender.error(RegistryClass::Nonsense, reason)
            });
        }
        let class = match answer.status {
            StatusCode::TOO_MANY_REQUESTS => RegistryClass::Unavailable,
            status if status.is_server_error() => RegistryClass::Unavailable,
            status if status.is_client_error() => RegistryClass::Denied,
            _ => RegistryClass::Nonsense,
        };
        // No words of the answer: it may repeat what was sent.
        let reason = format!("{who} answered HTTP {}", answer.status.as_u16());
        Err(self.sender.error(class, reason))
    }

    fn header(&self, text: &str) -> Result<HeaderValue, RegistryError> {
        let mut header = HeaderValue::from_str(text).map_err(|_| {
            let reason = "the token cannot be sent: it holds control characters";
            self.sender.error(RegistryClass::Nonsense, reason)
        })?;
        header.set_sensitive(true);
        Ok(header)
    }
}

fn refused(answer: &Answer) -> bool {
    matches!(
        answer.status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    )
}

/// Of either kind of token service, and of the exchange. No Debug: these are secrets.
#[derive(Deserialize)]
struct Granted {
    token: Option<String>,
    access_token: Option<String>,
    refresh_token: Option<String>,
}

impl Granted {
    fn is_empty(&self) -> bool {
        let all = [&self.token, &self.access_token, &self.refresh_token];
        all.iter()
            .all(|text| text.as_deref().is_none_or(str::is_empty))
    }
}
