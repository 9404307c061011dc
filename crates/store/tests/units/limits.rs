//! Sizes of states, compared with their weight.

use std::collections::BTreeMap;

use bitbucket::{CommentId, EventKey, Payload, PullRequestId, TaskId};
use jiff::Timestamp;
use relay::observation::Report;
use relay::state::{
    CommentState, Doubt, Finding, Known, MAX_STATE_WEIGHT, PullRequestState, Repeats, RepositoryState,
    Resolved, Revision, TaskState, UnfinishedListing,
};
use relay::{EventId, LinkId, Observation, Settings, Subject, SubjectState, fold};
use serde_dynamo::AttributeValue;
use serde_json::json;
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
        self.number().is_multiple_of(2)
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
            revived: u32::try_from(self.below(3)).unwrap(),
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
            revived: u32::try_from(self.below(3)).unwrap(),
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
    let commit = Commit {
        link: &link,
        subject: &subject,
        state,
        events: &[],
        delivery: None,
        head: None,
        facts: &[],
        now,
    };
    table.commit(&commit).await.unwrap();
    let items = table.items();
    let Some(AttributeValue::B(bytes)) = items[0].get("state") else { panic!("no state") };
    bytes.len()
}

const PLAIN: Extent = Extent { revisions: 1, all: false, doubts: 0 };
const DELETED: Extent = Extent { revisions: 0, all: false, doubts: 0 };
const EDITED: Extent = Extent { revisions: 16, all: false, doubts: 0 };
const RESOLVED: Extent = Extent { revisions: 1, all: true, doubts: 0 };
const DOUBTED: Extent = Extent { revisions: 1, all: false, doubts: 4 };

fn a_pull_request() -> PullRequestState {
    let state = json!({
        "first_seen_at": "2026-11-24T10:00:00Z", "snapshot": null, "repository": null, "comments": {},
        "snapshot_updated_on": null, "tasks": {}, "tasks_read": true, "polled_at": null, "tasks_dirty_since": null,
        "recheck_at": null, "published": { "created": true, "state": "OPEN", "reviews": {} },
    });
    serde_json::from_value(state).unwrap()
}

fn state_of(pr: PullRequestState) -> SubjectState {
    SubjectState { known: Some(Known::PullRequest(pr)), ..SubjectState::default() }
}

async fn assert_fits(what: &str, state: &SubjectState) {
    let (bytes, weight) = (stored_bytes(state).await, state.weight());
    assert!(bytes < weight, "{what}: {bytes} bytes, weight {weight}");
}

#[tokio::test]
async fn comments_take_fewer_bytes_than_their_weight() {
    for extent in [PLAIN, DELETED, EDITED, RESOLVED, DOUBTED] {
        let (mut random, mut pr, mut id) = (Random(7), a_pull_request(), 0);
        while state_of(pr.clone()).weight() < MAX_STATE_WEIGHT - 50_000 {
            for _ in 0..50 {
                id += 1 + random.below(10_000_000);
                pr.comments.insert(CommentId(id), random.comment(extent));
            }
        }
        assert_fits(&format!("{extent:?}"), &state_of(pr)).await;
    }
}

#[tokio::test]
async fn tasks_take_fewer_bytes_than_their_weight() {
    for extent in [PLAIN, RESOLVED, DOUBTED] {
        let (mut random, mut pr, mut id) = (Random(7), a_pull_request(), 0);
        for _ in 0..1_500 {
            id += 1 + random.below(10_000_000);
            pr.tasks.insert(TaskId(id), random.task(extent));
        }
        assert_fits(&format!("{extent:?}"), &state_of(pr)).await;
    }
}

