//! The states and logs of one input, and the checks of each fold.

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use relay::{
    Event, EventId, LinkId, MAX_EVENTS_PER_FOLD, Observation, Settings, Subject, SubjectState, fold,
};
use serde_json::Value;

use crate::targets::support::{link, start};
use crate::traits::{Traits, rough};

/// The most folds of one observation: those after the first store the events that did not fit.
const MOST_FOLDS: usize = 2_000;

/// The states and logs of one input.
#[derive(Debug)]
pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) link: LinkId,
    pub(super) settings: Settings,
    /// The subject that a step without a body is about.
    pub(super) last: Subject,
    pub(super) deliveries: usize,
    pub(super) logs: BTreeMap<Subject, Log>,
    pub(super) traits: Traits,
}

/// The state and the facts of one subject.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) state: SubjectState,
    facts: HashSet<EventId>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            now: start(),
            link: link(),
            settings: Settings::default(),
            last: Subject::Link,
            deliveries: 0,
            logs: BTreeMap::new(),
            traits: Traits::default(),
        }
    }

    /// Sets the clock as a step asks.
    pub(super) fn pass(&mut self, step: &Value) {
        let seconds = step.get("after").and_then(Value::as_i64).unwrap_or(1);
        let at = step.get("at").and_then(Value::as_str).and_then(|at| at.parse().ok());
        let passed = || self.now.saturating_add(SignedDuration::from_secs(seconds)).ok();
        self.now = at.or_else(passed).unwrap_or(self.now);
    }

    pub(super) fn state(&self, subject: &Subject) -> SubjectState {
        self.logs.get(subject).map(|log| log.state.clone()).unwrap_or_default()
    }

    /// Folds an observation, and again for the events that did not fit, like the store.
    pub(super) fn learns(&mut self, subject: &Subject, observation: &Observation) {
        assert_eq!(
            subject.to_string().parse().ok().as_ref(),
            Some(subject),
            "a subject reads back from its key"
        );
        let log = self.logs.entry(subject.clone()).or_default();
        for _ in 0..MOST_FOLDS {
            if !observation.concerns(&log.state) {
                return;
            }
            let before = (log.state.version, log.state.sequence);
            let folded = fold(log.state.clone(), &self.link, subject, observation, self.now, &self.settings);
            let known = folded.events.iter().map(|event| &event.id).filter(|id| log.facts.contains(id));
            let known: Vec<EventId> = known.cloned().collect();
            if !known.is_empty() {
                // The table refuses the transaction, and the fold is made again with these facts remembered.
                self.traits.note("known fact");
                log.state.remember(known);
                continue;
            }
            assert_eq!(folded.state.version, before.0 + 1);
            assert!(folded.events.len() <= MAX_EVENTS_PER_FOLD, "{} events", folded.events.len());
            for (event, sequence) in folded.events.iter().zip(before.1 + 1..) {
                assert_eq!(event.sequence, sequence, "the sequence has no gap");
                assert!(log.facts.insert(event.id.clone()), "the id of {} is there twice", event.key);
                check(event, &mut self.traits);
            }
            assert_eq!(folded.state.sequence, before.1 + folded.events.len() as u64);
            let stored = serde_json::to_string(&folded.state).expect("a state is JSON");
            let read: SubjectState = serde_json::from_str(&stored).expect("a state reads back");
            assert_eq!(read, folded.state, "a state reads back as it was stored");
            self.traits.note((
                subject.kind(),
                folded.state.watch.map(|watch| (watch.reason.as_str(), watch.deadline.is_some())),
            ));
            self.traits.note(("head", folded.head.map(|moved| (moved.from.is_some(), moved.to.is_some()))));
            note_state(&folded.state, &mut self.traits);
            log.state = folded.state;
            if !folded.more {
                return;
            }
        }
        panic!("folding does not end");
    }
}

/// Checks that an event can be published whole.
fn check(event: &Event, traits: &mut Traits) {
    let envelope = event.envelope(None);
    assert!(envelope.payload.is_some(), "the payload of {} is no JSON", event.key);
    let detail = serde_json::to_string(&envelope).expect("an envelope is JSON");
    assert!(
        serde_json::from_str::<Value>(&detail).is_ok(),
        "the envelope of {} does not read back",
        event.key
    );
    traits.note((event.key.to_string(), event.source.as_str(), event.trusted));
    traits.note((event.key.to_string(), event.occurred_at.is_some(), event.actor.is_some()));
    for change in event.changes.iter().flatten() {
        let change = serde_json::to_value(change).unwrap();
        traits.note(("change", change["type"].as_str().unwrap_or_default().to_owned()));
    }
}

fn note_state(state: &SubjectState, traits: &mut Traits) {
    traits.note(("repeats", rough(state.repeats.len()), "facts", rough(state.recent_facts.len())));
    for comment in state.comments().into_iter().flat_map(BTreeMap::values) {
        traits.note((rough(comment.revisions.len()), comment.resolution.is_some(), comment.lifted.is_some()));
        traits.note((
            comment.deleted,
            comment.creation_unpublished,
            comment.thread,
            rough(comment.doubts.len()),
        ));
    }
    if let Some(pr) = state.pull_request() {
        traits.note((pr.is_open(), pr.tasks_read, pr.recheck_at.is_some(), pr.reread_at.is_some()));
        traits.note((pr.seen_in_sweep_at.is_some(), pr.unpublished_since.is_some(), pr.published.created));
        traits.note((rough(pr.published.reviews.len()), rough(pr.published.updates.len())));
        for task in pr.tasks.values() {
            traits.note((
                "task",
                task.resolution.is_some(),
                task.lifted.is_some(),
                task.deleted,
                rough(task.doubts.len()),
            ));
        }
    }
}
