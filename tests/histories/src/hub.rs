//! A small model of Bitbucket: pull requests with comments and tasks, as its API shows them, and the webhooks that it sends
//! or does not send.

use std::collections::BTreeMap;

use bitbucket::EventKey;
use bitbucket::payload::{Comment, Document, PullRequest, Task};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Seconds since the history began.
pub type Second = i64;

/// Second 0, by Bitbucket's clock.
pub fn time(second: Second) -> Timestamp {
    const START_SECOND: i64 = 1_793_786_400;
    Timestamp::from_second(START_SECOND.saturating_add(second)).unwrap_or(Timestamp::MAX)
}

/// A new comment's `updated_on` is a little after its `created_on`.
const CREATION_TAKES: SignedDuration = SignedDuration::from_micros(53);

/// What is not known about Bitbucket, drawn for each history.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is one independent open question")]
pub struct Rules {
    /// How long edits stay silent.
    pub window_seconds: Second,
    /// A silent edit moves the comment's `updated_on`.
    pub silent_edit_moves_comment: bool,
    /// An edit moves the pull request's `updated_on`.
    pub edit_moves_pull_request: bool,
    /// A change of a task moves the pull request's `updated_on`.
    pub task_moves_pull_request: bool,
    /// A deleted comment is still answered by its id.
    pub deleted_comments_stay_readable: bool,
}

/// A comment.
#[derive(Debug, Clone)]
pub struct Remark {
    /// As the API shows it.
    pub shown: Document<Comment>,
    /// When the window began that it is in.
    pub window_from: Second,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// A pull request.
#[derive(Debug, Clone)]
pub struct Pull {
    /// Its number.
    pub id: u64,
    title: String,
    state: &'static str,
    created_on: Timestamp,
    updated_on: Timestamp,
    /// Its comments, deleted ones too.
    pub comments: BTreeMap<u64, Remark>,
    /// Its tasks.
    pub tasks: BTreeMap<u64, Document<Task>>,
}

/// A webhook before it is sent.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The pull request it is about.
    pub pull: u64,
    /// `X-Event-Key`.
    pub key: EventKey,
    /// The body.
    pub body: Vec<u8>,
}

/// Bitbucket, with one repository.
#[derive(Debug, Clone)]
pub struct Hub {
    rules: Rules,
    next_id: u64,
    /// The pull requests by number.
    pub pulls: BTreeMap<u64, Pull>,
}

/// The `repository` object.
pub fn repository() -> Value {
    json!({ "uuid": "{ab}", "full_name": "acme/widgets", "workspace": { "slug": "acme" } })
}

fn person() -> Value {
    json!({ "type": "user", "uuid": "{person}", "nickname": "person" })
}

/// The text of a comment or task as the API shows it.
pub fn raw(shown: &Value) -> &str {
    shown.pointer("/content/raw").and_then(Value::as_str).unwrap_or_default()
}

impl Pull {
    /// As a listing shows it.
    pub fn shown(&self) -> Value {
        let standing = self.comments.values().filter(|comment| !comment.deleted).count();
        let open = self.tasks.values().filter(|task| !task.resolved()).count();
        json!({
            "type": "pullrequest", "id": self.id, "title": self.title, "state": self.state,
            "created_on": self.created_on, "updated_on": self.updated_on, "author": person(),
            "comment_count": standing, "task_count": open, "reviewers": [], "participants": [],
            "source": { "branch": { "name": format!("branch-{}", self.id) } },
            "destination": { "branch": { "name": "main" } },
        })
    }

    /// Its title and state.
    pub fn title_and_state(&self) -> (&str, &str) {
        (&self.title, self.state)
    }

    /// The comments as a listing shows them: the deleted ones are gone.
    pub fn listed_comments(&self) -> Vec<Document<Comment>> {
        let standing = self.comments.values().filter(|comment| !comment.deleted);
        standing.map(|comment| comment.shown.clone()).collect()
    }

    fn touch(&mut self, at: Timestamp) {
        self.updated_on = self.updated_on.max(at);
    }
}

impl Hub {
    /// An empty one.
    pub const fn new(rules: Rules) -> Self {
        Self { rules, next_id: 100, pulls: BTreeMap::new() }
    }

    /// What is listed of the open pull requests.
    pub fn open(&self) -> Vec<Document<PullRequest>> {
        let open = self.pulls.values().filter(|pull| pull.state == "OPEN");
        open.map(|pull| Document::new(pull.shown())).collect()
    }

