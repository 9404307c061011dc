//! A simulated pull request in Bitbucket, and bitrelay's state of it. All stories use it.
//!
//! Verbs of people (`writes`, `edits`, ...) change Bitbucket only. `receives` (a webhook) and `polls` change bitrelay's
//! state, and return the keys of the new events.

use std::collections::{BTreeMap, BTreeSet};

use bitbucket::payload::Document;
use bitbucket::{EventKey, Payload, PullRequestId, RepositoryId};
use jiff::{SignedDuration, Timestamp};
use relay::Reason;
use relay::Report;
use relay::observation::{
    CommitObservation, CommitPoll, Listing, Observation, PullRequestObservation, PullRequestPoll,
};
use relay::polling::{unlisted_comments, unlisted_tasks};
use relay::state::{CommentState, PullRequestState, TaskState};
use relay::{Event, LinkId, MAX_EVENTS_PER_FOLD, Settings, Subject, SubjectState, fold};
use serde_json::{Value, json};

/// Second 0 of every story.
pub(crate) const START: &str = "2026-11-02T09:00:00Z";

pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) settings: Settings,
    pub(crate) subject: Subject,
    comments: BTreeMap<u64, Value>,
    tasks: BTreeMap<u64, Value>,
    used_ids: BTreeSet<(&'static str, u64)>,
    updated_on: Timestamp,
    pub(crate) state: SubjectState,
    pub(crate) log: Vec<Event>,
    deliveries: u32,
}

/// A pull request without state.
pub(crate) fn a_pull_request() -> World {
    let now: Timestamp = START.parse().unwrap();
    World {
        now,
        // A story ends when the last window closes, unless it sets a tail. Tasks are read at once after every event.
        settings: Settings {
            tail_seconds: [0; 3],
            task_interval_seconds: 0,
            full_read_seconds: 0,
            ..Settings::default()
        },
        subject: subject(),
        comments: BTreeMap::new(),
        tasks: BTreeMap::new(),
        used_ids: BTreeSet::new(),
        updated_on: now,
        state: SubjectState::default(),
        log: Vec::new(),
        deliveries: 0,
    }
}

/// A repository without state.
pub(crate) fn a_repository() -> World {
    World { subject: Subject::Repository { repository: RepositoryId::new("{ab}") }, ..a_pull_request() }
}

/// A commit without state.
pub(crate) fn a_commit() -> World {
    let subject = Subject::Commit { repository: RepositoryId::new("{ab}"), hash: "c0ffee00".to_owned() };
    World { subject, ..a_pull_request() }
}

/// A pull request whose creation was reported, and whose tasks were read once.
pub(crate) fn a_polled_pull_request() -> World {
    let mut world = a_pull_request();
    world.reports(EventKey::PullRequestCreated);
    world.waits(3);
    world.polls();
    world
}

/// An issue without state.
pub(crate) fn an_issue() -> World {
    World { subject: Subject::Issue { repository: RepositoryId::new("{ab}"), id: 3 }, ..a_pull_request() }
}

pub(crate) fn link() -> LinkId {
    "acme".parse().unwrap()
}

pub(crate) fn subject() -> Subject {
    Subject::PullRequest { repository: RepositoryId::new("{ab}"), id: PullRequestId(7) }
}

fn user(name: &str) -> Value {
    json!({ "type": "user", "uuid": format!("{{{name}}}"), "nickname": name })
}

