//! One state of a world: what is durable, and the place of each invocation that runs.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use serde_dynamo::AttributeValue;
use store::memory::{MemoryTable, StreamRecord};

use crate::call::Call;
use crate::drive::Step;
use crate::functions::{Ended, Input};
use crate::outside::Received;

/// Everything that a crash leaves, and the time.
#[derive(Debug, Clone)]
pub(crate) struct Durable {
    pub(crate) table: MemoryTable,
    pub(crate) received: Received,
    /// The number of stream records that were handed over for good.
    pub(crate) position: usize,
    /// The number of acts in Bitbucket so far.
    pub(crate) acts: usize,
    pub(crate) now: Timestamp,
    /// True if the stream still has an event to hand over.
    pub(crate) is_behind: bool,
    /// Hash of all of it.
    pub(crate) hash: u64,
}

impl Durable {
    /// The same with a new hash, after a change.
    #[must_use]
    pub(crate) fn hashed(mut self) -> Self {
        let mut hasher = DefaultHasher::new();
        for item in self.table.items() {
            let mut attributes: Vec<_> = item.iter().collect();
            attributes.sort_by_key(|(name, _)| name.as_str());
            for (name, value) in attributes {
                name.hash(&mut hasher);
                hash_value(value, &mut hasher);
            }
        }
        // An event may be published more than once.
        let ids = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
        (ids(&self.received.published), ids(&self.received.parked)).hash(&mut hasher);
        let unread = self.unread();
        self.is_behind = !unread.is_empty();
        for (_, record) in unread {
            (record.pk, record.sk).hash(&mut hasher);
        }
        (self.acts, self.now).hash(&mut hasher);
        self.hash = hasher.finish();
        self
    }

    /// The events that the stream still has to hand over, by their numbers in the stream.
    pub(crate) fn unread(&self) -> Vec<(usize, StreamRecord)> {
        let numbered = (self.position..).zip(self.table.stream_records(self.position));
        numbered.filter(|(_, record)| record.is_new_event()).collect()
    }
}

fn hash_value(value: &AttributeValue, hasher: &mut DefaultHasher) {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.hash(hasher),
        AttributeValue::B(bytes) => bytes.hash(hasher),
        AttributeValue::Bool(flag) => flag.hash(hasher),
        other => crate::script::digest(other).hash(hasher),
    }
}

/// Somebody who invokes a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// Bitbucket, with one of its webhooks.
    Webhook(usize),
    /// The rule of the minute.
    Poller(usize),
    /// The stream.
    Publisher,
}

/// The present doing of somebody who invokes a function.
#[derive(Clone)]
pub(crate) enum Doing {
    /// Nothing. Holds the number of invocations so far.
    Waits(u32),
    /// An invocation runs.
    Runs(Arc<Running>),
    /// There is no further invocation.
    Done,
}

/// An invocation that runs.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    /// The number of the invocation, from 1.
    pub(crate) number: u32,
    pub(crate) input: Arc<Input>,
    pub(crate) began: Timestamp,
    /// The answers so far. With the input and the beginning they determine everything about the invocation.
    pub(crate) past: Vec<Step>,
    /// Hash of the input and of the answers so far.
    pub(crate) hash: u64,
    pub(crate) waiting: Vec<(u32, Call)>,
    pub(crate) ended: Option<Ended>,
}

/// A guarantee that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Broken {
    /// `G1` to `G9`.
    pub guarantee: &'static str,
    /// The reason, in words.
    pub why: String,
}

/// One state of a world.
#[derive(Clone)]
pub struct State {
    pub(crate) durable: Arc<Durable>,
    /// The next entry of the agenda.
    pub(crate) tick: usize,
    pub(crate) doings: Vec<Doing>,
    /// The webhooks that were answered with 2xx.
    pub(crate) acknowledged: BTreeSet<usize>,
    pub(crate) crashes_left: u8,
    pub(crate) faults_left: u8,
    pub(crate) broken: Option<Broken>,
    /// The step that led here, in words. It makes no difference between states.
    pub(crate) line: Arc<str>,
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.durable.hash, self.tick, self.crashes_left, self.faults_left).hash(hasher);
        (&self.acknowledged, &self.broken).hash(hasher);
        for doing in &self.doings {
            match doing {
                Doing::Waits(number) => (0, number).hash(hasher),
                Doing::Runs(running) => match &running.ended {
                    None => (1, running.number, running.hash).hash(hasher),
                    Some(ended) => (2, running.number, crate::script::digest(ended)).hash(hasher),
                },
                Doing::Done => 3.hash(hasher),
            }
        }
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        let hash = |state: &Self| {
            let mut hasher = DefaultHasher::new();
            state.hash(&mut hasher);
            hasher.finish()
        };
        hash(self) == hash(other)
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.line)
    }
}
