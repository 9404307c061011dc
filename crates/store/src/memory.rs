//! Table and links in memory, with faults on demand, for tests of this crate and of those above it.
//!
//! The table holds the same items under the same keys as DynamoDB's and checks the same conditions; only the transport
//! is missing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::budget::Budget;
use relay::head::ShortHash;
use relay::{Account, Event, LinkId, Subject, SubjectState};
use serde_dynamo::{AttributeValue, Item};

use crate::Error;
use crate::authorization::Authorization;
use crate::codec::{self, AuthorizationItem, BudgetItem, LeaseItem, keys};
use crate::shard::Shard;
use crate::table::{Commit, CommitError, DueWatch, Table};
use crate::transaction::{Condition, Refusal, Write, verdict, writes};

pub use crate::clock::ManualClock;
pub use crate::links::memory::MemoryLinks;
#[cfg(feature = "oauth")]
pub use crate::links::tokens::memory::{GrantFault, MemoryGrants};

/// What is to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A read fails; the table cannot be reached.
    ReadFails,
    /// A commit fails and nothing is stored; the table cannot be reached.
    CommitFails,
    /// A commit fails because another was faster, though none was.
    CommitConflicts,
    /// A commit is stored, but its answer is lost.
    AnswerLost,
    /// The question which watches are due fails.
    DueFails,
}

/// The table in memory.
#[derive(Debug, Default)]
pub struct MemoryTable(Mutex<Contents>);

#[derive(Debug, Default)]
struct Contents {
    items: BTreeMap<(String, String), Item>,
    faults: VecDeque<Fault>,
    calls: Calls,
}

/// How often the table was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Reads.
    pub reads: usize,
    /// Commits, refused ones too.
    pub commits: usize,
}

impl MemoryTable {
    /// Lets the next `times` calls that this fault concerns go wrong. Faults wait in line.
    pub fn inject(&self, fault: Fault, times: usize) {
        self.lock().faults.extend(std::iter::repeat_n(fault, times));
    }

    /// How often the table was asked so far.
    pub fn calls(&self) -> Calls {
        self.lock().calls
    }

    /// Every item, in order of its keys.
    pub fn items(&self) -> Vec<Item> {
        self.lock().items.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    /// Takes the next fault, if it is one of these.
    fn fault(&mut self, concerned: &[Fault]) -> Option<Fault> {
        let at = self.faults.iter().position(|fault| concerned.contains(fault))?;
        self.faults.remove(at)
    }

    fn get(&self, pk: &str, sk: &str) -> Option<&Item> {
        self.items.get(&(pk.to_owned(), sk.to_owned()))
    }

    fn refusal(&self, write: &Write) -> Option<Refusal> {
        let there = self.get(codec::text(&write.item, "pk"), codec::text(&write.item, "sk"));
        (!holds(write.condition, there)).then(|| Refusal::Condition(there.cloned()))
    }

    fn put(&mut self, item: Item) {
        let key = (codec::text(&item, "pk").to_owned(), codec::text(&item, "sk").to_owned());
        self.items.insert(key, item);
    }

    /// Puts something of this version, if the version before it is there.
    fn put_after(&mut self, version: u64, item: Item) -> bool {
        let there = self.get(codec::text(&item, "pk"), codec::text(&item, "sk"));
        let follows = holds(Condition::before(version), there);
        if follows {
            self.put(item);
        }
        follows
    }
}

/// Whether a put may happen on top of what is there.
fn holds(condition: Condition, there: Option<&Item>) -> bool {
    match (condition, there) {
        (Condition::None, _) | (Condition::Absent | Condition::AbsentOrInvalidSince(_), None) => true,
        (Condition::Absent, Some(_)) | (Condition::VersionIs(_), None) => false,
        (Condition::VersionIs(version), Some(item)) => number(item, "version") == i64::try_from(version).ok(),
        (Condition::AbsentOrInvalidSince(now_ms), Some(item)) => {
            number(item, "valid_until_ms").is_some_and(|until| until < now_ms)
        }
    }
}

impl Table for MemoryTable {
    async fn read(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        let pk = keys::subject(link, subject)?;
        let mut contents = self.lock();
        contents.calls.reads += 1;
        if contents.fault(&[Fault::ReadFails]).is_some() {
            return Err(unreachable("GetItem"));
        }
        let item = contents.get(&pk, keys::STATE).cloned();
        item.map_or_else(|| Ok(SubjectState::default()), codec::state_from_item)
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), CommitError> {
        let writes = writes(commit)?;
        let mut contents = self.lock();
        contents.calls.commits += 1;
        let fault = contents.fault(&[Fault::CommitFails, Fault::CommitConflicts, Fault::AnswerLost]);
        match fault {
            Some(Fault::CommitFails) => return Err(unreachable("TransactWriteItems").into()),
            Some(Fault::CommitConflicts) => return Err(CommitError::Conflict),
            _ => {}
        }
        let refused: Vec<_> =
            writes.iter().filter_map(|write| Some((write, contents.refusal(write)?))).collect();
        if !refused.is_empty() {
            return Err(verdict(refused));
        }
        for write in writes {
            contents.put(write.item);
        }
        match fault {
            Some(_) => Err(unreachable("TransactWriteItems").into()),
            None => Ok(()),
        }
    }

