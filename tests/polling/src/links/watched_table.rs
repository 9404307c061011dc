//! The table in memory, which notes how late each poll of a pull request begins: a poll reads what is known before it asks
//! Bitbucket.

use std::sync::{Mutex, PoisonError};

use bitbucket::{PullRequestId, RepositoryId};
use jiff::{SignedDuration, Timestamp};
use relay::budget::Budget;
use relay::head::ShortHash;
use relay::{Account, Event, LinkId, Subject, SubjectState};
use store::authorization::Authorization;
use store::memory::MemoryTable;
use store::{Commit, CommitError, DueWatch, Error, Shard, Table};

/// A table that is watched.
#[derive(Debug, Default)]
pub struct WatchedTable {
    table: MemoryTable,
    lateness: Mutex<Vec<SignedDuration>>,
}

impl WatchedTable {
    /// How late each poll began since this was asked last.
    pub fn take_lateness(&self) -> Vec<SignedDuration> {
        std::mem::take(&mut self.lateness.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, subject: &Subject, state: &SubjectState, now: Timestamp) {
        let due_at = state.watch.map(|watch| watch.due_at).filter(|due_at| *due_at <= now);
        if let (Subject::PullRequest { .. }, Some(due_at)) = (subject, due_at) {
            let mut lateness = self.lateness.lock().unwrap_or_else(PoisonError::into_inner);
            lateness.push(now.duration_since(due_at));
        }
    }
}

impl Table for WatchedTable {
    async fn read(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        let state = self.table.read(link, subject).await?;
        self.note(subject, &state, Timestamp::now());
        Ok(state)
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), CommitError> {
        self.table.commit(commit).await
    }

    async fn due_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<DueWatch>, Error> {
        self.table.due_in(shard, until, limit).await
    }

    async fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        self.table.events(link, subject, after_sequence, limit).await
    }

    async fn pull_requests_with_head(
        &self,
        link: &LinkId,
        repository: &RepositoryId,
        head: &ShortHash,
        limit: usize,
    ) -> Result<Vec<PullRequestId>, Error> {
        self.table.pull_requests_with_head(link, repository, head, limit).await
    }

    async fn budget(&self, account: &Account) -> Result<Budget, Error> {
        self.table.budget(account).await
    }

    async fn spend(&self, account: &Account, budget: &Budget) -> Result<bool, Error> {
        self.table.spend(account, budget).await
    }

    async fn authorization(&self, link: &LinkId) -> Result<Authorization, Error> {
        self.table.authorization(link).await
    }

    async fn store_authorization(&self, link: &LinkId, stored: &Authorization) -> Result<bool, Error> {
        self.table.store_authorization(link, stored).await
    }

    async fn lease(&self, name: &str, holder: &str, now: Timestamp, seconds: u32) -> Result<bool, Error> {
        self.table.lease(name, holder, now, seconds).await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<bool, Error> {
        self.table.release(name, holder).await
    }
}
