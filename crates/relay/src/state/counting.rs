//! Counting the comments, tasks, reviews and builds of a pull request.

use serde_json::Value;

use super::head::Head;
use super::pull_request::PullRequestState;
use crate::event::{Builds, Counted, Counters};

impl PullRequestState {
    /// Counts. Reviews come from the newest snapshot. Comments and tasks are counted once a poll has read them. Before
    /// that, and if the state does not have all of them, the numbers of the newest snapshot are used, if it has them.
    pub fn count(&self) -> Counters {
        let snapshot = &self.snapshot;
        let let_go = self.let_go;
        let has_comments = self.polled_at.is_some()
            && !self.has_unread_comments
            && let_go.is_none_or(|let_go| let_go.comments == 0);
        let has_tasks =
            self.tasks_read && !self.has_unread_tasks && let_go.is_none_or(|let_go| let_go.tasks == 0);
        let standing = || self.comments.values().filter(|comment| !comment.deleted);
        let open = standing().filter(|comment| comment.thread && comment.resolution.is_none());
        let tasks = |resolved: bool| {
            let tasks = self.tasks.values().filter(|task| !task.deleted);
            has_tasks.then(|| count(tasks.filter(|task| task.resolution.is_some() == resolved)))
        };
        let size = self.head.as_ref().and_then(|head| head.size);
        let shown = |field: &str| snapshot.get(field).and_then(Value::as_u64);
        Counters {
            reviewers: list(snapshot, "reviewers").map(|reviewers| count(reviewers.iter())),
            approvals: participants(snapshot, |who| who.get("approved") == Some(&Value::Bool(true))),
            changes_requested: participants(snapshot, |who| {
                who.get("state").and_then(Value::as_str) == Some("changes_requested")
            }),
            comments: if has_comments { Some(count(standing())) } else { shown("comment_count") },
            unresolved_threads: has_comments.then(|| count(open)),
            tasks_open: tasks(false).or_else(|| shown("task_count")),
            tasks_resolved: tasks(true),
            commits: size.and_then(|size| Some(Counted { count: size.commits?, at: size.at })),
            files_changed: size.and_then(|size| Some(Counted { count: size.files_changed?, at: size.at })),
            builds: self.head.as_ref().and_then(builds),
        }
    }
}

/// `None` if no build of the head was reported or read.
fn builds(head: &Head) -> Option<Builds> {
    if head.builds.is_empty() && head.size.is_none() {
        return None;
    }
    let count = |state: &str| count(head.builds.values().filter(|build| build.state == state));
    Some(Builds {
        successful: count("SUCCESSFUL"),
        failed: count("FAILED"),
        in_progress: count("INPROGRESS"),
        stopped: count("STOPPED"),
    })
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::state::LetGo;
    use crate::testing::a_pull_request;

    /// A pull request whose comments and tasks, of which there are none, were read.
    fn a_read_pull_request(snapshot: Value) -> PullRequestState {
        PullRequestState {
            polled_at: Some(Timestamp::UNIX_EPOCH),
            tasks_read: true,
            snapshot,
            ..a_pull_request()
        }
    }

    #[test]
    fn participants_are_counted_by_their_reviews() {
        let participants = json!([
            { "approved": true, "state": "approved" },
            { "approved": false, "state": "changes_requested" },
            { "approved": false, "state": "changes_requested" },
            { "approved": false, "state": null },
            { "approved": false, "state": null },
        ]);
        let counters = a_read_pull_request(json!({ "participants": participants })).count();
        assert_eq!((counters.approvals, counters.changes_requested), (Some(1), Some(2)));
    }

    #[test]
    fn numbers_are_bitbuckets_while_the_state_lacks_items() {
        let shown = json!({ "comment_count": 7, "task_count": 8 });
        let counted = |pr: &PullRequestState| {
            let counters = pr.count();
            (counters.comments, counters.unresolved_threads, counters.tasks_open, counters.tasks_resolved)
        };
        let own = (Some(0), Some(0), Some(0), Some(0));
        let of_comments = (Some(7), None, Some(0), Some(0));
        let of_tasks = (Some(0), Some(0), Some(8), None);
        let pr = a_read_pull_request(shown);
        let let_go = |comments: u64, tasks: u64| {
            let let_go = LetGo {
                changed_until: Timestamp::UNIX_EPOCH,
                comments_up_to: None,
                tasks_up_to: None,
                comments,
                tasks,
            };
            PullRequestState { let_go: Some(let_go), ..pr.clone() }
        };
        assert_eq!(counted(&pr), own);
        assert_eq!(counted(&let_go(0, 0)), own, "only deleted ones");
        assert_eq!(counted(&let_go(1, 0)), of_comments);
        assert_eq!(counted(&let_go(0, 1)), of_tasks);
        assert_eq!(counted(&PullRequestState { polled_at: None, ..pr.clone() }), of_comments);
        assert_eq!(counted(&PullRequestState { has_unread_comments: true, ..pr.clone() }), of_comments);
        assert_eq!(counted(&PullRequestState { tasks_read: false, ..pr.clone() }), of_tasks);
        assert_eq!(counted(&PullRequestState { has_unread_tasks: true, ..pr.clone() }), of_tasks);
    }
}
