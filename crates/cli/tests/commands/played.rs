//! A history of five pull requests, played through the real fold: the webhooks that Bitbucket sends, and the polls that
//! find the rest. The figures of `stats reviews` are worked out by hand from it, in `src/stats/review/tests.rs`.
#![allow(dead_code, reason = "not all of a shared module is used here")]

use bitbucket::payload::Document;
use bitbucket::{EventKey, Payload};
use jiff::{SignedDuration, Timestamp};
use relay::observation::{Listing, Observation, PullRequestObservation, PullRequestPoll, Report};
use relay::{LinkId, Settings, Subject};
use serde_json::{Value, json};
use store::memory::ManualClock;
use store::{Clock, DeliveryMark, Documents, Recorder, SubjectLog, sha256_hex};

/// Time at which the history begins: a Monday, eight days before its end.
pub(crate) const BEGIN: &str = "2026-11-16T10:00:00Z";

/// The repository's id in keys.
pub(crate) const WIDGETS: &str = "0a1b";

/// Plays acts at their times.
pub(crate) struct Player<'t, T> {
    pub(crate) table: &'t T,
    pub(crate) clock: &'t ManualClock,
    pub(crate) link: LinkId,
    requests: std::cell::Cell<u32>,
}

impl<'t, T: SubjectLog + Documents> Player<'t, T> {
    pub(crate) fn new(table: &'t T, clock: &'t ManualClock) -> Self {
        Self { table, clock, link: "acme".parse().unwrap(), requests: std::cell::Cell::new(0) }
    }

    /// Sets the clock forward to a time.
    pub(crate) fn at(&self, time: &str) -> &Self {
        let ahead = time.parse::<Timestamp>().unwrap().duration_since(self.clock.now());
        assert!(!ahead.is_negative(), "{time} is before {}", self.clock.now());
        self.clock.advance_seconds(ahead.as_secs());
        self
    }

    /// Receives a delivery as the webhook function does.
    pub(crate) async fn delivers(&self, key: &str, body: Value) {
        let body = body.to_string().into_bytes();
        let (key, payload) = (EventKey::parse(key).unwrap(), Payload::parse(&body).unwrap());
        self.requests.set(self.requests.get() + 1);
        let request = format!("request-{}", self.requests.get());
        let mark = DeliveryMark {
            hook: "hook".to_owned(),
            request: request.clone(),
            key: key.clone(),
            body_sha256: sha256_hex(&body),
            attempt: 1,
        };
        let report = Report { key, payload, body, hook: "hook".to_owned(), delivery: request, signed: true };
        let settings = Settings::default();
        let recorder = Recorder { table: self.table, clock: self.clock, settings: &settings };
        recorder.receive(&self.link, report, &mark).await.unwrap();
    }

    /// Records the answer to a poll as the poller does.
    pub(crate) async fn polls(&self, number: u64, comments: &[Value], tasks: &[Value]) {
        let subject: Subject = format!("pullrequest/{WIDGETS}/{number}").parse().unwrap();
        let state = self.table.read(&self.link, &subject).await.unwrap();
        let observation = Observation::PullRequest(PullRequestObservation::Poll(PullRequestPoll {
            base_version: state.version,
            started_at: self.clock.now().saturating_sub(SignedDuration::from_secs(1)).unwrap(),
            pull_request: None,
            head: None,
            repository: None,
            comments: Listing::new(comments.iter().cloned().map(Document::new).collect(), true),
            tasks: Some(Listing::new(tasks.iter().cloned().map(Document::new).collect(), true)),
        }));
        let settings = Settings::default();
        let recorder = Recorder { table: self.table, clock: self.clock, settings: &settings };
        recorder.record_on(state, &self.link, &subject, &observation).await.unwrap();
    }
}

/// Plays the whole history. It ends on 2026-11-24 at 11:20.
pub(crate) async fn play<T: SubjectLog + Documents>(player: &Player<'_, T>) {
    old_pull_requests(player).await;
    gear(player).await;
    gear_ends(player).await;
    bearings(player).await;
    gauge(player).await;
}

