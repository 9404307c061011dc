//! Pruning: the end of every fold. A state has to fit one item of the table, whatever happens in Bitbucket.
//!
//! Older revisions and the texts of deleted items go first: they only recognise late webhooks. A state that is still too
//! large lets go of items, the longest unchanged first. See [`LetGo`].

use jiff::{SignedDuration, Timestamp};

use super::bounds;
use super::folded::LetGoCounts;
use crate::schedule::Settings;
use crate::state::{Comments, ItemId, Known, LetGo, Revision, SubjectState, Tasks};

/// Number of revisions that stay of a comment that did not change for long, or if the state is too large.
const KEPT_REVISIONS: usize = 4;

/// Largest difference between Bitbucket's clock and ours.
const CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_secs(60);

/// Prunes a state.
pub(super) fn prune(state: &mut SubjectState, now: Timestamp, settings: &Settings) -> LetGoCounts {
    bound_parts(state);
    forget_old_texts(state, settings.long_closed_before(now));
    let limit = settings.max_state_weight;
    if state.weight() <= limit {
        return LetGoCounts::default();
    }
    for comment in state.discussion().into_iter().flat_map(|discussion| discussion.comments.values_mut()) {
        comment.keep_revisions(KEPT_REVISIONS);
    }
    let weight = state.weight();
    if weight <= limit {
        return LetGoCounts::default();
    }
    // A tenth less than the limit, so that the next comment does not exceed it again.
    let_go_of(state, weight - limit / 10 * 9, now, settings)
}

/// Limits the parts of a state whose size its observations decide.
fn bound_parts(state: &mut SubjectState) {
    for repeats in &mut state.repeats {
        repeats.limit_hooks();
    }
    if let Some(repository) = state.repository_object_mut() {
        bounds::repository(repository);
    }
    if let Some(pr) = state.pull_request_mut() {
        pr.published.limit_reviews();
    }
}

/// Forgets older revisions of comments that did not change since, and the texts of items that were deleted before.
fn forget_old_texts(state: &mut SubjectState, before: Timestamp) {
    let comments = state.discussion().into_iter().flat_map(|discussion| discussion.comments.values_mut());
    for comment in comments.filter(|comment| comment.last_change() < before) {
        comment.keep_revisions(if comment.deleted { 0 } else { KEPT_REVISIONS });
        if comment.deleted {
            // The doubts stay: they say that it was listed again.
            (comment.resolution, comment.lifted) = (None, None);
        }
    }
    let tasks = state.pull_request_mut().into_iter().flat_map(|pr| pr.tasks.values_mut());
    for task in tasks.filter(|task| task.deleted && task.last_shown_change() < Some(before)) {
        task.revision = Revision { hash: None, ordinal: 0, found: false, ..task.revision };
        (task.resolution, task.lifted) = (None, None);
    }
}

/// An item that a state can let go of. The first in order goes first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    stage: Stage,
    changed_at: Option<Timestamp>,
    id: ItemId,
    shown_change: Option<Timestamp>,
    weight: usize,
    is_deleted: bool,
}

/// The order in which kinds of items are let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Deleted,
    Closed,
    /// Its window is open, or was when it was deleted: a webhook or an edit may be missing.
    Open,
}

/// Lets go of items with `surplus` weight.
fn let_go_of(state: &mut SubjectState, surplus: usize, now: Timestamp, settings: &Settings) -> LetGoCounts {
    let mut none = Tasks::new();
    let (comments, tasks, let_go) = match &mut state.known {
        Some(Known::PullRequest(pr)) => (&mut pr.comments, &mut pr.tasks, &mut pr.let_go),
        Some(Known::Commit(commit)) => (&mut commit.comments, &mut none, &mut commit.let_go),
        _ => return LetGoCounts::default(),
    };
    let mut candidates = candidates(comments, tasks, now, settings);
    candidates.sort_unstable();
    let mut counts = LetGoCounts::default();
    let mut left = surplus;
    // One wrong time in the future must not hide the changes of all others.
    let latest = now.saturating_add(CLOCK_DIFFERENCE).unwrap_or(Timestamp::MAX);
    for Candidate { id, shown_change, weight, is_deleted, .. } in candidates {
        if left == 0 {
            break;
        }
        left = left.saturating_sub(weight);
        let changed_at = shown_change.unwrap_or(Timestamp::MIN).min(latest);
        let mark = let_go.get_or_insert(LetGo {
            changed_until: changed_at,
            comments_up_to: None,
            tasks_up_to: None,
            comments: 0,
            tasks: 0,
        });
        mark.changed_until = mark.changed_until.max(changed_at);
        let (count, total) = match id {
            ItemId::Comment(id) => {
                comments.remove(&id);
                mark.comments_up_to = mark.comments_up_to.max(Some(id));
                (&mut counts.comments, &mut mark.comments)
            }
            ItemId::Task(id) => {
                tasks.remove(&id);
                mark.tasks_up_to = mark.tasks_up_to.max(Some(id));
                (&mut counts.tasks, &mut mark.tasks)
            }
        };
        if is_deleted {
            counts.deleted += 1;
        } else {
            *count += 1;
            *total += 1;
        }
    }
    counts
}

fn candidates(comments: &Comments, tasks: &Tasks, now: Timestamp, settings: &Settings) -> Vec<Candidate> {
    let stage = |is_deleted: bool, is_open: bool| match (is_deleted, is_open) {
        (_, true) => Stage::Open,
        (true, false) => Stage::Deleted,
        (false, false) => Stage::Closed,
    };
    let comments = comments.iter().map(|(id, comment)| Candidate {
        stage: stage(comment.deleted, settings.window_closes(comment.changed_at) > now),
        changed_at: Some(comment.last_change()),
        id: ItemId::Comment(*id),
        shown_change: Some(comment.last_shown_change()),
        weight: comment.weight(),
        is_deleted: comment.deleted,
    });
    let tasks = tasks.iter().map(|(id, task)| Candidate {
        stage: stage(task.deleted, false),
        changed_at: task.last_shown_change(),
        id: ItemId::Task(*id),
        shown_change: task.last_shown_change(),
        weight: task.weight(),
        is_deleted: task.deleted,
    });
    comments.chain(tasks).collect()
}

#[cfg(test)]
mod tests;
