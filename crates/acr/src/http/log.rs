//! One line of the log for each request.

use std::time::Instant;

use super::SendError;

/// What was asked and when; the query, where a signature may be, stays out.
pub(super) struct Line {
    method: reqwest::Method,
    host: String,
    path: String,
    started: Instant,
}

impl Line {
    pub(super) fn of(request: &reqwest::Request) -> Self {
        Self {
            method: request.method().clone(),
            host: request.url().host_str().unwrap_or_default().to_owned(),
            path: request.url().path().to_owned(),
            started: Instant::now(),
        }
    }

    pub(super) fn log(self, answer: &Result<reqwest::Response, SendError>) {
        let Self {
            method,
            host,
            path,
            started,
        } = self;
        let millis = started.elapsed().as_millis();
        match answer {
            Ok(answer) => {
                let names = ["x-ms-correlation-request-id", "x-ms-request-id"];
                let id = names
                    .into_iter()
                    .find_map(|name| answer.headers().get(name)?.to_str().ok());
                let status = answer.status().as_u16();
                tracing::debug!(%method, host, path, status, id, millis, "answered");
            }
            Err(error) => tracing::debug!(%method, host, path, %error, millis, "not answered"),
        }
    }
}