#[tokio::test]
async fn all_parts_together_take_fewer_bytes_than_their_weight() {
    let mut random = Random(7);
    let mut pr = a_pull_request();
    let mut noise =
        |bytes: usize| (0..bytes).map(|_| char::from(random.number().to_be_bytes()[0])).collect::<String>();
    pr.snapshot = json!({ "title": noise(30_000), "state": "OPEN" });
    pr.repository = json!({ "full_name": "acme/widgets", "name": noise(10_000) });
    let mut random = Random(8);
    let uuid = |random: &mut Random| format!("{{{}}}", random.hash());
    let review = |at, id: String| json!({ "state": "approved", "poll_event": id, "at": at });
    let reviews: BTreeMap<_, _> =
        (0..500).map(|_| (uuid(&mut random), review(random.time(), random.hash()))).collect();
    pr.published =
        serde_json::from_value(json!({ "created": true, "state": "OPEN", "reviews": reviews })).unwrap();
    let builds: BTreeMap<_, _> = (0..200)
        .map(|_| (random.hash(), json!({ "state": "INPROGRESS", "updated_on": random.time() })))
        .collect();
    pr.head = Some(serde_json::from_value(json!({ "hash": "0123456789ab", "builds": builds })).unwrap());
    let mut id = 0;
    while state_of(pr.clone()).weight() < MAX_STATE_WEIGHT - 100_000 {
        for extent in [PLAIN, DELETED, EDITED, RESOLVED, DOUBTED] {
            id += 1 + random.below(1_000_000);
            pr.comments.insert(CommentId(id), random.comment(extent));
            pr.tasks.insert(TaskId(id), random.task(extent));
        }
    }
    let mut state = state_of(pr);
    state.recent_facts = (0..64).map(|_| EventId::stored(random.hash())).collect();
    state.repeats = (0..64)
        .map(|_| Repeats { digest: random.hash(), hooks: (0..8).map(|_| (uuid(&mut random), 1)).collect() })
        .collect();
    assert_fits("all", &state).await;
}

#[tokio::test]
async fn revisions_of_700_comments_are_forgotten_before_the_state_is_too_large() {
    let (mut random, mut pr) = (Random(7), a_pull_request());
    for id in 1..=700 {
        pr.comments.insert(CommentId(id), CommentState { deleted: false, ..random.comment(EDITED) });
    }
    let state = state_of(pr);
    assert!(state.weight() > MAX_STATE_WEIGHT);
    let body = json!({
        "actor": {}, "repository": { "uuid": "{0a1b}" }, "pullrequest": { "id": 7 }, "comment": { "id": 701 },
    })
    .to_string()
    .into_bytes();
    let report = Report {
        signed: true,
        key: EventKey::CommentCreated,
        payload: Payload::parse(&body).unwrap(),
        body,
        hook: String::new(),
        delivery: String::new(),
    };
    let (link, subject) = ("acme".parse().unwrap(), "pullrequest/0a1b/7".parse().unwrap());
    let now = "2025-11-24T10:00:00Z".parse().unwrap();
    let folded = fold(state, &link, &subject, &Observation::Delivery(report), now, &Settings::default());
    assert_eq!(folded.events.len(), 1);
    assert!(folded.let_go.is_empty());
    assert_eq!(folded.state.comments().unwrap().len(), 701);
    assert_fits("after the fold", &folded.state).await;
}

#[tokio::test]
async fn repository_with_the_most_pull_requests_fits() {
    let mut random = Random(7);
    let mut state = RepositoryState::default();
    for number in 0..5_000 {
        let listed = json!({
            "updated_on": random.time(), "comments": random.below(10_000), "tasks": random.below(10_000),
            "digest": random.hash(),
        });
        state.open.insert(PullRequestId(number * 7), serde_json::from_value(listed).unwrap());
    }
    let next = (0..128).map(|_| random.hash()).collect();
    state.unfinished = Some(UnfinishedListing { next, listed: state.open.keys().copied().collect() });
    state.repository = json!({ "name": (0..500).map(|_| random.hash()).collect::<String>() });
    let state = SubjectState { known: Some(Known::Repository(state)), ..SubjectState::default() };
    let bytes = stored_bytes(&state).await;
    assert!(bytes < MAX_STATE_WEIGHT, "{bytes}");
}
