//! One pull request, read from Bitbucket: its comments, its tasks, and by id what is missing from the listings.

use std::collections::BTreeMap;

use bitbucket::client::{Client, RepositoryPath};
use bitbucket::{CommentId, PullRequestId, TaskId};
use jiff::Timestamp;
use relay::{Poll, SubjectState, suspects};

/// The most items that one poll asks for by id. What is left over is asked for by the next one.
const MAX_LOOKUPS: usize = 20;

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
) -> Result<Poll, bitbucket::Error> {
    let comments = client.comments(repository, id).await?;
    let tasks = client.tasks(repository, id).await?;
    let mut poll = Poll {
        base_version: state.version,
        started_at,
        comments: comments.items,
        tasks: Some(tasks.items),
        comment_lookups: BTreeMap::new(),
        task_lookups: BTreeMap::new(),
    };
    let missing = suspects(state, &poll);
    if comments.complete {
        poll.comment_lookups = lookups(&missing.comments, async |comment: CommentId| {
            client.comment(repository, id, comment).await
        })
        .await?;
    } else {
        tracing::warn!(pull_request = %id, "more comments than are read: deletions are not noticed");
    }
    if tasks.complete {
        poll.task_lookups =
            lookups(&missing.tasks, async |task: TaskId| client.task(repository, id, task).await).await?;
    }
    Ok(poll)
}

async fn lookups<I: Ord + Copy, T, E>(
    ids: &[I],
    find: impl AsyncFn(I) -> Result<Option<T>, E>,
) -> Result<BTreeMap<I, Option<T>>, E> {
    let mut found = BTreeMap::new();
    for id in ids.iter().take(MAX_LOOKUPS) {
        found.insert(*id, find(*id).await?);
    }
    Ok(found)
}
