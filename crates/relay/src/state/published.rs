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
pub struct PublishedFacts {
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
pub enum ReviewState {
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
    pub state: ReviewState,
    /// The event by which a poll told it. Its webhook, should it come late, is that same event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_event: Option<EventId>,
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

impl PublishedFacts {
    /// What a pull request starts with that nothing was known of: all that it shows is old news, or, where its creation is
    /// news, nothing is.
    pub(crate) fn at_first_sight(snapshot: &Value, is_news: bool) -> Self {
        if is_news {
            return Self { created: false, state: Some("OPEN".to_owned()), ..Self::default() };
        }
        let standing = participants(snapshot).unwrap_or_default().into_iter();
        let reviews =
            standing.map(|(user, one)| (user, Review { state: review_state(&one), poll_event: None }));
        Self { created: true, state: state_of(snapshot), reviews: reviews.collect(), ..Self::default() }
    }

    /// Notes what a webhook tells. `shown` is the newest snapshot: of a review that is not the standing one any more, only
    /// the log keeps a trace.
    pub(crate) fn record_webhook(&mut self, key: &EventKey, reviewer: Option<&str>, shown: &Value) {
        match key {
            EventKey::PullRequestCreated => self.created = true,
            EventKey::PullRequestFulfilled => self.state = Some("MERGED".to_owned()),
            EventKey::PullRequestRejected => self.state = Some("DECLINED".to_owned()),
            _ => {}
        }
        let (Some(state), Some(user)) = (reported_state(key), reviewer) else { return };
        let stands = participants(shown)
            .is_none_or(|shown| shown.get(user).map_or(ReviewState::None, review_state) == state);
        if stands && self.reviews.get(user).is_none_or(|review| review.state != state) {
            self.reviews.insert(user.to_owned(), Review { state, poll_event: None });
        }
    }

    /// The event by which a poll has told a review already.
    pub(crate) fn found_review(&self, key: &EventKey, reviewer: &str) -> Option<EventId> {
        let review = self.reviews.get(reviewer)?;
        (Some(review.state) == reported_state(key)).then(|| review.poll_event.clone()).flatten()
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
const fn reported_state(key: &EventKey) -> Option<ReviewState> {
    match key {
        EventKey::PullRequestApproved => Some(ReviewState::Approved),
        EventKey::ChangesRequestCreated => Some(ReviewState::ChangesRequested),
        EventKey::PullRequestUnapproved | EventKey::ChangesRequestRemoved => Some(ReviewState::None),
        _ => None,
    }
}

pub(crate) fn review_state(participant: &Participant) -> ReviewState {
    match (participant.approved, participant.state.as_deref()) {
        (_, Some("changes_requested")) => ReviewState::ChangesRequested,
        (true, _) | (_, Some("approved")) => ReviewState::Approved,
        _ => ReviewState::None,
    }
}

pub(crate) fn state_of(snapshot: &Value) -> Option<String> {
    snapshot.get("state")?.as_str().map(str::to_owned)
}

/// The participants that can be told apart.
pub(crate) fn participants(snapshot: &Value) -> Option<BTreeMap<String, Participant>> {
    let listed = snapshot.get("participants")?.as_array()?.iter();
    let read = listed.filter_map(|one| Participant::deserialize(one).ok());
    Some(read.filter_map(|one| Some((one.user.as_ref()?.get("uuid")?.as_str()?.to_owned(), one))).collect())
}
