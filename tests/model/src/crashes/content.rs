//! Everything that matters of what a deployment stored and published.

use std::collections::{BTreeMap, BTreeSet};

use bitbucket::{EventKey, Payload};
use jiff::Timestamp;
use relay::{Event, Subject};
use serde_json::Value;
use store::Table;

use crate::functions::Deployment;
use crate::outside::Subscriber;

/// The most events of one log.
const MAX_EVENTS: usize = 1_000;

/// Parts of a state that hold versions and times of ours, which differ after a retry. The sequence is compared with the
/// log.
const OF_TIMES: [&str; 15] = [
    "sequence",
    "at",
    "last_activity_at",
    "recent_facts",
    "version",
    "watch",
    "polled_at",
    "tasks_read_at",
    "tasks_dirty_since",
    "recheck_at",
    "reread_at",
    "unpublished_since",
    "since",
    "changed_at",
    "found_at",
];

/// The logs, states, kept deliveries and published events.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content {
    /// The events of each subject. Those of one comment or task are in their order; the order of others depends on what
    /// was read first. `CountersChanged` is left out: a poll publishes it if it found no other event.
    logs: Vec<Vec<Fact>>,
    /// The states, without times of ours.
    states: Vec<Value>,
    /// Number of kept deliveries.
    pub(crate) kept: usize,
    /// The events on the bus and in the dead-letter queue, once each.
    published: BTreeSet<Fact>,
    parked: BTreeSet<Fact>,
}

/// One event of a log, without what depends on the order in which facts were found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact {
    /// The comment or task.
    about: Option<u64>,
    key: String,
    id: String,
    /// The text of the comment or task. The rest of the payload depends on who found the fact: a webhook or a poll.
    text: Option<String>,
}

impl Content {
    pub(crate) async fn read<T: Table>(deployment: &Deployment, table: &T, subscriber: &Subscriber) -> Self {
        let (mut logs, mut states, mut by_id) = (Vec::new(), Vec::new(), BTreeMap::new());
        for subject in subjects(deployment) {
            let events = table.events(&deployment.link, &subject, 0, MAX_EVENTS).await.unwrap();
            let state = table.read(&deployment.link, &subject).await.unwrap();
            assert_order(&subject, &events, state.sequence);
            let facts = events.iter().filter(|event| event.key != EventKey::CountersChanged);
            let facts: Vec<_> = facts.map(|event| (event.id.to_string(), fact(event))).collect();
            by_id.extend(facts.iter().cloned());
            let mut facts: Vec<Fact> = facts.into_iter().map(|(_, fact)| fact).collect();
            facts.sort_by_key(|fact| fact.about);
            logs.push(facts);
            let mut state = serde_json::to_value(state).unwrap();
            without_times(&mut state);
            states.push(state);
        }
        let kept = table.kept(Timestamp::MAX, MAX_EVENTS).await.unwrap().len();
        let received = subscriber.received();
        let once = |ids: Vec<String>| ids.iter().filter_map(|id| by_id.get(id).cloned()).collect();
        Self { logs, states, kept, published: once(received.published), parked: once(received.parked) }
    }

    /// Fails if this differs from what an undisturbed run leads to.
    pub(crate) fn assert_same(&self, undisturbed: &Self, has_stream: bool, fault: &str) {
        assert_eq!(
            self.logs, undisturbed.logs,
            "{fault}: a log stays different from that of an undisturbed run"
        );
        for (state, undisturbed) in self.states.iter().zip(&undisturbed.states) {
            let different = differences(state, undisturbed);
            assert!(different.is_empty(), "{fault}: a state stays different: {different:#?}");
        }
        assert_eq!((self.kept, undisturbed.kept), (0, 0), "{fault}: a delivery stays kept");
        assert_eq!(self.published, undisturbed.published, "{fault}: the bus has other events");
        assert_eq!(self.parked, undisturbed.parked, "{fault}: the dead-letter queue has other events");
        let out: BTreeSet<&Fact> = self.published.union(&self.parked).collect();
        let all: BTreeSet<&Fact> = self.logs.iter().flatten().collect();
        assert!(!has_stream || out == all, "G7: {fault}: {out:?} are out of {all:?}");
    }

    /// True if nothing is missing of what another one stored or published.
    pub(crate) fn has_all_of(&self, other: &Self) -> bool {
        let out = |content: &Self| content.published.len() + content.parked.len();
        let has_all_events = self.events() >= other.events() && out(self) >= out(other);
        has_all_events && self.kept <= other.kept && self.events() + self.kept >= other.events() + other.kept
    }

    /// The number of events in all logs.
    pub(crate) fn events(&self) -> usize {
        self.logs.iter().map(Vec::len).sum()
    }
}

fn fact(event: &Event) -> Fact {
    let payload: Value = serde_json::from_slice(&event.payload).unwrap();
    let item = if payload["task"].is_object() { &payload["task"] } else { &payload["comment"] };
    Fact {
        about: item["id"].as_u64(),
        key: event.key.to_string(),
        id: event.id.to_string(),
        text: item["content"]["raw"].as_str().map(str::to_owned),
    }
}

/// G5 and G6.
fn assert_order(subject: &Subject, events: &[Event], counted: u64) {
    let sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    let expected: Vec<u64> = (1..=counted).collect();
    assert_eq!(sequences, expected, "G6: the log of {subject}");
    let mut ids: Vec<_> = events.iter().map(|event| &event.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "G5: an id is in the log of {subject} twice");
}

/// The subjects of all webhooks, and the repository.
fn subjects(deployment: &Deployment) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    for sent in &deployment.bitbucket.webhooks {
        let subject = Subject::from_payload(&Payload::parse(&sent.webhook.body).unwrap());
        let repository = subject.repository().cloned();
        subjects.push(subject);
        subjects.extend(repository.map(|repository| Subject::Repository { repository }));
    }
    subjects.sort();
    subjects.dedup();
    subjects
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !OF_TIMES.contains(&name.as_str()));
            fields.values_mut().for_each(without_times);
        }
        Value::Array(values) => values.iter_mut().for_each(without_times),
        _ => {}
    }
}

/// The fields that differ, with both values.
fn differences(left: &Value, right: &Value) -> Vec<String> {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let of_field = |name: &String| {
                let different = differences(&left[name.as_str()], &right[name.as_str()]);
                different.into_iter().map(|line| format!("{name}/{line}")).collect::<Vec<_>>()
            };
            names.into_iter().flat_map(of_field).collect()
        }
        _ if left == right => Vec::new(),
        _ => vec![format!(": {left}, undisturbed {right}")],
    }
}
