//! One pull request, read from Bitbucket: its comments, its tasks, and by id what is missing from the listings.

use std::collections::BTreeMap;

use bitbucket::PullRequestId;
use bitbucket::client::{Client, RepositoryPath};
use jiff::Timestamp;
use relay::{Poll, SubjectState, suspects};

/// The most comments, and the most tasks, that one poll asks for by id. What is left over is asked for by the next one.
const MAX_LOOKUPS: usize = 20;

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
    started_at: Timestamp,
) -> Result<(Poll, Extent), bitbucket::Error> {
    // Tasks first: they are few. Comments may take all calls that are left.
    let tasks = client.tasks(repository, id).await?;
    let comments = client.comments(repository, id).await?;
    let mut poll = Poll {
        base_version: state.version,
        started_at,
        comments: comments.items,
        tasks: Some(tasks.items),
        comment_lookups: BTreeMap::new(),
        task_lookups: BTreeMap::new(),
    };
    if !comments.complete || !tasks.complete {
        let out_of_calls = client.calls_left() == 0;
        return Ok((poll, if out_of_calls { Extent::OutOfCalls } else { Extent::NewestPages }));
    }
    let missing = suspects(state, &poll);
    let calls = usize::try_from(client.calls_left()).unwrap_or(usize::MAX);
    let (comments, tasks) = shares(missing.comments.len(), missing.tasks.len(), calls);
    for comment in missing.comments.iter().take(comments) {
        poll.comment_lookups.insert(*comment, client.comment(repository, id, *comment).await?);
    }
    for task in missing.tasks.iter().take(tasks) {
        poll.task_lookups.insert(*task, client.task(repository, id, *task).await?);
    }
    // One of each kind at least: then the fold knows that there are more, and has the poll made again.
    let unasked =
        (comments == 0 && !missing.comments.is_empty()) || (tasks == 0 && !missing.tasks.is_empty());
    Ok((poll, if unasked { Extent::OutOfCalls } else { Extent::Everything }))
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
