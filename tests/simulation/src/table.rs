//! The table as one instance of a function reaches it: any call can fail, or be the last.

use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::budget::Budget;
use relay::head::ShortHash;
use relay::{Account, Event, LinkId, Subject, SubjectState};
use store::authorization::Authorization;
use store::memory::MemoryTable;
use store::{Commit, CommitError, DueWatch, Error, Shard, Table};

use crate::instance::Instance;

/// The longest that a call of the table takes.
const LONGEST_CALL_MS: u64 = 30;

/// The table in memory behind one instance's faults.
#[derive(Debug, Clone)]
pub struct FaultyTable {
    pub(crate) table: MemoryTable,
    pub(crate) instance: Instance,
    /// True if everybody gets every lease. Leases are for economy: without them, everything must still hold.
    pub(crate) gives_every_lease: bool,
}

impl FaultyTable {
    async fn io<R>(&self, call: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
        self.instance.io(LONGEST_CALL_MS, call, unavailable).await
    }
}

fn unavailable() -> Error {
    Error::unavailable("a fault was injected")
}

impl Table for FaultyTable {
    async fn read(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        self.io(self.table.read(link, subject)).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), CommitError> {
        let commit = self.table.commit(commit);
        self.instance.io(LONGEST_CALL_MS, commit, || CommitError::Failed(unavailable())).await
    }

    async fn due_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<DueWatch>, Error> {
        // At once: eight of these in each pass would be most of the work, and nothing is decided between them.
        self.instance.io(0, self.table.due_in(shard, until, limit), unavailable).await
    }

    async fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        self.io(self.table.events(link, subject, after_sequence, limit)).await
    }

    async fn pull_requests_with_head(
        &self,
        link: &LinkId,
        repository: &RepositoryId,
        head: &ShortHash,
        limit: usize,
    ) -> Result<Vec<PullRequestId>, Error> {
        self.io(self.table.pull_requests_with_head(link, repository, head, limit)).await
    }

    async fn budget(&self, account: &Account) -> Result<Budget, Error> {
        self.io(self.table.budget(account)).await
    }

    async fn spend(&self, account: &Account, budget: &Budget) -> Result<bool, Error> {
        self.io(self.table.spend(account, budget)).await
    }

    async fn authorization(&self, link: &LinkId) -> Result<Authorization, Error> {
        self.io(self.table.authorization(link)).await
    }

    async fn store_authorization(&self, link: &LinkId, stored: &Authorization) -> Result<bool, Error> {
        self.io(self.table.store_authorization(link, stored)).await
    }

    async fn lease(&self, name: &str, holder: &str, now: Timestamp, seconds: u32) -> Result<bool, Error> {
        Ok(self.io(self.table.lease(name, holder, now, seconds)).await? || self.gives_every_lease)
    }

    async fn release(&self, name: &str, holder: &str) -> Result<bool, Error> {
        self.io(self.table.release(name, holder)).await
    }
}