/// Two pull requests of the week before: #5 is declined, #6 is merged.
async fn old_pull_requests<T: SubjectLog + Documents>(player: &Player<'_, T>) {
    let belt = Pr::new(5, "Replace the belt", "carol", "2026-11-16T10:00:00Z", "belt");
    let axle = Pr::new(6, "Turn the axle", "bob", "2026-11-16T11:00:00Z", "axle");
    player.at("2026-11-16T10:00:01Z").delivers("pullrequest:created", belt.body("carol")).await;
    player.at("2026-11-16T11:00:02Z").delivers("pullrequest:created", axle.body("bob")).await;
    let first =
        comment(51, "alice", "2026-11-16T12:00:00Z", "2026-11-16T12:00:00Z", "Is the old one worn out?");
    player
        .at("2026-11-16T12:00:02Z")
        .delivers("pullrequest:comment_created", belt.with("alice", "comment", first))
        .await;
    let approval = json!({ "date": "2026-11-16T15:00:00Z", "user": account("alice") });
    player
        .at("2026-11-16T15:00:01Z")
        .delivers("pullrequest:approved", axle.with("alice", "approval", approval))
        .await;
    let merged = axle.ended("MERGED", "2026-11-16T17:00:00Z");
    player.at("2026-11-16T17:00:01Z").delivers("pullrequest:fulfilled", merged.body("bob")).await;
    let declined = belt.ended("DECLINED", "2026-11-17T10:00:00Z");
    player.at("2026-11-17T10:00:03Z").delivers("pullrequest:rejected", declined.body("carol")).await;
    let first =
        comment(51, "alice", "2026-11-16T12:00:00Z", "2026-11-16T12:00:00Z", "Is the old one worn out?");
    player.at("2026-11-18T12:00:00Z").polls(5, &[first], &[]).await;
    player.polls(6, &[], &[]).await;
}

fn small_gear() -> Pr {
    Pr::new(7, "Add the small gear", "alice", "2026-11-23T09:00:00Z", "small-gear").head("a1")
}

/// Returns the comments of #7 as Bitbucket lists them in the end.
fn talk() -> [Value; 3] {
    let test = "Please add a test for the small gear, with oil and without.\nIt slipped last time.";
    [
        comment(71, "bob", "2026-11-23T09:40:00Z", "2026-11-23T09:41:10Z", test),
        comment(72, "alice", "2026-11-23T09:55:00Z", "2026-11-23T09:55:00Z", "Will do."),
        comment(
            73,
            "bob",
            "2026-11-23T10:27:00Z",
            "2026-11-23T10:28:05Z",
            "It turns quietly now, thank you.",
        ),
    ]
}

/// Returns the task of #7, open or finished.
fn measurement(is_done: bool) -> Value {
    let (state, updated, text) = if is_done {
        ("RESOLVED", "2026-11-23T10:30:00Z", "Measure the noise at 3,000 turns")
    } else {
        ("UNRESOLVED", "2026-11-23T10:02:00Z", "Measure the noise")
    };
    json!({
        "id": 201, "content": { "raw": text }, "state": state, "creator": account("bob"),
        "created_on": "2026-11-23T10:02:00Z", "updated_on": updated,
        "resolved_on": is_done.then_some(updated), "resolved_by": is_done.then(|| account("alice")),
    })
}

