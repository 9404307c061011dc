//! Deliveries whose body does not show what their event key says. The signature covers the body alone: anyone who saw
//! a signed body can send it again under another key.

use bitbucket::{EventKey, Payload};
use jiff::Timestamp;

use super::context::{EventBody, FoldContext};
use super::reconcile;
use crate::event::contract::promise;
use crate::event::{Source, fact};
use crate::observation::Report;
use crate::state::{ReviewState, end_key, participants, review_state, state_of};

/// The parts by which bodies of pull-request events differ.
const PARTS: [&str; 3] = ["comment", "approval", "changes_request"];

/// True if the body shows what the key says, as far as bodies do. Every payload captured from Bitbucket passes
/// (<https://github.com/woodpecker-ci/woodpecker>, <https://github.com/drone/go-scm>).
pub(super) fn is_proven(key: &EventKey, payload: &Payload) -> bool {
    has_parts(key, payload) && has_state(key, payload) && has_review(key, payload)
}

/// True if the body has the parts that the key promises, and no other key's. An unknown key promises nothing.
fn has_parts(key: &EventKey, payload: &Payload) -> bool {
    let promised = promise(key).payload;
    let has = |part: &&str| payload.raw(part).is_some();
    let is_known = key.is_pull_request() && !matches!(key, EventKey::Other(_));
    let has_foreign = is_known && PARTS.iter().any(|part| has(part) && !promised.contains(part));
    promised.iter().all(has) && !has_foreign
}

fn has_state(key: &EventKey, payload: &Payload) -> bool {
    let state = || payload.raw("pullrequest").and_then(state_of);
    let comment = || payload.comment();
    match key {
        EventKey::PullRequestFulfilled => state().as_deref().and_then(end_key).as_ref() == Some(key),
        EventKey::PullRequestRejected => matches!(state().as_deref(), Some("DECLINED" | "SUPERSEDED")),
        EventKey::CommentDeleted => comment().is_some_and(|comment| comment.deleted),
        EventKey::CommentReopened => comment().is_none_or(|comment| comment.resolution.is_none()),
        _ => true,
    }
}

/// True unless the body lists the reviewer with another review than the key says.
fn has_review(key: &EventKey, payload: &Payload) -> bool {
    let (wanted, is_given) = match key {
        EventKey::PullRequestApproved => (ReviewState::Approved, true),
        EventKey::PullRequestUnapproved => (ReviewState::Approved, false),
        EventKey::ChangesRequestCreated => (ReviewState::ChangesRequested, true),
        EventKey::ChangesRequestRemoved => (ReviewState::ChangesRequested, false),
        _ => return true,
    };
    let listed = payload.raw("pullrequest").and_then(participants).unwrap_or_default();
    let reviewer = reconcile::reviewer(payload).and_then(|reviewer| listed.get(&reviewer));
    reviewer.is_none_or(|participant| (review_state(participant) == wanted) == is_given)
}

/// Publishes a delivery without concluding anything from it. If its pull request is known, a poll reads it: should
/// Bitbucket have sent the delivery after all, the poll finds the fact.
pub(super) fn publish_unproven(ctx: &mut FoldContext<'_>, report: &Report) {
    let content = fact::body_digest(&report.key, report.payload.fields());
    let id = ctx.fact(&report.key).part("unproven").part(content).id();
    let body = EventBody {
        source: Source::Webhook,
        trusted: false,
        signed: report.signed,
        occurred_at: None,
        actor: None,
        changes: None,
        payload: report.body.clone(),
    };
    let read_at = ctx.settings.grace_ends(ctx.now);
    if ctx.emit(id, &report.key, body)
        && let Some(pr) = ctx.state.pull_request_mut()
    {
        pr.seen_in_sweep_at = Some(Timestamp::MAX);
        pr.reread_by(read_at);
    }
}

#[cfg(test)]
mod tests;
