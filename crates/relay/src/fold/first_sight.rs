//! Comments that are not in the state: new ones, those of before the first look, and those that it has let go of.

use bitbucket::CommentId;
use bitbucket::payload::{Comment, Document};
use jiff::{SignedDuration, Timestamp};

use super::comment_events::{deleted, emit_created, emit_resolved, emit_updated};
use super::context::FoldContext;
use super::poll::PollContext;
use super::revisions::seen;
use crate::state::{CommentState, Resolved};

/// Folds a comment that is not in the state. Publishes its creation, unless it is older than the baseline, or its
/// webhook may still come. A comment that the state has let go of is old, and its last known change is the baseline.
pub(super) fn first_listed(
    ctx: &mut FoldContext<'_>,
    poll: &mut PollContext,
    id: CommentId,
    comment: &Document<Comment>,
) {
    let (now, version, settings) = (ctx.now, ctx.version(), ctx.settings);
    let has_threads = ctx.state.pull_request().is_some();
    let Some(discussion) = ctx.state.discussion() else { return };
    let let_go = discussion.let_go.filter(|let_go| let_go.covers_comment(id, comment));
    let resolved_at = comment.resolution.as_ref().and_then(|resolution| resolution.created_on);
    if let_go.is_some_and(|let_go| let_go.is_unchanged([comment.updated_on, resolved_at])) {
        return;
    }
    let baseline = let_go.map_or_else(
        || settings.baseline(discussion.first_seen_at),
        |let_go| just_after(let_go.changed_until),
    );
    // A comment of a draft review may keep the time of its draft. It is news if an earlier poll did not list it.
    let was_unlisted = discussion.polled_at.is_some() && poll.is_complete && !comment.deleted;
    let is_old = let_go.is_some() || is_old_news(comment, baseline) && !was_unlisted;
    if let Some(grace_ends) = ctx.grace_left(comment.created_on).filter(|_| !is_old) {
        poll.recheck(grace_ends);
        return;
    }
    let mut sight = first_sight(comment, now, version);
    let standing = sight.standing().cloned().filter(|_| sight.changed_at >= baseline);
    let mut resolved =
        sight.resolution.filter(|resolved| has_threads && is_recent(*resolved, is_old, baseline));
    if let Some(grace_ends) = ctx.grace_left(resolved.and_then(|resolved| resolved.at)) {
        poll.recheck(grace_ends);
        (sight.resolution, resolved) = (None, None);
    }
    if !is_old {
        // It may have been edited since, without a new `updated_on`. So its window starts now.
        sight.changed_at = sight.changed_at.max(now);
    }
    if let Some(discussion) = ctx.state.discussion() {
        discussion.comments.insert(id, sight);
    }
    match (is_old, comment.deleted) {
        (true, true) if let_go.is_none() => {}
        (_, true) => deleted(ctx, id, comment.raw.clone()),
        (true, false) => {
            if let Some(standing) = standing {
                emit_updated(ctx, id, comment, standing);
            }
        }
        (false, false) => emit_created(ctx, id, comment),
    }
    if let Some(resolved) = resolved.filter(|_| !comment.deleted) {
        emit_resolved(ctx, id, comment, resolved);
    }
}

/// The first moment after a time.
fn just_after(at: Timestamp) -> Timestamp {
    at.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MAX)
}

/// True if a resolution has to be published: made since `baseline`, or, without a time, of a comment that is not old.
pub(super) fn is_recent(resolved: Resolved, is_old: bool, baseline: Timestamp) -> bool {
    resolved.at.map_or(!is_old, |at| at >= baseline)
}

/// True if a comment is older than the baseline: it existed a whole window before its pull request or commit was first
/// seen.
pub(super) fn is_old_news(comment: &Comment, baseline: Timestamp) -> bool {
    comment.created_on.or(comment.updated_on).is_some_and(|created_on| created_on < baseline)
}

/// Creates the state of a new comment.
pub(super) fn first_sight(comment: &Comment, now: Timestamp, version: u64) -> CommentState {
    let mut sight = CommentState {
        version,
        revisions: std::collections::VecDeque::new(),
        changed_at: comment.updated_on.max(comment.created_on).unwrap_or(now),
        resolution: comment.resolution.as_ref().map(|resolution| Resolved::new(resolution.created_on)),
        lifted: None,
        deleted: comment.deleted,
        doubts: Vec::new(),
        creation_unpublished: false,
        thread: comment.begins_thread(),
        revived: 0,
    };
    sight.push(seen(comment.text(), comment.updated_on));
    sight
}
