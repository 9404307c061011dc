//! One commit that people comment on: its comments in one listing, and by id what is missing from it.

use bitbucket::client::{Client, RepositoryPath};
use jiff::Timestamp;
use relay::{Poll, SubjectState, suspects};
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
        let Some(known) = &state.commit else { return Ok(Polled::NotDue) };
        if self.is_better_postponed(client, due, pages(&known.comments), started_at) {
            return Ok(Polled::Postponed);
        }
        let read = match RepositoryPath::from_payload(&known.repository) {
            Some(path) => read(client, &path, hash, &state, started_at).await.map_err(Error::from),
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
    state: &SubjectState,
    started_at: Timestamp,
) -> Result<Poll, bitbucket::Error> {
    let listed = client.commit_comments(repository, hash).await?;
    let mut poll = Poll::of_commit(state.version, started_at, listed.items, listed.complete);
    if !listed.complete {
        tracing::warn!(hash, "more than is read: changes of what changed long ago are not noticed");
        return Ok(poll);
    }
    for comment in suspects(state, &poll).comments.into_iter().take(MAX_LOOKUPS) {
        if client.calls_left() == 0 {
            break;
        }
        poll.comment_lookups.insert(comment, client.commit_comment(repository, hash, comment).await?);
    }
    Ok(poll)
}
