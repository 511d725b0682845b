//! Lists with all their pages.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::send::Call;
use super::{Arm, ArmClass, ArmError};
use crate::resource::{Kind, RegistryId};

/// Entries of a list at most: more than any registry has, less than fills the memory.
const MOST_ENTRIES: usize = 100_000;

/// Pages of a list at most: a service that sends empty pages for ever is left.
const MOST_PAGES: usize = 10_000;

impl Arm {
    /// Everything of one kind, page after page; `top`: stop after so many (bounded at 100,000 in any case, and a nextLink
    /// seen twice ends it with an error).
    ///
    /// # Errors
    /// See [`ArmClass`].
    pub async fn list(
        &self,
        registry: &RegistryId,
        kind: Kind,
        top: Option<usize>,
    ) -> Result<Vec<Value>, ArmError> {
        let most = top.unwrap_or(MOST_ENTRIES).min(MOST_ENTRIES);
        let path = format!("{registry}/{}", kind.segment());
        let mut call = self.call(Method::GET, &path, &self.api_version);
        let mut seen = HashSet::from([call.url.clone()]);
        let mut entries = Vec::new();
        while entries.len() < most {
            let mut page = self.send(&call).await?.object(&call)?;
            let Some(Value::Array(more)) = page.get_mut("value").map(Value::take) else {
                return Err(call.error(ArmClass::Nonsense, "the list has no array \"value\""));
            };
            entries.extend(more);
            let next = page.get("nextLink").and_then(Value::as_str);
            let Some(next) = next.filter(|next| !next.trim().is_empty()) else {
                break;
            };
            let next = self.next_page(&call, next)?;
            if seen.len() >= MOST_PAGES || !seen.insert(next.clone()) {
                return Err(call.error(ArmClass::Nonsense, "the list's pages go round in a circle"));
            }
            call.url = next;
        }
        entries.truncate(most);
        Ok(entries)
    }

    fn next_page(&self, call: &Call, next: &str) -> Result<Url, ArmError> {
        match Url::parse(next.trim()) {
            Ok(url) if self.is_ours(&url) => Ok(url),
            _ => {
                let message = "the list's nextLink is no URL of this resource manager";
                Err(call.error(ArmClass::Nonsense, message))
            }
        }
    }
}
