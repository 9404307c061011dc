//! People at work: more often around the end of windows than chance would have it.

use simulator::world::{
    self, Closing, ContentInput, Done, EndpointInput, Inline, NewComment, NewPullRequest, NewTask,
    PullRequestChanges, Refusal, TaskChanges, TaskState, Webhook, World,
};

use crate::history::History;
use crate::ledger::Version;
use crate::plan::LIVELY;
use crate::stage::REPOSITORY;
use crate::time::Second;

/// The most acts of one history, follow-ups included.
const MAX_ACTS: usize = 40;

/// The author of all pull requests, comments and tasks. Only its author can edit a comment.
pub(crate) const AUTHOR: &str = "alice";

/// The people who approve.
const REVIEWERS: [&str; 2] = ["bob", "carol"];

/// The outcome of an act.
type Outcome<T> = Result<Done<T>, Refusal>;

/// Something that somebody does. Numbers are ids: of the pull request, then of the comment or task.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// Open a pull request.
    Open,
    /// Change a title.
    Retitle(u64),
    /// Push a commit to the source branch.
    Push(u64),
    /// Approve, or withdraw the approval: the reviewer's place among [`REVIEWERS`].
    Review(u64, usize),
    /// Merge or decline.
    Close(u64),
    /// Comment, with the text of another comment if one is given.
    Comment(u64, Option<u64>),
    /// Edit a comment.
    Edit(u64, u64),
    /// Delete a comment.
    Delete(u64, u64),
    /// Resolve a comment's thread, or reopen it.
    Toggle(u64, u64),
    /// Add a task, with the text of another task if one is given.
    AddTask(u64, Option<u64>),
    /// Edit a task.
    EditTask(u64, u64),
    /// Resolve a task, or reopen it.
    ToggleTask(u64, u64),
    /// Delete a task.
    DeleteTask(u64, u64),
    /// Begin a review of several comments.
    Draft(u64),
    /// Publish a review.
    PublishReview(u64),
    /// Add a pull request to the merge queue, or take it out.
    Queue(u64),
    /// Nobody's act: answers lack a comment, a task or a pull request for a while.
    Hide,
    /// Start many builds, and make many comments, in one moment.
    Burst(u64),
    /// Write a comment that is longer than a webhook, or hundreds of comments.
    Oversize(u64),
}

impl History {
    /// Plans the acts that follow from no other.
    pub(crate) fn plan_first_acts(&mut self, pull_requests: u64) {
        let (dice, has_tail) = (self.stage.dice.clone(), self.stage.plan.has_tail);
        for _ in 0..dice.between(3, 10) {
            let at = self.second_below(LIVELY);
            let pr = dice.between(1, pull_requests);
            let act = match dice.below(28) {
                12..=16 if has_tail => Act::AddTask(pr, None),
                0..=16 => Act::Comment(pr, None),
                17 => Act::Open,
                // Sweeps list open pull requests only.
                18 if has_tail => Act::Close(pr),
                19 => Act::Push(pr),
                20 | 21 => Act::Review(pr, usize::from(dice.percent(50))),
                22 => Act::Queue(pr),
                23 | 24 => Act::Draft(pr),
                25 | 26 => Act::Hide,
                _ => Act::Retitle(pr),
            };
            self.plan_act(at, act);
        }
        let (has_burst, has_oversize) = (self.stage.plan.has_burst, self.stage.plan.has_oversize);
        for (is_planned, act) in [(has_burst, Act::Burst as fn(u64) -> Act), (has_oversize, Act::Oversize)] {
            if is_planned {
                let at = self.second_below(LIVELY);
                self.plan_act(at, act(dice.between(1, pull_requests)));
            }
        }
    }

    pub(crate) fn plan_act(&mut self, at: Second, act: Act) {
        if self.acts < MAX_ACTS && at < LIVELY {
            self.acts += 1;
            self.agenda.insert((at, self.acts), act);
        }
    }

    /// Plans an act at one of the `spread` seconds after `from`.
    pub(crate) fn plan_within(&mut self, from: Second, spread: Second, act: Act) {
        let at = from + 1 + self.second_below(spread);
        self.plan_act(at, act);
    }

    pub(crate) fn new_text(&mut self, like: Option<u64>) -> String {
        self.texts += 1;
        let old = like.and_then(|id| self.stage.ledger().texts(id).pop());
        old.unwrap_or_else(|| format!("text {}\nround caf\u{e9}", self.texts))
    }

