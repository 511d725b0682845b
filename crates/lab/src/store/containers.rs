//! The operations on containers.

use super::change::Change;
use super::root::{Inner, Store};
use super::{Conditions, Container, Metadata, names};
use crate::auth::Policy;
use crate::{Address, Refusal};

/// Stored access policies of a container at most (REST page "Set Container ACL").
const MOST_POLICIES: usize = 5;

/// The address of `at`'s container.
fn container_of(at: &Address) -> Address {
    Address {
        blob: String::new(),
        ..at.clone()
    }
}

/// Containers. 404 `ContainerNotFound`, 409 `ContainerAlreadyExists`, 400 `InvalidResourceName`.
impl Store {
    /// Create Container.
    ///
    /// # Errors
    /// As above; 400 for metadata that cannot be.
    pub fn create_container(&self, at: &Address, metadata: Metadata) -> Result<Container, Refusal> {
        names::check_container(at)?;
        names::check_metadata(&metadata)?;
        let mut inner = self.lock();
        if inner
            .state
            .account(&at.account)?
            .containers
            .contains_key(&at.container)
        {
            return Err(names::container_exists());
        }
        self.set(&mut inner, at, metadata, Vec::new())
    }

    /// Delete Container, with everything in it.
    ///
    /// # Errors
    /// As above; 412 `ConditionNotMet`.
    pub fn delete_container(&self, at: &Address, conditions: &Conditions) -> Result<(), Refusal> {
        let mut inner = self.lock();
        conditions.check_container(&inner.state.container(at)?.about)?;
        let gone = inner.perform(Change::ContainerGone {
            at: container_of(at),
        })?;
        drop(inner);
        drop(gone);
        Ok(())
    }

    /// Get Container Properties.
    ///
    /// # Errors
    /// As above.
    pub fn container(&self, at: &Address) -> Result<Container, Refusal> {
        Ok(self.lock().state.container(at)?.about.clone())
    }

    /// Set Container Metadata.
    ///
    /// # Errors
    /// As above; 412 `ConditionNotMet`; 400 for metadata that cannot be.
    pub fn set_container_metadata(
        &self,
        at: &Address,
        metadata: Metadata,
        conditions: &Conditions,
    ) -> Result<Container, Refusal> {
        names::check_metadata(&metadata)?;
        let mut inner = self.lock();
        let old = &inner.state.container(at)?.about;
        conditions.check_container(old)?;
        let policies = old.policies.clone();
        self.set(&mut inner, at, metadata, policies)
    }

    /// Set Container ACL.
    ///
    /// # Errors
    /// As above; 400 for more than five policies, or an id that is empty or longer than 64 characters.
    pub fn set_policies(&self, at: &Address, policies: Vec<Policy>) -> Result<Container, Refusal> {
        if policies.len() > MOST_POLICIES {
            let text =
                "One of the request inputs is not valid: more than 5 stored access policies.";
            return Err(Refusal::new(400, "InvalidInput", text));
        }
        let has_id = |policy: &Policy| (1..=64).contains(&policy.id.chars().count());
        if !policies.iter().all(has_id) {
            let text = "XML specified is not syntactically valid.";
            return Err(Refusal::new(400, "InvalidXmlDocument", text));
        }
        let mut inner = self.lock();
        let metadata = inner.state.container(at)?.about.metadata.clone();
        self.set(&mut inner, at, metadata, policies)
    }

    /// List Containers: names that begin with `prefix`, after `marker`; and the next marker (empty at the end).
    ///
    /// # Errors
    /// 404 for an account that is not there, 400 for a marker that is none.
    pub fn list_containers(
        &self,
        account: &str,
        prefix: &str,
        marker: &str,
        max_results: usize,
    ) -> Result<(Vec<(String, Container)>, String), Refusal> {
        let from = names::from_marker(marker)?;
        let from = from.as_str().max(prefix).to_owned();
        let inner = self.lock();
        let containers = &inner.state.account(account)?.containers;
        let mut rest = containers
            .range(from..)
            .take_while(|(name, _)| name.starts_with(prefix));
        let page = rest.by_ref().take(super::listing::page_size(max_results));
        let page = page
            .map(|(name, held)| (name.clone(), held.about.clone()))
            .collect();
        let next = rest
            .next()
            .map_or_else(String::new, |(name, _)| names::marker(name));
        Ok((page, next))
    }

    /// Makes or replaces a container.
    fn set(
        &self,
        inner: &mut Inner,
        at: &Address,
        metadata: Metadata,
        policies: Vec<Policy>,
    ) -> Result<Container, Refusal> {
        let etag = inner.state.new_etag(self.clock.now());
        let container = Container {
            etag,
            modified: self.now(),
            metadata,
            policies,
        };
        let change = Change::Container {
            at: container_of(at),
            container: container.clone(),
        };
        // Nothing goes when a container comes or changes.
        drop(inner.perform(change)?);
        Ok(container)
    }
}
