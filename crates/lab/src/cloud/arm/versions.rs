//! api-version: asked for always, and held to what each resource type has.

use crate::cloud::estate::Kind;
use crate::cloud::reply::Reply;

/// Previews that have the transfer resources; no stable version does.
const PREVIEWS: [&str; 17] = [
    "2019-12-01-preview",
    "2020-11-01-preview",
    "2021-06-01-preview",
    "2021-08-01-preview",
    "2021-12-01-preview",
    "2022-02-01-preview",
    "2023-01-01-preview",
    "2023-06-01-preview",
    "2023-08-01-preview",
    "2023-11-01-preview",
    "2024-11-01-preview",
    "2025-03-01-preview",
    "2025-05-01-preview",
    "2025-06-01-preview",
    "2025-12-01-preview",
    "2026-01-01-preview",
    "2026-03-01-preview",
];

/// Stable versions, which have registries only.
const STABLE: [&str; 7] = [
    "2017-10-01",
    "2019-05-01",
    "2021-09-01",
    "2022-12-01",
    "2023-07-01",
    "2025-04-01",
    "2025-11-01",
];

/// The version, where that type has it (`None`: the registry itself).
pub(super) fn check(version: Option<&str>, kind: Option<Kind>) -> Result<&str, Reply> {
    let Some(version) = version.filter(|version| !version.is_empty()) else {
        return Err(Reply::error(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    };
    if PREVIEWS.contains(&version) || (kind.is_none() && STABLE.contains(&version)) {
        return Ok(version);
    }
    let mut known = PREVIEWS.to_vec();
    if kind.is_none() {
        known.extend(STABLE);
    }
    let known = known.join(", ");
    if !is_version(version) {
        let message = format!(
            "The api-version '{version}' is invalid. The supported versions are '{known}'."
        );
        return Err(Reply::error(400, "InvalidApiVersionParameter", message));
    }
    let below = kind.map_or(String::new(), |kind| format!("/{}", kind.segment()));
    let message = format!(
        "No registered resource provider found for location '{}' and API version '{version}' for type \
         'registries{below}'. The supported api-versions are '{known}'. The supported locations are '{0}'.",
        super::registry::LOCATION
    );
    Err(Reply::error(400, "NoRegisteredProviderFound", message))
}

/// `yyyy-mm-dd[-preview]`
fn is_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    date.parse::<jiff::civil::Date>().is_ok() && date.len() == 10
}
