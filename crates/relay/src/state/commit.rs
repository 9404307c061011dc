//! A commit that people comment on. Bitbucket reports the creation of a commit's comment and never its edit or deletion: its
//! `hook_event` enum has no key for them (`components.schemas.hook_event` in its OpenAPI file).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::comment::Comments;

/// What is known of a commit that was commented on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommitState {
    /// When the first comment that was heard of was made, by Bitbucket's clock where the payload told, else ours.
    pub first_seen_at: Timestamp,
    /// The newest `commit` object that Bitbucket sent.
    pub commit: Value,
    /// The newest `repository` object that Bitbucket sent.
    pub repository: Value,
    /// Every comment seen, deleted ones too.
    pub comments: Comments,
    /// When the request of the last complete poll was sent, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polled_at: Option<Timestamp>,
    /// When to look again at something that the last poll left for its webhook, or could not decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck_at: Option<Timestamp>,
    /// Set while Bitbucket says that it is not there, or may not be seen; the next comment lifts it.
    #[serde(default)]
    pub unreachable: bool,
}

impl CommitState {
    /// A commit that was never heard of.
    pub(crate) const fn first_seen(at: Timestamp) -> Self {
        Self {
            first_seen_at: at,
            commit: Value::Null,
            repository: Value::Null,
            comments: Comments::new(),
            polled_at: None,
            recheck_at: None,
            unreachable: false,
        }
    }
}
