//! Errors of Entra ID, made readable for `azure_identity`.
//!
//! `azure_identity` 1.0 reads `error_description` as a borrowed `&str`, which no text with an escape in it is; Entra ID's have
//! `\r\n` before the trace id. Of every real refusal one would see "expected a borrowed string". Here the first line is
//! kept, without what JSON would escape. What is no JSON at all (a proxy's page) gets a text that says so.

use async_trait::async_trait;
use azure_core::Bytes;
use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use serde_json::{Value, json};

use crate::http::Wire;

/// The transport of credentials.
#[derive(Debug)]
pub(super) struct Entra(pub(super) Wire);

#[async_trait]
impl HttpClient for Entra {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let answer = self.0.execute_request(request).await?;
        let status = u16::from(answer.status());
        if status < 300 || !request.url().path().ends_with("/oauth2/v2.0/token") {
            return Ok(answer);
        }
        let (code, headers, body) = answer.deconstruct();
        let body = Bytes::from(readable(status, &body.collect().await?));
        Ok(AsyncRawResponse::from_bytes(code, headers, body))
    }
}

fn readable(status: u16, body: &[u8]) -> String {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = ["error_description", "error"]
        .into_iter()
        .find_map(|field| json.get(field)?.as_str());
    let said = said.and_then(|said| said.lines().next().map(str::to_owned));
    let said = said.unwrap_or_else(|| {
        let start: String = String::from_utf8_lossy(body).chars().take(200).collect();
        let words: Vec<&str> = start.split_whitespace().collect();
        format!(
            "Entra ID did not answer, but HTTP {status}: {}",
            words.join(" ")
        )
    });
    let plain = said.replace('"', "'").replace('\\', "/");
    let plain = plain.replace(char::is_control, " ");
    let codes = json.get("error_codes").filter(|codes| codes.is_array());
    let codes = codes.cloned().unwrap_or_else(|| json!([]));
    json!({ "error_description": plain, "error_codes": codes }).to_string()
}
