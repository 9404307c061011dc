//! Sweeping a repository: one listing shows what moved of all its open pull requests, also those whose webhooks were lost.

use std::collections::BTreeMap;

use bitbucket::PullRequestId;
use bitbucket::payload::{Document, PullRequest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fact;
use crate::head::ShortHash;
use crate::settings::Settings;
use crate::state::SubjectState;
use crate::watch::{Reason, Watch};

/// The most open pull requests of one repository that are remembered.
const MAX_OPEN: usize = 5_000;

/// How long nothing must have moved in a repository without open pull requests for it to be quiet: a day.
const QUIET_SECONDS: i64 = 86_400;

/// The same for one with open pull requests, in which tasks can change without a webhook: a week.
const QUIET_OPEN_SECONDS: i64 = 7 * 86_400;

/// What is known of a repository that is swept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RepositoryState {
    /// The newest `repository` object that Bitbucket sent.
    pub repository: Value,
    /// When the first sweep began. What was there before it is old news.
    pub first_swept_at: Option<Timestamp>,
    /// When the last one began, by our clock.
    pub swept_at: Option<Timestamp>,
    /// The pull requests that the last sweep showed to be open.
    pub open: BTreeMap<PullRequestId, Listed>,
    /// When something last moved in it, as far as webhooks and sweeps tell: by our clock, or Bitbucket's of an open pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stirred_at: Option<Timestamp>,
    /// Set while Bitbucket says that it is not there, or may not be seen.
    #[serde(default)]
    pub unreachable: bool,
}

/// What a listing shows of a pull request. Anything else now means that something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// When Bitbucket last moved it.
    pub updated_on: Option<Timestamp>,
    /// Its comments.
    pub comments: Option<u64>,
    /// Its tasks.
    pub tasks: Option<u64>,
    /// The hash of all else that it shows: title, branches, head, reviewers and their verdicts.
    pub digest: String,
}

impl Listed {
    /// As a listing has it.
    pub fn of(shown: &Document<PullRequest>) -> Self {
        let count = |field: &str| shown.raw.get(field).and_then(Value::as_u64);
        Self {
            updated_on: shown.updated_on,
            comments: count("comment_count"),
            tasks: count("task_count"),
            digest: digest(&shown.raw),
        }
    }
}

/// The open pull requests of a repository, as a sweep listed them.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// When the first request was sent, by our clock.
    pub started_at: Timestamp,
    /// What was listed.
    pub open: Vec<Document<PullRequest>>,
    /// Whether that is all.
    pub complete: bool,
}

/// What a sweep shows of one pull request that nothing known explains: to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Its `repository` object.
    pub repository: Value,
    /// What happened since then is news.
    pub since: Timestamp,
    /// Whether it was created since then.
    pub is_new: bool,
    /// When Bitbucket last moved it, by the listing. Webhooks from then on explain what it showed.
    pub updated_on: Option<Timestamp>,
}

/// The pull requests that moved since the last sweep, and those that are not open any more.
pub fn moved(state: &SubjectState, sweep: &Sweep) -> Vec<PullRequestId> {
    let before = state.repository.as_ref().map(|known| &known.open);
    let listed = listed(sweep);
    let is_same = |id: &PullRequestId, now: &Listed| before.and_then(|open| open.get(id)) == Some(now);
    let moved = listed.iter().filter(|(id, now)| !is_same(id, now)).map(|(id, _)| *id);
    let gone = before.into_iter().flatten().map(|(id, _)| *id);
    moved.chain(gone.filter(|id| sweep.complete && !listed.contains_key(id))).collect()
}

/// Whether what is known of a pull request leaves open what a listing shows; `shown` is `None` where it is not open any
/// more.
pub fn is_unexplained(state: &SubjectState, shown: Option<&Listed>) -> bool {
    let Some(known) = &state.pull_request else { return true };
    let Some(shown) = shown else { return known.is_open() };
    let counted = crate::Counters::of(known);
    let differs = |shown: Option<u64>, known: Option<u64>| shown.is_some() && shown != known;
    shown.updated_on > known.snapshot_updated_on
        || shown.digest != digest(&known.snapshot)
        || differs(shown.comments, counted.comments)
        || differs(shown.tasks, counted.tasks_open)
}

