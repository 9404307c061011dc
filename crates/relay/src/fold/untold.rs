//! What Bitbucket shows of a pull request itself and no webhook has told: told by a poll, after the grace period.

use bitbucket::EventKey;
use bitbucket::payload::{Document, Participant, PullRequest};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::draft::Draft;
use super::snapshots;
use super::synthetic::{self, Item, Synthetic};
use crate::changes::{self, Change};
use crate::event::EventId;
use crate::fact::Fact;
use crate::told::{FoundUpdate, Owed, Review, Verdict};

/// Notes since when something is untold, and has the pull request read when its grace period ends: two reports of the same
/// moment may come in the wrong order, so a report alone proves nothing. Called after every report.
pub(super) fn note(draft: &mut Draft<'_>) {
    let (now, settings) = (draft.now, draft.settings);
    let Some(known) = draft.pull_request() else { return };
    if known.told.owed(&known.snapshot).is_empty() {
        known.untold_since = None;
        return;
    }
    let since = *known.untold_since.get_or_insert(now);
    draft.refresh(settings.grace_ends(since));
}

/// Folds the pull request as a poll read it.
pub(super) fn refresh(draft: &mut Draft<'_>, base_version: u64, seen: &Document<PullRequest>) {
    let Some(known) = draft.state.pull_request.as_ref() else { return };
    if seen.id().is_none() || !snapshots::is_newest(known, seen) {
        return;
    }
    if seen.updated_on == known.snapshot_updated_on && base_version + 1 < draft.version() {
        // Something was stored while this was read, and the times do not tell which is newer.
        let now = draft.now;
        if let Some(known) = draft.pull_request() {
            known.noticed = Some(known.snapshot_updated_on.unwrap_or(now));
        }
        draft.refresh(now);
        return;
    }
    let found = changes::between(&known.snapshot, &seen.raw);
    let is_first_sight = known.snapshot.is_null();
    let shows_news = !found.is_empty() || !known.told.owed(&seen.raw).is_empty();
    if !is_first_sight
        && shows_news
        && let Some(ends) = grace_left(draft)
    {
        // The webhook that tells of it may be on its way. The snapshot is taken when its time is over.
        if let Some(known) = draft.pull_request() {
            known.noticed = Some(seen.updated_on.unwrap_or(Timestamp::MAX));
        }
        draft.refresh(ends);
        return;
    }
    let Some(known) = draft.pull_request() else { return };
    let replaced = snapshots::of_poll(known, seen.clone());
    let (since, until) = (replaced.updated_on(), seen.updated_on);
    // How it ended is told under a key of its own.
    let (ends, updates): (Vec<_>, Vec<_>) = found.into_iter().partition(is_end);
    if !is_first_sight && !updates.is_empty() {
        let id = draft.fact(&EventKey::PullRequestUpdated).part("found").part(draft.version()).id();
        if let Some(known) = draft.pull_request() {
            known.told.find_update(FoundUpdate { since, until, id: id.clone() });
        }
        let event = Synthetic { changes: Some(updates), ..Synthetic::default() };
        synthetic::emit(draft, id, &EventKey::PullRequestUpdated, event, &Item::PullRequest);
    }
    tell(draft, &ends);
}

/// Tells what the snapshot that was just read leaves owed, if its grace period is over. `ends` is what was found of how it
/// ended.
fn tell(draft: &mut Draft<'_>, ends: &[Change]) {
    let Some(known) = draft.pull_request() else { return };
    let owed = known.told.owed(&known.snapshot);
    if owed.is_empty() {
        known.untold_since = None;
        return;
    }
    if let Some(grace_ends) = grace_left(draft) {
        draft.refresh(grace_ends);
        return;
    }
    for owed in owed {
        match owed {
            Owed::Created => created(draft),
            Owed::Ended(key) => ended(draft, &key, ends),
            Owed::Reviewed { key, verdict, user, participant } => {
                reviewed(draft, &key, verdict, user, participant.as_ref());
            }
        }
    }
    if let Some(known) = draft.pull_request() {
        known.untold_since = None;
    }
}

