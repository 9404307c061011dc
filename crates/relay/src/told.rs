//! What the log has told of a pull request, as far as Bitbucket may have left it out: its creation, its end, its reviews.
//!
//! A webhook that is lost leaves a snapshot that shows more than was told. The difference is owed to the subscriber.

use std::collections::{BTreeMap, VecDeque};

use bitbucket::{EventKey, payload::Participant};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::EventId;

/// How many updates that a poll found are remembered, to recognise their webhooks when they come late.
const MAX_FOUND_UPDATES: usize = 8;

/// What was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Whether its creation was told, or is no news.
    pub created: bool,
    /// The last state that was told: `OPEN`, `MERGED`...
    pub state: Option<String>,
    /// Standing reviews by the account's UUID.
    pub reviews: BTreeMap<String, Review>,
    /// Updates that a poll found.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub updates: VecDeque<FoundUpdate>,
}

/// What somebody thinks of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be merged.
    Approved,
    /// It may not.
    ChangesRequested,
    /// Nothing (any more).
    None,
}

/// A review as it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// What it says.
    pub verdict: Verdict,
    /// The event by which a poll told it. Its webhook, should it come late, is that same event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<EventId>,
}

/// An update that a poll told: all that happened after one `updated_on` up to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundUpdate {
    /// The `updated_on` of the snapshot before.
    pub since: Option<Timestamp>,
    /// The `updated_on` of the snapshot that showed it.
    pub until: Option<Timestamp>,
    /// The event.
    pub id: EventId,
}

/// A difference between what the snapshot shows and what was told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Owed {
    Created,
    /// It ended: merged or declined.
    Ended(EventKey),
    Reviewed {
        key: EventKey,
        verdict: Verdict,
        user: String,
        participant: Option<Participant>,
    },
}

impl Told {
    /// What a pull request starts with that nothing was known of: all that it shows is old news, or, where its creation is
    /// news, nothing is.
    pub(crate) fn at_first_sight(snapshot: &Value, is_news: bool) -> Self {
        if is_news {
            return Self { created: false, state: Some("OPEN".to_owned()), ..Self::default() };
        }
        let standing = participants(snapshot).unwrap_or_default().into_iter();
        let reviews = standing.map(|(user, one)| (user, Review { verdict: verdict_of(&one), found: None }));
        Self { created: true, state: state_of(snapshot), reviews: reviews.collect(), ..Self::default() }
    }

    /// What `snapshot` shows and was not told. What it does not say is not owed.
    pub(crate) fn owed(&self, snapshot: &Value) -> Vec<Owed> {
        let mut owed = Vec::new();
        if !self.created && !snapshot.is_null() {
            owed.push(Owed::Created);
        }
        owed.extend(self.owed_reviews(snapshot));
        let state = state_of(snapshot);
        if self.state.is_some() && state != self.state {
            let end = match state.as_deref() {
                Some("MERGED") => Some(EventKey::PullRequestFulfilled),
                Some("DECLINED") => Some(EventKey::PullRequestRejected),
                _ => None,
            };
            owed.extend(end.map(Owed::Ended));
        }
        owed
    }

    fn owed_reviews(&self, snapshot: &Value) -> Vec<Owed> {
        let Some(shown) = participants(snapshot) else { return Vec::new() };
        let mut owed = Vec::new();
        let users: std::collections::BTreeSet<_> = shown.keys().chain(self.reviews.keys()).collect();
        for user in users {
            let participant = shown.get(user);
            let told = self.reviews.get(user).map_or(Verdict::None, |review| review.verdict);
            let verdict = participant.map_or(Verdict::None, verdict_of);
            let key = match (told, verdict) {
                (told, verdict) if told == verdict => continue,
                (_, Verdict::Approved) => EventKey::PullRequestApproved,
                (_, Verdict::ChangesRequested) => EventKey::ChangesRequestCreated,
                (Verdict::Approved, _) => EventKey::PullRequestUnapproved,
                _ => EventKey::ChangesRequestRemoved,
            };
            let (user, participant) = (user.clone(), participant.cloned());
            owed.push(Owed::Reviewed { key, verdict, user, participant });
        }
        owed
    }

    /// Notes what a webhook tells. `shown` is the newest snapshot: of a review that is not the standing one any more, only
    /// the log keeps a trace.
    pub(crate) fn hear(&mut self, key: &EventKey, reviewer: Option<&str>, shown: &Value) {
        match key {
            EventKey::PullRequestCreated => self.created = true,
            EventKey::PullRequestFulfilled => self.state = Some("MERGED".to_owned()),
            EventKey::PullRequestRejected => self.state = Some("DECLINED".to_owned()),
            _ => {}
        }
        let (Some(verdict), Some(user)) = (verdict_told(key), reviewer) else { return };
        let stands = participants(shown)
            .is_none_or(|shown| shown.get(user).map_or(Verdict::None, verdict_of) == verdict);
        if stands && self.reviews.get(user).is_none_or(|review| review.verdict != verdict) {
            self.reviews.insert(user.to_owned(), Review { verdict, found: None });
        }
    }

    /// The event by which a poll has told a review already.
    pub(crate) fn found_review(&self, key: &EventKey, reviewer: &str) -> Option<EventId> {
        let review = self.reviews.get(reviewer)?;
        (Some(review.verdict) == verdict_told(key)).then(|| review.found.clone()).flatten()
    }

    /// The event by which a poll has told an update already, of which a webhook with this `updated_on` comes late.
    pub(crate) fn found_update(&self, key: &EventKey, updated_on: Option<Timestamp>) -> Option<EventId> {
        if !matches!(key, EventKey::PullRequestUpdated | EventKey::PullRequestPush) {
            return None;
        }
        let covers = |found: &&FoundUpdate| found.since < updated_on && updated_on <= found.until;
        self.updates.iter().find(covers).map(|found| found.id.clone())
    }

    pub(crate) fn find_update(&mut self, found: FoundUpdate) {
        self.updates.push_back(found);
        while self.updates.len() > MAX_FOUND_UPDATES {
            self.updates.pop_front();
        }
    }
}

/// What a webhook's key says of a review.
const fn verdict_told(key: &EventKey) -> Option<Verdict> {
    match key {
        EventKey::PullRequestApproved => Some(Verdict::Approved),
        EventKey::ChangesRequestCreated => Some(Verdict::ChangesRequested),
        EventKey::PullRequestUnapproved | EventKey::ChangesRequestRemoved => Some(Verdict::None),
        _ => None,
    }
}

fn verdict_of(participant: &Participant) -> Verdict {
    match (participant.approved, participant.state.as_deref()) {
        (_, Some("changes_requested")) => Verdict::ChangesRequested,
        (true, _) | (_, Some("approved")) => Verdict::Approved,
        _ => Verdict::None,
    }
}

pub(crate) fn state_of(snapshot: &Value) -> Option<String> {
    snapshot.get("state")?.as_str().map(str::to_owned)
}

/// The participants that can be told apart.
fn participants(snapshot: &Value) -> Option<BTreeMap<String, Participant>> {
    let listed = snapshot.get("participants")?.as_array()?.iter();
    let read = listed.filter_map(|one| Participant::deserialize(one).ok());
    Some(read.filter_map(|one| Some((one.user.as_ref()?.get("uuid")?.as_str()?.to_owned(), one))).collect())
}
