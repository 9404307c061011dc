//! Folding comments: one that a webhook reports, and all that a poll lists.

use bitbucket::payload::{Comment, Document};
use bitbucket::{CommentId, EventKey};
use jiff::Timestamp;
use serde_json::json;

use super::comment_events::{deleted, emit_created, emit_updated, existence, moment};
use super::context::FoldContext;
use super::first_sight::{first_listed, first_sight, is_old_news, is_recent};
use super::poll::PollContext;
use super::resolutions::resolution;
use super::revisions::{Freshness, RevisionOrder, change_time, judge, seen};
use super::revived;
use crate::event::EventId;
use crate::event::fact::Fact;
use crate::observation::Listing;
use crate::state::{CommentState, Discussion, Finding, Resolved, Revision};

/// Folds a comment that a webhook reports. Returns the event id, if the comment or the state identifies the fact.
/// `is_repeated` is true if another hook has reported the same resolution or reopening.
pub(super) fn report(
    ctx: &mut FoldContext<'_>,
    key: &EventKey,
    comment: &Document<Comment>,
    is_repeated: bool,
) -> Option<EventId> {
    let id = comment.id()?;
    let (now, version, settings) = (ctx.now, ctx.version(), ctx.settings);
    let Discussion { first_seen_at, let_go, comments, .. } = ctx.state.discussion()?;
    let unknown = !comments.contains_key(&id);
    let let_go = let_go.filter(|let_go| let_go.covers_comment(id, comment));
    let baseline = let_go.map_or_else(|| settings.baseline(first_seen_at), |let_go| let_go.changed_until);
    let is_old = let_go.is_some() || is_old_news(comment, baseline);
    let state = comments.entry(id).or_insert_with(|| first_sight(comment, now, version));
    state.doubts.clear();
    let fact = Fact::new(ctx.link, ctx.subject, key).part(id);
    if unknown {
        // The webhooks of its creation and resolution may be lost or late. A poll after the grace period publishes
        // both if they do not come.
        state.creation_unpublished = !is_old;
        state.resolution = state.resolution.filter(|resolved| !is_recent(*resolved, is_old, baseline));
    }
    let fact = match key {
        EventKey::CommentCreated | EventKey::CommitCommentCreated => {
            state.creation_unpublished = false;
            if unknown && settings.grace_ends(state.changed_at) < now {
                // A comment of a draft review may keep the time of its draft, and nobody documents when its window
                // starts. So it starts now.
                state.changed_at = now;
            }
            fact
        }
        EventKey::CommentDeleted => {
            state.creation_unpublished = false;
            state.deleted = true;
            state.version = version;
            existence(fact, state.revived)
        }
        EventKey::CommentUpdated => {
            let revision = revise(state, comment, now, version);
            fact.part(revision.hash.unwrap_or_default()).time(revision.updated_on).part(revision.ordinal)
        }
        EventKey::CommentResolved => {
            let at = comment.resolution.as_ref().and_then(|resolution| resolution.created_on);
            fact.time(Some(resolved(state, at, version, is_repeated)?))
        }
        EventKey::CommentReopened => fact.part(moment(reopened(state, version)?, version)),
        _ => return None,
    };
    Some(fact.id())
}

/// Folds a reported resolution, and returns its time; `None` if neither the payload nor the state has it. No captured
/// payload of Bitbucket's has one.
fn resolved(
    state: &mut CommentState,
    at: Option<Timestamp>,
    version: u64,
    is_repeated: bool,
) -> Option<Timestamp> {
    if at.is_none()
        && let Some(standing) = state.resolution.as_mut().filter(|standing| standing.found)
    {
        // A poll has published this resolution.
        standing.found = false;
        return standing.at;
    }
    if at.is_none()
        && let Some(lifted) = state.lifted.as_mut().filter(|lifted| lifted.unreported && lifted.at.is_some())
    {
        // A poll has published this resolution, and it is reopened already. Should this be the report of a later one,
        // whose predecessor's is lost, a poll finds that one by its time.
        lifted.unreported = false;
        return lifted.at;
    }
    let last = state.resolution.and_then(|last| last.at).max(state.lifted.and_then(|last| last.at));
    let is_new = if at.is_some() { last < at } else { state.resolution.is_none() && !is_repeated };
    if is_new {
        state.resolution = Some(Resolved::new(at));
        state.version = version;
    }
    at
}

/// Folds a reported reopening, and returns the resolution that it undoes; `None` if the state does not have it. Then
/// the webhook of that resolution is lost or late, or another hook has reported this reopening before.
fn reopened(state: &mut CommentState, version: u64) -> Option<Resolved> {
    if let Some(standing) = state.resolution.take() {
        state.lifted = Some(standing.lifted(false));
        state.version = version;
    } else if let Some(lifted) = state.lifted.as_mut().filter(|lifted| lifted.found) {
        // A poll has published this reopening.
        lifted.found = false;
    } else {
        return None;
    }
    state.lifted.filter(|undone| undone.at.is_some())
}

