//! The state of a task.

use std::collections::BTreeMap;

use bitbucket::TaskId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::doubt::{Doubt, is_expected};
use super::revision::{Resolved, Revision, is_zero};

/// Every task seen, including deleted ones, except those that the state has let go of.
pub type Tasks = BTreeMap<TaskId, TaskState>;

/// The state of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskState {
    /// As [`crate::state::CommentState::version`].
    pub version: u64,
    /// The standing revision; empty if the task was deleted long ago.
    pub revision: Revision,
    /// The standing resolution; `None` for an open task.
    pub resolution: Option<Resolved>,
    /// The last resolution that was reopened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<Resolved>,
    /// As [`crate::state::CommentState::doubts`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// True if the task was deleted.
    pub deleted: bool,
    /// As [`crate::state::CommentState::revived`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revived: u32,
}

impl TaskState {
    /// True if a complete listing has to show it.
    pub(crate) fn is_expected(&self) -> bool {
        is_expected(self.deleted, &self.doubts)
    }
}

impl TaskState {
    /// The latest time of its text or its resolution that Bitbucket showed.
    pub(crate) fn last_shown_change(&self) -> Option<Timestamp> {
        let resolved_at = |resolved: Option<Resolved>| resolved.and_then(|resolved| resolved.at);
        self.revision.updated_on.max(resolved_at(self.resolution)).max(resolved_at(self.lifted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Finding;
    use crate::testing::at;

    fn a_task() -> TaskState {
        let revision = Revision { updated_on: Some(at(1)), ..Revision::default() };
        let (version, revived) = (1, 0);
        TaskState {
            version,
            revision,
            resolution: None,
            lifted: None,
            doubts: vec![],
            deleted: false,
            revived,
        }
    }

    #[test]
    fn deleted_task_is_expected_only_in_doubt() {
        let mut task = a_task();
        assert!(task.is_expected());
        task.deleted = true;
        assert!(!task.is_expected());
        task.doubts.push(Doubt { finding: Finding::Exists, since: at(0) });
        assert!(task.is_expected());
    }

    #[test]
    fn last_shown_change_is_the_latest_time() {
        let mut task = a_task();
        assert_eq!(task.last_shown_change(), Some(at(1)));
        task.lifted = Some(Resolved::new(Some(at(2))));
        assert_eq!(task.last_shown_change(), Some(at(2)));
        task.resolution = Some(Resolved::new(Some(at(3))));
        assert_eq!(task.last_shown_change(), Some(at(3)));
        task.revision.updated_on = None;
        (task.resolution, task.lifted) = (None, None);
        assert_eq!(task.last_shown_change(), None);
    }
}
