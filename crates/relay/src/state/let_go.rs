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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::at;

    /// Comments up to 10 and tasks up to 20, unchanged since second 100.
    const LET_GO: LetGo = LetGo {
        changed_until: Timestamp::constant(100, 0),
        comments_up_to: Some(CommentId(10)),
        tasks_up_to: Some(TaskId(20)),
        comments: 0,
        tasks: 0,
    };

    fn created(second: i64) -> Value {
        json!({ "created_on": at(second) })
    }

    #[test]
    fn known_ids_of_old_items_are_covered() {
        for (number, second, is_covered) in
            [(0, 100, true), (-1, 0, true), (1, 100, false), (0, 101, false), (1, 101, false)]
        {
            let comment: Comment = serde_json::from_value(created(second)).unwrap();
            let id = CommentId(10_u64.checked_add_signed(number).unwrap());
            assert_eq!(LET_GO.covers_comment(id, &comment), is_covered, "{number} {second}");
            let task: Task = serde_json::from_value(created(second)).unwrap();
            let id = TaskId(20_u64.checked_add_signed(number).unwrap());
            assert_eq!(LET_GO.covers_task(id, &task), is_covered, "{number} {second}");
        }
        let nothing = LetGo { comments_up_to: None, tasks_up_to: None, ..LET_GO };
        assert!(!nothing.covers_comment(CommentId(1), &Comment::default()));
        assert!(!nothing.covers_task(TaskId(1), &Task::default()));
    }

    #[test]
    fn item_is_unchanged_if_each_of_its_times_is_old() {
        assert!(LET_GO.is_unchanged([None, None]));
        assert!(LET_GO.is_unchanged([Some(at(100)), None]));
        assert!(!LET_GO.is_unchanged([Some(at(100)), Some(at(101))]));
        assert!(!LET_GO.is_unchanged([Some(at(101)), None]));
    }
}
