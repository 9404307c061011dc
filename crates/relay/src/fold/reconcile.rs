//! Publishing facts of the pull request itself that lost webhooks left out, after the grace period.

use bitbucket::EventKey;
use bitbucket::payload::{Document, Participant, PullRequest};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::bounds;
use super::context::FoldContext;
use super::missing::{MissingFact, missing};
use super::snapshots;
use super::synthetic::{self, Item, Synthetic};
use crate::event::EventId;
use crate::event::fact::Fact;
use crate::event::{Change, changes_between};
use crate::observation::PullRequestPoll;
use crate::state::{FoundUpdate, Review, ReviewState, end_key, state_of};

/// Records that the snapshot shows unpublished facts, and plans a reread after the grace period. Two reports of the
/// same moment may come in the wrong order, so a report alone proves nothing. Called after every report.
pub(super) fn note(ctx: &mut FoldContext<'_>) {
    let (now, settings) = (ctx.now, ctx.settings);
    let Some(pr) = ctx.state.pull_request_mut() else { return };
    if missing(&pr.published, &pr.snapshot).is_empty() {
        pr.unpublished_since = None;
        return;
    }
    let since = *pr.unpublished_since.get_or_insert(now);
    reread_by(ctx, settings.grace_ends(since));
}

/// Folds the pull request itself as a poll read it.
pub(super) fn fold_snapshot(ctx: &mut FoldContext<'_>, read: &PullRequestPoll, seen: &Document<PullRequest>) {
    let Some(pr) = ctx.state.pull_request() else { return };
    if seen.id().is_none() || !snapshots::is_newest(pr, seen, true) {
        return;
    }
    let shown = bounds::snapshot(seen.raw.clone());
    // The snapshot is this poll's own, and is folded again for the reviews that did not fit.
    let is_continued = pr.recheck_at == Some(read.started_at) && shown == pr.snapshot;
    let is_overtaken =
        seen.updated_on == pr.snapshot_updated_on && read.base_version.saturating_add(1) < ctx.version();
    if is_overtaken && !is_continued {
        // An observation was stored while this was read, and the times do not decide which is newer.
        let now = ctx.now;
        if let Some(pr) = ctx.state.pull_request_mut() {
            pr.seen_in_sweep_at = Some(pr.snapshot_updated_on.unwrap_or(now));
        }
        reread_by(ctx, now);
        return;
    }
    let found = changes_between(&pr.snapshot, &seen.raw);
    let is_first_sight = pr.snapshot.is_null();
    // A long list of participants is not kept in the snapshot.
    let shows_news = !found.is_empty() || !missing(&pr.published, &seen.raw).is_empty();
    if !is_first_sight
        && shows_news
        && let Some(ends) = grace_left(ctx)
    {
        // The webhook of the change may still come. The snapshot is taken after the grace period.
        if let Some(pr) = ctx.state.pull_request_mut() {
            pr.seen_in_sweep_at = Some(seen.updated_on.unwrap_or(Timestamp::MAX));
        }
        reread_by(ctx, ends);
        return;
    }
    let Some(pr) = ctx.state.pull_request_mut() else { return };
    let replaced = snapshots::of_poll(pr, seen.clone(), read.repository.as_ref());
    let (since, until) = (replaced.updated_on(), seen.updated_on);
    // The end is published under a key of its own. It takes the pull request out of the merge queue.
    let has_end = found.iter().any(is_end);
    let leaves_queue = |change: &Change| has_end && matches!(change, Change::Queued { to: false, .. });
    let (ends, updates): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|change| is_end(change) || leaves_queue(change));
    if !is_first_sight && !updates.is_empty() {
        let id = ctx.fact(&EventKey::PullRequestUpdated).part("found").part(ctx.version()).id();
        if let Some(pr) = ctx.state.pull_request_mut() {
            pr.published.find_update(FoundUpdate { since, until, id: id.clone() });
        }
        let since_unsigned = replaced.is_unsigned();
        let event = Synthetic { changes: Some(updates), since_unsigned, ..Synthetic::default() };
        synthetic::emit(ctx, id, &EventKey::PullRequestUpdated, event, Item::PullRequest);
    }
    // An unsigned snapshot does not prove what changed.
    let ends = (!replaced.is_unsigned()).then_some(&*ends);
    publish_missing(ctx, read.started_at, &seen.raw, ends);
}

/// Publishes the missing facts of the snapshot that was just read, if their grace period is over. `ends` has the
/// change of state, if it is known.
fn publish_missing(ctx: &mut FoldContext<'_>, started_at: Timestamp, shown: &Value, ends: Option<&[Change]>) {
    let Some(pr) = ctx.state.pull_request_mut() else { return };
    let missing = missing(&pr.published, shown);
    if missing.is_empty() {
        pr.unpublished_since = None;
        return;
    }
    if let Some(grace_ends) = grace_left(ctx) {
        reread_by(ctx, grace_ends);
        return;
    }
    for fact in missing {
        if !ctx.has_room() {
            // The same poll is folded again for the others. Should that never happen, another one finds them.
            reread_by(ctx, started_at);
            return;
        }
        match fact {
            MissingFact::Created => created(ctx),
            MissingFact::Ended(key) => ended(ctx, &key, ends),
            MissingFact::Reviewed { key, state, user, participant } => {
                reviewed(ctx, &key, state, user, participant.as_ref());
            }
        }
    }
    if let Some(pr) = ctx.state.pull_request_mut() {
        pr.unpublished_since = None;
    }
}

