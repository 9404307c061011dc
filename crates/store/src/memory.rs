//! Table and links in memory, with injected faults, for tests of this crate and of its users.
//!
//! The table holds the same items under the same keys as DynamoDB's and checks the same conditions; only the transport
//! is missing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::ShortHash;
use relay::{Event, EventId, LinkId, Subject, SubjectState};
use serde_dynamo::{AttributeValue, Item};
use serde_json::{Map, Value, json};

use crate::Error;
use crate::codec::{self, DueWatch, LeaseItem, keys, number};
use crate::commit::{Commit, CommitError};
use crate::document::{self, Document, Documents};
use crate::kept::KeptKey;
use crate::restore;
use crate::retention::Retention;
use crate::shard::Shard;
use crate::table::{Leases, SubjectLog};
use crate::transaction::{Condition, Write, WriteRefusal, commit_error, writes};
use crate::units::{Call, Written};

pub use crate::clock::ManualClock;
pub use crate::links::memory::MemoryLinks;
#[cfg(feature = "oauth")]
pub use crate::links::tokens::memory::{GrantFault, MemoryGrants};

/// A fault that a test injects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A read fails; the table cannot be reached.
    ReadFails,
    /// A commit fails and nothing is stored; the table cannot be reached.
    CommitFails,
    /// A commit is refused as if another writer had been faster.
    CommitConflicts,
    /// A commit is refused, as if the state were too large, and so is every later attempt.
    CommitRefused,
    /// A commit is stored, but its answer is lost.
    AnswerLost,
    /// The query for due watches fails.
    DueFails,
    /// The query for kept deliveries fails.
    KeptFails,
}

/// The table in memory. Its clones are the same table.
#[derive(Debug, Clone, Default)]
pub struct MemoryTable(Arc<Mutex<Contents>>);

#[derive(Debug, Clone, Default)]
struct Contents {
    items: BTreeMap<(String, String), Arc<Item>>,
    /// The sparse index `due`: partition, time and `pk` of each state that has a watch, and of each kept delivery.
    due: BTreeSet<(String, i64, String)>,
    /// The stream, if it is recorded.
    stream: Option<Vec<StreamRecord>>,
    faults: VecDeque<Fault>,
    calls: Calls,
    written: Written,
    retention: Retention,
}

/// One record of the table's stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRecord {
    /// The item's partition key.
    pub pk: String,
    /// The item's sort key.
    pub sk: String,
    /// The item after the write.
    pub image: Arc<Item>,
    /// True if the item is new (`INSERT`), false if it took the place of another (`MODIFY`).
    pub inserted: bool,
}

impl StreamRecord {
    /// True if the filter of the template lets it through to the publisher: a new event.
    pub fn is_new_event(&self) -> bool {
        self.inserted && codec::text(&self.image, "kind") == "event"
    }

    /// Returns the record with this number in the stream as Lambda hands it over, written at `at`
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>).
    pub fn to_lambda(&self, number: usize, at: Timestamp) -> Value {
        let image = self.image.iter().map(|(name, value)| (name.clone(), attribute(value)));
        json!({
            "eventID": number.to_string(),
            "eventName": if self.inserted { "INSERT" } else { "MODIFY" },
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "eu-west-1",
            "dynamodb": {
                "ApproximateCreationDateTime": at.as_second(),
                "Keys": { "pk": { "S": self.pk }, "sk": { "S": self.sk } },
                "NewImage": image.collect::<Map<_, _>>(),
                "SequenceNumber": number.to_string(),
                "SizeBytes": 100,
                "StreamViewType": "NEW_IMAGE",
            },
        })
    }
}

fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        AttributeValue::B(bytes) => json!({ "B": BASE64.encode(bytes) }),
        _ => json!({ "NULL": true }),
    }
}

/// Number of calls to the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Reads.
    pub reads: usize,
    /// Commits, refused ones too.
    pub commits: usize,
}

impl MemoryTable {
    /// Makes the next `times` calls of the fault's kind fail. Faults queue up.
    pub fn inject(&self, fault: Fault, times: usize) {
        self.lock().faults.extend(std::iter::repeat_n(fault, times));
    }

    /// Returns the number of calls so far.
    pub fn calls(&self) -> Calls {
        self.lock().calls
    }

    /// Returns DynamoDB's write units of everything that was written so far.
    pub fn written(&self) -> Written {
        self.lock().written.clone()
    }

