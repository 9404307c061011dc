//! One pull request: its comments, and if needed its tasks, its head and itself; items missing from the listings by id.

use bitbucket::PullRequestId;
use bitbucket::client::Client;
use relay::observation::{PullRequestObservation, PullRequestPoll};
use relay::polling::{Allowance, ClaimedRepository, Extent, Failure, Lookups, Needs, plan_reads};
use relay::state::PullRequestState;
use relay::{Observation, Settings, SubjectState};
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::access::{self, ReadableRepository};
use crate::error::Error;
use crate::head::read_head;
use crate::listing::{listing, looked_up};
use crate::outcome::{PollOutcome, store_poll};
use crate::poller::Poller;
use crate::registration::register_active;

/// Polls one pull request.
pub(crate) async fn poll<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    client: &Client,
    due: &DueWatch,
    state: SubjectState,
    id: PullRequestId,
    allowance: &Allowance,
) -> Result<PollOutcome, Error> {
    let Some(pr) = state.pull_request() else { return Ok(PollOutcome::NotDue) };
    let started_at = poller.clock.now();
    let claimed = ClaimedRepository { object: &pr.repository, signed: !pr.is_unsigned };
    let repository = match access::readable(poller, client, due, claimed).await {
        Err(error) if error.failure() == Failure::OutOfCalls => return Ok(PollOutcome::Postponed),
        repository => repository?,
    };
    // A repository that had to be confirmed took a call.
    let allowance = &Allowance { left: client.calls_left(), ..*allowance };
    let (settings, reads_heads) = (&poller.settings, poller.limits.read_heads);
    let needs = plan_reads(pr, due.watch.due_at, started_at, settings, allowance, reads_heads);
    let Some(needs) = needs else { return Ok(PollOutcome::Postponed) };
    let read = read(client, &repository, id, pr, state.version, needs, settings).await.map_err(Error::from);
    let ran_out = match &read {
        Ok((_, extent)) => *extent == Extent::OutOfCalls,
        Err(error) => error.failure() == Failure::OutOfCalls,
    };
    if ran_out && allowance.postpones_partial_poll() {
        return Ok(PollOutcome::Postponed);
    }
    let (poll, extent) = read?;
    // After the read: a refused one is no activity.
    register_active(poller, due, &pr.repository, repository.confirmed.as_ref()).await?;
    if extent != Extent::Everything {
        tracing::warn!(
            link = %due.link, subject = %due.subject, ?extent,
            "too many comments to read in one poll; changes to older comments may be missed"
        );
    }
    let observation = Observation::PullRequest(PullRequestObservation::Poll(poll));
    store_poll(poller, client, due, state, &observation).await
}

/// Reads a pull request. After an error nothing of the poll is folded.
async fn read(
    client: &Client,
    repository: &ReadableRepository,
    id: PullRequestId,
    pr: &PullRequestState,
    base_version: u64,
    needs: Needs,
    settings: &Settings,
) -> Result<(PullRequestPoll, Extent), bitbucket::Error> {
    let ReadableRepository { path: repository, confirmed } = repository;
    let started_at = needs.started_at;
    let pull_request =
        if needs.pull_request { Some(client.pull_request(repository, id).await?) } else { None };
    // A link in an unsigned body could lead the credential anywhere.
    let own = pull_request.as_ref().map(|seen| &seen.raw).or((!pr.is_unsigned).then_some(&pr.snapshot));
    let head = match needs.head {
        Some(hash) => Some(read_head(client, repository, id, own, hash).await?),
        None => None,
    };
    // Tasks first: they are few. Comments may take all calls that are left.
    let tasks = if needs.tasks { Some(client.tasks(repository, id).await?) } else { None };
    let comments = client.comments(repository, id).await?;
    let is_complete = comments.complete && tasks.as_ref().is_none_or(|tasks| tasks.complete);
    let mut comments = listing(comments);
    let mut tasks = tasks.map(listing);
    let extent = Extent::new(is_complete, client.calls_left());
    let lookups = Lookups::new(pr, &comments, tasks.as_ref(), client.calls_left(), started_at, settings);
    for comment in lookups.comments {
        comments.answer(comment, looked_up(client.comment(repository, id, comment).await)?);
    }
    for task in lookups.tasks {
        let answer = looked_up(client.task(repository, id, task).await)?;
        if let Some(tasks) = &mut tasks {
            tasks.answer(task, answer);
        }
    }
    let repository = confirmed.clone();
    Ok((
        PullRequestPoll { base_version, started_at, repository, pull_request, head, comments, tasks },
        extent,
    ))
}
