//! A cloud's own description of itself: `GET {arm}/metadata/endpoints`, an object since 2022-09-01, a list of clouds before.

use serde::Deserialize;
use serde_json::Value;
use url::{Host, Url};

use super::{Cloud, CloudError};
use crate::http::{self, Network, is_safe};

/// Longest description, in bytes.
const LONGEST: usize = 1 << 20;

/// Newest first; the second is what older Azure Stack and Azure itself had for years.
const VERSIONS: [&str; 2] = ["2022-09-01", "2019-05-01"];

/// What is used of a description. All others are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: Option<String>,
    resource_manager: Option<String>,
    authentication: Authentication,
    #[serde(default)]
    suffixes: Suffixes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    login_endpoint: String,
    #[serde(default)]
    audiences: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Suffixes {
    storage: Option<String>,
    key_vault_dns: Option<String>,
    acr_login_server: Option<String>,
}

/// Asks a resource manager.
pub(super) async fn ask(word: &str, network: &Network) -> Result<Cloud, CloudError> {
    let discovery = |url: &str, reason: String| CloudError::Discovery {
        url: url.to_owned(),
        reason,
    };
    let asked = Url::parse(word.trim()).map_err(|error| discovery("the URL", error.to_string()))?;
    if !is_safe(&asked) || !asked.username().is_empty() || asked.password().is_some() {
        let shown = asked.host_str().unwrap_or_default();
        let reason = "an https URL without a user name is wanted".to_owned();
        return Err(discovery(shown, reason));
    }
    let mut refused = None;
    for version in VERSIONS {
        let mut url = asked.clone();
        url.set_path("/metadata/endpoints");
        url.set_query(Some(&format!("api-version={version}")));
        match fetch(url, network).await {
            Ok(bytes) => match describe(&bytes, Some(&asked)) {
                Ok(cloud) => return Ok(cloud),
                Err(reason) => refused = refused.or(Some(reason)),
            },
            Err(Refusal::Unreachable(reason)) => return Err(discovery(word, reason)),
            Err(Refusal::Answered(reason)) => refused = refused.or(Some(reason)),
        }
    }
    // What the newest version was answered says most.
    Err(discovery(word, refused.unwrap_or_default()))
}

enum Refusal {
    Unreachable(String),
    Answered(String),
}

async fn fetch(url: Url, network: &Network) -> Result<Vec<u8>, Refusal> {
    let request = reqwest::Request::new(reqwest::Method::GET, url);
    let answer = network.send(request).await;
    let answer = answer.map_err(|error| Refusal::Unreachable(error.reason))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(Refusal::Answered(format!("it answered {status}")));
    }
    let bytes = http::body(answer, LONGEST).await;
    bytes.map_err(|error| Refusal::Answered(error.reason))
}

/// Reads a file of either shape.
pub(super) async fn read(path: &str) -> Result<Cloud, CloudError> {
    let file = |reason: String| CloudError::File {
        path: path.to_owned(),
        reason,
    };
    let owned = path.to_owned();
    let bytes = tokio::task::spawn_blocking(move || bounded(&owned)).await;
    let bytes = bytes.map_err(|error| file(error.to_string()))?;
    match bytes {
        Ok(bytes) if bytes.len() > LONGEST => Err(file("it is longer than 1 MiB".to_owned())),
        Ok(bytes) => describe(&bytes, None).map_err(file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(CloudError::Unknown {
            word: path.to_owned(),
        }),
        Err(error) => Err(file(http::causes(&error))),
    }
}

/// One byte more than allowed, so that the caller can tell.
fn bounded(path: &str) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    fs_err::File::open(path)?
        .take(limit)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A cloud out of a description. In a list the entry of the host that was asked counts, else the first.
fn describe(bytes: &[u8], asked: Option<&Url>) -> Result<Cloud, String> {
    let json: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON: {error}"))?;
    let entries = match json {
        Value::Array(entries) => entries,
        other => vec![other],
    };
    let at_host = |entry: &Value| {
        let stated = entry.get("resourceManager").and_then(Value::as_str);
        let stated = stated.and_then(|text| url(text).ok());
        stated.is_some_and(|url| asked.is_some_and(|asked| url.host() == asked.host()))
    };
    let place = entries.iter().position(at_host).unwrap_or(0);
    let entry = entries
        .into_iter()
        .nth(place)
        .ok_or("it is an empty list")?;
    let entry: Entry = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    cloud(entry, asked)
}

fn cloud(entry: Entry, asked: Option<&Url>) -> Result<Cloud, String> {
    let resource_manager = match (entry.resource_manager, asked) {
        (Some(text), _) if !text.is_empty() => url(&text)?,
        (_, Some(asked)) => asked.clone(),
        (_, None) => return Err("it has no resourceManager".to_owned()),
    };
    let host = resource_manager.host_str().unwrap_or_default().to_owned();
    let audience = entry.authentication.audiences.into_iter().next();
    Ok(Cloud {
        name: entry.name.filter(|name| !name.is_empty()).unwrap_or(host),
        login: url(&entry.authentication.login_endpoint)?,
        arm_audience: audience.unwrap_or_else(|| resource_manager.to_string()),
        resource_manager,
        storage_suffix: bare(entry.suffixes.storage),
        vault_suffix: dotted(entry.suffixes.key_vault_dns),
        registry_suffix: dotted(entry.suffixes.acr_login_server),
    })
}

/// An https URL; older answers leave the scheme out. Plain http is for this machine only.
fn url(text: &str) -> Result<Url, String> {
    let text = text.trim();
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    match Url::parse(&full) {
        Ok(url) if is_safe(&url) => Ok(url),
        Ok(url) => Err(format!("{url} is not https")),
        Err(error) => Err(format!("{text:?} is no URL: {error}")),
    }
}

fn bare(suffix: Option<String>) -> String {
    let suffix = suffix.unwrap_or_default();
    suffix.trim().trim_start_matches('.').to_owned()
}

/// With its dot. An address has no names below it and stays a host.
fn dotted(suffix: Option<String>) -> String {
    let bare = bare(suffix);
    let host = Url::parse(&format!("https://{bare}")).ok();
    match host.as_ref().and_then(Url::host) {
        Some(Host::Domain("localhost") | Host::Ipv4(_) | Host::Ipv6(_)) | None => bare,
        Some(Host::Domain(_)) => format!(".{bare}"),
    }
}