/// Folds a reported edit, and returns its revision.
fn revise(state: &mut CommentState, comment: &Comment, now: Timestamp, version: u64) -> Revision {
    let revision = seen(comment.text(), comment.updated_on);
    match judge(state.revisions.iter(), revision.clone(), Freshness::Reported) {
        RevisionOrder::New(revision) => {
            state.changed_at = change_time(state, &revision, now);
            state.version = version;
            state.push(revision.clone());
            revision
        }
        RevisionOrder::Old(revision) => revision,
        RevisionOrder::Standing | RevisionOrder::Undecided => {
            if state.stands_at(revision.updated_on) {
                state.version = version;
            }
            let same = |old: &&Revision| old.hash == revision.hash && old.updated_on == revision.updated_on;
            let reported =
                state.revisions.iter().rfind(same).or_else(|| state.found_edit(revision.updated_on));
            reported.cloned().unwrap_or(revision)
        }
    }
}

/// Folds the comments that a poll read.
pub(super) fn fold_listing(
    ctx: &mut FoldContext<'_>,
    poll: &mut PollContext,
    listing: &Listing<CommentId, Comment>,
) {
    let mut shown: Vec<_> = listing.shown().collect();
    shown.sort_by_key(|comment| (comment.updated_on.max(comment.created_on), comment.id()));
    for comment in shown {
        if !ctx.has_room() {
            return;
        }
        observe(ctx, poll, comment);
    }
    for id in listing.gone() {
        let comment = ctx.state.comments().and_then(|comments| comments.get(&id));
        let Some(comment) = comment else { continue };
        if comment.deleted {
            // The earlier poll that listed it read a copy that lags.
            if let Some(comment) = ctx.comment(id) {
                comment.doubts.clear();
            }
            continue;
        }
        if Freshness::of_poll(poll.base_version, comment.version) != Freshness::Newer {
            poll.recheck(ctx.now);
            continue;
        }
        poll.begin_item(&comment.doubts);
        let is_confirmed = poll.confirms(Finding::Gone, ctx.settings);
        let doubts = poll.end_item();
        if let Some(comment) = ctx.comment(id) {
            comment.doubts = doubts;
        }
        if is_confirmed && ctx.has_room() {
            let kind = if ctx.state.commit().is_some() { "commit_comment" } else { "pullrequest_comment" };
            let tombstone =
                json!({ "type": kind, "id": id, "deleted": true, "content": { "raw": "", "html": "" } });
            deleted(ctx, id, tombstone);
        }
    }
}

/// Folds one comment that a poll read.
fn observe(ctx: &mut FoldContext<'_>, poll: &mut PollContext, comment: &Document<Comment>) {
    let Some(id) = comment.id().filter(|_| !comment.pending) else { return };
    let Some(comments) = ctx.state.comments() else { return };
    match comments.get(&id) {
        None => first_listed(ctx, poll, id, comment),
        Some(state) if state.deleted => revived::fold(ctx, poll, id, comment),
        Some(_) if comment.deleted => deleted(ctx, id, comment.raw.clone()),
        Some(state) => {
            let freshness = Freshness::of_poll(poll.base_version, state.version);
            let state = state.clone();
            poll.begin_item(&state.doubts);
            creation(ctx, poll, id, comment, &state);
            text(ctx, poll, id, comment, &state, freshness);
            if ctx.state.pull_request().is_some() {
                resolution(ctx, poll, id, comment, &state, freshness);
            }
            let doubts = poll.end_item();
            if let Some(state) = ctx.comment(id) {
                state.doubts = doubts;
            }
        }
    }
}

/// Publishes a creation whose webhook did not come in time.
fn creation(
    ctx: &mut FoldContext<'_>,
    poll: &mut PollContext,
    id: CommentId,
    comment: &Document<Comment>,
    before: &CommentState,
) {
    if !before.creation_unpublished {
        return;
    }
    if let Some(grace_ends) = ctx.grace_left(comment.created_on) {
        poll.recheck(grace_ends);
        return;
    }
    if let Some(state) = ctx.comment(id) {
        state.creation_unpublished = false;
    }
    emit_created(ctx, id, comment);
}

/// Folds the text of a comment that a poll read: publishes an edit if the text is a new revision.
fn text(
    ctx: &mut FoldContext<'_>,
    poll: &mut PollContext,
    id: CommentId,
    comment: &Document<Comment>,
    before: &CommentState,
    freshness: Freshness,
) {
    let (now, version, settings) = (ctx.now, ctx.version(), ctx.settings);
    let order = judge(before.revisions.iter(), seen(comment.text(), comment.updated_on), freshness);
    let Some(state) = ctx.comment(id) else { return };
    let had = |hash: &Option<String>| before.revisions.iter().any(|old| old.hash == *hash);
    // Within the grace period after a poll found the current text, an answer may be older than that poll's.
    let is_just_found = before.standing().is_some_and(|standing| standing.found)
        && settings.grace_ends(before.changed_at) > poll.started_at;
    match order {
        RevisionOrder::Standing => {
            if state.stands_at(comment.updated_on) {
                state.version = version;
            }
        }
        RevisionOrder::Old(revision) => {
            // The next answer may come from a copy that is up to date.
            poll.remember(Finding::OldText(revision.hash.unwrap_or_default()), settings);
        }
        RevisionOrder::Undecided => poll.recheck(now),
        // Its time does not show that this text is the later one.
        RevisionOrder::New(Revision { hash, ordinal: 1.., .. })
            if (had(&hash) || is_just_found)
                && !poll.confirms(Finding::OldText(hash.clone().unwrap_or_default()), settings) => {}
        RevisionOrder::New(revision) => {
            state.changed_at = change_time(state, &revision, now);
            state.version = version;
            state.push(Revision { found: true, ..revision.clone() });
            emit_updated(ctx, id, comment, revision);
        }
    }
}