    /// Carries out an act. An act that is not possible any more changes nothing.
    pub(crate) fn act(&mut self, now: Second, act: Act) {
        self.stage.story(|| format!("{act:?}"));
        match act {
            Act::Open => self.open(now),
            Act::Retitle(pr) => {
                let changes =
                    PullRequestChanges { title: Some(format!("title {now}")), ..Default::default() };
                self.done_by(AUTHOR, |world, act| world.update_pull_request(act, pr, &changes));
            }
            Act::Push(pr) => {
                self.done_by(AUTHOR, |world, act| world.push(act, &branch(pr), &format!("commit {now}")));
            }
            Act::Review(pr, reviewer) => self.review(pr, REVIEWERS.get(reviewer).copied().unwrap_or("bob")),
            Act::Close(pr) => {
                let merges = self.stage.dice.percent(70);
                let closing = Closing::default();
                self.done_by(AUTHOR, |world, act| {
                    if merges { world.merge(act, pr, &closing) } else { world.decline(act, pr, &closing) }
                });
            }
            Act::Comment(pr, like) => self.comment(now, pr, like),
            Act::Edit(pr, id) => self.edit(now, pr, id),
            Act::Delete(pr, id) => self.delete(now, pr, id),
            Act::Toggle(pr, id) => self.toggle(pr, id),
            Act::AddTask(pr, like) => self.add_task(now, pr, like),
            Act::EditTask(pr, id) => self.edit_task(now, pr, id),
            Act::ToggleTask(pr, id) => self.toggle_task(now, pr, id),
            Act::DeleteTask(pr, id) => self.delete_task(now, pr, id),
            Act::Draft(pr) => self.draft(now, pr),
            Act::PublishReview(pr) => self.publish_review(now, pr),
            Act::Queue(pr) => self.queue(pr),
            Act::Hide => self.hide(now),
            Act::Burst(pr) => self.burst(now, pr),
            Act::Oversize(pr) => self.oversize(now, pr),
        }
    }

    /// Lets somebody act, and sends the webhooks that follow. Gives the act's value; `None` if it was refused.
    pub(crate) fn done_by<T>(
        &self,
        who: &str,
        act: impl FnOnce(&mut World, &world::Act) -> Outcome<T>,
    ) -> Option<T> {
        let (value, webhooks) = self.stage.bitbucket.act(who, REPOSITORY, act).ok()?;
        self.stage.send_all(webhooks, None);
        Some(value)
    }

    /// Lets the author write a version of a comment. Gives the act's value and the webhooks, which the ledger waits
    /// for.
    pub(crate) fn written<T>(
        &self,
        act: impl FnOnce(&mut World, &world::Act) -> Outcome<T>,
    ) -> Option<(T, Vec<Webhook>)> {
        self.stage.bitbucket.act(AUTHOR, REPOSITORY, act).ok()
    }

    fn open(&mut self, now: Second) {
        let pr = self.stage.pull_requests() + 1;
        let new = NewPullRequest {
            source: EndpointInput::branch(&branch(pr)),
            ..NewPullRequest::of(&format!("pull request {pr}"), "")
        };
        if let Some(pr) = self.done_by(AUTHOR, |world, act| world.create_pull_request(act, &new)) {
            self.plan_within(now, 300, Act::Comment(pr, None));
        }
    }

    fn review(&mut self, pr: u64, who: &'static str) {
        if self.done_by(who, |world, act| world.unapprove(act, pr)).is_none() {
            self.done_by(who, |world, act| world.approve(act, pr));
        }
    }

    fn comment(&mut self, now: Second, pr: u64, like: Option<u64>) {
        let text = self.new_text(like);
        let new = on_the_diff(&text);
        let Some((id, webhooks)) = self.written(|world, act| world.create_comment(act, pr, &new)) else {
            return;
        };
        let version = Version { at: now, text, is_silent: false, reported_at: None };
        let version = self.stage.ledger().add(id, false, version);
        self.stage.send_all(webhooks, Some(version));
        self.follow(now, pr, id);
    }

    fn edit(&mut self, now: Second, pr: u64, id: u64) {
        let moves_times = self.stage.plan.rules.silent_edit_moves_updated_on;
        let old = self.stage.ledger().texts(id);
        // A return to an older text leaves no trace between two polls where no time moves.
        let back =
            self.stage.dice.pick(&old).filter(|back| Some(*back) != old.last() && moves_times).cloned();
        let text = match back {
            Some(back) if self.stage.dice.percent(25) => back,
            _ => self.new_text(None),
        };
        let Some(((), webhooks)) = self.written(|world, act| world.edit_comment(act, pr, id, &text)) else {
            return;
        };
        let version = Version { at: now, text, is_silent: webhooks.is_empty(), reported_at: None };
        let version = self.stage.ledger().add(id, false, version);
        self.stage.send_all(webhooks, Some(version));
        self.follow(now, pr, id);
    }

