//! The writes of one transaction, made from a fold's result, and the error of a refused transaction. DynamoDB and the
//! table in memory share both; only the execution of the writes differs.

use relay::{EventId, Subject};
use serde_dynamo::Item;

use crate::Error;
use crate::codec::{self, DeliveryItem, FactItem, HeadItem, StateItem, keys};
use crate::commit::{Commit, CommitError};
use crate::retention::Retention;

/// Largest size of one transaction in bytes: DynamoDB's limit, less some room for its overhead
/// (4 MB, 100 items: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
const MAX_TRANSACTION_BYTES: usize = 4 * 1000 * 1000 - 64 * 1024;

/// Largest number of items in one transaction.
const MAX_WRITES: usize = 100;

/// One put of the transaction.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) role: Role,
    pub(crate) condition: Condition,
    pub(crate) item: Item,
}

/// The purpose of a put. It decides what a refusal of the put means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// Marks the delivery.
    Delivery(Sent),
    State,
    Event,
    Fact(EventId),
    Head,
}

/// A delivery as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) request: String,
    /// Time of its arrival, in milliseconds since 1970, if it is not the first attempt.
    pub(crate) resent_at_ms: Option<i64>,
}

impl Sent {
    /// True if the stored mark, which has the same body, is of this delivery. A first attempt is identified by its
    /// request id only: two different events can have equal bodies.
    fn is_marked_by(&self, stored: &Item) -> bool {
        let is_valid =
            |at_ms: i64| codec::number(stored, "valid_until_ms").is_some_and(|until| at_ms <= until);
        codec::text(stored, "request") == self.request || self.resent_at_ms.is_some_and(is_valid)
    }
}

/// The condition of a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// No condition.
    None,
    /// No such item exists.
    Absent,
    /// The item has this `version`.
    VersionIs(u64),
}

impl Condition {
    /// Returns the condition for storing this version: the version before it is stored, or none if this is the first.
    pub(crate) const fn before(version: u64) -> Self {
        match version {
            0 | 1 => Self::Absent,
            version => Self::VersionIs(version - 1),
        }
    }
}

/// The reason that a put of a transaction was refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum WriteRefusal {
    /// The condition is false. Holds the stored item if the put asked for it.
    Condition(Option<Item>),
    /// Another transaction holds the item, or the table is throttled. A later attempt may succeed.
    Busy,
    /// Any other reason, as DynamoDB's text.
    Other(String),
}

/// Returns the writes for one observation. Events and their facts expire after `retention`; a state never does.
pub(crate) fn writes(commit: &Commit<'_>, retention: Retention) -> Result<Vec<Write>, Error> {
    let pk = keys::subject(commit.link, commit.subject)?;
    let mut writes = Vec::new();
    if let Some(mark) = commit.delivery {
        let delivery = DeliveryItem::new(commit.link, mark, commit.now);
        writes.push(Write {
            role: Role::Delivery(Sent {
                request: mark.request.clone(),
                resent_at_ms: (mark.attempt > 1).then(|| commit.now.as_millisecond()),
            }),
            condition: Condition::Absent,
            item: codec::item(&pk, keys::DELIVERY, delivery)?,
        });
    }
    writes.push(Write {
        role: Role::State,
        condition: Condition::before(commit.state.version),
        item: StateItem::encode(&pk, commit.link, commit.state)?,
    });
    for event in commit.events {
        for mut item in codec::encode_event(&pk, event)? {
            codec::expire(&mut item, retention.expires_at(event.observed_at));
            writes.push(Write { role: Role::Event, condition: Condition::Absent, item });
        }
    }
    // *Safety* for "one fact, one event" (G5), once the state does not remember all facts.
    for id in commit.facts {
        let mut item = codec::item(&pk, &keys::fact(id), FactItem::new(&pk, id))?;
        codec::expire(&mut item, retention.expires_at(commit.now));
        let is_new = commit.events.iter().any(|event| event.id == *id);
        let condition = if is_new { Condition::Absent } else { Condition::None };
        writes.push(Write { role: Role::Fact(id.clone()), condition, item });
    }
    if let (Some(moved), Subject::PullRequest { repository, id }) = (commit.head, commit.subject) {
        for item in HeadItem::moved(commit.link, repository, *id, moved, commit.now) {
            let item = codec::item(&pk, "head", item)?;
            writes.push(Write { role: Role::Head, condition: Condition::None, item });
        }
    }
    bounded(writes)
}

fn bounded(writes: Vec<Write>) -> Result<Vec<Write>, Error> {
    let bytes = writes.iter().map(|write| codec::item_bytes(&write.item)).sum();
    if bytes > MAX_TRANSACTION_BYTES {
        return Err(Error::TooLarge { what: "a transaction", bytes, max_bytes: MAX_TRANSACTION_BYTES });
    }
    if writes.len() > MAX_WRITES {
        return Err(Error::TooManyWrites { writes: writes.len(), max: MAX_WRITES });
    }
    Ok(writes)
}