/// The hash of what both a listing and a webhook show of a pull request, whatever else they do.
fn digest(shown: &Value) -> String {
    let text = |pointer: &str| shown.pointer(pointer).cloned().unwrap_or_default();
    let uuids = |pointer: &str, of: fn(&Value) -> Option<Value>| {
        let listed = shown.get(pointer).and_then(Value::as_array).into_iter().flatten();
        let mut uuids: Vec<String> = listed.filter_map(of).map(|one| one.to_string()).collect();
        uuids.sort();
        Value::from(uuids)
    };
    let head = text("/source/commit/hash").as_str().and_then(ShortHash::new);
    let verdict = |one: &Value| {
        let verdict = one.get("state").filter(|verdict| !verdict.is_null())?;
        Some(Value::from(vec![one.pointer("/user/uuid")?.clone(), verdict.clone()]))
    };
    let fields = [
        ("title", text("/title")),
        ("draft", text("/draft")),
        ("head", head.map(|head| Value::from(head.as_str())).unwrap_or_default()),
        ("source", text("/source/branch/name")),
        ("destination", text("/destination/branch/name")),
        ("reviewers", uuids("reviewers", |one| one.get("uuid").cloned())),
        ("verdicts", uuids("participants", verdict)),
    ];
    fact::digest(fields.iter().map(|(name, value)| (*name, Some(value))))
}

fn listed(sweep: &Sweep) -> BTreeMap<PullRequestId, Listed> {
    sweep.open.iter().filter_map(|shown| Some((shown.id()?, Listed::of(shown)))).take(MAX_OPEN).collect()
}

impl RepositoryState {
    pub(crate) fn swept(&mut self, sweep: &Sweep) {
        let listed = listed(sweep);
        let newest = listed.values().filter_map(|shown| shown.updated_on).max();
        // A clock that is ahead must not keep it from ever being quiet.
        let moved_at = newest.map(|at| at.min(sweep.started_at));
        // What the first sweep shows is all new, and says by its times when it moved.
        let has_changed = self.first_swept_at.is_some() && self.differs(&listed, sweep.complete);
        self.stirred_at = self.stirred_at.max(moved_at).max(has_changed.then_some(sweep.started_at));
        self.first_swept_at.get_or_insert(sweep.started_at);
        self.swept_at = self.swept_at.max(Some(sweep.started_at));
        self.unreachable = false;
        if sweep.complete {
            self.open.clear();
        }
        self.open.extend(listed);
    }

    fn differs(&self, listed: &BTreeMap<PullRequestId, Listed>, complete: bool) -> bool {
        let has_new = listed.iter().any(|(id, shown)| self.open.get(id) != Some(shown));
        has_new || (complete && self.open.len() != listed.len())
    }

    /// Whether it is swept seldom: nothing moved for long, and the less time of that counts the less there is to move. For
    /// *economy*: a workspace has many repositories in which nobody works. Anything seen ends it.
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        let patience = if self.open.is_empty() { QUIET_SECONDS } else { QUIET_OPEN_SECONDS };
        self.stirred_at.is_none_or(|at| now.duration_since(at).as_secs() >= patience)
    }

    /// What is to be said of a pull request that this sweep shows and nothing explains.
    pub fn notice(&self, sweep: &Sweep, id: PullRequestId) -> Notice {
        let shown = sweep.open.iter().find(|shown| shown.id() == Some(id));
        let created_on = shown.and_then(|shown| shown.created_on);
        let is_new = created_on > self.first_swept_at && self.first_swept_at.is_some();
        let since = created_on.filter(|_| is_new).or(self.swept_at).unwrap_or(sweep.started_at);
        let updated_on = shown.and_then(|shown| shown.updated_on);
        Notice { repository: self.repository.clone(), since, is_new, updated_on }
    }
}

/// When a repository is swept next.
pub(crate) fn plan(known: &RepositoryState, now: Timestamp, settings: &Settings) -> Option<Watch> {
    if known.unreachable || settings.sweep_seconds == 0 {
        return None;
    }
    let is_quiet = known.is_quiet(now);
    let due_at = known.swept_at.map_or(now, |swept_at| settings.next_sweep(swept_at, is_quiet));
    // A comment whose webhook was lost has a window too, and only a sweep knows of it. Where nobody works that is unlikely, and
    // many such repositories must not delay those where somebody does.
    let deadline = (!is_quiet).then(|| settings.sweep_deadline(due_at));
    Some(Watch { due_at, reason: Reason::Sweep, deadline })
}
