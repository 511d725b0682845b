//! Which service of the cloud a request is for.

use std::io;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, Response};

use crate::clock::http_date;
use crate::service::{AnswerBody, Peer, lock, receive_text, request_id};

use super::Cloud;
use super::ask::Ask;
use super::reply::Reply;
use super::{arm, control, identity, login, metadata, registry, vault};

impl Cloud {
    /// Answers one request to the cloud.
    ///
    /// # Errors
    /// When the client hangs up.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: &Peer,
    ) -> io::Result<Response<AnswerBody>> {
        let (parts, body) = request.into_parts();
        let received = receive_text(body, &peer.cut).await?;
        let (correlation, reply) = match received {
            Err(refused) => (
                None,
                Reply::error(refused.status, &refused.code, refused.message),
            ),
            Ok(text) => match Ask::new(parts, text) {
                Some(ask) => {
                    let correlation = ask.header("x-ms-correlation-request-id");
                    (
                        correlation.map(str::to_owned),
                        self.reply(&ask, peer.tls).await,
                    )
                }
                None => (
                    None,
                    Reply::error(414, "UriTooLong", "The request URI is too long."),
                ),
            },
        };
        let id = request_id();
        Ok(reply
            .header("server", "acr-lab")
            .header("date", http_date(self.clock.now()))
            .header(
                "x-ms-correlation-request-id",
                correlation.unwrap_or_else(|| id.clone()),
            )
            .header("x-ms-request-id", id)
            .done())
    }

    async fn reply(self: &Arc<Self>, ask: &Ask, tls: bool) -> Reply {
        let segments = ask.segments();
        let (service, reply) = match segments.as_slice() {
            ["metadata", "identity", "oauth2", "token"] => ("identity", identity::token(self, ask)),
            _ if !tls => ("unknown", Err(unknown(ask))),
            ["_lab", rest @ ..] => return control::answer(self, ask, rest),
            ["metadata", "endpoints"] => ("metadata", metadata::endpoints(self, ask)),
            ["secrets", rest @ ..] => ("vault", vault::answer(self, ask, rest)),
            ["subscriptions", rest @ ..] => ("arm", arm::answer(self, ask, rest).await),
            [tenant, "oauth2", "v2.0", "token"] => ("login", login::token(self, ask, tenant)),
            [tenant, "v2.0", ".well-known", "openid-configuration"] => {
                ("login", login::configuration(self, tenant))
            }
            [_, "discovery", "instance"] => ("login", Ok(login::instance(self))),
            [_, "discovery", "v2.0", "keys"] => ("login", Ok(login::keys())),
            _ => ("unknown", Err(unknown(ask))),
        };
        *lock(&self.counted).entry(service).or_default() += 1;
        reply.unwrap_or_else(|refused| {
            tracing::debug!(service, path = ask.path, status = refused.status);
            refused
        })
    }

    /// Answers one request to the distribution API of the registry with this number.
    ///
    /// # Errors
    /// When the client hangs up.
    pub(crate) async fn answer_registry(
        &self,
        number: usize,
        request: Request<Incoming>,
    ) -> io::Result<Response<AnswerBody>> {
        let Some(held) = self.numbered(number) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let audiences = [
            self.endpoint(),
            "https://management.azure.com",
            "https://management.core.windows.net",
            "https://containerregistry.azure.net",
        ];
        *lock(&self.counted).entry("registry").or_default() += 1;
        let is_token = |token: &str| self.judged(token, &audiences).is_ok();
        registry::api::answer(&held.registry, request, &is_token).await
    }
}

fn unknown(ask: &Ask) -> Reply {
    let message = format!("The lab's cloud has nothing at '{}'.", ask.path);
    Reply::error(404, "NotFound", message)
}
