//! One commit with comments: the comments in one listing, and those missing from it by id.

use bitbucket::client::Client;
use jiff::Timestamp;
use relay::observation::{CommitObservation, CommitPoll, Observation};
use relay::polling::{Allowance, ClaimedRepository, Failure, comment_lookups, comment_pages};
use relay::state::CommitState;
use relay::{Settings, SubjectState};
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::access::{self, ReadableRepository};
use crate::error::Error;
use crate::listing::{listing, looked_up};
use crate::outcome::{PollOutcome, store_poll};
use crate::poller::Poller;

/// Polls one commit.
pub(crate) async fn poll<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    client: &Client,
    due: &DueWatch,
    state: SubjectState,
    hash: &str,
    allowance: &Allowance,
) -> Result<PollOutcome, Error> {
    let started_at = poller.clock.now();
    let Some(commit) = state.commit() else { return Ok(PollOutcome::NotDue) };
    if allowance.postpones(comment_pages(&commit.comments), due.watch.due_at, started_at) {
        return Ok(PollOutcome::Postponed);
    }
    let claimed = ClaimedRepository { object: &commit.repository, signed: !commit.is_unsigned };
    let read = async {
        let repository = access::readable(poller, client, due, claimed).await?;
        let read = read(client, &repository, hash, commit, state.version, started_at, &poller.settings);
        Ok::<_, Error>(read.await?)
    };
    let poll = match read.await {
        Err(error) if error.failure() == Failure::OutOfCalls => return Ok(PollOutcome::Postponed),
        poll => poll?,
    };
    let observation = Observation::Commit(CommitObservation::Poll(poll));
    store_poll(poller, client, due, state, &observation).await
}

async fn read(
    client: &Client,
    repository: &ReadableRepository,
    hash: &str,
    commit: &CommitState,
    base_version: u64,
    started_at: Timestamp,
    settings: &Settings,
) -> Result<CommitPoll, bitbucket::Error> {
    let ReadableRepository { path: repository, confirmed } = repository;
    let mut comments = listing(client.commit_comments(repository, hash).await?);
    if !comments.complete {
        tracing::warn!(
            hash,
            "too many comments to read in one poll; changes to older comments may be missed"
        );
    }
    for comment in comment_lookups(&commit.comments, &comments, client.calls_left(), started_at, settings) {
        comments.answer(comment, looked_up(client.commit_comment(repository, hash, comment).await)?);
    }
    Ok(CommitPoll { base_version, started_at, repository: confirmed.clone(), comments })
}
