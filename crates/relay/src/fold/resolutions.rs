//! Resolutions and reopenings of threads that a poll found.

use bitbucket::CommentId;
use bitbucket::payload::{Comment, Document};

use super::comment_events::{emit_reopened, emit_resolved};
use super::context::FoldContext;
use super::poll::PollContext;
use super::revisions::Freshness;
use crate::state::{CommentState, Finding, Resolved};

/// Folds the resolution of a comment that a poll read: publishes what changed, after the grace period.
pub(super) fn resolution(
    ctx: &mut FoldContext<'_>,
    poll: &mut PollContext,
    id: CommentId,
    comment: &Document<Comment>,
    before: &CommentState,
    freshness: Freshness,
) {
    let now = ctx.now;
    let seen = comment.resolution.as_ref().map(|resolution| Resolved::new(resolution.created_on));
    if seen.map(|seen| seen.at) == before.resolution.map(|resolved| resolved.at) {
        return;
    }
    if let (Some(seen), Some(Resolved { at: None, .. })) = (seen, before.resolution) {
        // Its webhook had no time.
        if let Some(state) = ctx.comment(id) {
            state.resolution = Some(seen);
        }
        return;
    }
    let at = seen.and_then(|seen| seen.at);
    // The report of a resolution may have had no time; then this may be the one that was reopened.
    let may_be = |lifted: &Resolved| lifted.at.is_none() || lifted.at == at;
    if let (Some(seen), None, Some(lifted)) = (seen, before.resolution, before.lifted.filter(may_be)) {
        still_stands(ctx, poll, id, comment, lifted, seen, freshness);
        return;
    }
    let sure = match (at, before.resolution.or(before.lifted).and_then(|last| last.at)) {
        (Some(at), Some(last)) => at > last,
        (Some(_), None) => true,
        _ => freshness == Freshness::Newer,
    };
    if !sure {
        if freshness == Freshness::Unsure {
            poll.recheck(now);
        }
        return;
    }
    if let Some(grace_ends) = ctx.grace_left(at) {
        poll.recheck(grace_ends);
        return;
    }
    if seen.is_none() && !poll.confirms(Finding::Reopened, ctx.settings) {
        return;
    }
    if let Some(undone) = before.resolution {
        emit_reopened(ctx, id, comment, undone);
    }
    if let Some(seen) = seen {
        emit_resolved(ctx, id, comment, seen);
    }
}

/// Bitbucket still shows a resolution whose reopening was reported. Either this answer is older than the report, or
/// the report was about an earlier resolution: then this one is published again, as a fact of its own.
fn still_stands(
    ctx: &mut FoldContext<'_>,
    poll: &mut PollContext,
    id: CommentId,
    comment: &Document<Comment>,
    lifted: Resolved,
    seen: Resolved,
    freshness: Freshness,
) {
    let again = if lifted.at.is_none() { 0 } else { lifted.again.saturating_add(1) };
    if freshness != Freshness::Newer {
        poll.recheck(ctx.now);
    } else if poll.confirms(Finding::StillResolved, ctx.settings) {
        emit_resolved(ctx, id, comment, Resolved { again, ..seen });
    }
}