/// #7 up to 23 November, 10:31: silent edits, a task, builds.
pub(crate) async fn gear<T: SubjectLog + Documents>(player: &Player<'_, T>) {
    let (gear, talk) = (small_gear(), talk());
    player.at("2026-11-23T09:00:01Z").delivers("pullrequest:created", gear.body("alice")).await;
    build(player, "2026-11-23T09:00:30Z", "a1", "commit_status_created", "INPROGRESS").await;
    build(player, "2026-11-23T09:06:10Z", "a1", "commit_status_updated", "FAILED").await;
    let said = "Please add a tset for the small gear.\nIt slipped last time.";
    let test = comment(71, "bob", "2026-11-23T09:40:00Z", "2026-11-23T09:40:00Z", said);
    player
        .at("2026-11-23T09:40:01Z")
        .delivers("pullrequest:comment_created", gear.with("bob", "comment", test))
        .await;
    // Bitbucket sends nothing about these: an edit within the window, and a task.
    player.at("2026-11-23T09:42:08Z").polls(7, &talk[..1], &[]).await;
    let mut answered = gear.with("alice", "comment", talk[1].clone());
    answered["comment"]["parent"] = json!({ "id": 71 });
    player.at("2026-11-23T09:55:01Z").delivers("pullrequest:comment_created", answered).await;
    player.at("2026-11-23T10:02:31Z").polls(7, &talk[..2], &[measurement(false)]).await;
    let gear = gear.titled("Add the small gear, oiled", "2026-11-23T10:20:00Z").head("b2");
    player.at("2026-11-23T10:20:01Z").delivers("pullrequest:updated", gear.body("alice")).await;
    build(player, "2026-11-23T10:20:40Z", "b2", "commit_status_created", "INPROGRESS").await;
    build(player, "2026-11-23T10:26:20Z", "b2", "commit_status_updated", "SUCCESSFUL").await;
    let said = "It turns quietly now, thak you.";
    let thanks = comment(73, "bob", "2026-11-23T10:27:00Z", "2026-11-23T10:27:00Z", said);
    player
        .at("2026-11-23T10:27:01Z")
        .delivers("pullrequest:comment_created", gear.with("bob", "comment", thanks))
        .await;
    player.at("2026-11-23T10:28:41Z").polls(7, &talk, &[measurement(false)]).await;
    player.at("2026-11-23T10:30:41Z").polls(7, &talk, &[measurement(true)]).await;
    player.at("2026-11-23T10:31:00Z");
}

/// #7 from then on: bob approves, alice merges after 24 and a half hours.
async fn gear_ends<T: SubjectLog + Documents>(player: &Player<'_, T>) {
    let gear = small_gear().titled("Add the small gear, oiled", "2026-11-23T10:20:00Z").head("b2");
    let (talk, tasks) = (talk(), [measurement(true)]);
    player.at("2026-11-23T12:52:00Z").polls(7, &talk, &tasks).await;
    let approval = json!({ "date": "2026-11-24T09:00:00Z", "user": account("bob") });
    let approved = gear.reviewed("bob", "approved", "2026-11-24T09:00:00Z");
    player
        .at("2026-11-24T09:00:01Z")
        .delivers("pullrequest:approved", approved.with("bob", "approval", approval))
        .await;
    let merged = approved.ended("MERGED", "2026-11-24T09:30:00Z");
    player.at("2026-11-24T09:30:01Z").delivers("pullrequest:fulfilled", merged.body("alice")).await;
    player.at("2026-11-24T09:31:00Z").polls(7, &talk, &tasks).await;
}

/// #8: approved, and not merged yet.
async fn bearings<T: SubjectLog + Documents>(player: &Player<'_, T>) {
    let bearings = Pr::new(8, "Oil the bearings", "bob", "2026-11-24T10:00:00Z", "oil");
    player.at("2026-11-24T10:00:01Z").delivers("pullrequest:created", bearings.body("bob")).await;
    let request = json!({ "date": "2026-11-24T10:20:00Z", "user": account("carol") });
    let asked = bearings.reviewed("carol", "changes_requested", "2026-11-24T10:20:00Z");
    let asked = asked.with("carol", "changes_request", request);
    player.at("2026-11-24T10:20:01Z").delivers("pullrequest:changes_request_created", asked).await;
    let approval = json!({ "date": "2026-11-24T10:40:00Z", "user": account("carol") });
    let approved = bearings.reviewed("carol", "approved", "2026-11-24T10:40:00Z");
    player
        .at("2026-11-24T10:40:01Z")
        .delivers("pullrequest:approved", approved.with("carol", "approval", approval))
        .await;
    player.at("2026-11-24T10:41:00Z").polls(8, &[], &[]).await;
}