/// Actions of people in Bitbucket.
impl World {
    pub(crate) fn waits(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    pub(crate) fn writes(&mut self, id: u64, text: &str) -> &mut Self {
        self.updated_on = self.now;
        let comment = json!({
            "type": "pullrequest_comment", "id": id, "content": { "raw": text }, "user": user("bob"),
            "created_on": self.now, "updated_on": self.now, "deleted": false, "pending": false,
        });
        self.comments.insert(id, comment);
        self.used_ids.insert(("comment", id));
        self
    }

    pub(crate) fn writes_a_draft(&mut self, id: u64, text: &str) -> &mut Self {
        self.writes(id, text).comment(id)["pending"] = json!(true);
        self
    }

    pub(crate) fn publishes_the_draft(&mut self, id: u64) -> &mut Self {
        self.comment(id)["pending"] = json!(false);
        self
    }

    pub(crate) fn edits(&mut self, id: u64, text: &str) -> &mut Self {
        let now = self.now;
        self.edits_without_moving_its_time(id, text).comment(id)["updated_on"] = json!(now);
        self
    }

    pub(crate) fn edits_without_moving_its_time(&mut self, id: u64, text: &str) -> &mut Self {
        self.comment(id)["content"]["raw"] = json!(text);
        self
    }

    pub(crate) fn resolves(&mut self, id: u64) -> &mut Self {
        let now = self.now;
        self.comment(id)["resolution"] = json!({ "user": user("alice"), "created_on": now });
        self
    }

    pub(crate) fn reopens(&mut self, id: u64) -> &mut Self {
        self.comment(id).as_object_mut().unwrap().remove("resolution").unwrap();
        self
    }

    /// Deletes a comment without replies; Bitbucket removes it.
    pub(crate) fn deletes(&mut self, id: u64) -> &mut Self {
        self.comments.remove(&id).unwrap();
        self
    }

    /// Deletes a comment with replies; an empty shell remains.
    pub(crate) fn empties(&mut self, id: u64) -> &mut Self {
        self.comment(id)["deleted"] = json!(true);
        self.comment(id)["content"]["raw"] = json!("");
        self
    }

    pub(crate) fn adds_a_task(&mut self, id: u64, text: &str) -> &mut Self {
        let task = json!({
            "type": "pullrequest_task", "id": id, "content": { "raw": text }, "state": "UNRESOLVED",
            "creator": user("bob"), "created_on": self.now, "updated_on": self.now, "pending": false,
        });
        self.tasks.insert(id, task);
        self.used_ids.insert(("task", id));
        self
    }

    pub(crate) fn edits_the_task(&mut self, id: u64, text: &str) -> &mut Self {
        let now = self.now;
        let task = self.tasks.get_mut(&id).unwrap();
        task["content"]["raw"] = json!(text);
        task["updated_on"] = json!(now);
        self
    }

    pub(crate) fn edits_the_task_without_moving_its_time(&mut self, id: u64, text: &str) -> &mut Self {
        self.tasks.get_mut(&id).unwrap()["content"]["raw"] = json!(text);
        self
    }

    pub(crate) fn resolves_the_task(&mut self, id: u64) -> &mut Self {
        let now = self.now;
        let task = self.tasks.get_mut(&id).unwrap();
        task["state"] = json!("RESOLVED");
        task["resolved_on"] = json!(now);
        task["resolved_by"] = user("alice");
        self
    }

    pub(crate) fn resolves_the_task_without_a_time(&mut self, id: u64) -> &mut Self {
        self.resolves_the_task(id).tasks.get_mut(&id).unwrap()["resolved_on"] = Value::Null;
        self
    }

    pub(crate) fn reopens_the_task(&mut self, id: u64) -> &mut Self {
        let task = self.tasks.get_mut(&id).unwrap();
        task["state"] = json!("UNRESOLVED");
        task["resolved_on"] = Value::Null;
        task["resolved_by"] = Value::Null;
        self
    }

    pub(crate) fn deletes_the_task(&mut self, id: u64) -> &mut Self {
        self.tasks.remove(&id).unwrap();
        self
    }

    pub(crate) fn comment_shown(&self, id: u64) -> Value {
        self.comments[&id].clone()
    }

    pub(crate) fn comment(&mut self, id: u64) -> &mut Value {
        self.comments.get_mut(&id).unwrap()
    }
}

/// Reads of Bitbucket's state.
impl World {
    pub(crate) fn has_comment(&self, id: u64) -> bool {
        self.comments.get(&id).is_some_and(|comment| comment["deleted"] == false)
    }

    pub(crate) fn has_task(&self, id: u64) -> bool {
        self.tasks.contains_key(&id)
    }

    pub(crate) fn ever_had_comment(&self, id: u64) -> bool {
        self.used_ids.contains(&("comment", id))
    }

    pub(crate) fn ever_had_task(&self, id: u64) -> bool {
        self.used_ids.contains(&("task", id))
    }

    pub(crate) fn is_resolved(&self, id: u64) -> bool {
        self.comments[&id].get("resolution").is_some()
    }

    pub(crate) fn is_task_resolved(&self, id: u64) -> bool {
        self.tasks[&id]["state"] == "RESOLVED"
    }

    /// True if the current revision has the text that Bitbucket shows.
    pub(crate) fn has_newest_text_of(&self, id: u64) -> bool {
        self.comment_state(id).standing().unwrap().hash == Some(hash(raw(&self.comments[&id])))
    }

