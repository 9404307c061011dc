//! One due watch, of any kind of subject.

use bitbucket::client::Client;
use relay::Subject;
use relay::polling::Allowance;
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::error::Error;
use crate::outcome::PollOutcome;
use crate::poller::Poller;
use crate::{commit, pull_request, sweep, targets};

/// Polls the subject of a watch, if it is still due.
pub(crate) async fn poll<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    client: &Client,
    due: &DueWatch,
    allowance: &Allowance,
) -> Result<PollOutcome, Error> {
    let state = poller.table.read(&due.link, &due.subject).await?;
    if state.watch.is_none_or(|watch| watch.due_at > poller.clock.now()) {
        return Ok(PollOutcome::NotDue);
    }
    match &due.subject {
        Subject::PullRequest { id, .. } => {
            pull_request::poll(poller, client, due, state, *id, allowance).await
        }
        Subject::Commit { hash, .. } => commit::poll(poller, client, due, state, hash, allowance).await,
        Subject::Repository { .. } => sweep::poll(poller, client, due, state).await,
        Subject::Link => targets::poll(poller, client, due, state).await,
        Subject::Issue { .. } => Ok(PollOutcome::NotDue),
    }
}
