//! The table as one instance of a function reaches it: any call can fail, or be the last.

use std::sync::Arc;

use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::{Event, LinkId, ShortHash, Subject, SubjectState};
use store::memory::MemoryTable;
use store::{Commit, CommitError, Document, Documents, DueWatch, Error, KeptKey, Leases, Shard, SubjectLog};
use tokio::sync::Notify;

use crate::instance::Instance;

/// The longest that a call of the table takes.
const LONGEST_CALL_MS: u64 = 30;

/// The table in memory behind one instance's faults.
#[derive(Debug, Clone)]
pub struct FaultyTable {
    pub(crate) table: MemoryTable,
    /// Woken by each commit: the stream has new records.
    pub(crate) committed: Arc<Notify>,
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

impl SubjectLog for FaultyTable {
    async fn read(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        self.io(self.table.read(link, subject)).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), CommitError> {
        let commit = async {
            let committed = self.table.commit(commit).await;
            self.committed.notify_one();
            committed
        };
        self.instance.io(LONGEST_CALL_MS, commit, || CommitError::Failed(unavailable())).await
    }

    async fn due_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<DueWatch>, Error> {
        // At once: eight of these in each pass would be most of the work, and nothing is decided between them.
        self.instance.io(0, self.table.due_in(shard, until, limit), unavailable).await
    }

    async fn kept_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<KeptKey>, Error> {
        self.instance.io(0, self.table.kept_in(shard, until, limit), unavailable).await
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
}

impl Documents for FaultyTable {
    async fn read_document<D: Document>(&self, key: &D::Key) -> Result<D, Error> {
        self.io(self.table.read_document(key)).await
    }

    async fn store_document<D: Document>(&self, key: &D::Key, document: &D) -> Result<bool, Error> {
        self.io(self.table.store_document(key, document)).await
    }
}

impl Leases for FaultyTable {
    async fn lease(&self, name: &str, holder: &str, now: Timestamp, seconds: u32) -> Result<bool, Error> {
        Ok(self.io(self.table.lease(name, holder, now, seconds)).await? || self.gives_every_lease)
    }

    async fn release(&self, name: &str, holder: &str) -> Result<bool, Error> {
        self.io(self.table.release(name, holder)).await
    }
}
