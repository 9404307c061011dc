//! One observation's result as the writes of one transaction, and what a refused transaction means. Shared by all
//! implementations of the table, which differ only in who carries the writes out.

use relay::{EventId, Subject};
use serde_dynamo::Item;

use crate::Error;
use crate::codec::{self, BodyItem, DeliveryItem, FactItem, HeadItem, StateItem, keys};
use crate::commit::{Commit, CommitError};

/// The most that one transaction takes, and some room for what DynamoDB adds
/// (4 MB, 100 items: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
const MAX_TRANSACTION_BYTES: usize = 4 * 1000 * 1000 - 64 * 1024;

/// The most items in one transaction.
const MAX_WRITES: usize = 100;

/// One put of the transaction.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) role: Role,
    pub(crate) condition: Condition,
    pub(crate) item: Item,
}

/// What the put is for; decides what its refusal means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// Holds the hash of the delivery's body.
    Delivery(String),
    Body,
    State,
    Event,
    Fact(EventId),
    Head,
}

/// What must hold for the put to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing.
    None,
    /// There is no such item.
    Absent,
    /// The item has this `version`.
    VersionIs(u64),
    /// There is no such item, or its `valid_until_ms` lies before.
    AbsentOrInvalidSince(i64),
}

impl Condition {
    /// What must hold for something of this version to be stored: the version before it is there, or nothing where it is the
    /// first.
    pub(crate) const fn before(version: u64) -> Self {
        match version {
            0 | 1 => Self::Absent,
            version => Self::VersionIs(version - 1),
        }
    }
}

/// Why a put of a refused transaction was refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum WriteRefusal {
    /// Its condition does not hold; with the item that is there, where it was asked for.
    Condition(Option<Item>),
    /// Another transaction is on the item, or the table is throttled: it passes.
    Busy,
    /// Anything else, in DynamoDB's words.
    Other(String),
}

/// The writes for one observation. The order is that of their importance in [`commit_error`].
pub(crate) fn writes(commit: &Commit<'_>) -> Result<Vec<Write>, Error> {
    let pk = keys::subject(commit.link, commit.subject)?;
    let mut writes = Vec::new();
    if let Some(mark) = commit.delivery {
        let delivery = DeliveryItem::new(commit.link, mark, commit.now);
        writes.push(Write {
            role: Role::Delivery(mark.body_sha256.clone()),
            condition: Condition::Absent,
            item: codec::item(&pk, keys::DELIVERY, delivery)?,
        });
        // A first attempt is never known by its body: two true events can have the same one.
        let resend = mark.attempt > 1;
        let now_ms = commit.now.as_millisecond();
        writes.push(Write {
            role: Role::Body,
            condition: if resend { Condition::AbsentOrInvalidSince(now_ms) } else { Condition::None },
            item: codec::item(&pk, keys::BODY, BodyItem::new(commit.link, mark, commit.now))?,
        });
    }
    writes.push(Write {
        role: Role::State,
        condition: Condition::before(commit.state.version),
        item: StateItem::encode(&pk, commit.link, commit.state)?,
    });
    for event in commit.events {
        let items = codec::encode_event(&pk, event)?.into_iter();
        writes.extend(items.map(|item| Write { role: Role::Event, condition: Condition::Absent, item }));
        // *Safety* for "one fact, one event": a state remembers only its newest facts.
        let fact = FactItem::new(&pk, &event.id, event.sequence);
        writes.push(Write {
            role: Role::Fact(event.id.clone()),
            condition: Condition::Absent,
            item: codec::item(&pk, &keys::fact(&event.id), fact)?,
        });
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

/// What a refused transaction means, from the refusals of its writes. A known delivery outranks a state that moved,
/// because whoever stored the delivery moved the state too; a state that moved outranks known facts, because folding
/// again tells which facts are new.
pub(crate) fn commit_error<'w>(refused: impl IntoIterator<Item = (&'w Write, WriteRefusal)>) -> CommitError {
    let refused: Vec<_> = refused.into_iter().collect();
    let fails = |role: &Role| {
        refused
            .iter()
            .find(|(write, refusal)| write.role == *role && matches!(refusal, WriteRefusal::Condition(_)))
    };
    for (write, refusal) in &refused {
        if let (Role::Delivery(sha256), WriteRefusal::Condition(there)) = (&write.role, refusal) {
            let same = there.as_ref().is_none_or(|item| codec::text(item, "body_sha256") == sha256);
            return if same { CommitError::KnownDelivery } else { CommitError::RequestReused };
        }
    }
    if fails(&Role::Body).is_some() {
        return CommitError::KnownDelivery;
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
            Error::Refused { service: "DynamoDB", operation: "TransactWriteItems", reason }.into()
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

    fn delivered(sha256: &str) -> WriteRefusal {
        let there = serde_dynamo::AttributeValue::S(sha256.to_owned());
        WriteRefusal::Condition(Some(
            std::collections::HashMap::from([("body_sha256".to_owned(), there)]).into(),
        ))
    }

    const FAILS: WriteRefusal = WriteRefusal::Condition(None);

    #[test]
    fn a_refusal_means_what_its_most_important_write_means() {
        let (delivery, body) = (write(Role::Delivery("a".to_owned())), write(Role::Body));
        let (state, event, first, second) = (write(Role::State), write(Role::Event), fact("1"), fact("2"));
        let facts = CommitError::KnownFacts(vec![EventId::stored("1"), EventId::stored("2")]);
        let table: [(Vec<(&Write, WriteRefusal)>, CommitError); 8] = [
            (vec![(&delivery, delivered("a")), (&state, FAILS)], CommitError::KnownDelivery),
            (vec![(&delivery, delivered("b")), (&state, FAILS)], CommitError::RequestReused),
            (vec![(&delivery, FAILS)], CommitError::KnownDelivery),
            (vec![(&body, FAILS), (&state, FAILS)], CommitError::KnownDelivery),
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
    fn a_log_ahead_of_its_state_is_not_overwritten_and_not_tried_again() {
        let CommitError::Failed(error) = commit_error([(&write(Role::Event), FAILS)]) else {
            panic!("no failure")
        };
        assert!(matches!(error, Error::Corrupt { .. }));
    }

    #[test]
    fn what_dynamodb_refuses_for_good_is_not_tried_again() {
        let other = WriteRefusal::Other("ValidationError: item size".to_owned());
        let CommitError::Failed(error) = commit_error([(&write(Role::State), other)]) else {
            panic!("no failure")
        };
        assert!(!error.retryable() && error.to_string().contains("item size"), "{error}");
    }
}
