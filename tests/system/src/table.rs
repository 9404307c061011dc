//! The table in memory with one changed behaviour.

use std::fmt;

use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::ShortHash;
use relay::{Event, LinkId, Subject, SubjectState};
use store::memory::MemoryTable;
use store::{Commit, CommitError, Document, Documents, DueWatch, Error, KeptKey, Leases, Shard, SubjectLog};

/// Difference between a table and the one in memory.
pub trait Difference: fmt::Debug + Send + Sync {
    /// Called after each read of a subject.
    fn has_read(&self, _subject: &Subject, _state: &SubjectState) {}

    /// True if every caller gets every lease.
    fn gives_every_lease(&self) -> bool {
        false
    }
}

/// Grants every lease. Leases are for economy only: all guarantees must hold without them, with two pollers at once.
#[derive(Debug, Clone, Copy)]
pub struct Unleased;

impl Difference for Unleased {
    fn gives_every_lease(&self) -> bool {
        true
    }
}

/// The table in memory with a difference.
#[derive(Debug, Clone)]
pub struct Different<D> {
    /// The table in memory.
    pub table: MemoryTable,
    /// The difference.
    pub difference: D,
}

impl<D: Difference> SubjectLog for Different<D> {
    async fn read(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        let state = self.table.read(link, subject).await?;
        self.difference.has_read(subject, &state);
        Ok(state)
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), CommitError> {
        self.table.commit(commit).await
    }

    async fn due_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<DueWatch>, Error> {
        self.table.due_in(shard, until, limit).await
    }

    async fn kept_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<KeptKey>, Error> {
        self.table.kept_in(shard, until, limit).await
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
}

impl<D: Difference> Documents for Different<D> {
    async fn read_document<T: Document>(&self, key: &T::Key) -> Result<T, Error> {
        self.table.read_document(key).await
    }

    async fn store_document<T: Document>(&self, key: &T::Key, document: &T) -> Result<bool, Error> {
        self.table.store_document(key, document).await
    }
}

impl<D: Difference> Leases for Different<D> {
    async fn lease(&self, name: &str, holder: &str, now: Timestamp, seconds: u32) -> Result<bool, Error> {
        Ok(self.difference.gives_every_lease() || self.table.lease(name, holder, now, seconds).await?)
    }

    async fn release(&self, name: &str, holder: &str) -> Result<bool, Error> {
        Ok(self.difference.gives_every_lease() || self.table.release(name, holder).await?)
    }
}
