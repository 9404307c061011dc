//! The facts that a snapshot shows and no event has published.

use bitbucket::EventKey;
use bitbucket::payload::Participant;
use serde_json::Value;

use crate::state::{PublishedFacts, ReviewState, end_key, participants, review_state, state_of};

/// A fact that a snapshot shows and no event has published.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum MissingFact {
    Created,
    /// It ended: merged or declined.
    Ended(EventKey),
    Reviewed {
        key: EventKey,
        state: ReviewState,
        user: String,
        participant: Option<Participant>,
    },
}

/// Returns the facts that `snapshot` shows and no event has published. A field that it lacks is not missing.
pub(super) fn missing(published: &PublishedFacts, snapshot: &Value) -> Vec<MissingFact> {
    let mut missing = Vec::new();
    if !published.created && !snapshot.is_null() {
        missing.push(MissingFact::Created);
    }
    missing.extend(missing_reviews(published, snapshot));
    let state = state_of(snapshot);
    if published.state.is_some() && state != published.state {
        missing.extend(state.as_deref().and_then(end_key).map(MissingFact::Ended));
    }
    missing
}

fn missing_reviews(published: &PublishedFacts, snapshot: &Value) -> Vec<MissingFact> {
    let Some(shown) = participants(snapshot) else { return Vec::new() };
    let mut missing = Vec::new();
    let users: std::collections::BTreeSet<_> = shown.keys().chain(published.reviews.keys()).collect();
    for user in users {
        let participant = shown.get(user);
        let before = published.reviews.get(user).map_or(ReviewState::None, |review| review.state);
        let state = participant.map_or(ReviewState::None, review_state);
        let key = match (before, state) {
            (before, state) if before == state => continue,
            (_, ReviewState::Approved) => EventKey::PullRequestApproved,
            (_, ReviewState::ChangesRequested) => EventKey::ChangesRequestCreated,
            (ReviewState::Approved, _) => EventKey::PullRequestUnapproved,
            _ => EventKey::ChangesRequestRemoved,
        };
        let (user, participant) = (user.clone(), participant.cloned());
        missing.push(MissingFact::Reviewed { key, state, user, participant });
    }
    missing
}
