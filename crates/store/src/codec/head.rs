//! The open pull requests of a head commit. Builds name a commit only, so they need this index.

use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::LinkId;
use relay::{HeadMoved, ShortHash};
use serde::{Deserialize, Serialize};
use serde_dynamo::Item;

use super::{keys, read};
use crate::Error;

/// Marks a commit as the head of an open pull request. With `expires_at`, as a former head.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HeadItem {
    pk: String,
    sk: String,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

impl HeadItem {
    /// Returns the items that a move of the head writes. The old head is marked as former; DynamoDB deletes it later.
    pub(crate) fn moved(
        link: &LinkId,
        repository: &RepositoryId,
        id: PullRequestId,
        moved: &HeadMoved,
        now: Timestamp,
    ) -> Vec<Self> {
        let item = |head: &ShortHash, expires_at| Self {
            pk: keys::head(link, repository, head),
            sk: id.to_string(),
            kind: keys::HEAD.to_owned(),
            expires_at,
        };
        let was = moved.from.iter().map(|head| item(head, Some(now.as_second())));
        was.chain(moved.to.iter().map(|head| item(head, None))).collect()
    }
}

/// Returns at most `limit` pull requests with this head now, without those that had it before.
pub(crate) fn current_pull_requests(
    items: impl IntoIterator<Item = Item>,
    limit: usize,
) -> Result<Vec<PullRequestId>, Error> {
    let mut current = Vec::new();
    for item in items {
        let read: HeadItem = read(item)?;
        if read.expires_at.is_none() {
            current.extend(read.sk.parse().ok().map(PullRequestId));
        }
    }
    current.truncate(limit);
    Ok(current)
}
