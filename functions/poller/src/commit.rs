//! One commit that people comment on: its comments in one listing, and by id what is missing from it.

use bitbucket::client::{Client, RepositoryPath};
use jiff::Timestamp;
use relay::SubjectState;
use relay::observation::{CommitObservation, CommitPoll, Listing, Observation};
use relay::polling::unlisted_comments;
use relay::state::CommitState;
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::error::Error;
use crate::passes::Run;
use crate::poll::{Polled, pages};
use crate::reader::MAX_LOOKUPS;

impl<T: Table, L: LinkSource, C: Clock> Run<'_, T, L, C> {
    /// Polls one commit.
    pub(crate) async fn poll_commit(
        &self,
        client: &Client,
        due: &DueWatch,
        state: SubjectState,
        hash: &str,
    ) -> Result<Polled, Error> {
        let started_at = self.poller.clock.now();
        let Some(known) = state.commit() else { return Ok(Polled::NotDue) };
        if self.is_better_postponed(client, due, pages(&known.comments), started_at) {
            return Ok(Polled::Postponed);
        }
        let read = match RepositoryPath::from_payload(&known.repository) {
            Some(path) => read(client, &path, hash, known, state.version, started_at)
                .await
                .map(|poll| Observation::Commit(CommitObservation::Poll(poll)))
                .map_err(Error::from),
            None => Err(Error::NoRepository),
        };
        if let Err(Error::Bitbucket(bitbucket::Error::AllowanceSpent { .. })) = read {
            return Ok(Polled::Postponed);
        }
        self.conclude(client, due, state, read).await
    }
}

/// Reads the comments: all that are listed, and of those that are not listed any more as many as there are calls for.
async fn read(
    client: &Client,
    repository: &RepositoryPath,
    hash: &str,
    known: &CommitState,
    base_version: u64,
    started_at: Timestamp,
) -> Result<CommitPoll, bitbucket::Error> {
    let listed = client.commit_comments(repository, hash).await?;
    let mut poll = CommitPoll {
        base_version,
        started_at,
        is_complete: listed.complete,
        comments: Listing::new(listed.items),
    };
    if !poll.is_complete {
        tracing::warn!(hash, "more than is read: changes of what changed long ago are not noticed");
        return Ok(poll);
    }
    for comment in unlisted_comments(&known.comments, &poll.comments).into_iter().take(MAX_LOOKUPS) {
        if client.calls_left() == 0 {
            break;
        }
        poll.comments.lookups.insert(comment, client.commit_comment(repository, hash, comment).await?);
    }
    Ok(poll)
}
