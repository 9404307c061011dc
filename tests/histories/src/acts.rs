//! What people do, and when: around the end of windows more often than chance would have it.

use crate::history::{History, Next};
use crate::hub::{Letter, Second};
use crate::plan::LIVELY;

/// The most acts of one history, those that follow from others included.
const MAX_ACTS: usize = 40;

/// Something that somebody does.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// A pull request is opened.
    Open,
    /// It gets another title.
    Retitle(u64),
    /// It is merged.
    Merge(u64),
    /// A comment is written, with a text that another one had, if that is given.
    Comment(u64, Option<u64>),
    /// A comment is edited.
    Edit(u64, u64),
    /// A comment is deleted.
    Delete(u64, u64),
    /// A comment's thread is resolved or reopened.
    Toggle(u64, u64),
    /// A task is added, with a text that another one had, if that is given.
    AddTask(u64, Option<u64>),
    /// A task is edited.
    EditTask(u64, u64),
    /// A task is resolved or reopened.
    ToggleTask(u64, u64),
    /// A task is deleted.
    DeleteTask(u64, u64),
}

impl History {
    /// The acts that do not follow from others.
    pub(crate) fn begin_acts(&mut self) {
        let pulls = self.hub.pulls.len() as u64;
        for _ in 0..self.dice.between(3, 10) {
            let at = self.second_below(LIVELY);
            let pull = self.dice.between(1, pulls);
            let act = match self.dice.below(20) {
                12..=16 if self.plan.has_tail => Act::AddTask(pull, None),
                0..=16 => Act::Comment(pull, None),
                17 => Act::Open,
                // Sweeps list what is open.
                18 if self.plan.has_tail => Act::Merge(pull),
                _ => Act::Retitle(pull),
            };
            self.plan_act(at, act);
        }
    }

    pub(crate) fn plan_act(&mut self, at: Second, act: Act) {
        if self.acts < MAX_ACTS && at < LIVELY {
            self.acts += 1;
            self.schedule(at, Next::Act(act));
        }
    }

    /// The same, at a second after `from`.
    fn plan_within(&mut self, from: Second, spread: Second, act: Act) {
        let at = from + 1 + self.second_below(spread);
        self.plan_act(at, act);
    }

    fn new_text(&mut self, of: Option<u64>) -> String {
        self.texts += 1;
        let old = of.and_then(|id| self.ledger.texts(id).pop());
        old.unwrap_or_else(|| format!("text {}", self.texts))
    }

    /// Does it. What cannot be done any more is not done.
    pub(crate) fn act(&mut self, act: Act) {
        let now = self.now;
        match act {
            Act::Open => {
                let (pull, letter) = self.hub.open_pull(now);
                self.send(letter);
                self.plan_within(now, 300, Act::Comment(pull, None));
            }
            Act::Retitle(pull) => self.send_some(|hub| hub.retitle(pull, now)),
            Act::Merge(pull) => self.send_some(|hub| hub.merge(pull, now)),
            Act::Comment(pull, again) => self.comment(pull, again),
            Act::Edit(pull, id) => self.edit(pull, id),
            Act::Delete(pull, id) => self.delete(pull, id),
            Act::Toggle(pull, id) => {
                if let Some(letter) = self.hub.toggle(pull, id, now) {
                    self.ledger.toggled(id);
                    self.send(letter);
                }
            }
            Act::AddTask(..) | Act::EditTask(..) | Act::ToggleTask(..) | Act::DeleteTask(..) => {
                self.act_on_task(act);
            }
        }
    }

    fn send_some(&mut self, act: impl FnOnce(&mut crate::hub::Hub) -> Option<Letter>) {
        if let Some(letter) = act(&mut self.hub) {
            self.send(letter);
        }
    }

    fn comment(&mut self, pull: u64, again: Option<u64>) {
        let (now, text) = (self.now, self.new_text(again));
        let Some((id, letter)) = self.hub.comment_on(pull, &text, now) else { return };
        let reported = self.send(letter);
        self.ledger.made(id, false, &text, now, reported);
        self.follow(pull, id);
    }

