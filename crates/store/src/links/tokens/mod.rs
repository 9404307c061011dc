//! Access tokens for links whose credential is an OAuth consumer.
//!
//! A refresh token rotates, so there is one writer. A lease in the table is for *economy*: one process requests a token
//! and the others wait. The condition on the stored version is for *safety*. The new grant is durable before the old
//! one is replaced. A grant that could not be stored stays in memory and is stored before the next request to
//! Bitbucket. A failed refresh returns its error, never the old token.

mod grant;
mod grants;
#[cfg(feature = "memory")]
pub(crate) mod memory;
mod refresh;
mod secrets_manager;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bitbucket::oauth::OAuth;
use relay::LinkId;
use secrecy::SecretString;

use super::OAuthCredential;
use crate::table::Leases;
use crate::{Clock, Error};

pub use grant::{KeptGrant, Plan, plan};
pub use grants::{GrantStore, Versioned, authorized};
pub use secrets_manager::SecretsManagerGrants;

pub use refresh::TokenError;

use refresh::{Parts, Refresh, Slot};

/// The future of a token.
pub type TokenAnswer<'a> = Pin<Box<dyn Future<Output = Result<SecretString, TokenError>> + Send + 'a>>;

/// A source of access tokens.
pub trait TokenSource: fmt::Debug + Send + Sync {
    /// Returns a token that is valid for at least five minutes. `rejected` is a token that the API has just refused; it
    /// is not returned again.
    fn token<'a>(
        &'a self,
        link: &'a LinkId,
        credential: &'a OAuthCredential,
        rejected: Option<&'a SecretString>,
    ) -> TokenAnswer<'a>;
}

/// Stored tokens that are renewed at Bitbucket.
pub struct Tokens<T, G, C> {
    parts: Arc<Parts<T, G, C>>,
    slots: Mutex<HashMap<LinkId, Arc<tokio::sync::Mutex<Slot>>>>,
}

impl<T, G, C> fmt::Debug for Tokens<T, G, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl<T, G, C> Tokens<T, G, C> {
    /// Returns the tokens of this process. No two processes may use the same `holder`.
    pub fn new(oauth: OAuth, table: T, grants: G, clock: C, holder: impl Into<String>) -> Self {
        let parts = Parts { oauth, table, grants, clock, holder: holder.into() };
        Self { parts: Arc::new(parts), slots: Mutex::default() }
    }

    fn slot(&self, link: &LinkId) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(link.clone()).or_default())
    }
}

impl<T, G, C> TokenSource for Tokens<T, G, C>
where
    T: Leases + 'static,
    G: GrantStore + 'static,
    C: Clock + 'static,
{
    fn token<'a>(
        &'a self,
        link: &'a LinkId,
        credential: &'a OAuthCredential,
        rejected: Option<&'a SecretString>,
    ) -> TokenAnswer<'a> {
        Box::pin(async move {
            let slot = self.slot(link).lock_owned().await;
            let (link, credential) = (link.clone(), credential.clone());
            let parts = Arc::clone(&self.parts);
            let mut refresh = Refresh { parts, slot, link, credential, rejected: rejected.cloned() };
            if let Some(token) = refresh.usable_now() {
                return Ok(token);
            }
            // As its own task, because a deadline may cancel the caller. Between Bitbucket's answer and the store that
            // would lose the grant.
            let task = tokio::spawn(async move { refresh.token().await });
            task.await.unwrap_or_else(|_| Err(Error::unavailable("the refresh was ended").into()))
        })
    }
}