    /// Returns every item, in order of its keys.
    pub fn items(&self) -> Vec<Item> {
        self.lock().items.values().map(|item| Item::clone(item)).collect()
    }

    /// Returns another table with the same contents, so that a test can go on from them in several ways.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.lock().clone())))
    }

    /// Puts an item, whatever it holds: a damaged one, or one of another version.
    pub fn put_item(&self, item: Item) {
        self.lock().put(item, Call::Alone);
    }

    /// Loses the items with these keys.
    pub fn lose_items(&self, is_lost: impl Fn(&str, &str) -> bool) {
        let mut contents = self.lock();
        contents.items.retain(|(pk, sk), _| !is_lost(pk, sk));
        let Contents { items, due, .. } = &mut *contents;
        due.retain(|(.., pk)| items.keys().any(|(left, _)| left == pk));
    }

    /// Puts back what it lacks of a copy, as [`crate::restore::Restore`] does.
    ///
    /// # Errors
    ///
    /// If a state of the copy cannot be read.
    pub fn restore_from(&self, copy: &Self) -> Result<(), Error> {
        for item in copy.items().into_iter().filter(restore::lasts) {
            let (pk, sk) = codec::keys_of(&item);
            let items =
                if sk == keys::STATE { restore::restored_state(item, self.logged(&pk))? } else { vec![item] };
            for item in items {
                if !self.lock().items.contains_key(&codec::keys_of(&item)) {
                    self.put_item(item);
                }
            }
        }
        Ok(())
    }

    fn logged(&self, pk: &str) -> Vec<EventId> {
        let events = self.items().into_iter().filter(|item| codec::text(item, "pk") == pk);
        let ids = events.filter(|item| codec::text(item, "kind") == keys::EVENT);
        ids.map(|item| EventId::stored(codec::text(&item, "id"))).collect()
    }

    /// Returns an empty table that records its stream.
    pub fn with_stream() -> Self {
        let table = Self::default();
        table.lock().stream = Some(Vec::new());
        table
    }

    /// Deletes every item whose time has ended, as DynamoDB does within days.
    pub fn delete_expired(&self, now: Timestamp) {
        let ended = |item: &Item| number(item, "expires_at").is_some_and(|at| at < now.as_second());
        self.lock().items.retain(|_, item| !ended(item));
    }

    /// Keeps new events so long.
    #[must_use]
    pub fn with_retention(self, retention: Retention) -> Self {
        self.lock().retention = retention;
        self
    }

    /// Returns the records of the stream from number `after` on, in the order of the commits. Records of one
    /// transaction are adjacent. Empty if the table does not record its stream.
    pub fn stream_records(&self, after: usize) -> Vec<StreamRecord> {
        let contents = self.lock();
        contents.stream.iter().flatten().skip(after).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    /// Removes and returns the first fault of these kinds.
    fn fault(&mut self, concerned: &[Fault]) -> Option<Fault> {
        let at = self.faults.iter().position(|fault| concerned.contains(fault))?;
        self.faults.remove(at)
    }

    fn get(&self, pk: &str, sk: &str) -> Option<&Item> {
        self.items.get(&(pk.to_owned(), sk.to_owned())).map(Arc::as_ref)
    }

    fn refusal(&self, write: &Write) -> Option<WriteRefusal> {
        let there = self.get(codec::text(&write.item, "pk"), codec::text(&write.item, "sk"));
        (!holds(write.condition, there)).then(|| WriteRefusal::Condition(there.cloned()))
    }

    fn put(&mut self, item: Item, call: Call) {
        let ((pk, sk), item) = (codec::keys_of(&item), Arc::new(item));
        self.due.extend(due_key(&item));
        let before = self.items.insert((pk.clone(), sk.clone()), Arc::clone(&item));
        self.written.put(before.as_deref(), &item, call);
        if let Some(gone) = before
            .as_ref()
            .and_then(|before| due_key(before))
            .filter(|key| due_key(&item).as_ref() != Some(key))
        {
            self.due.remove(&gone);
        }
        if let Some(stream) = &mut self.stream {
            stream.push(StreamRecord { pk, sk, image: item, inserted: before.is_none() });
        }
    }

    /// Puts an item of this version, if the version before it is stored.
    fn put_after(&mut self, version: u64, item: Item) -> bool {
        let there = self.get(codec::text(&item, "pk"), codec::text(&item, "sk"));
        let follows = holds(Condition::before(version), there);
        if follows {
            self.put(item, Call::Alone);
        }
        follows
    }
}

