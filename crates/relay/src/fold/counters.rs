//! Counters: every event of a fold carries those after it, and where a poll alone moved them, an event of their own.

use bitbucket::EventKey;

use super::draft::Draft;
use super::synthetic::{self, Item, Synthetic};
use crate::counters::Counters;

/// Gives the events of this fold their counters. `by_poll`: whether it is a poll that is being folded.
pub(super) fn note(draft: &mut Draft<'_>, by_poll: bool) {
    let Some(known) = draft.state.pull_request.as_ref() else { return };
    let counters = Counters::of(known);
    let moved = known.counters.as_ref().is_some_and(|published| counters.moved_from(published));
    if by_poll && moved && draft.events.is_empty() && !draft.more {
        // Only a fold on top of the same version can conclude the same, and the store takes one of them.
        let fact = draft.fact(&EventKey::CountersChanged).part(draft.version()).id();
        synthetic::emit(draft, fact, &EventKey::CountersChanged, Synthetic::default(), &Item::PullRequest);
    }
    if draft.events.is_empty() {
        return;
    }
    for event in &mut draft.events {
        event.counters = Some(counters.clone());
    }
    if let Some(known) = draft.pull_request() {
        known.counters = Some(counters);
    }
}
