//! Events of comments that a poll found.

use bitbucket::payload::{Comment, Document};
use bitbucket::{CommentId, EventKey};
use jiff::Timestamp;
use serde_json::Value;

use super::context::FoldContext;
use super::synthetic::{self, Item, Synthetic};
use crate::event::fact::Fact;
use crate::state::{Resolved, Revision};

/// The event keys of comments.
#[derive(Debug)]
struct Keys {
    created: EventKey,
    updated: EventKey,
    deleted: EventKey,
}

pub(super) fn emit_created(ctx: &mut FoldContext<'_>, id: CommentId, comment: &Document<Comment>) {
    let author = comment.raw.get("user").cloned();
    emit(ctx, &keys(ctx).created, comment, comment.created_on, author, &[id.to_string()]);
}

/// Publishes that a comment exists whose deletion was published. Nobody did that in Bitbucket, so it has no time.
pub(super) fn emit_revived(
    ctx: &mut FoldContext<'_>,
    id: CommentId,
    comment: &Document<Comment>,
    revived: u32,
) {
    let key = keys(ctx).created;
    let fact = existence(ctx.fact(&key).part(id), revived).id();
    let event = Synthetic { actor: comment.raw.get("user").cloned(), ..Synthetic::default() };
    synthetic::emit(ctx, fact, &key, event, Item::Comment(comment.raw.clone()));
}

/// Adds to a creation or deletion that its item has been taken for deleted before, `revived` times.
pub(super) fn existence(fact: Fact<'_>, revived: u32) -> Fact<'_> {
    if revived == 0 { fact } else { fact.part(format!("again {revived}")) }
}

pub(super) fn emit_updated(
    ctx: &mut FoldContext<'_>,
    id: CommentId,
    comment: &Document<Comment>,
    revision: Revision,
) {
    let occurred_at = revision.updated_on.filter(|_| revision.ordinal == 0);
    let identity = [
        id.to_string(),
        revision.hash.unwrap_or_default(),
        revision.updated_on.map(|time| time.to_string()).unwrap_or_default(),
        revision.ordinal.to_string(),
    ];
    // Only its author can edit a comment.
    let author = comment.raw.get("user").cloned();
    emit(ctx, &keys(ctx).updated, comment, occurred_at, author, &identity);
}

pub(super) fn emit_resolved(
    ctx: &mut FoldContext<'_>,
    id: CommentId,
    comment: &Document<Comment>,
    resolved: Resolved,
) {
    let version = ctx.version();
    if let Some(state) = ctx.comment(id) {
        state.resolution = Some(Resolved { found: true, ..resolved });
        state.version = version;
    }
    let actor = comment.raw.pointer("/resolution/user").cloned();
    let identity = [id.to_string(), moment(resolved, version)];
    emit(ctx, &EventKey::CommentResolved, comment, resolved.at, actor, &identity);
}

pub(super) fn emit_reopened(
    ctx: &mut FoldContext<'_>,
    id: CommentId,
    comment: &Document<Comment>,
    undone: Resolved,
) {
    let version = ctx.version();
    if let Some(state) = ctx.comment(id) {
        state.resolution = None;
        state.lifted = Some(undone.lifted(true));
        state.version = version;
    }
    let identity = [id.to_string(), moment(undone, version)];
    emit(ctx, &EventKey::CommentReopened, comment, None, None, &identity);
}

/// The time of a resolution as a part of an identity. Without a time, the version of the state distinguishes such
/// facts.
pub(super) fn moment(resolved: Resolved, version: u64) -> String {
    match resolved {
        Resolved { at: None, .. } => format!("version {version}"),
        Resolved { at: Some(at), again: 0, .. } => at.to_string(),
        Resolved { at: Some(at), again, .. } => format!("{at} again {again}"),
    }
}

/// Publishes a deletion. `comment` is what Bitbucket still shows of the comment.
pub(super) fn deleted(ctx: &mut FoldContext<'_>, id: CommentId, comment: Value) {
    let version = ctx.version();
    let mut revived = 0;
    if let Some(state) = ctx.comment(id) {
        state.deleted = true;
        state.doubts.clear();
        state.version = version;
        revived = state.revived;
    }
    let key = keys(ctx).deleted;
    let fact = existence(ctx.fact(&key).part(id), revived).id();
    synthetic::emit(ctx, fact, &key, Synthetic::default(), Item::Comment(comment));
}

fn emit(
    ctx: &mut FoldContext<'_>,
    key: &EventKey,
    comment: &Document<Comment>,
    occurred_at: Option<Timestamp>,
    actor: Option<Value>,
    identity: &[String],
) {
    let fact = identity.iter().fold(ctx.fact(key), Fact::part).id();
    let event = Synthetic { occurred_at, actor, ..Synthetic::default() };
    synthetic::emit(ctx, fact, key, event, Item::Comment(comment.raw.clone()));
}

/// The event keys of comments on the pull request or commit.
fn keys(ctx: &FoldContext<'_>) -> Keys {
    if ctx.state.commit().is_some() {
        Keys {
            created: EventKey::CommitCommentCreated,
            updated: EventKey::CommitCommentUpdated,
            deleted: EventKey::CommitCommentDeleted,
        }
    } else {
        Keys {
            created: EventKey::CommentCreated,
            updated: EventKey::CommentUpdated,
            deleted: EventKey::CommentDeleted,
        }
    }
}
