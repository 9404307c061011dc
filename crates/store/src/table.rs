//! The table as its users see it.

use std::future::Future;
use std::sync::Arc;

use bitbucket::{EventKey, PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::budget::Budget;
use relay::head::{HeadMoved, ShortHash};
use relay::{Account, Event, EventId, LinkId, Subject, SubjectState, Watch};

use crate::Error;
use crate::authorization::Authorization;
use crate::shard::Shard;

/// The one table. What every implementation must do is in `tests/contract`.
pub trait Table: Send + Sync {
    /// What is known of a subject, by one strongly consistent read; the default (version 0) where nothing is.
    fn read(
        &self,
        link: &LinkId,
        subject: &Subject,
    ) -> impl Future<Output = Result<SubjectState, Error>> + Send;

    /// Stores one observation's result in one transaction: all of it or nothing.
    fn commit(&self, commit: &Commit<'_>) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// The watches of a shard's links that are due at `until`, the longest overdue first, at most `limit`. The index behind
    /// this may be some moments old: a watch can show up a little late, or once more after it was served.
    fn due_in(
        &self,
        shard: Shard,
        until: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DueWatch>, Error>> + Send;

    /// The same over all shards, for people: one question a shard, one after the other.
    fn due(
        &self,
        until: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DueWatch>, Error>> + Send {
        async move {
            let mut due = Vec::new();
            for shard in Shard::all() {
                due.extend(self.due_in(shard, until, limit).await?);
            }
            due.sort_by_key(|due| due.watch.due_at);
            due.truncate(limit);
            Ok(due)
        }
    }

    /// The log of a subject in order, from the event after `after_sequence`, at most `limit` events.
    fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after_sequence: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Event>, Error>> + Send;

    /// The open pull requests of a repository whose head is this commit, at most `limit`.
    fn pull_requests_with_head(
        &self,
        link: &LinkId,
        repository: &RepositoryId,
        head: &ShortHash,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<PullRequestId>, Error>> + Send;

    /// What an account has spent, by one strongly consistent read; nothing where nothing is stored.
    fn budget(&self, account: &Account) -> impl Future<Output = Result<Budget, Error>> + Send;

    /// Stores a budget, if the one that is stored is one version before it. False where it is not.
    fn spend(&self, account: &Account, budget: &Budget) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Where a link's authorization stands, by one strongly consistent read; the default (version 0) where there is none.
    fn authorization(&self, link: &LinkId) -> impl Future<Output = Result<Authorization, Error>> + Send;

    /// Stores where an authorization stands, if what is stored is one version before it. False where it is not.
    fn store_authorization(
        &self,
        link: &LinkId,
        authorization: &Authorization,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Takes or extends a lease. False where another holds it. For *economy* only, so that two pollers do not do the
    /// same work: *safety* is the version that each commit is bound to.
    fn lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        seconds: u32,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Gives a lease back. False where it was not this holder's.
    fn release(&self, name: &str, holder: &str) -> impl Future<Output = Result<bool, Error>> + Send;
}

/// One table for several users in one process.
impl<T: Table> Table for Arc<T> {
    async fn read(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        (**self).read(link, subject).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), CommitError> {
        (**self).commit(commit).await
    }

    async fn due_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<DueWatch>, Error> {
        (**self).due_in(shard, until, limit).await
    }

    async fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        (**self).events(link, subject, after_sequence, limit).await
    }

    async fn pull_requests_with_head(
        &self,
        link: &LinkId,
        repository: &RepositoryId,
        head: &ShortHash,
        limit: usize,
    ) -> Result<Vec<PullRequestId>, Error> {
        (**self).pull_requests_with_head(link, repository, head, limit).await
    }

    async fn budget(&self, account: &Account) -> Result<Budget, Error> {
        (**self).budget(account).await
    }

    async fn spend(&self, account: &Account, budget: &Budget) -> Result<bool, Error> {
        (**self).spend(account, budget).await
    }

    async fn authorization(&self, link: &LinkId) -> Result<Authorization, Error> {
        (**self).authorization(link).await
    }

    async fn store_authorization(&self, link: &LinkId, stored: &Authorization) -> Result<bool, Error> {
        (**self).store_authorization(link, stored).await
    }

    async fn lease(&self, name: &str, holder: &str, now: Timestamp, seconds: u32) -> Result<bool, Error> {
        (**self).lease(name, holder, now, seconds).await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<bool, Error> {
        (**self).release(name, holder).await
    }
}

/// What one transaction stores.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// The link that it was learned through.
    pub link: &'a LinkId,
    /// What it is about.
    pub subject: &'a Subject,
    /// The new state, its watch included. What is stored must be one version before it.
    pub state: &'a SubjectState,
    /// The new facts, in order; sequences continue those in the log.
    pub events: &'a [Event],
    /// The delivery that brought it, if one did.
    pub delivery: Option<&'a DeliveryMark>,
    /// The move of the pull request's head, if it moved.
    pub head: Option<&'a HeadMoved>,
    /// Our clock.
    pub now: Timestamp,
}

/// What a delivery is known by, so that the same delivery is not stored twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryMark {
    /// The hook that sent it; may be empty.
    pub hook: String,
    /// The request that carried it.
    pub request: String,
    /// What it reports.
    pub key: EventKey,
    /// The SHA-256 of the body in hex.
    pub body_sha256: String,
    /// Which attempt it is, from 1. From 2 on, the delivery is also known by its body, in case the request's id is new.
    pub attempt: u32,
}

impl DeliveryMark {
    /// How much of a body's hash sets two deliveries apart that came under one request id.
    const APART_CHARS: usize = 16;

    /// The mark of another delivery that came under the same request id.
    pub(crate) fn set_apart(&self) -> Self {
        let suffix: String = self.body_sha256.chars().take(Self::APART_CHARS).collect();
        Self { request: format!("{}+{suffix}", self.request), ..self.clone() }
    }
}

/// Why a transaction did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The state is no longer the one that was read, or another transaction was on the same items: read and fold again.
    #[error("another transaction was faster")]
    Conflict,
    /// The delivery is stored already.
    #[error("the delivery is stored already")]
    KnownDelivery,
    /// The hook has sent another body under this request id before. That is not a resend, and must not be dropped.
    #[error("the request id was used for another body before")]
    RequestReused,
    /// These facts are in the log already.
    #[error("{} of the facts are in the log already", .0.len())]
    KnownFacts(Vec<EventId>),
    /// The transaction failed. Where it could not be reached in time, whether it happened is not known.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// A watch that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueWatch {
    /// The link whose credential polls.
    pub link: LinkId,
    /// What to poll.
    pub subject: Subject,
    /// Since when it is due (to the millisecond), and why.
    pub watch: Watch,
}
