//! List Blobs: pages in the order of names.

use std::ops::Bound;

use super::root::Store;
use super::{ListQuery, Listed, Listing, names};
use crate::{Address, Refusal};

/// Items of a page at most (REST page "List Blobs").
const LARGEST_PAGE: usize = 5000;

pub(super) fn page_size(asked: usize) -> usize {
    asked.clamp(1, LARGEST_PAGE)
}

impl Store {
    /// List Blobs.
    ///
    /// # Errors
    /// 404 `ContainerNotFound`; 400 for a marker that is none.
    pub fn list_blobs(&self, at: &Address, query: &ListQuery) -> Result<Listing, Refusal> {
        let marker = names::from_marker(&query.marker)?;
        let from = marker.as_str().max(&query.prefix).to_owned();
        let (most, now) = (page_size(query.max_results), self.clock.now());
        let inner = self.lock();
        let blobs = &inner.state.container(at)?.blobs;
        let mut listing = Listing::default();
        let mut after = Bound::Included(from);
        'groups: loop {
            let range = (after.clone(), Bound::Unbounded);
            for (name, entry) in blobs.range::<String, _>(range) {
                let Some(rest) = name.strip_prefix(&query.prefix) else {
                    break 'groups;
                };
                let listed = match &entry.blob {
                    Some(blob) => Listed::Blob(name.clone(), blob.clone()),
                    None if !query.include_uncommitted || entry.expired(now) => continue,
                    None => Listed::Uncommitted(name.clone()),
                };
                if listing.entries.len() == most {
                    listing.next_marker = names::marker(name);
                    break 'groups;
                }
                let cut = (!query.delimiter.is_empty()).then(|| rest.find(&query.delimiter));
                let Some(at) = cut.flatten() else {
                    listing.entries.push(listed);
                    continue;
                };
                let end = query.prefix.len() + at + query.delimiter.len();
                let group = name.get(..end).unwrap_or(name).to_owned();
                let next = after_all(&group);
                listing.entries.push(Listed::Prefix(group));
                // What else begins so is not looked at.
                let Some(next) = next else { break 'groups };
                after = Bound::Included(next);
                continue 'groups;
            }
            break;
        }
        Ok(listing)
    }
}

/// The first text behind all that begin with `prefix`; `None` when there is none.
fn after_all(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // The order of characters is the order of their bytes; the range leaves surrogates out.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}
