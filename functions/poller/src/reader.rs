//! One pull request, read from Bitbucket: its comments, and where needed its tasks, its head and itself; and by id what is
//! missing from the listings.

use bitbucket::PullRequestId;
use bitbucket::client::{Client, RepositoryPath};
use jiff::Timestamp;
use relay::ShortHash;
use relay::SubjectState;
use relay::observation::{HeadDetails, Listing, PullRequestPoll};
use relay::polling::{Needs, unlisted_comments, unlisted_tasks};

/// The most comments, and the most tasks, that one poll asks for by id. What is left over is asked for by the next one.
pub(crate) const MAX_LOOKUPS: usize = 20;

/// Builds and size of a head are read while this many of the run's calls are left. For *economy*: what must be found comes
/// first.
const AMPLE_CALLS: u32 = 40;

/// How much of a pull request a poll has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All that is listed; of what was not listed any more at least a part.
    Everything,
    /// What changed last, up to the most pages that are read.
    NewestPages,
    /// What the client's allowance of calls sufficed for.
    OutOfCalls,
}

/// Reads a pull request.
///
/// # Errors
///
/// The client's. A poll that broke off half way tells nothing: nothing of it is folded.
pub async fn read(
    client: &Client,
    repository: &RepositoryPath,
    id: PullRequestId,
    state: &SubjectState,
    needs: Needs,
    started_at: Timestamp,
) -> Result<(PullRequestPoll, Extent), bitbucket::Error> {
    let pull_request =
        if needs.pull_request { Some(client.pull_request(repository, id).await?) } else { None };
    let head = match needs.head {
        Some(hash) if client.calls_left() >= AMPLE_CALLS => head(client, repository, id, state, hash).await?,
        _ => None,
    };
    // Tasks first: they are few. Comments may take all calls that are left.
    let tasks = if needs.tasks { Some(client.tasks(repository, id).await?) } else { None };
    let comments = client.comments(repository, id).await?;
    let all_listed = comments.complete && tasks.as_ref().is_none_or(|tasks| tasks.complete);
    let mut poll = PullRequestPoll {
        base_version: state.version,
        started_at,
        pull_request,
        head,
        is_complete: all_listed,
        comments: Listing::new(comments.items),
        tasks: tasks.map(|tasks| Listing::new(tasks.items)),
    };
    if !all_listed {
        let out_of_calls = client.calls_left() == 0;
        return Ok((poll, if out_of_calls { Extent::OutOfCalls } else { Extent::NewestPages }));
    }
    let known = state.pull_request();
    let unlisted = known.map(|known| unlisted_comments(&known.comments, &poll.comments)).unwrap_or_default();
    let unlisted_tasks =
        known.zip(poll.tasks.as_ref()).map(|(known, tasks)| unlisted_tasks(&known.tasks, tasks));
    let unlisted_tasks = unlisted_tasks.unwrap_or_default();
    let calls = usize::try_from(client.calls_left()).unwrap_or(usize::MAX);
    let (comments, tasks) = shares(unlisted.len(), unlisted_tasks.len(), calls);
    for comment in unlisted.iter().take(comments) {
        poll.comments.lookups.insert(*comment, client.comment(repository, id, *comment).await?);
    }
    if let Some(listing) = &mut poll.tasks {
        for task in unlisted_tasks.iter().take(tasks) {
            listing.lookups.insert(*task, client.task(repository, id, *task).await?);
        }
    }
    Ok((poll, Extent::Everything))
}

/// Reads the builds and the size of the head. What Bitbucket cannot say of it (a diff that takes too long, a source branch that
/// is gone) is not known, and no reason for the poll to fail.
async fn head(
    client: &Client,
    repository: &RepositoryPath,
    id: PullRequestId,
    state: &SubjectState,
    hash: ShortHash,
) -> Result<Option<HeadDetails>, bitbucket::Error> {
    let builds = match client.builds(repository, id).await {
        Ok(builds) => builds.items,
        Err(error) if is_unknown(&error) => Vec::new(),
        Err(error) => return Err(error),
    };
    let commits = known_or_none(client.count_commits(repository, id).await)?;
    let snapshot = state.pull_request().map(|known| &known.snapshot);
    let diffstat = snapshot.and_then(|snapshot| snapshot.pointer("/links/diffstat/href")?.as_str());
    let files_changed = match diffstat {
        Some(diffstat) => known_or_none(client.count_changed_files(diffstat).await)?,
        None => None,
    };
    Ok(Some(HeadDetails { hash, commits, files_changed, builds }))
}

fn known_or_none(counted: Result<Option<u64>, bitbucket::Error>) -> Result<Option<u64>, bitbucket::Error> {
    match counted {
        Err(error) if is_unknown(&error) => Ok(None),
        counted => counted,
    }
}

/// Whether an error is Bitbucket's last word about one thing, and not about the credential or the moment.
const fn is_unknown(error: &bitbucket::Error) -> bool {
    matches!(
        error,
        bitbucket::Error::Api { status: 400 | 403 | 404 | 410 | 555, .. }
            | bitbucket::Error::AnswerInvalid { .. }
    )
}

/// How many comments and tasks are asked for by id, where there are so many and so many calls are left.
fn shares(comments: usize, tasks: usize, calls: usize) -> (usize, usize) {
    let tasks_first = tasks.min(MAX_LOOKUPS).min(calls / 2);
    let comments = comments.min(MAX_LOOKUPS).min(calls - tasks_first);
    (comments, tasks.min(MAX_LOOKUPS).min(calls - comments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_tasks_share_the_calls_that_are_left() {
        for (comments, tasks, calls, shared) in [
            (0, 0, 16, (0, 0)),
            (3, 4, 16, (3, 4)),
            (99, 99, 99, (20, 20)),
            (9, 9, 10, (5, 5)),
            (1, 9, 10, (1, 9)),
            (9, 1, 4, (3, 1)),
            (9, 9, 1, (1, 0)),
            (0, 9, 1, (0, 1)),
            (9, 9, 0, (0, 0)),
        ] {
            assert_eq!(shares(comments, tasks, calls), shared, "{comments} {tasks} {calls}");
        }
    }
}