    /// A comment by its id, as the API answers it.
    pub fn comment(&self, pull: u64, id: u64) -> Option<Document<Comment>> {
        let comment = self.pulls.get(&pull)?.comments.get(&id)?;
        (!comment.deleted || self.rules.deleted_comments_stay_readable).then(|| comment.shown.clone())
    }

    /// A task by its id.
    pub fn task(&self, pull: u64, id: u64) -> Option<Document<Task>> {
        self.pulls.get(&pull)?.tasks.get(&id).cloned()
    }

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn letter(pull: &Pull, key: EventKey, comment: Option<&Value>) -> Letter {
        let mut body = json!({ "actor": person(), "repository": repository(), "pullrequest": pull.shown() });
        if let (Some(comment), Some(body)) = (comment, body.as_object_mut()) {
            body.insert("comment".to_owned(), comment.clone());
        }
        Letter { pull: pull.id, key, body: body.to_string().into_bytes() }
    }

    /// Opens a pull request; gives its number.
    pub fn open_pull(&mut self, now: Second) -> (u64, Letter) {
        let id = self.pulls.keys().next_back().map_or(1, |last| last + 1);
        let at = time(now);
        let (comments, tasks) = (BTreeMap::new(), BTreeMap::new());
        let title = format!("pull request {id}");
        let pull = Pull { id, title, state: "OPEN", created_on: at, updated_on: at, comments, tasks };
        let letter = Self::letter(&pull, EventKey::PullRequestCreated, None);
        self.pulls.insert(id, pull);
        (id, letter)
    }

    /// Changes the title.
    pub fn retitle(&mut self, pull: u64, now: Second) -> Option<Letter> {
        let pull = self.pulls.get_mut(&pull).filter(|pull| pull.state == "OPEN")?;
        pull.title = format!("pull request {}, as of {now}", pull.id);
        pull.touch(time(now));
        Some(Self::letter(pull, EventKey::PullRequestUpdated, None))
    }

    /// Merges.
    pub fn merge(&mut self, pull: u64, now: Second) -> Option<Letter> {
        let pull = self.pulls.get_mut(&pull).filter(|pull| pull.state == "OPEN")?;
        pull.state = "MERGED";
        pull.touch(time(now));
        Some(Self::letter(pull, EventKey::PullRequestFulfilled, None))
    }

    /// Writes a comment; gives its id.
    pub fn comment_on(&mut self, pull: u64, text: &str, now: Second) -> Option<(u64, Letter)> {
        let id = self.new_id();
        let (created_on, updated_on) = (time(now), time(now).saturating_add(CREATION_TAKES).ok()?);
        let shown = json!({
            "type": "pullrequest_comment", "id": id, "content": { "raw": text }, "user": person(),
            "created_on": created_on, "updated_on": updated_on, "deleted": false, "pending": false,
            "inline": { "path": "gear.rs", "to": 3 },
        });
        let pull = self.pulls.get_mut(&pull)?;
        pull.touch(updated_on);
        let remark = Remark { shown: Document::new(shown), window_from: now, deleted: false };
        let letter_shown = remark.shown.raw.clone();
        pull.comments.insert(id, remark);
        Some((id, Self::letter(pull, EventKey::CommentCreated, Some(&letter_shown))))
    }

    /// Changes a comment that stands, and says what is sent of that.
    fn change_comment(
        &mut self,
        pull: u64,
        id: u64,
        key: EventKey,
        touches: Option<Second>,
        change: impl FnOnce(&mut Remark, &mut Value),
    ) -> Option<Letter> {
        let pull = self.pulls.get_mut(&pull)?;
        let comment = pull.comments.get_mut(&id).filter(|comment| !comment.deleted)?;
        let mut shown = comment.shown.raw.clone();
        change(comment, &mut shown);
        comment.shown = Document::new(shown.clone());
        if let Some(now) = touches {
            pull.touch(time(now));
        }
        Some(Self::letter(pull, key, Some(&shown)))
    }

