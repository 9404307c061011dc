//! Items to look up one by one: comments and tasks that a listing lacks, and the targets of a link.

use std::collections::BTreeSet;

use bitbucket::payload::{Comment, Document, Task};
use bitbucket::{CommentId, TaskId};
use jiff::Timestamp;

use crate::observation::Listing;
use crate::schedule::Settings;
use crate::state::{CommentState, Comments, Doubt, PullRequestState, Tasks};

/// The most comments, tasks or sweep targets that one poll looks up. The next poll looks up the others. Each takes
/// one call; a workspace takes one call for every hundred repositories.
pub const MAX_LOOKUPS: usize = 20;

/// The items that one poll of a pull request asks for by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Comments that the listing lacks.
    pub comments: Vec<CommentId>,
    /// Tasks that the listing lacks.
    pub tasks: Vec<TaskId>,
}

impl Lookups {
    /// Plans the lookups after listings that began at `started_at`, for `calls` calls; `tasks` if they were listed.
    pub fn new(
        pr: &PullRequestState,
        comments: &Listing<CommentId, Comment>,
        tasks: Option<&Listing<TaskId, Task>>,
        calls: u32,
        started_at: Timestamp,
        settings: &Settings,
    ) -> Self {
        let mut comments = comments_to_ask_for(&pr.comments, comments, started_at, settings);
        let mut tasks = tasks.map(|tasks| unlisted_tasks(&pr.tasks, tasks)).unwrap_or_default();
        tasks.retain(|id| {
            let doubts = pr.tasks.get(id).map(|task| task.doubts.as_slice());
            may_ask(doubts.unwrap_or_default(), started_at, settings)
        });
        let (comments_fit, tasks_fit) = shares(comments.len(), tasks.len(), calls);
        comments.truncate(comments_fit);
        tasks.truncate(tasks_fit);
        Self { comments, tasks }
    }
}

/// The comments that one poll of a commit asks for by id, after a listing that began at `started_at`, for `calls`
/// calls.
pub fn comment_lookups(
    comments: &Comments,
    listing: &Listing<CommentId, Comment>,
    calls: u32,
    started_at: Timestamp,
    settings: &Settings,
) -> Vec<CommentId> {
    let mut unlisted = comments_to_ask_for(comments, listing, started_at, settings);
    unlisted.truncate(shares(unlisted.len(), 0, calls).0);
    unlisted
}

fn comments_to_ask_for(
    comments: &Comments,
    listing: &Listing<CommentId, Comment>,
    started_at: Timestamp,
    settings: &Settings,
) -> Vec<CommentId> {
    let mut unlisted = unlisted_comments(comments, listing);
    unlisted.retain(|id| {
        let doubts = comments.get(id).map(|comment| comment.doubts.as_slice());
        may_ask(doubts.unwrap_or_default(), started_at, settings)
    });
    unlisted
}

/// False if a poll found lately that an item does not exist, and a poll at `at` could not confirm it yet. For
/// *economy*.
fn may_ask(doubts: &[Doubt], at: Timestamp, settings: &Settings) -> bool {
    settings.gone_confirmed_at(doubts).is_none_or(|confirmed_at| confirmed_at <= at)
}

/// Divides `calls` between the lookups of comments and of tasks.
fn shares(comments: usize, tasks: usize, calls: u32) -> (usize, usize) {
    let calls = usize::try_from(calls).unwrap_or(usize::MAX);
    let tasks_first = tasks.min(MAX_LOOKUPS).min(calls / 2);
    let comments = comments.min(MAX_LOOKUPS).min(calls - tasks_first);
    (comments, tasks.min(MAX_LOOKUPS).min(calls - comments))
}