/// End of the grace period of unpublished facts; `None` if it has ended.
fn grace_left(ctx: &mut FoldContext<'_>) -> Option<Timestamp> {
    let (now, settings) = (ctx.now, ctx.settings);
    let ends = settings.grace_ends(*ctx.state.pull_request_mut()?.unpublished_since.get_or_insert(now));
    (ends > now).then_some(ends)
}

fn is_end(change: &Change) -> bool {
    matches!(change, Change::State { to, .. } if end_key(to).is_some())
}

fn created(ctx: &mut FoldContext<'_>) {
    let Some(pr) = ctx.state.pull_request_mut() else { return };
    pr.published.created = true;
    let shown = Document::<PullRequest>::new(pr.snapshot.clone());
    let author = pr.snapshot.get("author").filter(|author| !author.is_null()).cloned();
    let Some(created_on) = shown.created_on else { return };
    let id = creation(ctx.fact(&EventKey::PullRequestCreated), created_on, &shown).id();
    let event = Synthetic { occurred_at: Some(created_on), actor: author, ..Synthetic::default() };
    synthetic::emit(ctx, id, &EventKey::PullRequestCreated, event, Item::PullRequest);
}

/// The identity of the creation of a pull request.
pub(super) fn creation<'a>(fact: Fact<'a>, created_on: Timestamp, seen: &PullRequest) -> Fact<'a> {
    let branch = |endpoint: Option<&bitbucket::payload::Endpoint>| {
        endpoint.and_then(|endpoint| endpoint.branch_name()).unwrap_or_default().to_owned()
    };
    fact.time(Some(created_on)).part(branch(seen.source.as_ref())).part(branch(seen.destination.as_ref()))
}

fn ended(ctx: &mut FoldContext<'_>, key: &EventKey, ends: Option<&[Change]>) {
    let Some(pr) = ctx.state.pull_request_mut() else { return };
    pr.published.state = state_of(&pr.snapshot);
    let actor = pr.snapshot.get("closed_by").filter(|actor| !actor.is_null()).cloned();
    let id = ctx.fact(key).id();
    let event = Synthetic { actor, changes: ends.map(<[Change]>::to_vec), ..Synthetic::default() };
    synthetic::emit(ctx, id, key, event, Item::PullRequest);
}

fn reviewed(
    ctx: &mut FoldContext<'_>,
    key: &EventKey,
    state: ReviewState,
    user: String,
    participant: Option<&Participant>,
) {
    // A withdrawn approval has no actor: a push withdraws approvals too.
    let at = participant.filter(|_| state != ReviewState::None).and_then(|one| one.participated_on);
    let account = participant.and_then(|one| one.user.clone()).unwrap_or_else(|| json!({ "uuid": user }));
    let id = review_fact(ctx, key, &user, at);
    if let Some(pr) = ctx.state.pull_request_mut() {
        pr.published.reviews.insert(user, Review { state, poll_event: Some(id.clone()), at });
    }
    let actor = (state != ReviewState::None).then(|| account.clone());
    let review = json!({ "date": at, "user": account });
    let event = Synthetic { occurred_at: at, actor, ..Synthetic::default() };
    synthetic::emit(ctx, id, key, event, Item::Review(field_of(key), review));
}

fn review_fact(ctx: &FoldContext<'_>, key: &EventKey, user: &str, at: Option<Timestamp>) -> EventId {
    let fact = ctx.fact(key).part(user);
    match at {
        Some(at) => fact.time(Some(at)).id(),
        None => fact.part("version").part(ctx.version()).id(),
    }
}

/// The field of Bitbucket's payload that has the review.
const fn field_of(key: &EventKey) -> &'static str {
    match key {
        EventKey::PullRequestApproved | EventKey::PullRequestUnapproved => "approval",
        _ => "changes_request",
    }
}

/// The reviewer of a payload.
pub(super) fn reviewer(payload: &bitbucket::Payload) -> Option<String> {
    payload.review()?.user?.uuid
}

/// The event of a poll whose late webhook this report is.
pub(super) fn found_before(
    ctx: &FoldContext<'_>,
    key: &EventKey,
    payload: &bitbucket::Payload,
) -> Option<EventId> {
    let published = &ctx.state.pull_request()?.published;
    let updated_on = || payload.pull_request_view().and_then(|seen| seen.updated_on);
    let found_review = || {
        let review = payload.review()?;
        published.found_review(key, &review.user?.uuid?, review.date)
    };
    published.found_update(key, updated_on()).or_else(found_review)
}

/// Records the fact that a report publishes.
pub(super) fn record_webhook(ctx: &mut FoldContext<'_>, key: &EventKey, payload: &bitbucket::Payload) {
    let Some(pr) = ctx.state.pull_request_mut() else { return };
    let shown: &Value = &pr.snapshot;
    pr.published.record_webhook(key, reviewer(payload).as_deref(), shown);
}

/// Plans a reread of the pull request itself at `at`, or before.
fn reread_by(ctx: &mut FoldContext<'_>, at: Timestamp) {
    if let Some(pr) = ctx.state.pull_request_mut() {
        pr.reread_by(at);
    }
}