    fn delete(&mut self, now: Second, pr: u64, id: u64) {
        if self.done_by(AUTHOR, |world, act| world.delete_comment(act, pr, id)).is_none() {
            return;
        }
        self.stage.ledger().deleted(id, now);
        if self.stage.dice.percent(50) {
            self.plan_within(now, 5, Act::Comment(pr, Some(id)));
        }
    }

    fn toggle(&mut self, pr: u64, id: u64) {
        let reopened = self.done_by(AUTHOR, |world, act| world.reopen_comment(act, pr, id));
        let toggled =
            reopened.or_else(|| self.done_by(AUTHOR, |world, act| world.resolve_comment(act, pr, id)));
        if toggled.is_some() {
            self.stage.ledger().toggled(id);
        }
    }

    /// Plans what follows a comment's creation or edit.
    pub(crate) fn follow(&mut self, now: Second, pr: u64, id: u64) {
        let act = match self.stage.dice.below(100) {
            0..=54 => Act::Edit(pr, id),
            55..=66 => Act::Delete(pr, id),
            67..=80 => Act::Toggle(pr, id),
            _ => return,
        };
        let at = now + self.offset();
        self.plan_act(at, act);
        if matches!(act, Act::Toggle(..)) {
            self.plan_within(at, 200, Act::Toggle(pr, id));
        }
    }

    /// A second around the end of a window or of its margin, soon, or late.
    fn offset(&mut self) -> Second {
        let window = Second::from(self.stage.plan.settings.window_seconds);
        match self.stage.dice.below(10) {
            0..=5 => window - 20 + self.second_below(100),
            6 | 7 => 1 + self.second_below(60),
            8 => 1 + self.second_below(window),
            _ => window + self.second_below(900),
        }
        .max(1)
    }

    fn add_task(&mut self, now: Second, pr: u64, like: Option<u64>) {
        let text = self.new_text(like);
        let new = NewTask { content: ContentInput { raw: text.clone() }, comment: None };
        if let Some(id) = self.done_by(AUTHOR, |world, act| world.create_task(act, pr, &new)) {
            self.stage.ledger().add(id, true, Version { at: now, text, is_silent: true, reported_at: None });
            self.follow_task(now, pr, id);
        }
    }

    fn edit_task(&mut self, now: Second, pr: u64, id: u64) {
        let text = self.new_text(None);
        let changes = TaskChanges { content: Some(ContentInput { raw: text.clone() }), state: None };
        if self.done_by(AUTHOR, |world, act| world.change_task(act, pr, id, &changes)).is_some() {
            self.stage.ledger().add(id, true, Version { at: now, text, is_silent: true, reported_at: None });
            self.follow_task(now, pr, id);
        }
    }

    fn toggle_task(&mut self, now: Second, pr: u64, id: u64) {
        let state = match self.stage.ledger().toggles(id) % 2 {
            0 => TaskState::Resolved,
            _ => TaskState::Unresolved,
        };
        let changes = TaskChanges { content: None, state: Some(state) };
        if self.done_by(AUTHOR, |world, act| world.change_task(act, pr, id, &changes)).is_some() {
            self.stage.ledger().toggled(id);
            self.follow_task(now, pr, id);
        }
    }

    fn delete_task(&mut self, now: Second, pr: u64, id: u64) {
        if self.done_by(AUTHOR, |world, act| world.delete_task(act, pr, id)).is_none() {
            return;
        }
        self.stage.ledger().deleted(id, now);
        if self.stage.dice.percent(50) {
            self.plan_within(now, 5, Act::AddTask(pr, Some(id)));
        }
    }

    fn follow_task(&mut self, now: Second, pr: u64, id: u64) {
        let act = match self.stage.dice.below(100) {
            0..=29 => Act::EditTask(pr, id),
            30..=64 => Act::ToggleTask(pr, id),
            65..=74 => Act::DeleteTask(pr, id),
            _ => return,
        };
        let at = now + 1 + self.second_below(400);
        self.plan_act(at, act);
    }
}

/// The source branch of a pull request.
fn branch(pr: u64) -> String {
    format!("branch-{pr}")
}

/// A comment that begins a thread.
pub(crate) fn on_the_diff(text: &str) -> NewComment {
    let inline =
        Inline { path: "gear.rs".to_owned(), from: None, to: Some(3), start_from: None, start_to: None };
    NewComment { inline: Some(inline), ..NewComment::text(text) }
}
