//! The traits of the table.

use std::future::Future;

use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::ShortHash;
use relay::{Event, LinkId, Subject, SubjectState};

use crate::Error;
use crate::codec::DueWatch;
use crate::commit::{Commit, CommitError};
use crate::document::Documents;
use crate::kept::KeptKey;
use crate::shard::Shard;

/// The table. It holds everything but links and grants. `tests/contract` has the rules for every implementation.
///
/// A function asks for the part that it uses: [`SubjectLog`], [`Leases`] or [`Documents`].
pub trait Table: SubjectLog + Leases + Documents {}

impl<T: SubjectLog + Leases + Documents> Table for T {}

/// The states of subjects, their events, and the watches and kept deliveries that are due.
pub trait SubjectLog: Send + Sync {
    /// Returns the state of a subject, by one strongly consistent read; the default (version 0) if none is stored.
    fn read(
        &self,
        link: &LinkId,
        subject: &Subject,
    ) -> impl Future<Output = Result<SubjectState, Error>> + Send;

    /// Stores one observation's result in one transaction: all of it or nothing.
    fn commit(&self, commit: &Commit<'_>) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Returns watches of a shard's links that are due at `until`, the longest overdue first: at most `limit` of those
    /// that are patient, at most `limit` of subjects that only a delivery without a signature names, and at most
    /// `limit` of the others. So neither sweeps nor forged deliveries hide the watch of a window.
    ///
    /// The index may lag behind by a moment: a watch can appear late, or once more after it was polled.
    fn due_in(
        &self,
        shard: Shard,
        until: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DueWatch>, Error>> + Send;

    /// Returns the due watches of all shards, for people: one query per shard, one after the other.
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

    /// Returns at most `limit` deliveries of a shard's links that are kept and due at `until`, the oldest first. The
    /// index may lag behind by a moment.
    fn kept_in(
        &self,
        shard: Shard,
        until: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<KeptKey>, Error>> + Send;

    /// Returns the due kept deliveries of all shards, for people: one query per shard, one after the other.
    fn kept(
        &self,
        until: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<KeptKey>, Error>> + Send {
        async move {
            let mut kept = Vec::new();
            for shard in Shard::all() {
                kept.extend(self.kept_in(shard, until, limit).await?);
            }
            kept.truncate(limit);
            Ok(kept)
        }
    }

    /// Returns the log of a subject in order, from the event after `after_sequence`, at most `limit` events.
    fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after_sequence: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Event>, Error>> + Send;

    /// Returns at most `limit` open pull requests of a repository whose head is this commit.
    fn pull_requests_with_head(
        &self,
        link: &LinkId,
        repository: &RepositoryId,
        head: &ShortHash,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<PullRequestId>, Error>> + Send;
}

/// Leases. They are for *economy* only: two pollers do not do the same work. *Safety* comes from the version that each
/// commit is bound to.
pub trait Leases: Send + Sync {
    /// Takes or extends a lease. False if another holds it.
    fn lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        seconds: u32,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Gives a lease back. False if this holder does not have it.
    fn release(&self, name: &str, holder: &str) -> impl Future<Output = Result<bool, Error>> + Send;
}
