//! Tokens kept until shortly before they expire, and forgotten on demand.
//!
//! `azure_identity` keeps tokens as well (not those of the az CLI, which would be asked anew, a second each time), but cannot
//! forget one that the service refuses: so a fresh credential is made then.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::{Duration, OffsetDateTime};

/// Makes a credential with an empty cache.
pub(super) type Make = Box<dyn Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync>;

/// A token is renewed so long before its end, seconds; `azure_identity` does the same.
const MARGIN: i64 = 300;

/// Most scopes whose tokens are kept: a resource manager, a vault, a registry, an account.
const MOST_SCOPES: usize = 16;

/// A credential that can be told to begin anew.
pub(super) struct Renewing {
    make: Make,
    state: Mutex<State>,
}

struct State {
    inner: Arc<dyn TokenCredential>,
    tokens: BTreeMap<String, AccessToken>,
    /// How often it was told to forget: a token asked for before that is not kept.
    age: u64,
}

impl Renewing {
    pub(super) fn new(make: Make) -> azure_core::Result<Self> {
        let state = State {
            inner: make()?,
            tokens: BTreeMap::new(),
            age: 0,
        };
        Ok(Self {
            make,
            state: Mutex::new(state),
        })
    }

    pub(super) fn forget(&self) {
        let fresh = (self.make)();
        let mut state = self.lock();
        state.tokens.clear();
        state.age = state.age.wrapping_add(1);
        if let Ok(fresh) = fresh {
            state.inner = fresh;
        }
    }

    /// Never held across an await; what it guards is whole at any time.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenCredential for Renewing {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let key = scopes.join(" ");
        let (inner, kept, age) = {
            let state = self.lock();
            let kept = state.tokens.get(&key).cloned();
            (Arc::clone(&state.inner), kept, state.age)
        };
        let left = |token: &AccessToken| token.expires_on - OffsetDateTime::now_utc();
        if let Some(token) = &kept
            && left(token) > Duration::seconds(MARGIN)
        {
            return Ok(token.clone());
        }
        let token = match (inner.get_token(scopes, options).await, kept) {
            (Ok(token), _) => token,
            // Entra ID may be away for a moment; the old token still opens doors.
            (Err(_), Some(old)) if left(&old) > Duration::ZERO => return Ok(old),
            (Err(error), _) => return Err(error),
        };
        let mut state = self.lock();
        if state.age == age {
            if state.tokens.len() >= MOST_SCOPES {
                state.tokens.clear();
            }
            state.tokens.insert(key, token.clone());
        }
        Ok(token)
    }
}

impl fmt::Debug for Renewing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewing").finish_non_exhaustive()
    }
}