    fn edit(&mut self, pull: u64, id: u64) {
        let now = self.now;
        let old = self.ledger.texts(id);
        // Back to an older text: where no time moves, that leaves no trace between two polls.
        let back = self.dice.pick(&old).cloned();
        let back = back.filter(|back| Some(back) != old.last() && self.plan.rules.silent_edit_moves_comment);
        let text = match back {
            Some(back) if self.dice.percent(25) => back,
            _ => self.new_text(None),
        };
        let Some((silent, letter)) = self.hub.edit(pull, id, &text, now) else { return };
        let reported = letter.is_some_and(|letter| self.send(letter));
        self.ledger.edited(id, &text, now, silent, reported);
        self.follow(pull, id);
    }

    fn delete(&mut self, pull: u64, id: u64) {
        let now = self.now;
        let Some(letter) = self.hub.delete(pull, id, now) else { return };
        self.ledger.deleted(id, now);
        self.send(letter);
        if self.dice.percent(50) {
            self.plan_within(now, 5, Act::Comment(pull, Some(id)));
        }
    }

    /// What follows a comment's creation or edit.
    fn follow(&mut self, pull: u64, id: u64) {
        let act = match self.dice.below(100) {
            0..=54 => Act::Edit(pull, id),
            55..=66 => Act::Delete(pull, id),
            67..=80 => Act::Toggle(pull, id),
            _ => return,
        };
        let at = self.now + self.offset();
        self.plan_act(at, act);
        if matches!(act, Act::Toggle(..)) {
            self.plan_within(at, 200, Act::Toggle(pull, id));
        }
    }

    /// Any second around the end of a window or of its margin, soon, or late.
    fn offset(&mut self) -> Second {
        let window = self.plan.rules.window_seconds;
        match self.dice.below(10) {
            0..=5 => window - 20 + self.second_below(100),
            6 | 7 => 1 + self.second_below(60),
            8 => 1 + self.second_below(window),
            _ => window + self.second_below(900),
        }
        .max(1)
    }

    fn act_on_task(&mut self, act: Act) {
        let now = self.now;
        match act {
            Act::AddTask(pull, again) => {
                let text = self.new_text(again);
                let Some(id) = self.hub.add_task(pull, &text, now) else { return };
                self.ledger.made(id, true, &text, now, false);
                self.follow_task(pull, id);
            }
            Act::EditTask(pull, id) => {
                let text = self.new_text(None);
                if self.hub.edit_task(pull, id, &text, now).is_some() {
                    self.ledger.edited(id, &text, now, true, false);
                    self.follow_task(pull, id);
                }
            }
            Act::ToggleTask(pull, id) => self.toggle_task(pull, id),
            Act::DeleteTask(pull, id) => self.delete_task(pull, id),
            _ => {}
        }
    }

    fn toggle_task(&mut self, pull: u64, id: u64) {
        if self.hub.toggle_task(pull, id, self.now).is_some() {
            self.ledger.toggled(id);
            self.follow_task(pull, id);
        }
    }

    fn delete_task(&mut self, pull: u64, id: u64) {
        let now = self.now;
        if self.hub.delete_task(pull, id, now).is_none() {
            return;
        }
        self.ledger.deleted(id, now);
        if self.dice.percent(50) {
            self.plan_within(now, 5, Act::AddTask(pull, Some(id)));
        }
    }

    fn follow_task(&mut self, pull: u64, id: u64) {
        let act = match self.dice.below(100) {
            0..=29 => Act::EditTask(pull, id),
            30..=64 => Act::ToggleTask(pull, id),
            65..=74 => Act::DeleteTask(pull, id),
            _ => return,
        };
        let at = self.now + 1 + self.second_below(400);
        self.plan_act(at, act);
    }
}
