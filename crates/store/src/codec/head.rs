//! Which open pull requests have which commit as their head: builds name a commit only.

use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::LinkId;
use relay::head::{HeadMoved, ShortHash};
use serde::Serialize;
use serde_dynamo::Item;

use super::{keys, text};

/// Says that a commit is the head of an open pull request, or, where it expires, that it was.
#[derive(Debug, Serialize)]
pub(crate) struct HeadItem {
    pk: String,
    sk: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

impl HeadItem {
    /// What a move writes. The old head is not deleted at once: it is marked, and DynamoDB deletes it some time later.
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
            kind: keys::HEAD,
            expires_at,
        };
        let was = moved.from.iter().map(|head| item(head, Some(now.as_second())));
        was.chain(moved.to.iter().map(|head| item(head, None))).collect()
    }
}

/// The pull request that has the head now; `None` where it had it once.
pub(crate) fn current_pull_request(item: &Item) -> Option<PullRequestId> {
    let is_current = item.get("expires_at").is_none();
    text(item, "sk").parse().ok().filter(|_| is_current).map(PullRequestId)
}
