//! A request that was let in, as operations see it.

use std::sync::Arc;

use hyper::HeaderMap;
use hyper::http::request::Parts;

use super::receive::Received;
use super::route::Route;
use super::{Peer, Service, headers};
use crate::Refusal;
use crate::auth::AccountKey;
use crate::store::Blob;

/// What answers name where a request names none.
const VERSION: &str = "2024-08-04";

/// A request that was let in, with its body.
pub(super) struct Call<'a> {
    pub(super) service: &'a Service,
    pub(super) route: &'a Route,
    pub(super) parts: &'a Parts,
    pub(super) body: &'a Received,
    pub(super) peer: &'a Peer,
}

impl Call<'_> {
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    pub(super) fn version(&self) -> &str {
        version(self.parts, self.route)
    }

    pub(super) fn key(&self) -> Result<AccountKey, Refusal> {
        self.service.key(&self.route.address.account)
    }

    /// The blob, its read conditions met.
    pub(super) fn readable(&self) -> Result<Arc<Blob>, Refusal> {
        let blob = self.service.store.blob(&self.route.address)?;
        headers::conditions(self.headers()).check_read(&blob)?;
        Ok(blob)
    }

    /// `http://host/` or `http://host/account/`, as listings name the service.
    pub(super) fn endpoint(&self) -> String {
        let host = headers::text(self.headers(), "host").unwrap_or_default();
        let scheme = if self.peer.tls { "https" } else { "http" };
        if self.route.path_style {
            format!("{scheme}://{host}/{}/", self.route.address.account)
        } else {
            format!("{scheme}://{host}/")
        }
    }

    pub(super) fn max_results(&self) -> Result<usize, Refusal> {
        let Some(text) = self.route.query.get("maxresults") else {
            return Ok(5000);
        };
        let number = text.parse().ok().filter(|number| *number > 0);
        number.map(|number: usize| number.min(5000)).ok_or_else(|| {
            Refusal::new(
                400,
                "OutOfRangeQueryParameterValue",
                "One of the query parameters specified in the request URI is outside the permissible range.",
            )
            .detail("QueryParameterName", "maxresults")
        })
    }
}

/// What an answer names as its version.
pub(super) fn version<'a>(parts: &'a Parts, route: &'a Route) -> &'a str {
    headers::text(&parts.headers, "x-ms-version")
        .or_else(|| route.query.get("sv"))
        .unwrap_or(VERSION)
}
