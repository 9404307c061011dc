//! One repository: its open pull requests in one listing, and those among them that changed without a webhook.
//!
//! Each pull request to be read is stored first, and the repository last: an interrupted sweep is made again and
//! stores the same.

use bitbucket::PullRequestId;
use bitbucket::client::{Client, Listing, RepositoryPath};
use bitbucket::payload::PullRequest;
use relay::observation::{RepositoryObservation, Sweep};
use relay::polling::{ClaimedRepository, Failure, finding, moved, split_moved, with_missing, without_left};
use relay::state::{RepositoryState, UnfinishedListing};
use relay::{Observation, Subject, SubjectState};
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::access::{self, ReadableRepository};
use crate::error::Error;
use crate::outcome::PollOutcome;
use crate::poller::{Added, Poller};
use crate::sweep_pace::sweep_pace;

/// Sweeps one repository.
pub(crate) async fn poll<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    client: &Client,
    due: &DueWatch,
    state: SubjectState,
) -> Result<PollOutcome, Error> {
    let started_at = poller.clock.now();
    let repository = state.repository().ok_or(Error::NoRepository)?;
    let claimed = ClaimedRepository { object: &repository.repository, signed: true };
    let read = async {
        let ReadableRepository { path, confirmed: moved } = find(poller, client, due, claimed).await?;
        let unfinished = repository.unfinished.clone().filter(|_| moved.is_none());
        Ok::<_, Error>((list(client, &path, unfinished).await?, moved))
    };
    let ((listed, continued), moved) = match read.await {
        Err(error) if error.failure() == Failure::OutOfCalls => return Ok(PollOutcome::Postponed),
        read => read?,
    };
    let pace = sweep_pace(poller, &due.link).await?;
    let sweep = Sweep::new(started_at, listed.items, listed.complete)
        .in_parts(continued, listed.next)
        .with_pace(pace)
        .found_at(moved);
    let observation = compare_all(poller, due, &state, sweep).await?;
    poller.record(&due.link, &due.subject, &Observation::Repository(observation), Some(state)).await?;
    Ok(PollOutcome::Stored(Added::default()))
}

/// Finds the repository: by its UUID if the last sweep was refused, else where it was.
async fn find<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    client: &Client,
    due: &DueWatch,
    claimed: ClaimedRepository<'_>,
) -> Result<ReadableRepository, Error> {
    if let Some(object) = access::found_by_uuid(poller, client, due).await? {
        let path = RepositoryPath::from_payload(&object).ok_or(Error::NoRepository)?;
        return Ok(ReadableRepository { path, confirmed: Some(object) });
    }
    // Bitbucket may have stopped to resolve UUIDs alone.
    Ok(ReadableRepository { confirmed: None, ..access::readable(poller, client, due, claimed).await? })
}

/// Lists open pull requests: the pages after those of an unfinished listing, or the first ones. If Bitbucket does not
/// know the next page any more, the listing begins anew.
async fn list(
    client: &Client,
    path: &RepositoryPath,
    unfinished: Option<UnfinishedListing>,
) -> Result<(Listing<PullRequest>, Option<UnfinishedListing>), Error> {
    if let Some(unfinished) = unfinished {
        match client.further_pull_requests(&unfinished.next).await {
            Err(bitbucket::Error::Api { status: 400 | 404 | 410, .. }) => {}
            listed => return Ok((listed?, Some(unfinished))),
        }
    }
    Ok((client.open_pull_requests(path).await?, None))
}

/// Compares the listed pull requests with their states, and has those read that changed without a webhook.
async fn compare_all<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    due: &DueWatch,
    state: &SubjectState,
    sweep: Sweep,
) -> Result<RepositoryObservation, Error> {
    let moved = moved(state, &sweep);
    let (compared, left) = split_moved(&moved);
    let mut noticed = Vec::new();
    for id in compared {
        if let Some(repository) = state.repository()
            && compare(poller, due, repository, &sweep, *id).await?
        {
            noticed.push(*id);
        }
    }
    if !left.is_empty() {
        tracing::warn!(
            link = %due.link, subject = %due.subject, moved = moved.len(),
            "sweep truncated at 500 changed pull requests; the rest follow in the next sweep"
        );
    }
    tracing::info!(
        link = %due.link, subject = %due.subject, open = sweep.open.len(), moved = moved.len(),
        noticed = noticed.len(),
        complete = sweep.complete, "swept"
    );
    let sweep = with_missing(sweep, &noticed);
    Ok(RepositoryObservation::Swept(without_left(sweep, left)))
}

/// Has one pull request read if its state does not explain what the sweep shows; returns true in that case.
async fn compare<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    due: &DueWatch,
    repository: &RepositoryState,
    sweep: &Sweep,
    id: PullRequestId,
) -> Result<bool, Error> {
    let Some(repository_id) = due.subject.repository() else { return Ok(false) };
    let subject = Subject::PullRequest { repository: repository_id.clone(), id };
    let pr = poller.table.read(&due.link, &subject).await?;
    let Some(finding) = finding(repository, &pr, sweep, id) else { return Ok(false) };
    poller.record(&due.link, &subject, &Observation::PullRequest(finding), Some(pr)).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use relay::Reason;
    use serde_json::json;

    use super::*;
    use crate::testing::{confirm, due, poller, spender};

    #[tokio::test]
    async fn confirmed_repository_is_not_taken_for_a_moved_one() {
        let poller = poller(r#""hooks":["acme/widgets"]"#);
        let due = due("repository/0a1b", Reason::Sweep);
        confirm(&poller, &due.subject).await;
        let object = json!({ "uuid": "{0a1b}", "full_name": "acme/widgets" });
        let claimed = ClaimedRepository { object: &object, signed: true };
        let found = find(&poller, &spender(&poller, "alice").client, &due, claimed).await.unwrap();
        assert_eq!(Some(found.path), RepositoryPath::from_payload(&object));
        assert_eq!(found.confirmed, None);
    }
}
