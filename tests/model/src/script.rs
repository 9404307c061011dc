//! The calls of one invocation, one by one: which wait for their turn, and what those before them were answered.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt::{Debug, Write as _};
use std::future::poll_fn;
use std::hash::Hasher as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use store::Shard;

use crate::call::Call;
use crate::gate::{Answer, Fate};

/// The turn of a call.
#[derive(Clone)]
pub(crate) enum Order {
    /// The call was answered before: it gets the same answer.
    Repeat(Answer),
    /// The call is carried out now, in this way.
    Carry(Fate),
}

/// One call that was answered.
#[derive(Clone)]
pub(crate) struct Noted {
    pub(crate) number: u32,
    pub(crate) answer: Answer,
    /// Hash of the answer's content.
    pub(crate) digest: u64,
    /// The answer in words.
    pub(crate) said: String,
}

/// The calls of one invocation.
pub(crate) struct Script {
    constants: Constants,
    inner: Mutex<Inner>,
}

/// The calls whose answers are always the same. They need no turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Constants {
    /// The shard of the world's link. No other shard has anything.
    pub(crate) shard: Shard,
    /// True if every lease is given.
    pub(crate) leases: bool,
    /// True if nobody acts in Bitbucket any more.
    pub(crate) api: bool,
}

impl Constants {
    fn has(self, call: &Call) -> bool {
        match call {
            Call::LoadLink => true,
            Call::DueWatches(shard) | Call::KeptDeliveries(shard) => *shard != self.shard,
            // Nobody writes the link's state, because it names nothing to sweep.
            Call::Read(subject) => subject == "the link",
            // Each invocation has a budget of its own: `GatedTable` sees to it.
            Call::ReadDocument(kind) | Call::StoreDocument(kind) => *kind == "budget",
            Call::Lease | Call::Release => self.leases,
            Call::Api(_) => self.api,
            _ => false,
        }
    }
}

#[derive(Default)]
struct Inner {
    next: u32,
    waiting: BTreeMap<u32, (Call, Option<Waker>)>,
    orders: BTreeMap<u32, Order>,
    noted: Option<Noted>,
}

impl Script {
    pub(crate) fn new(constants: Constants) -> Self {
        Self { constants, inner: Mutex::default() }
    }

    /// True if the call's answer is always the same.
    pub(crate) fn is_constant(&self, call: &Call) -> bool {
        self.constants.has(call)
    }

    /// Adds a call to those that wait. Returns its number.
    pub(crate) fn wait(&self, call: Call) -> u32 {
        let mut inner = self.lock();
        let number = inner.next;
        inner.next += 1;
        inner.waiting.insert(number, (call, None));
        number
    }

    /// Waits until it is the call's turn. A call that is given up waits no more.
    pub(crate) async fn turn(&self, number: u32) -> Order {
        let _waiting = Waiting { script: self, number };
        poll_fn(|context| {
            let mut inner = self.lock();
            if let Some(order) = inner.orders.remove(&number) {
                return Poll::Ready(order);
            }
            if let Some((_, waker)) = inner.waiting.get_mut(&number) {
                *waker = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }

    /// Gives a waiting call its turn.
    pub(crate) fn order(&self, number: u32, order: Order) {
        let mut inner = self.lock();
        inner.orders.insert(number, order);
        if let Some(waker) = inner.waiting.get_mut(&number).and_then(|(_, waker)| waker.take()) {
            waker.wake();
        }
    }

    /// Notes an answer.
    pub(crate) fn note(&self, number: u32, answer: Answer, content: &impl Debug, said: String) {
        self.lock().noted = Some(Noted { number, answer, digest: digest(content), said });
    }

    /// The answer since the last look.
    pub(crate) fn take_noted(&self) -> Option<Noted> {
        self.lock().noted.take()
    }

    /// The waiting calls by their numbers.
    pub(crate) fn waiting(&self) -> Vec<(u32, Call)> {
        self.lock().waiting.iter().map(|(number, (call, _))| (*number, call.clone())).collect()
    }

    /// True if calls wait and none of them has its turn: the function does nothing more by itself.
    pub(crate) fn is_quiet(&self) -> bool {
        let inner = self.lock();
        !inner.waiting.is_empty() && inner.orders.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

/// A call that waits, until this is dropped.
struct Waiting<'s> {
    script: &'s Script,
    number: u32,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.script.lock().waiting.remove(&self.number);
    }
}

/// A hash of everything that the `Debug` form of a value shows.
pub(crate) fn digest(value: &impl Debug) -> u64 {
    struct Hashed(DefaultHasher);
    impl std::fmt::Write for Hashed {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut hashed = Hashed(DefaultHasher::new());
    write!(hashed, "{value:?}").unwrap();
    hashed.0.finish()
}
