//! Facts of a pull request that are published: its creation, its end and its reviews.
//!
//! After a lost webhook, a snapshot shows more than these facts. The fold publishes the difference.

use std::collections::{BTreeMap, VecDeque};

use bitbucket::{EventKey, payload::Participant};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::EventId;

/// Seconds by which the times of one review may differ between a webhook and the API: no source says that they are
/// equal.
const SAME_REVIEW_SECONDS: i64 = 1;

/// Number of polled updates kept, to recognise their late webhooks.
const MAX_FOUND_UPDATES: usize = 8;

/// Maximum number of reviews kept of one pull request. Nothing is concluded from a longer list of participants.
const MAX_REVIEWS: usize = 500;

/// Longest UUID of an account, and longest state of a pull request. A longer text is no UUID and no state.
const MAX_NAME_BYTES: usize = 64;

/// Facts already published. Anything that a snapshot shows beyond these still has to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedFacts {
    /// True if the creation is published, or too old to be.
    pub created: bool,
    /// The last published state: `OPEN`, `MERGED`...
    pub state: Option<String>,
    /// Standing reviews by the account's UUID.
    pub reviews: BTreeMap<String, Review>,
    /// The newest updates that polls found.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub updates: VecDeque<FoundUpdate>,
}

/// A participant's review of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// Approved.
    Approved,
    /// Changes requested.
    ChangesRequested,
    /// No review, or not any more.
    None,
}

/// A published review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The state of the review.
    pub state: ReviewState,
    /// The event, if a poll published it. A late webhook of the review is that same event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_event: Option<EventId>,
    /// Time of the review, if a poll published it and Bitbucket gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// An update that a poll published: all changes after one `updated_on` up to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundUpdate {
    /// The `updated_on` of the previous snapshot.
    pub since: Option<Timestamp>,
    /// The `updated_on` of the snapshot that showed it.
    pub until: Option<Timestamp>,
    /// The event.
    pub id: EventId,
}

impl PublishedFacts {
    /// The facts of a pull request that is seen for the first time. If it is new, none are published; else all that it
    /// shows count as published.
    pub(crate) fn at_first_sight(snapshot: &Value, is_news: bool) -> Self {
        if is_news {
            return Self { state: Some("OPEN".to_owned()), ..Self::default() };
        }
        let standing = participants(snapshot).unwrap_or_default().into_iter();
        let reviews = standing
            .map(|(user, one)| (user, Review { state: review_state(&one), poll_event: None, at: None }));
        Self { created: true, state: state_of(snapshot), reviews: reviews.collect(), ..Self::default() }
    }

    /// Records the fact that a webhook reports. `shown` is the newest snapshot: a review that it no longer shows is
    /// not recorded.
    pub(crate) fn record_webhook(&mut self, key: &EventKey, reviewer: Option<&str>, shown: &Value) {
        match key {
            EventKey::PullRequestCreated => self.created = true,
            EventKey::PullRequestFulfilled => self.state = Some("MERGED".to_owned()),
            EventKey::PullRequestRejected => self.state = Some("DECLINED".to_owned()),
            _ => {}
        }
        let reviewer = reviewer.filter(|user| user.len() <= MAX_NAME_BYTES);
        let (Some(state), Some(user)) = (reported_state(key), reviewer) else { return };
        let stands = participants(shown)
            .is_none_or(|shown| shown.get(user).map_or(ReviewState::None, review_state) == state);
        if stands && self.reviews.get(user).is_none_or(|review| review.state != state) {
            self.reviews.insert(user.to_owned(), Review { state, poll_event: None, at: None });
        }
    }

    /// The event by which a poll has already published the review that a late webhook dates to `date`.
    pub(crate) fn found_review(
        &self,
        key: &EventKey,
        reviewer: &str,
        date: Option<Timestamp>,
    ) -> Option<EventId> {
        let review = self.reviews.get(reviewer)?;
        let is_later = date
            .zip(review.at)
            .is_some_and(|(date, at)| date.duration_since(at).as_secs() >= SAME_REVIEW_SECONDS);
        let is_same = Some(review.state) == reported_state(key) && !is_later;
        is_same.then(|| review.poll_event.clone()).flatten()
    }

    /// The event by which a poll has already published the update that a late webhook with this `updated_on` reports.
    pub(crate) fn found_update(&self, key: &EventKey, updated_on: Option<Timestamp>) -> Option<EventId> {
        if !matches!(key, EventKey::PullRequestUpdated | EventKey::PullRequestPush) {
            return None;
        }
        let covers = |found: &&FoundUpdate| found.since < updated_on && updated_on <= found.until;
        self.updates.iter().find(covers).map(|found| found.id.clone())
    }

    /// Lets go of reviews above the maximum: first of the withdrawn ones, which only recognise late webhooks.
    pub(crate) fn limit_reviews(&mut self) {
        if self.reviews.len() > MAX_REVIEWS {
            self.reviews.retain(|_, review| review.state != ReviewState::None);
        }
        while self.reviews.len() > MAX_REVIEWS {
            self.reviews.pop_last();
        }
    }

    pub(crate) fn find_update(&mut self, found: FoundUpdate) {
        self.updates.push_back(found);
        while self.updates.len() > MAX_FOUND_UPDATES {
            self.updates.pop_front();
        }
    }
}

/// The review that a webhook's key reports.
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

/// True if the pull request has ended. This is the only place that decides it. Any other state counts as open, also an
/// unknown one: Bitbucket's specification listed `QUEUED` and `DRAFT` for some months of 2026
/// (<https://github.com/FabianSchurig/bitbucket-cli>, commits 2e7a8d1 and a8a324b).
pub(crate) fn has_ended(snapshot: &Value) -> bool {
    matches!(snapshot.get("state").and_then(Value::as_str), Some("MERGED" | "DECLINED" | "SUPERSEDED"))
}

/// The event key of an end. Bitbucket has no key for the state `SUPERSEDED`, so that change is an update.
pub(crate) fn end_key(state: &str) -> Option<EventKey> {
    match state {
        "MERGED" => Some(EventKey::PullRequestFulfilled),
        "DECLINED" => Some(EventKey::PullRequestRejected),
        _ => None,
    }
}

pub(crate) fn state_of(snapshot: &Value) -> Option<String> {
    let state = snapshot.get("state")?.as_str()?;
    (state.len() <= MAX_NAME_BYTES).then(|| state.to_owned())
}

/// The participants that have a UUID, by UUID. `None` if the snapshot lists none, or too many.
pub(crate) fn participants(snapshot: &Value) -> Option<BTreeMap<String, Participant>> {
    let listed = snapshot.get("participants")?.as_array()?;
    let is_one = |uuid: &&str| uuid.len() <= MAX_NAME_BYTES;
    let read = listed.iter().filter_map(|one| Participant::deserialize(one).ok());
    let read = read.filter_map(|one| {
        let uuid = one.user.as_ref()?.get("uuid")?.as_str().filter(is_one)?.to_owned();
        Some((uuid, one))
    });
    (listed.len() <= MAX_REVIEWS).then(|| read.collect())
}

#[cfg(test)]
mod tests;
