//! A table without leases, for two pollers at once.

use std::sync::Arc;

use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::budget::Budget;
use relay::head::ShortHash;
use relay::{Account, Event, LinkId, Subject, SubjectState};
use store::authorization::Authorization;
use store::memory::MemoryTable;
use store::{Commit, CommitError, DueWatch, Error, Shard, Table};

/// The table in memory, whose leases everybody gets. Leases are for economy: without them everything must still hold.
#[derive(Debug, Clone)]
pub struct Unleased(pub Arc<MemoryTable>);

impl Table for Unleased {
    async fn read(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        self.0.read(link, subject).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), CommitError> {
        self.0.commit(commit).await
    }

    async fn due_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<DueWatch>, Error> {
        self.0.due_in(shard, until, limit).await
    }

    async fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        self.0.events(link, subject, after_sequence, limit).await
    }

    async fn pull_requests_with_head(
        &self,
        link: &LinkId,
        repository: &RepositoryId,
        head: &ShortHash,
        limit: usize,
    ) -> Result<Vec<PullRequestId>, Error> {
        self.0.pull_requests_with_head(link, repository, head, limit).await
    }

    async fn budget(&self, account: &Account) -> Result<Budget, Error> {
        self.0.budget(account).await
    }

    async fn spend(&self, account: &Account, budget: &Budget) -> Result<bool, Error> {
        self.0.spend(account, budget).await
    }

    async fn authorization(&self, link: &LinkId) -> Result<Authorization, Error> {
        self.0.authorization(link).await
    }

    async fn store_authorization(&self, link: &LinkId, stored: &Authorization) -> Result<bool, Error> {
        self.0.store_authorization(link, stored).await
    }

    async fn lease(&self, _: &str, _: &str, _: Timestamp, _: u32) -> Result<bool, Error> {
        Ok(true)
    }

    async fn release(&self, _: &str, _: &str) -> Result<bool, Error> {
        Ok(true)
    }
}