/// Comments that stand in the state, or whose deletion is in doubt, and are missing from a listing. A listing is read
/// in pages while people write, so a missing comment is deleted only if Bitbucket, asked by id, confirms it: put its
/// answers into [`Listing::lookups`]. Some of many suffice: the fold then plans another poll for the others.
///
/// An incomplete listing whose order shows that it has the last changed comments lacks those that changed later than
/// its last one.
pub fn unlisted_comments(comments: &Comments, listing: &Listing<CommentId, Comment>) -> Vec<CommentId> {
    let listed: BTreeSet<_> = listing.items.iter().filter_map(|comment| comment.id()).collect();
    let reached = if listing.complete { None } else { last_changed_first(&listing.items) };
    if !listing.complete && reached.is_none() {
        return Vec::new();
    }
    let changed_at = |comment: &CommentState| comment.standing().and_then(|standing| standing.updated_on);
    let is_reached = |comment: &CommentState| reached.is_none() || changed_at(comment) > reached;
    let standing = comments.iter().filter(|(_, comment)| comment.is_expected() && is_reached(comment));
    let missing = standing.filter(|(id, _)| !listed.contains(id) && !listing.unreadable.contains(id));
    missing.map(|(id, _)| *id).collect()
}

/// The last `updated_on` of comments, if they are listed in falling order of it.
fn last_changed_first(items: &[Document<Comment>]) -> Option<Timestamp> {
    let times: Option<Vec<Timestamp>> = items.iter().map(|comment| comment.updated_on).collect();
    let times = times.filter(|times| times.is_sorted_by(|one, next| one >= next))?;
    times.last().copied()
}

/// Tasks that stand in the state and are missing from a complete listing.
pub fn unlisted_tasks(tasks: &Tasks, listing: &Listing<TaskId, Task>) -> Vec<TaskId> {
    if !listing.complete {
        return Vec::new();
    }
    let listed: BTreeSet<_> = listing.items.iter().filter_map(|task| task.id()).collect();
    let standing = tasks.iter().filter(|(_, task)| task.is_expected());
    let missing = standing.filter(|(id, _)| !listed.contains(id) && !listing.unreadable.contains(id));
    missing.map(|(id, _)| *id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Finding;
    use crate::testing::at;

    #[test]
    fn comments_and_tasks_share_the_calls() {
        for (comments, tasks, calls, shared) in [
            (0, 0, 16, (0, 0)),
            (3, 4, 16, (3, 4)),
            (99, 99, 99, (20, 20)),
            (9, 9, 10, (5, 5)),
            (1, 9, 10, (1, 9)),
            (9, 1, 4, (3, 1)),
            (9, 9, 1, (1, 0)),
            (0, 9, 1, (0, 1)),
            (9, 9, 0, (0, 0)),
        ] {
            assert_eq!(shares(comments, tasks, calls), shared, "{comments} {tasks} {calls}");
        }
    }

    /// Standing comments 1 to 3, last changed in these seconds.
    fn comments() -> Comments {
        let comment = |second: i64| {
            serde_json::from_value(serde_json::json!({
                "version": 1, "changed_at": at(second), "deleted": false,
                "revisions": [{ "hash": null, "updated_on": at(second), "ordinal": 0 }],
            }))
            .unwrap()
        };
        (1..=3).map(|id| (CommentId(id), comment(i64::try_from(id).unwrap()))).collect()
    }

    fn listed(seconds: &[i64], complete: bool) -> Listing<CommentId, Comment> {
        let comment = |second: &i64| {
            Document::new(serde_json::json!({ "id": 100 + second, "updated_on": at(*second) }))
        };
        Listing::new(seconds.iter().map(comment).collect(), complete)
    }

    #[test]
    fn missing_comment_is_asked_for_when_its_answer_can_decide() {
        let settings = Settings { grace_seconds: 30, ..Settings::default() };
        let mut comments = comments();
        let doubt = Doubt { finding: Finding::Gone, since: at(100) };
        comments.get_mut(&CommentId(2)).unwrap().doubts.push(doubt);
        let asked = |calls, second| {
            let asked = comment_lookups(&comments, &listed(&[], true), calls, at(second), &settings);
            asked.into_iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(asked(9, 129), [1, 3]);
        assert_eq!(asked(9, 130), [1, 2, 3]);
        assert_eq!(asked(2, 130), [1, 2]);
    }

    #[test]
    fn incomplete_listing_lacks_comments_that_changed_after_its_last_one() {
        let comments = comments();
        let unlisted = |seconds: &[i64]| {
            let unlisted = unlisted_comments(&comments, &listed(seconds, false));
            unlisted.into_iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(unlisted(&[9, 2]), [3]);
        assert_eq!(unlisted(&[9, 1]), [2, 3]);
        assert_eq!(unlisted(&[1, 9]), [0_u64; 0], "in no order, it shows nothing");
    }
}
