//! Folding the comments of a commit: their creation is reported, the rest is found by polls.

use bitbucket::EventKey;
use bitbucket::payload::Comment;

use super::comments;
use super::draft::Draft;
use super::poll::{self, Changes};
use super::synthetic;
use crate::commit::CommitState;
use crate::observation::{Poll, Report};
use crate::subject::Subject;

/// Takes what a webhook says of the commit that was commented on. The comment itself is folded like any other.
pub(super) fn of_report(draft: &mut Draft<'_>, report: &Report) {
    let is_about_commit = matches!(draft.subject, Subject::Commit { .. });
    let comment = report.payload.comment().filter(|comment| comment.id().is_some());
    let Some(comment) = comment.filter(|_| is_about_commit && report.key == EventKey::CommitCommentCreated)
    else {
        return;
    };
    let now = draft.now;
    let made_at = |comment: &Comment| comment.created_on.unwrap_or(now).min(now);
    let known = draft.state.commit.get_or_insert_with(|| CommitState::first_seen(made_at(&comment)));
    known.unreachable = false;
    known.commit = report.payload.raw("commit").cloned().map(synthetic::snapshot).unwrap_or_default();
    known.repository = report.payload.repository().map(|repository| repository.raw).unwrap_or_default();
}

/// Folds what a poll read of a commit.
pub(super) fn read(draft: &mut Draft<'_>, poll: &Poll) {
    let mut changes = Changes::of(poll);
    poll::comments_of(draft, &mut changes, poll);
    let (now, version, more) = (draft.now, draft.version(), draft.more);
    if poll::is_cut_short(&draft.state, poll) {
        changes.revisit(now);
    }
    let Some(known) = &mut draft.state.commit else { return };
    known.revisit_at = changes.revisit_after(known.revisit_at, poll, version, more);
    if !more {
        known.polled_at = known.polled_at.max(Some(poll.started_at));
    }
}

/// The keys of what happens to a comment, on a pull request or on a commit.
pub(super) fn keys(draft: &Draft<'_>) -> comments::Keys {
    if draft.state.commit.is_some() {
        comments::Keys {
            created: EventKey::CommitCommentCreated,
            updated: EventKey::CommitCommentUpdated,
            deleted: EventKey::CommitCommentDeleted,
        }
    } else {
        comments::Keys {
            created: EventKey::CommentCreated,
            updated: EventKey::CommentUpdated,
            deleted: EventKey::CommentDeleted,
        }
    }
}
