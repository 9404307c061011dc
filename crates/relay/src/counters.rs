//! The counters of a pull request, as they are known when an event is stored.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::head::Head;
use crate::state::PullRequestState;

/// How much of everything a pull request has. `None` (null in JSON) is not known; nothing is invented.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
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
    /// Commits of the head, and when there were so many.
    pub commits: Option<Counted>,
    /// Files that it changes, and when it were so many.
    pub files_changed: Option<Counted>,
    /// Builds of the head.
    pub builds: Option<Builds>,
}

/// A number that is read now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Counted {
    /// How many.
    pub count: u64,
    /// When that was true, by our clock.
    pub at: Timestamp,
}

/// Builds by state, each build's newest. A state that Bitbucket does not document is not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Builds {
    /// `SUCCESSFUL`.
    pub successful: u64,
    /// `FAILED`.
    pub failed: u64,
    /// `INPROGRESS`.
    pub in_progress: u64,
    /// `STOPPED`.
    pub stopped: u64,
}

impl Builds {
    /// `None` where no build of the head was heard of, and nobody has looked.
    fn of(head: &Head) -> Option<Self> {
        if head.builds.is_empty() && head.size.is_none() {
            return None;
        }
        let count = |state: &str| count(head.builds.values().filter(|build| build.state == state));
        Some(Self {
            successful: count("SUCCESSFUL"),
            failed: count("FAILED"),
            in_progress: count("INPROGRESS"),
            stopped: count("STOPPED"),
        })
    }
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
        let size = known.head.as_ref().and_then(|head| head.size);
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
            commits: size.and_then(|size| Some(Counted { count: size.commits?, at: size.at })),
            files_changed: size.and_then(|size| Some(Counted { count: size.files_changed?, at: size.at })),
            builds: known.head.as_ref().and_then(Builds::of),
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
        // Size and builds are known anew with every head, so what becomes known there has moved.
        let sizes = [(before.commits, self.commits), (before.files_changed, self.files_changed)];
        let has_new_size = sizes.into_iter().any(|(before, now)| {
            now.is_some_and(|now| before.is_none_or(|before| before.count != now.count))
        });
        let has_new_builds = self.builds.is_some_and(|now| now != before.builds.unwrap_or_default());
        has_new_size
            || has_new_builds
            || pairs
                .into_iter()
                .any(|(before, now)| before.zip(now).is_some_and(|(before, now)| before != now))
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
