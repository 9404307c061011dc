//! The access tokens of links whose credential is an OAuth consumer.
//!
//! A refresh token rotates, so there is one writer: a lease in the table is for *economy*, so that one of many asks and
//! the others wait; the condition on what is stored is for *safety*. The new grant is durable before the old one is
//! replaced, and a grant that could not be stored is kept here and stored before Bitbucket is asked again. A refresh that
//! fails answers its error, never the old token.

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

/// What a token comes as.
pub type TokenAnswer<'a> = Pin<Box<dyn Future<Output = Result<SecretString, TokenError>> + Send + 'a>>;

/// Where tokens come from.
pub trait TokenSource: fmt::Debug + Send + Sync {
    /// A token that is good for five minutes at least. `rejected` is one that the API has just refused; it is not
    /// answered again.
    fn token<'a>(
        &'a self,
        link: &'a LinkId,
        credential: &'a OAuthCredential,
        rejected: Option<&'a SecretString>,
    ) -> TokenAnswer<'a>;
}

/// Tokens that are kept, and renewed with Bitbucket.
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
    /// Tokens of this process. No two processes may have the same `holder`.
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
            // On its own, because whoever asks may be cut off by a deadline: between Bitbucket's answer and the store
            // that would lose the grant.
            let task = tokio::spawn(async move { refresh.token().await });
            task.await.unwrap_or_else(|_| Err(Error::unavailable("the refresh was ended").into()))
        })
    }
}
