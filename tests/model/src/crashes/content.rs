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

/// Parts of a state that hold versions and times of ours, which differ after a retry.
const OF_TIMES: [&str; 12] = [
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
    /// The events of each subject.
    logs: Vec<Vec<Logged>>,
    /// The states, without times of ours.
    states: Vec<Value>,
    /// Number of kept deliveries.
    pub(crate) kept: usize,
    /// The events on the bus and in the dead-letter queue, once each: number of the log, and sequence.
    pub(crate) published: Vec<(usize, u64)>,
    pub(crate) parked: Vec<(usize, u64)>,
}

/// One event of a log.
#[derive(Debug, Clone, PartialEq)]
struct Logged {
    sequence: u64,
    /// Empty if it contains the version of the state, which differs after a retry.
    id: String,
    key: EventKey,
    payload_sha256: String,
}

impl Content {
    pub(crate) async fn read<T: Table>(deployment: &Deployment, table: &T, subscriber: &Subscriber) -> Self {
        let (mut logs, mut states, mut places) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (number, subject) in subjects(deployment).into_iter().enumerate() {
            let events = table.events(&deployment.link, &subject, 0, MAX_EVENTS).await.unwrap();
            let state = table.read(&deployment.link, &subject).await.unwrap();
            assert_order(&subject, &events, state.sequence);
            places.extend(events.iter().map(|event| (event.id.to_string(), (number, event.sequence))));
            logs.push(events.into_iter().map(logged).collect());
            let mut state = serde_json::to_value(state).unwrap();
            without_times(&mut state);
            states.push(state);
        }
        let kept = table.kept(Timestamp::MAX, MAX_EVENTS).await.unwrap().len();
        let received = subscriber.received();
        let once = |ids: Vec<String>| -> Vec<_> {
            ids.iter().map(|id| places[id]).collect::<BTreeSet<_>>().into_iter().collect()
        };
        Self { logs, states, kept, published: once(received.published), parked: once(received.parked) }
    }

    /// Fails if this differs from what an undisturbed run leads to.
    pub(crate) fn assert_same(&self, undisturbed: &Self) {
        assert_eq!(self.logs, undisturbed.logs, "a log stays different from that of an undisturbed run");
        for (state, undisturbed) in self.states.iter().zip(&undisturbed.states) {
            assert_eq!(state, undisturbed, "a state stays different from that of an undisturbed run");
        }
        assert_eq!((self.kept, undisturbed.kept), (0, 0), "a delivery stays kept");
        assert_eq!(self.published, undisturbed.published, "the bus has other events");
        assert_eq!(self.parked, undisturbed.parked, "the dead-letter queue has other events");
    }

    /// The number of events in all logs.
    pub(crate) fn events(&self) -> usize {
        self.logs.iter().map(Vec::len).sum()
    }
}

fn logged(event: Event) -> Logged {
    let has_version = event.key == EventKey::CountersChanged;
    Logged {
        sequence: event.sequence,
        id: if has_version { String::new() } else { event.id.to_string() },
        key: event.key,
        payload_sha256: store::sha256_hex(&event.payload),
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
