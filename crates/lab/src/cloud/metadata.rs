//! Where the cloud's services are, as `management.azure.com/metadata/endpoints` tells it, in both ages' shapes.

use serde_json::{Value, json};

use super::Cloud;
use super::ask::Ask;
use super::reply::{Answered, Reply};

/// `GET /metadata/endpoints?api-version=…`: one object since 2020, an array in 2019.
pub(super) fn endpoints(cloud: &Cloud, ask: &Ask) -> Answered {
    match ask.query("api-version") {
        Some("2019-05-01" | "2019-10-01") => Ok(Reply::json(200, json!([described(cloud)]))),
        Some("2020-06-01" | "2022-09-01" | "2023-11-01") => Ok(Reply::json(200, described(cloud))),
        Some(version) => Err(Reply::error(
            400,
            "InvalidApiVersionParameter",
            format!("The api-version '{version}' is invalid."),
        )),
        None => Err(Reply::error(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )),
    }
}

/// Accounts are `{account}.blob.localhost:PORT`, the vault `{any}.vault.localhost:PORT`. A registry's address is not made of
/// its name and a suffix here, each having a port of its own: `loginServer` tells it.
fn described(cloud: &Cloud) -> Value {
    let endpoint = cloud.endpoint();
    json!({
        "portal": endpoint,
        "authentication": {
            "loginEndpoint": endpoint,
            "audiences": [format!("{endpoint}/")],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graph": "https://graph.microsoft.com/",
        "graphAudience": "https://graph.microsoft.com/",
        "microsoftGraphResourceId": "https://graph.microsoft.com/",
        "name": cloud.options.name,
        "suffixes": {
            "acrLoginServer": format!("azurecr.localhost:{}", cloud.front.port()),
            "keyVaultDns": format!("vault.localhost:{}", cloud.front.port()),
            "storage": format!("localhost:{}", cloud.storage.address.port()),
        },
        "resourceManager": format!("{endpoint}/"),
    })
}