    pub(crate) fn has_newest_text_of_task(&self, id: u64) -> bool {
        self.task_state(id).revision.hash == Some(hash(raw(&self.tasks[&id])))
    }
}

fn raw(item: &Value) -> &str {
    item["content"]["raw"].as_str().unwrap()
}

/// Webhooks.
impl World {
    /// Returns the webhook that Bitbucket would send now.
    pub(crate) fn webhook(&mut self, key: EventKey, more: &Value) -> Report {
        let mut body = json!({
            "actor": user("bob"),
            "repository": { "uuid": "{ab}", "full_name": "acme/widgets" },
            "pullrequest": { "id": 7, "title": "Round corners", "created_on": START, "updated_on": self.updated_on },
        });
        match key {
            EventKey::PullRequestFulfilled => body["pullrequest"]["state"] = json!("MERGED"),
            EventKey::PullRequestRejected => body["pullrequest"]["state"] = json!("DECLINED"),
            EventKey::PullRequestApproved | EventKey::PullRequestUnapproved => body["approval"] = json!({}),
            _ => {}
        }
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        report(key, &body)
    }

    pub(crate) fn webhook_about(&mut self, key: EventKey, id: u64) -> Report {
        let comment = self.comments.get(&id).cloned();
        let gone = || json!({ "id": id, "deleted": true, "content": { "raw": "" } });
        self.webhook(key, &json!({ "comment": comment.unwrap_or_else(gone) }))
    }

    /// Sends and receives a webhook at once.
    pub(crate) fn reports(&mut self, key: EventKey) -> Vec<String> {
        let report = self.webhook(key, &json!({}));
        self.receives(&report)
    }

    pub(crate) fn reports_about(&mut self, key: EventKey, id: u64) -> Vec<String> {
        let report = self.webhook_about(key, id);
        self.receives(&report)
    }

    pub(crate) fn receives(&mut self, report: &Report) -> Vec<String> {
        self.deliveries += 1;
        let report = Report { delivery: format!("delivery-{}", self.deliveries), ..report.clone() };
        self.learns(&Observation::Delivery(report))
    }
}

pub(crate) fn report(key: EventKey, body: &Value) -> Report {
    let body = body.to_string().into_bytes();
    Report {
        signed: true,
        key,
        payload: Payload::parse(&body).unwrap(),
        body,
        hook: "hook-1".to_owned(),
        delivery: String::new(),
    }
}

/// Returns the same report from another hook.
pub(crate) fn by_another_hook(report: &Report) -> Report {
    Report { hook: "hook-2".to_owned(), ..report.clone() }
}

/// Returns the same report from a link without signatures.
pub(crate) fn unsigned(report: &Report) -> Report {
    Report { signed: false, ..report.clone() }
}

/// Polls.
impl World {
    /// Reads everything now, to be folded later.
    pub(crate) fn begins_a_poll(&self) -> PullRequestPoll {
        PullRequestPoll {
            repository: None,
            base_version: self.state.version,
            started_at: self.now,
            pull_request: None,
            head: None,
            comments: Listing::new(self.comments.values().cloned().map(Document::new).collect(), true),
            tasks: Some(Listing::new(self.tasks.values().cloned().map(Document::new).collect(), true)),
        }
    }

    /// Looks up missing comments and tasks by id, and folds the poll.
    pub(crate) fn ends_the_poll(&mut self, mut poll: PullRequestPoll) -> Vec<String> {
        if let Some(comments) = self.state.comments() {
            for id in unlisted_comments(comments, &poll.comments) {
                poll.comments.lookups.insert(id, self.comments.get(&id.0).cloned().map(Document::new));
            }
        }
        if let (Some(pr), Some(listing)) = (self.state.pull_request(), &mut poll.tasks) {
            for id in unlisted_tasks(&pr.tasks, listing) {
                listing.lookups.insert(id, self.tasks.get(&id.0).cloned().map(Document::new));
            }
        }
        self.learns(&self.poll_observation(poll))
    }

    /// Converts a poll to an observation of the commit or the pull request.
    pub(crate) fn poll_observation(&self, poll: PullRequestPoll) -> Observation {
        if self.subject.kind() == "pullrequest" {
            return Observation::PullRequest(PullRequestObservation::Poll(poll));
        }
        let PullRequestPoll { base_version, started_at, comments, .. } = poll;
        let poll = CommitPoll { base_version, started_at, repository: None, comments };
        Observation::Commit(CommitObservation::Poll(poll))
    }

