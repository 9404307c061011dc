//! Folding observations of a commit: webhooks report the creation of its comments, polls find everything else.

use bitbucket::EventKey;
use bitbucket::payload::Comment;

use super::context::FoldContext;
use super::poll::PollContext;
use super::{bounds, comments};
use crate::observation::{CommitObservation, CommitPoll, Report};
use crate::polling::unlisted_comments;
use crate::state::{CommitState, Known};
use crate::subject::Subject;

pub(super) fn fold(ctx: &mut FoldContext<'_>, observation: &CommitObservation) {
    let CommitObservation::Poll(poll) = observation;
    fold_poll(ctx, poll);
}

/// Takes the commit that a webhook reports a comment of. The comment itself is folded like any other.
pub(super) fn of_report(ctx: &mut FoldContext<'_>, report: &Report) {
    let is_about_commit = matches!(ctx.subject, Subject::Commit { .. });
    let comment = report.payload.comment().filter(|comment| comment.id().is_some());
    let Some(comment) = comment.filter(|_| is_about_commit && report.key == EventKey::CommitCommentCreated)
    else {
        return;
    };
    let now = ctx.now;
    let made_at = |comment: &Comment| comment.created_on.unwrap_or(now).min(now);
    let mut commit = match ctx.state.known.take() {
        Some(Known::Commit(commit)) => commit,
        _ => CommitState::first_seen(made_at(&comment)),
    };
    commit.commit = report.payload.raw("commit").cloned().map(bounds::snapshot).unwrap_or_default();
    commit.is_unsigned = !report.signed;
    commit.repository = report.payload.repository().map(|repository| repository.raw).unwrap_or_default();
    ctx.state.known = Some(Known::Commit(commit));
}

fn fold_poll(ctx: &mut FoldContext<'_>, read: &CommitPoll) {
    let mut poll = PollContext::new(read.base_version, read.started_at, read.comments.complete);
    comments::fold_listing(ctx, &mut poll, &read.comments);
    let (now, version, more, settings) = (ctx.now, ctx.version(), ctx.more, ctx.settings);
    let Some(commit) = ctx.state.commit_mut() else { return };
    let unlisted = unlisted_comments(&commit.comments, &read.comments).into_iter();
    let unlisted = unlisted.filter_map(|id| {
        let comment = commit.comments.get(&id)?;
        Some((id, comment.version, comment.doubts.as_slice()))
    });
    poll.recheck_unlisted(&read.comments, unlisted, now, settings);
    commit.recheck_at = poll.recheck_after(commit.recheck_at, version, more);
    if let Some(repository) = &read.repository {
        commit.repository = repository.clone();
    }
    if !more {
        commit.polled_at = commit.polled_at.max(Some(read.started_at));
    }
}
