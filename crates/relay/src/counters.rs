//! The counters of a pull request, as they are known when an event is stored.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::PullRequestState;

/// How much of everything a pull request has. `None` (null in JSON) is not known; nothing is invented.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Reviewers.
    pub reviewers: Option<u64>,
    /// Participants who approve.
    pub approvals: Option<u64>,
    /// Participants who request changes.
    pub changes_requested: Option<u64>,
    /// Comments that stand, replies included.
    pub comments: Option<u64>,
    /// Inline comments that begin a thread which is not resolved.
    pub unresolved_threads: Option<u64>,
    /// Tasks that are open.
    pub tasks_open: Option<u64>,
    /// Tasks that are resolved.
    pub tasks_resolved: Option<u64>,
}

impl Counters {
    /// Counts. Reviews are those of the newest snapshot. Comments and tasks are counted themselves once a poll has read
    /// them; before that they are what the newest snapshot says, if it says so.
    pub(crate) fn of(known: &PullRequestState) -> Self {
        let snapshot = &known.snapshot;
        let polled = known.polled_at.is_some();
        let standing = || known.comments.values().filter(|comment| !comment.deleted);
        let open = standing().filter(|comment| comment.thread && comment.resolution.is_none());
        let tasks = |resolved: bool| {
            let tasks = known.tasks.values().filter(|task| !task.deleted);
            known.tasks_read.then(|| count(tasks.filter(|task| task.resolution.is_some() == resolved)))
        };
        let said = |field: &str| snapshot.get(field).and_then(Value::as_u64);
        Self {
            reviewers: list(snapshot, "reviewers").map(|reviewers| count(reviewers.iter())),
            approvals: participants(snapshot, |who| who.get("approved") == Some(&Value::Bool(true))),
            changes_requested: participants(snapshot, |who| {
                who.get("state").and_then(Value::as_str) == Some("changes_requested")
            }),
            comments: if polled { Some(count(standing())) } else { said("comment_count") },
            unresolved_threads: polled.then(|| count(open)),
            tasks_open: tasks(false).or_else(|| said("task_count")),
            tasks_resolved: tasks(true),
        }
    }

    /// Whether something that was known is another number now. What becomes known has not moved.
    pub(crate) fn moved_from(&self, before: &Self) -> bool {
        let pairs = [
            (before.reviewers, self.reviewers),
            (before.approvals, self.approvals),
            (before.changes_requested, self.changes_requested),
            (before.comments, self.comments),
            (before.unresolved_threads, self.unresolved_threads),
            (before.tasks_open, self.tasks_open),
            (before.tasks_resolved, self.tasks_resolved),
        ];
        pairs.into_iter().any(|(before, now)| before.zip(now).is_some_and(|(before, now)| before != now))
    }
}

fn list<'v>(snapshot: &'v Value, field: &str) -> Option<&'v Vec<Value>> {
    snapshot.get(field)?.as_array()
}

fn participants(snapshot: &Value, is_one: impl Fn(&Value) -> bool) -> Option<u64> {
    Some(count(list(snapshot, "participants")?.iter().filter(|who| is_one(who))))
}

fn count(items: impl Iterator) -> u64 {
    items.fold(0, |count, _| count + 1)
}