    /// Folds a refused poll.
    pub(crate) fn is_refused(&mut self) -> Vec<String> {
        self.learns(&Observation::Refused)
    }

    /// Polls the pull request itself too.
    pub(crate) fn polls_all(&mut self, shown: &Value) -> Vec<String> {
        let poll =
            PullRequestPoll { pull_request: Some(Document::new(shown.clone())), ..self.begins_a_poll() };
        self.ends_the_poll(poll)
    }

    /// Polls, and once more after the grace period. Something that is undone needs both polls.
    pub(crate) fn polls_twice(&mut self) -> Vec<String> {
        let mut events = self.polls();
        events.extend(self.waits(30).polls());
        events
    }

    /// Polls now, and a copy of Bitbucket that lags answers what an earlier poll read.
    pub(crate) fn polls_a_copy(&mut self, old: &PullRequestPoll) -> Vec<String> {
        let poll = PullRequestPoll { base_version: self.state.version, started_at: self.now, ..old.clone() };
        self.learns(&self.poll_observation(poll))
    }

    pub(crate) fn polls(&mut self) -> Vec<String> {
        let poll = self.begins_a_poll();
        self.ends_the_poll(poll)
    }
}

/// The part of bitrelay: folding and storing.
impl World {
    /// Folds until the store would accept the result: it refuses an event whose id is in the log, and the fold runs
    /// again with that id remembered.
    pub(crate) fn learns(&mut self, observation: &Observation) -> Vec<String> {
        let before = self.log.len();
        for _ in 0..100 {
            let folded =
                fold(self.state.clone(), &link(), &self.subject, observation, self.now, &self.settings);
            let ids: BTreeSet<_> = self.log.iter().map(|event| &event.id).collect();
            let stored: Vec<_> =
                folded.events.iter().map(|e| e.id.clone()).filter(|id| ids.contains(id)).collect();
            if !stored.is_empty() {
                self.state.remember(stored);
                continue;
            }
            self.store(&folded.state, folded.events);
            if !folded.more {
                return self.log[before..].iter().map(|event| event.key.to_string()).collect();
            }
        }
        panic!("folding does not end");
    }

    /// Checks the invariants of a fold, and stores it.
    fn store(&mut self, state: &SubjectState, events: Vec<Event>) {
        assert_eq!(state.version, self.state.version + 1);
        assert!(events.len() <= MAX_EVENTS_PER_FOLD, "{} events in one fold", events.len());
        let bytes: usize = events.iter().map(|event| event.payload.len()).sum();
        assert!(bytes <= 2 * 1024 * 1024, "{bytes} bytes in one fold");
        for event in events {
            assert_eq!(event.sequence, self.log.len() as u64 + 1, "the sequence has no gap");
            assert!(self.log.iter().all(|other| other.id != event.id), "{} is there twice", event.key);
            assert_eq!((&event.subject, &event.link, event.observed_at), (&self.subject, &link(), self.now));
            // The webhook function uses the subject of a pull request only if the payload names one.
            if state.pull_request().is_some() || self.subject.kind() != "pullrequest" {
                crate::schema::assert_conforms(&event);
            }
            self.log.push(event);
        }
        assert_eq!(state.sequence, self.log.len() as u64);
        let stored = serde_json::to_string(state).unwrap();
        self.state = serde_json::from_str(&stored).unwrap();
        assert_eq!(&self.state, state, "a state reads back as it was stored");
    }

    pub(crate) fn pr(&self) -> &PullRequestState {
        self.state.pull_request().unwrap()
    }

    pub(crate) fn comment_state(&self, id: u64) -> &CommentState {
        &self.pr().comments[&bitbucket::CommentId(id)]
    }

    pub(crate) fn task_state(&self, id: u64) -> &TaskState {
        &self.pr().tasks[&bitbucket::TaskId(id)]
    }

    /// Time of the next poll, in seconds from now, and its reason.
    pub(crate) fn due(&self) -> Option<(i64, Reason)> {
        self.state.watch.map(|watch| (watch.due_at.duration_since(self.now).as_secs(), watch.reason))
    }

    pub(crate) fn last(&self) -> &Event {
        self.log.last().unwrap()
    }

    /// Payload of the last event.
    pub(crate) fn last_payload(&self) -> Value {
        serde_json::from_slice(&self.last().payload).unwrap()
    }
}

/// Hash of a text in the form that states store.
pub(crate) fn hash(text: &str) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}