/// Returns the error of a refused transaction, from the refusals of its writes.
///
/// A known delivery outranks a changed state, because the writer that stored the delivery also changed the state. A
/// changed state outranks known facts, because the next fold shows which facts are new.
pub(crate) fn commit_error<'w>(refused: impl IntoIterator<Item = (&'w Write, WriteRefusal)>) -> CommitError {
    let refused: Vec<_> = refused.into_iter().collect();
    let fails = |role: &Role| {
        refused
            .iter()
            .find(|(write, refusal)| write.role == *role && matches!(refusal, WriteRefusal::Condition(_)))
    };
    for (write, refusal) in &refused {
        if let (Role::Delivery(sent), WriteRefusal::Condition(stored)) = (&write.role, refusal) {
            let is_same = stored.as_ref().is_none_or(|stored| sent.is_marked_by(stored));
            return if is_same { CommitError::KnownDelivery } else { CommitError::BodyReused };
        }
    }
    if fails(&Role::State).is_some() {
        return CommitError::Conflict;
    }
    if let Some((write, _)) = fails(&Role::Event) {
        let (pk, sk) = (codec::text(&write.item, "pk"), codec::text(&write.item, "sk"));
        return codec::corrupt(pk, sk, &"the log is ahead of the state").into();
    }
    let facts: Vec<EventId> = refused.iter().filter_map(known_fact).collect();
    if !facts.is_empty() {
        return CommitError::KnownFacts(facts);
    }
    match refused.into_iter().find_map(|(_, refusal)| match refusal {
        WriteRefusal::Other(reason) => Some(reason),
        WriteRefusal::Condition(_) | WriteRefusal::Busy => None,
    }) {
        Some(reason) => {
            Error::Refused { service: "DynamoDB", operation: "TransactWriteItems", code: None, reason }.into()
        }
        None => CommitError::Conflict,
    }
}

fn known_fact((write, refusal): &(&Write, WriteRefusal)) -> Option<EventId> {
    match (&write.role, refusal) {
        (Role::Fact(id), WriteRefusal::Condition(_)) => Some(id.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(role: Role) -> Write {
        Write { role, condition: Condition::Absent, item: Item::default() }
    }

    fn fact(id: &str) -> Write {
        write(Role::Fact(EventId::stored(id)))
    }

    fn delivery(request: &str, resent_at_ms: Option<i64>) -> Write {
        write(Role::Delivery(Sent { request: request.to_owned(), resent_at_ms }))
    }

    /// The mark of request `a`, whose body is valid until 600,000.
    fn marked() -> WriteRefusal {
        let attributes = [
            ("request".to_owned(), serde_dynamo::AttributeValue::S("a".to_owned())),
            ("valid_until_ms".to_owned(), serde_dynamo::AttributeValue::N("600000".to_owned())),
        ];
        WriteRefusal::Condition(Some(std::collections::HashMap::from(attributes).into()))
    }

    #[test]
    fn transaction_has_a_limited_size() {
        let of_bytes = |bytes: usize| {
            let value = serde_dynamo::AttributeValue::B(vec![0; bytes - 1]);
            let item = Item::from(std::collections::HashMap::from([("a".to_owned(), value)]));
            vec![Write { item, ..write(Role::Event) }]
        };
        // 4 MB, less 64 KiB.
        assert!(bounded(of_bytes(3_934_464)).is_ok());
        let error = bounded(of_bytes(3_934_465)).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
        let writes = |count: usize| (0..count).map(|_| write(Role::Event)).collect();
        assert!(bounded(writes(MAX_WRITES)).is_ok());
        let error = bounded(writes(MAX_WRITES + 1)).unwrap_err();
        assert!(matches!(error, Error::TooManyWrites { .. }), "{error}");
    }

    const FAILS: WriteRefusal = WriteRefusal::Condition(None);

    #[test]
    fn most_important_refused_write_decides_the_error() {
        let (delivery, other) = (delivery("a", None), delivery("b", None));
        let (state, event, first, second) = (write(Role::State), write(Role::Event), fact("1"), fact("2"));
        let facts = CommitError::KnownFacts(vec![EventId::stored("1"), EventId::stored("2")]);
        let table: [(Vec<(&Write, WriteRefusal)>, CommitError); 7] = [
            (vec![(&delivery, marked()), (&state, FAILS)], CommitError::KnownDelivery),
            (vec![(&other, marked()), (&state, FAILS)], CommitError::BodyReused),
            (vec![(&delivery, FAILS)], CommitError::KnownDelivery),
            (vec![(&state, FAILS), (&event, FAILS), (&first, FAILS)], CommitError::Conflict),
            (vec![(&first, FAILS), (&second, FAILS)], facts),
            (vec![(&delivery, WriteRefusal::Busy), (&state, WriteRefusal::Busy)], CommitError::Conflict),
            (
                vec![(&delivery, WriteRefusal::Busy), (&first, FAILS)],
                CommitError::KnownFacts(vec![EventId::stored("1")]),
            ),
        ];
        for (refused, meaning) in table {
            assert_eq!(commit_error(refused.clone()), meaning, "{refused:?}");
        }
    }

    #[test]
    fn equal_body_is_a_resend_for_ten_minutes() {
        for (sent, expected) in [
            (delivery("b", Some(600_000)), CommitError::KnownDelivery),
            (delivery("b", Some(600_001)), CommitError::BodyReused),
            (delivery("a", Some(600_001)), CommitError::KnownDelivery),
        ] {
            assert_eq!(commit_error([(&sent, marked())]), expected, "{sent:?}");
        }
    }

    #[test]
    fn log_ahead_of_its_state_is_a_lasting_error() {
        let CommitError::Failed(error) = commit_error([(&write(Role::Event), FAILS)]) else {
            panic!("no failure")
        };
        assert!(matches!(error, Error::Corrupt { .. }));
    }

    #[test]
    fn permanent_refusal_of_dynamodb_is_not_retried() {
        let other = WriteRefusal::Other("ValidationError: item size".to_owned());
        let CommitError::Failed(error) = commit_error([(&write(Role::State), other)]) else {
            panic!("no failure")
        };
        assert!(!error.retryable() && error.to_string().contains("item size"), "{error}");
    }
}
