//! One refresh of a link's token.

use std::sync::Arc;
use std::time::Duration;

use bitbucket::oauth::{Consumer, Grant, OAuth};
use relay::LinkId;
use secrecy::SecretString;
use tokio::sync::OwnedMutexGuard;

use super::super::{Flow, OAuthCredential};
use super::grant::{KeptGrant, Plan, plan};
use super::grants::{GrantStore, Versioned};
use crate::table::Leases;
use crate::{Clock, Error};

/// Longest time of a refresh: Bitbucket has 10 seconds, each call to AWS 5.
const LEASE_SECONDS: u32 = 60;
/// Interval and number of checks while another process refreshes: 15 seconds in all.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
const CHECKS: u32 = 60;
/// Number of attempts to store a new grant.
const STORES: u32 = 3;

/// The reason that no token is available. No message holds a token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Bitbucket issued none; [`bitbucket::Error::GrantRefused`] if a person has to authorize (again).
    #[error(transparent)]
    Bitbucket(#[from] bitbucket::Error),
    /// The lease or the grant could not be read or stored.
    #[error(transparent)]
    Store(#[from] Error),
}

/// The stores, clients and clock of a refresh.
pub(super) struct Parts<T, G, C> {
    pub(super) oauth: OAuth,
    pub(super) table: T,
    pub(super) grants: G,
    pub(super) clock: C,
    /// Identifies this process in a lease.
    pub(super) holder: String,
}

/// A link's grant in the memory of one process.
#[derive(Debug, Default)]
pub(super) struct Slot {
    kept: Option<Versioned>,
    /// A grant that could not be stored, and the version that it follows. It is the only copy of its refresh token.
    unsaved: Option<(KeptGrant, Option<String>)>,
}

/// One refresh, or the check that none is needed. Only one per link runs in a process.
pub(super) struct Refresh<T, G, C> {
    pub(super) parts: Arc<Parts<T, G, C>>,
    pub(super) slot: OwnedMutexGuard<Slot>,
    pub(super) link: LinkId,
    pub(super) credential: OAuthCredential,
    pub(super) rejected: Option<SecretString>,
}

impl<T: Leases, G: GrantStore, C: Clock> Refresh<T, G, C> {
    /// Returns the token in memory, if it is valid.
    pub(super) fn usable_now(&self) -> Option<SecretString> {
        let kept = self.slot.kept.as_ref().filter(|_| self.plan() == Plan::Use);
        kept.map(|kept| kept.grant.access_token.clone())
    }

    fn plan(&self) -> Plan {
        let kept = self.slot.kept.as_ref().map(|kept| &kept.grant);
        plan(kept, &self.credential, self.rejected.as_ref(), self.parts.clock.now())
    }

    /// Returns a valid token, with or without a refresh.
    pub(super) async fn token(&mut self) -> Result<SecretString, TokenError> {
        let name = format!("grant/{}", self.link);
        for check in 0..CHECKS {
            if check > 0 {
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
            self.slot.kept = self.parts.grants.load(&self.link).await?;
            if let Some(token) = self.usable_now() {
                return Ok(token);
            }
            let now = self.parts.clock.now();
            if !self.parts.table.lease(&name, &self.parts.holder, now, LEASE_SECONDS).await? {
                continue;
            }
            let outcome = self.alone().await;
            if let Err(error) = self.parts.table.release(&name, &self.parts.holder).await {
                tracing::warn!(link = %self.link, %error, "lease could not be released; it expires by itself");
            }
            return outcome;
        }
        let reason = "another process refreshes it and takes too long".to_owned();
        Err(Error::Unavailable { service: "the token's owner", operation: "a refresh", code: None, reason }
            .into())
    }

    /// Gets the token as the holder of the lease.
    async fn alone(&mut self) -> Result<SecretString, TokenError> {
        self.slot.kept = self.parts.grants.recover(&self.link).await?;
        if let Some((grant, expected)) = self.slot.unsaved.take()
            && grant.client_id == self.credential.client_id
        {
            self.store(grant, expected).await?;
        }
        match self.plan() {
            Plan::Use => self.good(),
            Plan::Reauthorize => Err(self.reauthorize("no_grant")),
            Plan::Refresh => self.ask().await,
        }
    }

    async fn ask(&mut self) -> Result<SecretString, TokenError> {
        let before = self.slot.kept.clone();
        match self.grant().await {
            Ok(grant) => {
                let earlier = before.as_ref().map(|before| &before.grant);
                let grant = KeptGrant::after(earlier, &self.credential.client_id, grant);
                tracing::info!(link = %self.link, generation = grant.generation, "token refreshed");
                self.store(grant, before.map(|before| before.version)).await?;
                self.good()
            }
            Err(bitbucket::Error::GrantRefused { code, .. }) => self.refused(before, code).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn grant(&self) -> Result<Grant, bitbucket::Error> {
        let secret = self.credential.client_secret.clone();
        let consumer = Consumer { id: self.credential.client_id.clone(), secret };
        let (oauth, now) = (&self.parts.oauth, self.parts.clock.now());
        let refresh_token = self.slot.kept.as_ref().and_then(|kept| kept.grant.refresh_token.as_ref());
        match (self.credential.flow, refresh_token) {
            (Flow::AppOauth, Some(token)) => oauth.refresh(&consumer, token, now).await,
            (Flow::ClientCredentials, _) => oauth.client_credentials(&consumer, now).await,
            (Flow::AppOauth, None) => {
                Err(bitbucket::Error::GrantRefused { operation: "refresh a token", code: "no_grant" })
            }
        }
    }

    /// Stores a grant, and keeps the current one in memory: another process may have stored its own first.
    async fn store(&mut self, grant: KeptGrant, expected: Option<String>) -> Result<(), Error> {
        let mut failure = None;
        for _ in 0..STORES {
            match self.parts.grants.store(&self.link, expected.as_deref(), &grant).await {
                Ok(_) => {
                    self.slot.kept = self.parts.grants.load(&self.link).await?;
                    return Ok(());
                }
                Err(error) => failure = Some(error),
            }
        }
        let error = failure.unwrap_or_else(|| Error::unavailable("nothing was stored"));
        tracing::error!(
            alarm = "grant_unsaved", link = %self.link, %error,
            "new grant could not be stored; until it can be, only the memory of this process holds it"
        );
        self.slot.unsaved = Some((grant, expected));
        Err(error)
    }

    /// Handles a refused refresh token: uses a newer grant if another process stored one, or marks the grant.
    async fn refused(
        &mut self,
        before: Option<Versioned>,
        code: &'static str,
    ) -> Result<SecretString, TokenError> {
        self.slot.kept = self.parts.grants.load(&self.link).await?;
        if let Some(token) = self.usable_now() {
            return Ok(token);
        }
        if let Some(before) = before {
            let marked =
                self.parts.grants.store(&self.link, Some(&before.version), &before.grant.refused()).await;
            if let Err(error) = marked {
                tracing::warn!(link = %self.link, %error, "grant could not be marked as refused; the next poll requests a token again");
            }
        }
        Err(self.reauthorize(code))
    }

    fn good(&self) -> Result<SecretString, TokenError> {
        let token = self.usable_now();
        token.ok_or_else(|| Error::unavailable("the token that was given is not good").into())
    }

    fn reauthorize(&self, code: &'static str) -> TokenError {
        tracing::error!(
            alarm = "reauthorize", link = %self.link, code,
            "link cannot be polled until a person authorizes its OAuth consumer"
        );
        bitbucket::Error::GrantRefused { operation: "refresh a token", code }.into()
    }
}
