//! Folding a verified delivery: one event with Bitbucket's own body, and the changes of the state.

use bitbucket::payload::{Comment, Document};
use bitbucket::{EventKey, Payload};
use jiff::Timestamp;

use super::context::{EventBody, FoldContext};
use super::{comments, commit, reconcile, snapshots, trust};
use crate::event::fact;
use crate::event::{EventId, Source};
use crate::observation::Report;

pub(super) fn fold(ctx: &mut FoldContext<'_>, report: &Report) {
    let payload = &report.payload;
    if !trust::is_proven(&report.key, payload) {
        return trust::publish_unproven(ctx, report);
    }
    let replaced = snapshots::of_report(ctx, report);
    commit::of_report(ctx, report);
    let comment = payload.comment();
    // A thread is resolved and reopened any number of times, so each such report counts.
    let counts = matches!(report.key, EventKey::CommentResolved | EventKey::CommentReopened);
    let counted = counts.then(|| undated_fact(ctx, report));
    let is_repeated = counted == Some(None);
    let identity = match &comment {
        Some(comment) if is_of_subject(ctx, &report.key) => {
            comments::report(ctx, &report.key, comment, is_repeated)
        }
        _ => None,
    };
    let identity = reconcile::found_before(ctx, &report.key, payload)
        .or(identity)
        .or_else(|| dated_fact(ctx, &report.key, payload));
    reconcile::record_webhook(ctx, &report.key, payload);
    let changes = replaced.as_ref().and_then(|replaced| replaced.changes(ctx.state.pull_request()?));
    let has_moved = changes.as_ref().is_some_and(|changes| !changes.is_empty());
    let identity = identity.or_else(|| counted.unwrap_or_else(|| undated_fact(ctx, report)));
    let is_published = identity.is_some_and(|id| {
        let body = EventBody {
            source: Source::Webhook,
            trusted: true,
            signed: report.signed,
            occurred_at: occurred_at(&report.key, payload, comment.as_ref()),
            actor: payload.raw("actor").cloned(),
            changes,
            payload: report.body.clone(),
        };
        ctx.emit(id, &report.key, body)
    });
    let read_at = ctx.settings.grace_ends(ctx.now);
    if let (Some(replaced), Some(pr)) = (replaced, ctx.state.pull_request_mut())
        && has_moved
        && !is_published
    {
        // This report published no event with the changes, so a later event has to.
        replaced.restore(pr, read_at);
    }
    reconcile::note(ctx);
}

/// True if a key is about comments of the kind that the subject has.
fn is_of_subject(ctx: &FoldContext<'_>, key: &EventKey) -> bool {
    match key {
        EventKey::CommitCommentCreated => ctx.state.commit().is_some(),
        key => key.is_pull_request() && ctx.state.pull_request().is_some(),
    }
}

/// Event id for payloads with an id or a time of their own.
fn dated_fact(ctx: &FoldContext<'_>, key: &EventKey, payload: &Payload) -> Option<EventId> {
    let fact = ctx.fact(key);
    let comment_id = || payload.comment().and_then(|comment| comment.id());
    let fact = match key {
        // Each of these happens once in the life of a pull request.
        EventKey::PullRequestFulfilled | EventKey::PullRequestRejected => fact,
        EventKey::PullRequestCreated => {
            let seen = payload.pull_request_view()?;
            reconcile::creation(fact, seen.created_on?, &seen)
        }
        EventKey::PullRequestApproved
        | EventKey::PullRequestUnapproved
        | EventKey::ChangesRequestCreated
        | EventKey::ChangesRequestRemoved => {
            let review = payload.review()?;
            fact.part(review.user?.uuid?).time(Some(review.date?))
        }
        EventKey::CommitCommentCreated | EventKey::IssueCommentCreated => fact.part(comment_id()?),
        EventKey::CommitStatusCreated | EventKey::CommitStatusUpdated => {
            let status = payload.commit_status()?;
            fact.part(status.key?).part(status.state?).time(Some(status.updated_on?))
        }
        _ => return None,
    };
    Some(fact.id())
}

/// Event id for payloads without an id or a time: content, and number of reports by this hook. `None` if another hook
/// has reported this fact before.
fn undated_fact(ctx: &mut FoldContext<'_>, report: &Report) -> Option<EventId> {
    let digest = fact::body_digest(&report.key, report.payload.fields());
    let repeat = ctx.state.repeats_of(&digest)?.count(&report.hook);
    if repeat.is_some_and(|repeat| repeat.is_known) {
        return None;
    }
    let fact = ctx.fact(&report.key).part(digest);
    let numbered = |before: u32| ctx.fact(&report.key).part(fact.id()).part(before).id();
    let id = repeat.map(|repeat| numbered(repeat.before));
    match id.filter(|id| !ctx.state.recent_facts.contains(id)) {
        Some(id) => Some(id),
        // The count was let go of, or there are too many hooks. One event too many is better than one lost.
        None => Some(fact.part(&report.delivery).id()),
    }
}

/// Time of the fact, if the payload has it.
fn occurred_at(key: &EventKey, payload: &Payload, comment: Option<&Document<Comment>>) -> Option<Timestamp> {
    let of_comment = |time: fn(&Comment) -> Option<Timestamp>| comment.and_then(|comment| time(comment));
    let of_pull_request = || payload.pull_request_view().and_then(|seen| seen.updated_on);
    match key {
        EventKey::CommentCreated | EventKey::CommitCommentCreated | EventKey::IssueCommentCreated => {
            of_comment(|comment| comment.created_on)
        }
        EventKey::CommentUpdated => of_comment(|comment| comment.updated_on),
        EventKey::CommentResolved => of_comment(|comment| comment.resolution.as_ref()?.created_on),
        EventKey::PullRequestCreated => payload.pull_request_view().and_then(|seen| seen.created_on),
        EventKey::PullRequestApproved | EventKey::ChangesRequestCreated => {
            payload.review().and_then(|review| review.date)
        }
        EventKey::CommitStatusCreated | EventKey::CommitStatusUpdated => {
            payload.commit_status().and_then(|status| status.updated_on)
        }
        EventKey::IssueCreated | EventKey::IssueUpdated => payload.issue_updated_on(),
        _ => of_pull_request(),
    }
}