    /// Edits a comment. The webhook is sent if the window is over; says that too.
    pub fn edit(&mut self, pull: u64, id: u64, text: &str, now: Second) -> Option<(bool, Option<Letter>)> {
        let rules = self.rules;
        let mut silent = false;
        let touches = rules.edit_moves_pull_request.then_some(now);
        let letter = self.change_comment(pull, id, EventKey::CommentUpdated, touches, |comment, shown| {
            silent = now - comment.window_from < rules.window_seconds;
            comment.window_from = now;
            set(shown, "/content/raw", json!(text));
            if !silent || rules.silent_edit_moves_comment {
                set(shown, "/updated_on", json!(time(now)));
            }
        })?;
        Some((silent, (!silent).then_some(letter)))
    }

    /// Deletes a comment.
    pub fn delete(&mut self, pull: u64, id: u64, now: Second) -> Option<Letter> {
        self.change_comment(pull, id, EventKey::CommentDeleted, Some(now), |comment, shown| {
            comment.deleted = true;
            set(shown, "/deleted", json!(true));
            set(shown, "/content/raw", json!(""));
        })
    }

    /// Resolves or reopens a comment's thread.
    pub fn toggle(&mut self, pull: u64, id: u64, now: Second) -> Option<Letter> {
        let resolved = self.pulls.get(&pull)?.comments.get(&id)?.shown.resolution.is_some();
        let key = if resolved { EventKey::CommentReopened } else { EventKey::CommentResolved };
        self.change_comment(pull, id, key, None, |_, shown| {
            let Some(fields) = shown.as_object_mut() else { return };
            if resolved {
                fields.remove("resolution");
            } else {
                let resolution = json!({ "user": person(), "created_on": time(now) });
                fields.insert("resolution".to_owned(), resolution);
            }
        })
    }

    /// Adds a task; gives its id.
    pub fn add_task(&mut self, pull: u64, text: &str, now: Second) -> Option<u64> {
        let id = self.new_id();
        let task = json!({
            "type": "pullrequest_task", "id": id, "content": { "raw": text }, "state": "UNRESOLVED",
            "creator": person(), "created_on": time(now), "updated_on": time(now), "pending": false,
        });
        self.change_tasks(pull, now, |tasks| tasks.insert(id, Document::new(task)))?;
        Some(id)
    }

    /// Edits a task.
    pub fn edit_task(&mut self, pull: u64, id: u64, text: &str, now: Second) -> Option<()> {
        self.change_task(pull, id, now, |shown| set(shown, "/content/raw", json!(text)))
    }

    /// Resolves or reopens a task.
    pub fn toggle_task(&mut self, pull: u64, id: u64, now: Second) -> Option<bool> {
        let resolves = !self.pulls.get(&pull)?.tasks.get(&id)?.resolved();
        self.change_task(pull, id, now, |shown| {
            let state = if resolves { "RESOLVED" } else { "UNRESOLVED" };
            let Some(fields) = shown.as_object_mut() else { return };
            fields.insert("state".to_owned(), json!(state));
            fields.insert("resolved_on".to_owned(), if resolves { json!(time(now)) } else { Value::Null });
            fields.insert("resolved_by".to_owned(), if resolves { person() } else { Value::Null });
        })?;
        Some(resolves)
    }

    /// Deletes a task; nothing of it is left.
    pub fn delete_task(&mut self, pull: u64, id: u64, now: Second) -> Option<()> {
        self.change_tasks(pull, now, |tasks| tasks.remove(&id)).flatten().map(drop)
    }

    fn change_task(
        &mut self,
        pull: u64,
        id: u64,
        now: Second,
        change: impl FnOnce(&mut Value),
    ) -> Option<()> {
        self.change_tasks(pull, now, |tasks| {
            let task = tasks.get_mut(&id)?;
            let mut shown = task.raw.clone();
            change(&mut shown);
            set(&mut shown, "/updated_on", json!(time(now)));
            *task = Document::new(shown);
            Some(())
        })
        .flatten()
    }

    fn change_tasks<R>(
        &mut self,
        pull: u64,
        now: Second,
        change: impl FnOnce(&mut BTreeMap<u64, Document<Task>>) -> R,
    ) -> Option<R> {
        let moves = self.rules.task_moves_pull_request;
        let pull = self.pulls.get_mut(&pull)?;
        let changed = change(&mut pull.tasks);
        if moves {
            pull.touch(time(now));
        }
        Some(changed)
    }
}

fn set(shown: &mut Value, pointer: &str, value: Value) {
    if let Some(there) = shown.pointer_mut(pointer) {
        *there = value;
    }
}