    async fn due_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<DueWatch>, Error> {
        let mut contents = self.lock();
        if contents.fault(&[Fault::DueFails]).is_some() {
            return Err(unreachable("Query"));
        }
        let mut due: Vec<_> = contents
            .items
            .values()
            .filter_map(|item| Some((number(item, "due_at_ms")?, item)))
            .filter(|(due_at_ms, _)| *due_at_ms <= until.as_millisecond())
            .collect();
        let partition = shard.due_partition();
        due.retain(|(_, item)| codec::text(item, "due_partition") == partition);
        due.sort_by_key(|(due_at_ms, _)| *due_at_ms);
        Ok(due.into_iter().filter_map(|(_, item)| codec::due_watch(item.clone())).take(limit).collect())
    }

    async fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        let pk = keys::subject(link, subject)?;
        let first = (pk.clone(), keys::event(after_sequence.saturating_add(1)));
        let last = (pk, keys::LAST_EVENT.to_owned());
        let items = self.lock().items.range(first..last).map(|(_, item)| item.clone()).collect();
        codec::join_events(items, limit)
    }

    async fn pull_requests_with_head(
        &self,
        link: &LinkId,
        repository: &RepositoryId,
        head: &ShortHash,
        limit: usize,
    ) -> Result<Vec<PullRequestId>, Error> {
        let pk = keys::head(link, repository, head);
        let contents = self.lock();
        let items = contents.items.range((pk.clone(), String::new())..).take_while(|((of, _), _)| *of == pk);
        Ok(items.filter_map(|(_, item)| codec::current_pull_request(item)).take(limit).collect())
    }

    async fn budget(&self, account: &Account) -> Result<Budget, Error> {
        let item = self.lock().get(&keys::budget(account), keys::BUDGET).cloned();
        item.map_or_else(|| Ok(Budget::default()), |item| BudgetItem::decode(account, &item))
    }

    async fn spend(&self, account: &Account, budget: &Budget) -> Result<bool, Error> {
        Ok(self.lock().put_after(budget.version, BudgetItem::encode(account, budget)?))
    }

    async fn authorization(&self, link: &LinkId) -> Result<Authorization, Error> {
        let item = self.lock().get(&keys::authorization(link), keys::AUTHORIZATION).cloned();
        item.map_or_else(|| Ok(Authorization::default()), |item| AuthorizationItem::decode(link, &item))
    }

    async fn store_authorization(&self, link: &LinkId, stored: &Authorization) -> Result<bool, Error> {
        Ok(self.lock().put_after(stored.version, AuthorizationItem::encode(link, stored)?))
    }

    async fn lease(&self, name: &str, holder: &str, now: Timestamp, seconds: u32) -> Result<bool, Error> {
        let pk = keys::lease(name);
        let item = codec::item(&pk, keys::LEASE, LeaseItem::new(name, holder, now, seconds))?;
        let mut contents = self.lock();
        let free = contents.get(&pk, keys::LEASE).is_none_or(|held| {
            codec::text(held, "holder") == holder
                || number(held, "until_ms").is_some_and(|until| until <= now.as_millisecond())
        });
        if free {
            contents.put(item);
        }
        Ok(free)
    }

    async fn release(&self, name: &str, holder: &str) -> Result<bool, Error> {
        let pk = keys::lease(name);
        let mut contents = self.lock();
        let held = contents.get(&pk, keys::LEASE).is_some_and(|held| codec::text(held, "holder") == holder);
        if held {
            contents.items.remove(&(pk, keys::LEASE.to_owned()));
        }
        Ok(held)
    }
}

fn unreachable(operation: &'static str) -> Error {
    Error::Unavailable { service: "DynamoDB", operation, reason: "a fault was injected".to_owned() }
}

fn number(item: &Item, name: &str) -> Option<i64> {
    match item.get(name)? {
        AttributeValue::N(number) => number.parse().ok(),
        _ => None,
    }
}
