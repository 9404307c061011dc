//! Acts that make a day bad: reviews that are published later, merge queues, answers that lack something, bursts, and
//! comments that are too long or too many.

use serde_json::Value;
use simulator::Lack;
use simulator::world::{BuildState, NewComment, StatusInput, Webhook};

use crate::history::History;
use crate::ledger::{Version, VersionId};
use crate::people::{AUTHOR, Act, on_the_diff};
use crate::stage::REPOSITORY;
use crate::time::Second;

/// The longest time in which answers lack an item. The last check of the tail comes after it.
const LONGEST_LACK: u64 = 600;

impl History {
    /// Begins a review of two to four comments, and plans its publication.
    pub(crate) fn draft(&mut self, now: Second, pr: u64) {
        for _ in 0..self.stage.dice.between(2, 4) {
            let text = self.new_text(None);
            let draft = NewComment { pending: true, ..on_the_diff(&text) };
            self.written(|world, act| world.create_comment(act, pr, &draft));
            self.drafts.push((pr, text));
        }
        self.plan_within(now, 900, Act::PublishReview(pr));
    }

    pub(crate) fn publish_review(&mut self, now: Second, pr: u64) {
        let published = self.written(|world, act| world.publish_review(act, pr));
        let (texts, others) = std::mem::take(&mut self.drafts).into_iter().partition(|(of, _)| *of == pr);
        self.drafts = others;
        let Some((ids, webhooks)) = published else { return };
        let texts: Vec<(u64, String)> = texts;
        let per_comment = webhooks.len() / ids.len().max(1);
        for (place, (id, (_, text))) in ids.into_iter().zip(texts).enumerate() {
            let version = Version { at: now, text, is_silent: false, reported_at: None };
            let version = self.stage.ledger().add(id, false, version);
            let its_own = webhooks.iter().skip(place * per_comment).take(per_comment).cloned();
            self.stage.send_all(its_own.collect(), Some(version));
            self.follow(now, pr, id);
        }
    }

    /// Adds a pull request to the merge queue, or takes it out. Bitbucket may report either.
    pub(crate) fn queue(&mut self, pr: u64) {
        let is_reported = self.stage.dice.percent(50);
        let is_queued = self.shown(pr)["queued"] == true;
        self.done_by(AUTHOR, |world, act| world.set_queued(act, pr, !is_queued, is_reported));
    }

    /// Lets answers lack a comment, a task or a pull request. Lookups find it, or do not.
    pub(crate) fn hide(&mut self, now: Second) {
        let (dice, plan) = (self.stage.dice.clone(), &self.stage.plan);
        let until = now + Second::try_from(dice.between(20, LONGEST_LACK)).unwrap_or_default();
        let standing = self.stage.ledger().standing();
        // A listing that lacks a comment whose webhook is lost hides it until the next one.
        let may_lack_items = plan.lists_everything_late() && dice.percent(85);
        let item = dice.pick(&standing).copied().filter(|_| may_lack_items);
        let id = item.unwrap_or_else(|| dice.between(1, self.stage.pull_requests()));
        let by_id = item.is_some() && dice.percent(50);
        // Where calls fail, the lookup of an item that listings lack may be answered 404, twice.
        if by_id || plan.failing_calls > 0 {
            self.stage.ledger().vanishes(id);
        }
        self.stage.story(|| format!("  answers lack {id} until {until}, by id too: {by_id}"));
        self.stage.wrong_answers.hide(Lack { id, by_id }, until);
    }

    /// Starts 20 to 40 builds of one head, and makes 10 to 20 comments. All webhooks arrive in the same moment.
    pub(crate) fn burst(&mut self, now: Second, pr: u64) {
        let dice = self.stage.dice.clone();
        let mut at_once: Vec<(Webhook, Option<VersionId>)> = Vec::new();
        for number in 0..dice.between(20, 40) {
            let input = StatusInput {
                key: Some(format!("build {number} of {now}")),
                state: Some(BuildState::Inprogress),
                url: Some("http://ci.example.com/".to_owned()),
                ..StatusInput::default()
            };
            let Some(head) = self.head(pr) else { return };
            let built = self.written(|world, act| world.set_status(act, &head, &input));
            at_once
                .extend(built.into_iter().flat_map(|(_, webhooks)| webhooks).map(|webhook| (webhook, None)));
        }
        for _ in 0..dice.between(10, 20) {
            let (version, webhooks) = self.comment_of(now, pr, None);
            at_once.extend(webhooks.into_iter().map(|webhook| (webhook, version)));
        }
        if dice.percent(50) {
            at_once.reverse();
        }
        self.stage.send_at_once(at_once);
    }

    /// Writes one comment of 300 KiB to 1.1 MiB, which no compression makes shorter, or 150 to 300 short ones.
    pub(crate) fn oversize(&mut self, now: Second, pr: u64) {
        let dice = self.stage.dice.clone();
        let (count, bytes) = if dice.percent(50) {
            (1, Some(dice.between(300 << 10, 1_100 << 10)))
        } else {
            (dice.between(150, 300), None)
        };
        for _ in 0..count {
            let tail = bytes.map(|bytes| noise(dice.below(u64::MAX), bytes));
            let (version, webhooks) = self.comment_of(now, pr, tail.as_deref());
            self.stage.send_all(webhooks, version);
        }
    }

    /// Comments, with a text that ends with `tail`.
    fn comment_of(&mut self, now: Second, pr: u64, tail: Option<&str>) -> (Option<VersionId>, Vec<Webhook>) {
        let text = self.new_text(None) + tail.unwrap_or_default();
        let written = self.written(|world, act| world.create_comment(act, pr, &NewComment::text(&text)));
        let Some((id, webhooks)) = written else { return (None, Vec::new()) };
        // A payload that is too large is not sent.
        let version = Version { at: now, text, is_silent: false, reported_at: None };
        (Some(self.stage.ledger().add(id, false, version)), webhooks)
    }

    /// A pull request as Bitbucket shows it.
    fn shown(&self, pr: u64) -> Value {
        let shown = self.stage.bitbucket.with_world(|world| {
            let repository = world.find_repository("acme", REPOSITORY)?;
            world.read_pull_request(repository, pr)
        });
        shown.unwrap_or_default()
    }

    /// The head of the source branch.
    fn head(&self, pr: u64) -> Option<String> {
        self.shown(pr).pointer("/source/commit/hash")?.as_str().map(str::to_owned)
    }
}

/// Letters and digits that no compression makes much shorter.
fn noise(seed: u64, bytes: u64) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = seed | 1;
    let letters = (0..bytes).map(|_| {
        // Xorshift (<https://www.jstatsoft.org/article/view/v008i14>): drawing from the dice would take longer.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(ALPHABET.get(usize::try_from(state >> 58).unwrap_or_default()).copied().unwrap_or(b'A'))
    });
    letters.collect()
}
