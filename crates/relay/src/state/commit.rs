//! The state of a commit that people comment on. Bitbucket reports the creation of a commit's comment, but never its
//! edit or deletion: its `hook_event` enum has no key for them (`components.schemas.hook_event` in its OpenAPI file).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::comment::Comments;
use super::let_go::LetGo;

/// The state of a commit that people comment on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommitState {
    /// Time of the first reported comment, by Bitbucket's clock if the payload has it, else by ours.
    pub first_seen_at: Timestamp,
    /// The newest `commit` object that Bitbucket sent.
    pub commit: Value,
    /// The newest `repository` object that Bitbucket sent.
    pub repository: Value,
    /// True if one of these objects comes from a delivery without a signature.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unsigned: bool,
    /// Every comment seen, including deleted ones, except those that the state has let go of.
    pub comments: Comments,
    /// The comments that the state has let go of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub let_go: Option<LetGo>,
    /// Time when the last complete poll began, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polled_at: Option<Timestamp>,
    /// Time to poll again, for an item that the last poll left to its webhook or could not decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck_at: Option<Timestamp>,
}

impl CommitState {
    /// A commit that has just been seen for the first time.
    pub(crate) const fn first_seen(at: Timestamp) -> Self {
        Self {
            first_seen_at: at,
            commit: Value::Null,
            repository: Value::Null,
            is_unsigned: false,
            comments: Comments::new(),
            let_go: None,
            polled_at: None,
            recheck_at: None,
        }
    }
}
