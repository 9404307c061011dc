//! Comments and tasks that a state has let go of, to stay within its limit.

use bitbucket::payload::{Comment, Task};
use bitbucket::{CommentId, TaskId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The comments and tasks that a state has let go of. The state does not hold them. If Bitbucket shows one, its id and
/// its times tell that it is known, and if it changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetGo {
    /// The latest change of any of them that Bitbucket showed, by its clock.
    pub changed_until: Timestamp,
    /// The highest id of a comment among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments_up_to: Option<CommentId>,
    /// The highest id of a task among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks_up_to: Option<TaskId>,
    /// Number of comments among them that were not deleted.
    pub comments: u64,
    /// Number of tasks among them that were not deleted.
    pub tasks: u64,
}

impl LetGo {
    /// True if a comment that the state lacks is one of them, as far as its id and its creation show.
    pub(crate) fn covers_comment(&self, id: CommentId, comment: &Comment) -> bool {
        self.comments_up_to.is_some_and(|highest| id <= highest) && self.is_old(comment.created_on)
    }

    /// True if a task that the state lacks is one of them, as far as its id and its creation show.
    pub(crate) fn covers_task(&self, id: TaskId, task: &Task) -> bool {
        self.tasks_up_to.is_some_and(|highest| id <= highest) && self.is_old(task.created_on)
    }

    /// True if one of them that has these times was not changed since it was let go of.
    pub(crate) fn is_unchanged<const N: usize>(&self, times: [Option<Timestamp>; N]) -> bool {
        times.into_iter().all(|at| self.is_old(at))
    }

    fn is_old(&self, at: Option<Timestamp>) -> bool {
        at.is_none_or(|at| at <= self.changed_until)
    }
}
