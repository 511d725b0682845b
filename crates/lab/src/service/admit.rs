//! Letting requests in: what the lab does not do, what is too large, who may not; and the mischief that a script does to
//! credentials and blobs beforehand.

use std::net::IpAddr;

use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::{Method, Uri};

use super::route::Route;
use super::{PUT_BLOCK_LIMIT, Peer, Service, blobs, headers, lock, receive};
use crate::auth::{self, AccountKey, Asked};
use crate::fault::Action;
use crate::{Address, Operation, Refusal};

impl Service {
    /// Whether the request may go on to its body, before a byte of that is read.
    pub(super) fn let_in(&self, route: &Route, parts: &Parts, peer: &Peer) -> Result<(), Refusal> {
        route.check()?;
        if route.operation == Operation::Unsupported {
            return Err(Refusal::new(
                501,
                "NotImplemented",
                "The lab knows block blobs only: no leases, snapshots, versions, undelete, append or page blobs, batches or queries.",
            ));
        }
        let length =
            headers::text(&parts.headers, "content-length").and_then(|text| text.parse().ok());
        let limit = match route.operation {
            Operation::PutBlock => PUT_BLOCK_LIMIT,
            _ => blobs::PUT_BLOB_LIMIT,
        };
        if length.is_some_and(|length: u64| length > limit) {
            return Err(receive::too_large());
        }
        let puts = matches!(route.operation, Operation::PutBlob | Operation::PutBlock);
        if puts && length.is_none() {
            return Err(Refusal::new(
                411,
                "MissingContentLengthHeader",
                "The Content-Length header was not specified.",
            ));
        }
        if !self.checks {
            return Ok(());
        }
        let Parts {
            method,
            uri,
            headers,
            ..
        } = parts;
        self.admit(method, uri, headers, route, peer.client, peer.tls)
    }

    /// Whether these credentials may do this.
    pub(super) fn admit(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        route: &Route,
        client: IpAddr,
        tls: bool,
    ) -> Result<(), Refusal> {
        let key = self.key(&route.address.account)?;
        if let Some(fingerprint) = auth::sas_fingerprint(uri) {
            let failed = |reason: &str| {
                Err(Refusal::new(
                    403,
                    "AuthenticationFailed",
                    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.",
                )
                .detail("AuthenticationErrorDetail", reason))
            };
            if lock(&self.expired).contains(&fingerprint) {
                return failed(
                    "Signature not valid in the specified time frame: the fault script let it expire",
                );
            }
            if lock(&self.revoked).contains(&fingerprint) {
                return failed("Signature did not match: the fault script revoked it");
            }
        }
        let container = Address {
            blob: String::new(),
            ..route.address.clone()
        };
        let policies = self
            .store
            .container(&container)
            .map(|container| container.policies);
        let asked = Asked {
            method,
            uri,
            headers,
            address: &route.address,
            operation: route.operation,
            client,
            tls,
            path_style: route.path_style,
            issuer: self.issuer.as_deref(),
            blob_exists: self.store.blob(&route.address).is_ok(),
        };
        auth::check(
            &asked,
            &key,
            &policies.unwrap_or_default(),
            self.clock.now(),
        )
    }

    /// The key of an account.
    pub(super) fn key(&self, account: &str) -> Result<AccountKey, Refusal> {
        self.store.key(account).ok_or_else(|| {
            let message = format!("The lab has no account {account:?}.");
            Refusal::new(404, "ResourceNotFound", message)
        })
    }

    /// What a script does to the store and to credentials before the work.
    pub(super) fn mischief(&self, actions: &[Action], at: &Address, uri: &Uri) {
        for action in actions {
            match action {
                Action::ChangeEtag => {
                    self.store.touch(at);
                }
                Action::ForgetBlocks => {
                    self.store.forget_blocks(at);
                }
                Action::ExpireSas => lock(&self.expired).extend(auth::sas_fingerprint(uri)),
                Action::RevokeSas => lock(&self.revoked).extend(auth::sas_fingerprint(uri)),
                _ => {}
            }
        }
    }
}
