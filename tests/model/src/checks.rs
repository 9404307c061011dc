//! The guarantees, checked on what is durable.

use std::collections::{BTreeMap, BTreeSet};

use bitbucket::Payload;
use jiff::Timestamp;
use relay::{Event, Subject};
use serde_json::Value;
use store::SubjectLog as _;

use crate::drive::block_on;
use crate::functions::Deployment;
use crate::state::{Broken, Durable};

/// The most events of one subject that are read.
const MAX_EVENTS: usize = 1_000;

fn broken<T>(guarantee: &'static str, why: String) -> Result<T, Broken> {
    Err(Broken { guarantee, why })
}

/// The log of a subject.
pub(crate) fn log(deployment: &Deployment, durable: &Durable, subject: &Subject) -> Vec<Event> {
    block_on(durable.table.events(&deployment.link, subject, 0, MAX_EVENTS)).unwrap()
}

/// The key of an event, and the comment that it is about.
type Fact = (String, Option<u64>);

fn fact(event: &Event) -> (Fact, String) {
    let payload: Value = serde_json::from_slice(&event.payload).unwrap();
    let text = payload["comment"]["content"]["raw"].as_str().unwrap_or_default().to_owned();
    ((event.key.to_string(), payload["comment"]["id"].as_u64()), text)
}

/// Checks what always holds: G2 of the acknowledged webhooks, G5 and G6.
pub(crate) fn always(
    deployment: &Deployment,
    durable: &Durable,
    acknowledged: &BTreeSet<usize>,
) -> Result<(), Broken> {
    let pull_request = deployment.bitbucket.pull_request();
    let events = log(deployment, durable, &pull_request);
    check_order(deployment, durable, &pull_request, &events)?;
    check_facts(&events)?;
    for webhook in acknowledged {
        check_durable(deployment, durable, *webhook)?;
    }
    Ok(())
}

/// G6: sequences without a gap, counted in the state.
fn check_order(
    deployment: &Deployment,
    durable: &Durable,
    subject: &Subject,
    events: &[Event],
) -> Result<(), Broken> {
    let sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    let expected: Vec<u64> = (1..).take(events.len()).collect();
    if sequences != expected {
        return broken("G6", format!("the log has the sequences {sequences:?}"));
    }
    let state = block_on(durable.table.read(&deployment.link, subject)).unwrap();
    if state.sequence != events.len() as u64 {
        let (counted, stored) = (state.sequence, events.len());
        return broken(
            "G6",
            format!("the state of the pull request counts {counted} events, its log has {stored}"),
        );
    }
    Ok(())
}

/// G5: one fact, one event.
fn check_facts(events: &[Event]) -> Result<(), Broken> {
    let mut ids = BTreeSet::new();
    let mut created = BTreeSet::new();
    let mut texts = BTreeMap::new();
    for event in events {
        let ((key, comment), text) = fact(event);
        let is_new = match key.as_str() {
            "pullrequest:comment_created" => created.insert(comment),
            "pullrequest:comment_updated" => texts.get(&comment) != Some(&text),
            _ => true,
        };
        if !ids.insert(event.id.clone()) || !is_new {
            return broken("G5", format!("{key} ({}) is the second event of its fact", event.sequence));
        }
        texts.insert(comment, text);
    }
    Ok(())
}

/// G2: the fact of an acknowledged webhook is in the log, or the delivery is kept.
fn check_durable(deployment: &Deployment, durable: &Durable, webhook: usize) -> Result<(), Broken> {
    let sent = &deployment.bitbucket.webhooks[webhook];
    let payload = Payload::parse(&sent.webhook.body).unwrap();
    let events = log(deployment, durable, &Subject::from_payload(&payload));
    let body: Value = serde_json::from_slice(&sent.webhook.body).unwrap();
    let expected = (sent.webhook.event_key.to_owned(), body["comment"]["id"].as_u64());
    if events.iter().any(|event| fact(event).0 == expected) {
        return Ok(());
    }
    let request = sent.webhook.request_uuid.trim_matches(['{', '}']);
    let kept = block_on(durable.table.kept(Timestamp::MAX, MAX_EVENTS)).unwrap();
    if kept.iter().any(|key| key.to_string().contains(request)) {
        return Ok(());
    }
    broken("G2", format!("{} was answered with 2xx, and is neither in the log nor kept", sent.short_key()))
}

/// Checks what holds in the end, when everything has run once more without a fault: G2 of kept deliveries, G3 and G7.
pub(crate) fn in_the_end(deployment: &Deployment, durable: &Durable) -> Result<(), Broken> {
    let kept = block_on(durable.table.kept(Timestamp::MAX, MAX_EVENTS)).unwrap();
    if let Some(kept) = kept.first() {
        return broken("G2", format!("the delivery {kept} is kept and was never folded"));
    }
    let events = log(deployment, durable, &deployment.bitbucket.pull_request());
    let facts: Vec<_> = events.iter().map(fact).collect();
    for shown in deployment.bitbucket.comments(durable.acts).into_iter().filter(|shown| !shown.deleted) {
        let of_comment = facts.iter().filter(|((_, comment), _)| *comment == Some(shown.id));
        let last = of_comment.map(|(_, text)| text).next_back();
        if last != Some(&shown.text) {
            let text = &shown.text;
            return broken("G3", format!("a comment reads {text:?}, the log's last word is {last:?}"));
        }
    }
    let received = &durable.received;
    let out: BTreeSet<&String> = received.published.iter().chain(&received.parked).collect();
    match events.iter().find(|event| !out.contains(&event.id.to_string())) {
        Some(event) => {
            let (key, sequence) = (&event.key, event.sequence);
            broken("G7", format!("{key} ({sequence}) is neither on the bus nor in the dead-letter queue"))
        }
        None => Ok(()),
    }
}
