//! Sizes of states, compared with their weight.

use std::collections::BTreeMap;

use bitbucket::{CommentId, TaskId};
use jiff::Timestamp;
use relay::state::{
    CommentState, CommitState, Doubt, Finding, Known, MAX_STATE_WEIGHT, Resolved, Revision, TaskState,
};
use relay::{LinkId, Subject, SubjectState};
use serde_dynamo::AttributeValue;
use serde_json::{Value, json};
use store::memory::MemoryTable;
use store::{Commit, SubjectLog};

/// Numbers that nothing can compress.
struct Random(u64);

impl Random {
    fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    fn flag(&mut self) -> bool {
        self.number() % 2 == 0
    }

    fn hash(&mut self) -> String {
        format!("{:016x}{:016x}", self.number(), self.number())
    }

    /// A time within a year, to the microsecond as Bitbucket's are.
    fn time(&mut self) -> Timestamp {
        let micros = 1_700_000_000_000_000 + self.below(31_536_000_000_000);
        Timestamp::from_microsecond(micros.try_into().unwrap()).unwrap()
    }

    fn revision(&mut self) -> Revision {
        let ordinal = u32::try_from(self.below(100)).unwrap();
        Revision { hash: Some(self.hash()), updated_on: Some(self.time()), ordinal, found: self.flag() }
    }

    fn resolved(&mut self) -> Resolved {
        let at = Some(self.time());
        serde_json::from_value(json!({ "at": at, "found": self.flag(), "again": self.below(100) })).unwrap()
    }

    fn doubt(&mut self) -> Doubt {
        Doubt { finding: Finding::OldText(self.hash()), since: self.time() }
    }

    fn comment(&mut self, extent: Extent) -> CommentState {
        let changed_at = self.time();
        let all = extent.all;
        CommentState {
            version: self.below(1_000_000),
            revisions: (0..extent.revisions).map(|_| self.revision()).collect(),
            changed_at,
            resolution: all.then(|| self.resolved()),
            lifted: all.then(|| self.resolved()),
            deleted: self.flag(),
            creation_unpublished: self.flag(),
            doubts: (0..extent.doubts).map(|_| self.doubt()).collect(),
            thread: self.flag(),
        }
    }

    fn task(&mut self, extent: Extent) -> TaskState {
        TaskState {
            version: self.below(1_000_000),
            revision: self.revision(),
            resolution: extent.all.then(|| self.resolved()),
            lifted: extent.all.then(|| self.resolved()),
            doubts: (0..extent.doubts).map(|_| self.doubt()).collect(),
            deleted: self.flag(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Extent {
    revisions: usize,
    all: bool,
    doubts: usize,
}

/// Bytes of a state in the table.
async fn stored_bytes(state: &SubjectState) -> usize {
    let (link, subject): (LinkId, Subject) = ("acme".parse().unwrap(), "pullrequest/0a1b/7".parse().unwrap());
    let table = MemoryTable::default();
    let now = Timestamp::UNIX_EPOCH;
    let state = &SubjectState { version: 1, ..state.clone() };
    let commit =
        Commit { link: &link, subject: &subject, state, events: &[], delivery: None, head: None, now };
    table.commit(&commit).await.unwrap();
    let items = table.items();
    let Some(AttributeValue::B(bytes)) = items[0].get("state") else { panic!("no state") };
    bytes.len()
}

#[tokio::test]
async fn measure() {
    let mut random = Random(7);
    for (name, extent) in [
        ("tombstone", Extent { revisions: 0, all: false, doubts: 0 }),
        ("plain", Extent { revisions: 1, all: false, doubts: 0 }),
        ("two", Extent { revisions: 2, all: false, doubts: 0 }),
        ("sixteen", Extent { revisions: 16, all: false, doubts: 0 }),
        ("resolved", Extent { revisions: 1, all: true, doubts: 0 }),
        ("doubts", Extent { revisions: 1, all: false, doubts: 4 }),
        ("all", Extent { revisions: 16, all: true, doubts: 4 }),
    ] {
        let mut commit: CommitState = serde_json::from_value(json!({
            "first_seen_at": "2026-11-24T10:00:00Z", "commit": null, "repository": null, "comments": {} }))
        .unwrap();
        let count = 500;
        let mut id = 0;
        for _ in 0..count {
            id += random.below(1_000_000);
            commit.comments.insert(CommentId(id), random.comment(extent));
        }
        let state = SubjectState { known: Some(Known::Commit(commit)), ..SubjectState::default() };
        let bytes = stored_bytes(&state).await;
        println!("{name}: {} per comment, weight {}", bytes as f64 / count as f64, state.weight() / count);
        let tasks: BTreeMap<TaskId, TaskState> =
            (0..count).map(|n| (TaskId(n as u64 * 1000 + random.below(1000)), random.task(extent))).collect();
        let pr = json!({ "first_seen_at": "2026-11-24T10:00:00Z", "snapshot": null, "repository": null, "comments": {},
          "snapshot_updated_on": null, "tasks": tasks, "tasks_read": true, "polled_at": null, "tasks_dirty_since": null,
          "recheck_at": null, "published": { "created": true, "state": null, "reviews": {} } });
        let state = SubjectState {
            known: Some(Known::PullRequest(serde_json::from_value(pr).unwrap())),
            ..SubjectState::default()
        };
        let bytes = stored_bytes(&state).await;
        println!("   {} per task, weight {}", bytes as f64 / count as f64, state.weight() / count as usize);
    }
    let _ = (MAX_STATE_WEIGHT, Value::Null);
}
