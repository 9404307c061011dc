//! Comments that Bitbucket shows although the state has them deleted.
//!
//! A lookup that is answered 404 by mistake, twice, publishes a deletion that was none. And a copy that lags shows a
//! comment that was truly deleted. So two looks, a grace period apart, have to show it.

use bitbucket::CommentId;
use bitbucket::payload::{Comment, Document};

use super::comment_events::{emit_created, emit_revived};
use super::context::FoldContext;
use super::poll::PollContext;
use super::resolutions::resolution;
use super::revisions::{Freshness, RevisionOrder, judge, seen};
use crate::state::{CommentState, Finding, Revision};

/// Folds a comment that a poll shows and the state has deleted.
pub(super) fn fold(
    ctx: &mut FoldContext<'_>,
    poll: &mut PollContext,
    id: CommentId,
    comment: &Document<Comment>,
) {
    let Some(before) = ctx.comment(id).map(|state| state.clone()) else { return };
    if comment.deleted {
        if let Some(state) = ctx.comment(id) {
            state.doubts.clear();
        }
        return;
    }
    if Freshness::of_poll(poll.base_version, before.version) != Freshness::Newer {
        return;
    }
    let text = judge(before.revisions.iter(), seen(comment.text(), comment.updated_on), Freshness::Newer);
    if matches!(text, RevisionOrder::Old(_)) {
        // Times never run backwards, so this copy lags.
        return;
    }
    poll.begin_item(&before.doubts);
    if poll.confirms(Finding::Exists, ctx.settings) {
        revive(ctx, id, comment, text);
        if ctx.state.pull_request().is_some() {
            resolution(ctx, poll, id, comment, &before, Freshness::Newer);
        }
    }
    let doubts = poll.end_item();
    if let Some(state) = ctx.comment(id) {
        state.doubts = doubts;
    }
}

/// Publishes that the comment exists, with its present text.
fn revive(ctx: &mut FoldContext<'_>, id: CommentId, comment: &Document<Comment>, text: RevisionOrder) {
    let (now, version) = (ctx.now, ctx.version());
    let Some(state) = ctx.comment(id) else { return };
    state.deleted = false;
    state.revived = state.revived.saturating_add(1);
    state.version = version;
    // Nobody looked at its edits meanwhile, so its window starts now.
    state.changed_at = state.changed_at.max(now);
    match text {
        RevisionOrder::New(revision) => state.push(Revision { found: true, ..revision }),
        _ => {
            state.stands_at(comment.updated_on);
        }
    }
    let CommentState { revived, creation_unpublished, .. } = *state;
    state.creation_unpublished = false;
    if creation_unpublished {
        emit_created(ctx, id, comment);
    } else {
        emit_revived(ctx, id, comment, revived);
    }
}