/// #9: open, with an open window and a build server's comment, which is no review.
async fn gauge<T: SubjectLog + Documents>(player: &Player<'_, T>) {
    let gauge = Pr::new(9, "Read the gauge", "carol", "2026-11-24T11:00:00Z", "gauge").head("c3");
    player.at("2026-11-24T11:00:01Z").delivers("pullrequest:created", gauge.body("carol")).await;
    let mut report =
        comment(91, "pipelines", "2026-11-24T11:05:00Z", "2026-11-24T11:05:00Z", "Coverage: 81 %");
    report["user"]["type"] = json!("app_user");
    let mut body = gauge.with("pipelines", "comment", report.clone());
    body["actor"]["type"] = json!("app_user");
    player.at("2026-11-24T11:05:01Z").delivers("pullrequest:comment_created", body).await;
    let own =
        comment(92, "carol", "2026-11-24T11:12:00Z", "2026-11-24T11:12:00Z", "The needle is a bit lat.");
    player
        .at("2026-11-24T11:12:01Z")
        .delivers("pullrequest:comment_created", gauge.with("carol", "comment", own))
        .await;
    let own =
        comment(92, "carol", "2026-11-24T11:12:00Z", "2026-11-24T11:13:05Z", "The needle is a bit late.");
    let comments = [report, own];
    player.at("2026-11-24T11:13:41Z").polls(9, &comments, &[]).await;
    player.at("2026-11-24T11:19:48Z").polls(9, &comments, &[]).await;
    // Its half-hourly check after the last window.
    let talk = talk();
    player.polls(7, &talk, &[measurement(true)]).await;
    player.at("2026-11-24T11:20:00Z");
}

async fn build<T: SubjectLog + Documents>(
    player: &Player<'_, T>,
    at: &str,
    head: &str,
    key: &str,
    state: &str,
) {
    let body = json!({
        "actor": account("pipelines"), "repository": repository(),
        "commit_status": { "key": "tests", "name": "Tests", "state": state, "created_on": at, "updated_on": at,
            "commit": { "hash": head.repeat(20) } },
    });
    player.at(at).delivers(&format!("repo:{key}"), body).await;
}

/// A pull request of `acme/widgets` at one time.
#[derive(Clone)]
pub(crate) struct Pr(Value);

impl Pr {
    pub(crate) fn new(number: u64, title: &str, author: &str, created: &str, branch: &str) -> Self {
        Self(json!({
            "id": number, "title": title, "state": "OPEN", "draft": false, "author": account(author),
            "source": { "branch": { "name": branch } }, "destination": { "branch": { "name": "main" } },
            "reviewers": [account("bob"), account("carol")], "participants": [],
            "created_on": created, "updated_on": created,
        }))
    }

    fn set(mut self, field: &str, value: Value) -> Self {
        self.0[field] = value;
        self
    }

    pub(crate) fn head(mut self, head: &str) -> Self {
        self.0["source"]["commit"] = json!({ "hash": &head.repeat(20)[..12] });
        self
    }

    pub(crate) fn titled(self, title: &str, at: &str) -> Self {
        self.set("title", json!(title)).set("updated_on", json!(at))
    }

    pub(crate) fn ended(&self, state: &str, at: &str) -> Self {
        self.clone().set("state", json!(state)).set("updated_on", json!(at))
    }

    pub(crate) fn reviewed(&self, who: &str, state: &str, at: &str) -> Self {
        let participant = json!([{ "user": account(who), "approved": state == "approved", "state": state, "participated_on": at }]);
        self.clone().set("participants", participant).set("updated_on", json!(at))
    }

    pub(crate) fn body(&self, actor: &str) -> Value {
        json!({ "actor": account(actor), "repository": repository(), "pullrequest": self.0 })
    }

    pub(crate) fn with(&self, actor: &str, field: &str, value: Value) -> Value {
        let mut body = self.body(actor);
        body[field] = value;
        body
    }
}

pub(crate) fn comment(id: u64, user: &str, created: &str, updated: &str, text: &str) -> Value {
    json!({ "id": id, "content": { "raw": text }, "user": account(user), "created_on": created, "updated_on": updated })
}

fn account(name: &str) -> Value {
    json!({ "type": "user", "display_name": name, "uuid": format!("{{{name}}}") })
}

fn repository() -> Value {
    json!({ "uuid": "{0a1b}", "full_name": "acme/widgets", "workspace": { "slug": "acme" } })
}