/// Returns the key of an item in the index `due`.
fn due_key(item: &Item) -> Option<(String, i64, String)> {
    let at_ms = number(item, "due_at_ms")?;
    Some((codec::text(item, "due_partition").to_owned(), at_ms, codec::text(item, "pk").to_owned()))
}

/// True if the condition of a put holds for the stored item.
fn holds(condition: Condition, there: Option<&Item>) -> bool {
    match (condition, there) {
        (Condition::None, _) | (Condition::Absent, None) => true,
        (Condition::Absent, Some(_)) | (Condition::VersionIs(_), None) => false,
        (Condition::VersionIs(version), Some(item)) => number(item, "version") == i64::try_from(version).ok(),
    }
}

impl SubjectLog for MemoryTable {
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
        let retention = self.lock().retention;
        let writes = writes(commit, retention)?;
        let mut contents = self.lock();
        contents.calls.commits += 1;
        let fault = contents.fault(&[
            Fault::CommitFails,
            Fault::CommitConflicts,
            Fault::CommitRefused,
            Fault::AnswerLost,
        ]);
        match fault {
            Some(Fault::CommitFails) => return Err(unreachable("TransactWriteItems").into()),
            Some(Fault::CommitConflicts) => return Err(CommitError::Conflict),
            Some(Fault::CommitRefused) => {
                return Err(Error::TooLarge { what: "the compressed state", bytes: 2, max_bytes: 1 }.into());
            }
            _ => {}
        }
        let refused: Vec<_> =
            writes.iter().filter_map(|write| Some((write, contents.refusal(write)?))).collect();
        if !refused.is_empty() {
            return Err(commit_error(refused));
        }
        let call = if writes.len() == 1 { Call::Alone } else { Call::Transaction };
        for write in writes {
            contents.put(write.item, call);
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
        let after = until.as_millisecond().saturating_add(1);
        let mut all = Vec::new();
        for partition in shard.due_partitions() {
            let first = (partition.clone(), i64::MIN, String::new());
            let due = contents.due.range(first..(partition, after, String::new()));
            let items = due.filter_map(|(_, _, pk)| contents.get(pk, keys::STATE));
            all.extend(items.filter_map(|item| codec::due_watch(item.clone())).take(limit));
        }
        all.sort_by_key(|due| due.watch.due_at);
        Ok(all)
    }

    async fn kept_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<KeptKey>, Error> {
        let partition = shard.kept_partition();
        let first = (partition.clone(), i64::MIN, String::new());
        let after = (partition, until.as_millisecond().saturating_add(1), String::new());
        let mut contents = self.lock();
        if contents.fault(&[Fault::KeptFails]).is_some() {
            return Err(unreachable("Query"));
        }
        let due = contents.due.range(first..after).take(limit);
        Ok(due.map(|(_, _, pk)| KeptKey::stored(pk.clone())).collect())
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
        let items = self.lock().items.range(first..last).map(|(_, item)| Item::clone(item)).collect();
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
        codec::current_pull_requests(items.map(|(_, item)| Item::clone(item)), limit)
    }
}

impl Documents for MemoryTable {
    async fn read_document<D: Document>(&self, key: &D::Key) -> Result<D, Error> {
        let item = self.lock().get(&D::pk(key), D::KIND).cloned();
        document::decode(item)
    }

    async fn store_document<D: Document>(&self, key: &D::Key, document: &D) -> Result<bool, Error> {
        Ok(self.lock().put_after(document.version(), document::encode(key, document)?))
    }
}

impl Leases for MemoryTable {
    async fn lease(&self, name: &str, holder: &str, now: Timestamp, seconds: u32) -> Result<bool, Error> {
        let pk = keys::lease(name);
        let item = codec::item(&pk, keys::LEASE, LeaseItem::new(name, holder, now, seconds))?;
        let mut contents = self.lock();
        let free = contents.get(&pk, keys::LEASE).is_none_or(|held| {
            codec::text(held, "holder") == holder
                || number(held, "until_ms").is_some_and(|until| until <= now.as_millisecond())
        });
        if free {
            contents.put(item, Call::Alone);
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
    Error::Unavailable {
        service: "DynamoDB",
        operation,
        code: None,
        reason: "a fault was injected".to_owned(),
    }
}