/// When the grace period of what is untold ends, if it goes on.
fn grace_left(draft: &mut Draft<'_>) -> Option<Timestamp> {
    let (now, settings) = (draft.now, draft.settings);
    let ends = settings.grace_ends(*draft.pull_request()?.untold_since.get_or_insert(now));
    (ends > now).then_some(ends)
}

fn is_end(change: &Change) -> bool {
    matches!(change, Change::State { to, .. } if to == "MERGED" || to == "DECLINED")
}

fn created(draft: &mut Draft<'_>) {
    let Some(known) = draft.pull_request() else { return };
    known.told.created = true;
    let shown = Document::<PullRequest>::new(known.snapshot.clone());
    let author = known.snapshot.get("author").filter(|author| !author.is_null()).cloned();
    let Some(created_on) = shown.created_on else { return };
    let id = creation(draft.fact(&EventKey::PullRequestCreated), created_on, &shown).id();
    let event = Synthetic { occurred_at: Some(created_on), actor: author, ..Synthetic::default() };
    synthetic::emit(draft, id, &EventKey::PullRequestCreated, event, &Item::PullRequest);
}

/// The identity of a pull request's creation.
pub(super) fn creation<'a>(fact: Fact<'a>, created_on: Timestamp, seen: &PullRequest) -> Fact<'a> {
    let branch = |endpoint: Option<&bitbucket::payload::Endpoint>| {
        endpoint.and_then(|endpoint| endpoint.branch_name()).unwrap_or_default().to_owned()
    };
    fact.time(Some(created_on)).part(branch(seen.source.as_ref())).part(branch(seen.destination.as_ref()))
}

fn ended(draft: &mut Draft<'_>, key: &EventKey, ends: &[Change]) {
    let Some(known) = draft.pull_request() else { return };
    known.told.state = crate::told::state_of(&known.snapshot);
    let actor = known.snapshot.get("closed_by").filter(|actor| !actor.is_null()).cloned();
    let id = draft.fact(key).id();
    let event = Synthetic { actor, changes: Some(ends.to_vec()), ..Synthetic::default() };
    synthetic::emit(draft, id, key, event, &Item::PullRequest);
}

fn reviewed(
    draft: &mut Draft<'_>,
    key: &EventKey,
    verdict: Verdict,
    user: String,
    participant: Option<&Participant>,
) {
    // Who withdrew an approval is not known: a push does it too.
    let at = participant.filter(|_| verdict != Verdict::None).and_then(|one| one.participated_on);
    let account = participant.and_then(|one| one.user.clone()).unwrap_or_else(|| json!({ "uuid": user }));
    let id = review_fact(draft, key, &user, at);
    if let Some(known) = draft.pull_request() {
        known.told.reviews.insert(user, Review { verdict, found: Some(id.clone()) });
    }
    let actor = (verdict != Verdict::None).then(|| account.clone());
    let review = json!({ "date": at, "user": account });
    let event = Synthetic { occurred_at: at, actor, ..Synthetic::default() };
    synthetic::emit(draft, id, key, event, &Item::Review(field_of(key), review));
}

fn review_fact(draft: &Draft<'_>, key: &EventKey, user: &str, at: Option<Timestamp>) -> EventId {
    let fact = draft.fact(key).part(user);
    match at {
        Some(at) => fact.time(Some(at)).id(),
        None => fact.part("version").part(draft.version()).id(),
    }
}

/// Where Bitbucket's payload has the review.
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

/// What a poll has told already, of which this report is the late webhook.
pub(super) fn found_before(
    draft: &Draft<'_>,
    key: &EventKey,
    payload: &bitbucket::Payload,
) -> Option<EventId> {
    let told = &draft.state.pull_request.as_ref()?.told;
    let updated_on = || payload.pull_request_view().and_then(|seen| seen.updated_on);
    told.found_update(key, updated_on()).or_else(|| told.found_review(key, &reviewer(payload)?))
}

/// Notes what a report tells.
pub(super) fn hear(draft: &mut Draft<'_>, key: &EventKey, payload: &bitbucket::Payload) {
    let Some(known) = draft.pull_request() else { return };
    let shown: &Value = &known.snapshot;
    known.told.hear(key, reviewer(payload).as_deref(), shown);
}
