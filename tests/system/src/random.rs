//! Seeded histories: three people work on two pull requests while webhooks get lost, come twice or late, the poller is
//! down or there are two of it, and the table fails now and then. Afterwards it gets quiet, and everything must hold.
//!
//! The same seed gives the same history, up to the order in which two pollers at once reach the table.

use std::collections::BTreeMap;

use relay::Settings;
use simulator::Rules;
use store::Table;
use store::memory::Fault;

use crate::mailbox::Letter;
use crate::person::Member;
use crate::truth;
use crate::world::{Pr, Repo, Setup, World};

const STEPS: u64 = 60;

/// Short windows, so that a history has many.
const SETTINGS: Settings =
    Settings { window_seconds: 60, margin_seconds: 10, poll_interval_seconds: 5, grace_seconds: 10 };

/// Waits that come often: within a grace period, between polls, and around a window's end.
const WAITS: [u64; 12] = [0, 0, 1, 2, 3, 7, 12, 30, 59, 60, 61, 75];

/// `SplitMix64` (<https://prng.di.unimi.it/splitmix64.c>): small, and the same everywhere.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Numbers that follow from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> Option<&'i T> {
        let count = u64::try_from(items.len()).unwrap();
        (count > 0).then(|| &items[usize::try_from(self.below(count)).unwrap()])
    }
}

/// A comment or task of a history, as its people know it.
#[derive(Debug, Clone)]
struct Thing {
    id: u64,
    author: &'static str,
    /// Its texts so far, the standing one last.
    texts: Vec<String>,
    inline: bool,
    resolved: bool,
}

#[derive(Debug, Default)]
struct Desk {
    comments: Vec<Thing>,
    tasks: Vec<Thing>,
    approved: BTreeMap<&'static str, bool>,
    merged: bool,
}

/// One history while it is being lived.
#[derive(Debug)]
struct History {
    random: Random,
    world: World,
    prs: [Pr; 2],
    desks: [Desk; 2],
    late: Vec<Letter>,
    texts: u64,
    down: bool,
    story: Vec<String>,
}

/// Lives the history of a seed.
///
/// # Errors
///
/// What did not hold, and what had happened.
pub async fn live(seed: u64) -> Result<(), String> {
    let mut history = History::begin(seed).await;
    for _ in 0..STEPS {
        history.step().await;
    }
    history.quiet().await;
    let mut outcome = Ok(());
    for pr in history.prs {
        outcome = outcome.and(truth::check(&history.world, pr).await.map_err(|wrong| (pr, wrong)));
    }
    let Err((pr, wrong)) = outcome else { return Ok(()) };
    let log = history.world.events(pr).await.join("\n  ");
    let story = history.story.join("\n  ");
    Err(format!("{pr:?}: {wrong}\nwhat happened:\n  {story}\nthe log:\n  {log}"))
}

impl History {
    async fn begin(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let rules = Rules {
            silent_edit_moves_updated_on: random.percent(70),
            edit_moves_pull_request: random.percent(50),
            task_moves_pull_request: random.percent(50),
            deletion_moves_comment: random.percent(50),
            resolution_moves_updated_on: random.percent(50),
            deleted_comments_stay_readable: random.percent(50),
            ..Rules::default()
        };
        let world = World::with(Setup { rules, settings: SETTINGS, ..Setup::default() }).await;
        if random.percent(30) {
            world.hook_workspace(Repo::Widgets).await;
        }
        let prs = [world.alice().opens("gear").await, world.bob().opens("wheel").await];
        Self {
            story: vec![format!("{rules:?}")],
            random,
            world,
            prs,
            desks: Default::default(),
            late: Vec::new(),
            texts: 0,
            down: false,
        }
    }

    async fn step(&mut self) {
        self.pass_time().await;
        let holds = self.trouble();
        if holds {
            self.world.hold();
        }
        let told = self.act().await;
        if holds {
            let letters = self.world.stop_holding();
            if !letters.is_empty() {
                self.tell(&format!("   {} webhooks of that come late", letters.len()));
            }
            self.late.extend(letters);
        }
        if let Some(told) = told {
            self.tell(&told);
        }
        if self.random.percent(25) && !self.late.is_empty() {
            self.deliver_one().await;
        }
    }

    fn tell(&mut self, what: &str) {
        let since = self.world.now().duration_since("2026-11-24T10:00:00Z".parse().unwrap()).as_secs();
        self.story.push(format!("{since:>4} {what}"));
    }

    /// Lets time go by, with a poller that is up, slow, doubled or down.
    async fn pass_time(&mut self) {
        if self.random.percent(10) {
            self.down = !self.down;
            self.tell(&format!("the poller is {}", if self.down { "down" } else { "up" }));
        }
        let seconds = *self.random.pick(&WAITS).unwrap();
        for _ in 0..seconds {
            self.world.advance(1);
            let due = !self.world.table.due(self.world.now(), 1).await.unwrap().is_empty();
            if due && !self.down && self.random.percent(60) {
                self.poll().await;
            }
        }
    }

    async fn poll(&mut self) {
        if self.random.percent(10) {
            let (one, two) = (self.world.another_poller(), self.world.another_poller());
            let runs = tokio::join!(self.world.run(&one, "one"), self.world.run(&two, "two"));
            self.tell(&format!("two pollers found {} and {} events", runs.0.events, runs.1.events));
        } else {
            let run = self.world.poll().await;
            self.tell(&format!("a poll found {} events", run.events));
        }
    }

    /// What goes wrong with the next act; whether its webhooks are held back.
    fn trouble(&mut self) -> bool {
        match self.random.below(20) {
            0 | 1 => {
                self.tell("   the next webhook gets lost");
                self.world.lose_next(1);
            }
            2 => self.world.double_next(1),
            3 => {
                let faults =
                    [Fault::ReadFails, Fault::CommitFails, Fault::CommitConflicts, Fault::AnswerLost];
                let fault = *self.random.pick(&faults).unwrap();
                self.world.table.inject(fault, 1);
            }
            4..=6 => return true,
            _ => {}
        }
        false
    }

    async fn deliver_one(&mut self) {
        let count = u64::try_from(self.late.len()).unwrap();
        let letter = self.late.remove(usize::try_from(self.random.below(count)).unwrap());
        self.tell(&format!("   a late {} arrives", letter.key()));
        self.world.deliver(&[letter]).await;
    }

    /// Everything late arrives, one more event is reported for sure, and nobody does anything any more.
    async fn quiet(&mut self) {
        while !self.late.is_empty() {
            self.deliver_one().await;
        }
        self.down = false;
        for (pr, desk) in self.prs.into_iter().zip(&self.desks) {
            // Lost or doubled by what was asked for before, the first of these would not count.
            for word in ["quiet", "quieter", "quiet now"] {
                if desk.merged || self.texts.is_multiple_of(2) {
                    self.world.alice().comments(pr, word).await;
                } else {
                    self.world.alice().retitles(pr, word).await;
                }
            }
        }
        self.tell("it is quiet");
        let Settings { window_seconds, margin_seconds, poll_interval_seconds, grace_seconds } = SETTINGS;
        let seconds = window_seconds + margin_seconds + poll_interval_seconds + grace_seconds + 5;
        self.world.run_for(seconds.into()).await;
    }

    fn new_text(&mut self) -> String {
        self.texts += 1;
        format!("text {}", self.texts)
    }

    /// Somebody does something; what it was, if it could be done.
    async fn act(&mut self) -> Option<String> {
        let at = usize::try_from(self.random.below(2)).unwrap();
        let (pr, who) = (self.prs[at], *self.random.pick(&["alice", "bob", "carol"]).unwrap());
        let did = match self.random.below(20) {
            0..=3 => self.comment(at, who).await,
            4..=8 => self.edit(at, who).await,
            9 | 10 => self.delete(at, who).await,
            11..=13 => self.toggle_thread(at, who).await,
            14 | 15 => self.add_task(at, who).await,
            16..=18 => self.change_task(at, who).await,
            _ => self.review(at, who).await,
        };
        did.map(|did| format!("{who} {did} on {}", pr.id))
    }

    async fn comment(&mut self, at: usize, who: &'static str) -> Option<String> {
        let (text, inline) = (self.new_text(), self.random.percent(50));
        let parents: Vec<u64> = self.desks[at].comments.iter().map(|comment| comment.id).collect();
        let parent = self.random.pick(&parents).copied().filter(|_| self.random.percent(30));
        let (member, pr) = (self.world.member(who, Repo::Widgets), self.prs[at]);
        let id = match parent {
            Some(parent) => member.replies(pr, parent, &text).await,
            None if inline => member.comments_inline(pr, &text).await,
            None => member.comments(pr, &text).await,
        };
        let did = format!("comments {id} ({text})");
        let inline = inline && parent.is_none();
        self.desks[at].comments.push(Thing { id, author: who, texts: vec![text], inline, resolved: false });
        Some(did)
    }

    fn pick_comment(&mut self, at: usize, fits: impl Fn(&Thing) -> bool) -> Option<usize> {
        let fitting = self.desks[at].comments.iter().enumerate().filter(|(_, comment)| fits(comment));
        let fitting: Vec<usize> = fitting.map(|(place, _)| place).collect();
        self.random.pick(&fitting).copied()
    }

    async fn edit(&mut self, at: usize, who: &'static str) -> Option<String> {
        let place = self.pick_comment(at, |comment| comment.author == who)?;
        let moves = self.world.setup.rules.silent_edit_moves_updated_on;
        let old = self.desks[at].comments[place].texts.clone();
        let back = self.random.pick(&old).cloned().filter(|_| moves && self.random.percent(30));
        let text = match back {
            Some(back) if Some(&back) != old.last() => back,
            _ => self.new_text(),
        };
        let id = self.desks[at].comments[place].id;
        self.world.member(who, Repo::Widgets).edits(self.prs[at], id, &text).await;
        let did = format!("edits {id} ({text})");
        self.desks[at].comments[place].texts.push(text);
        Some(did)
    }

    async fn delete(&mut self, at: usize, who: &'static str) -> Option<String> {
        let place = self.pick_comment(at, |comment| comment.author == who)?;
        let gone = self.desks[at].comments.remove(place);
        self.world.member(who, Repo::Widgets).deletes(self.prs[at], gone.id).await;
        Some(format!("deletes {}", gone.id))
    }

    async fn toggle_thread(&mut self, at: usize, who: &'static str) -> Option<String> {
        let place = self.pick_comment(at, |comment| comment.inline)?;
        let (pr, thing) = (self.prs[at], &mut self.desks[at].comments[place]);
        thing.resolved = !thing.resolved;
        let (id, resolved) = (thing.id, thing.resolved);
        let member: Member<'_> = self.world.member(who, Repo::Widgets);
        if resolved {
            member.resolves(pr, id).await;
        } else {
            member.reopens(pr, id).await;
        }
        Some(format!("{} {id}", if resolved { "resolves" } else { "reopens" }))
    }

    async fn add_task(&mut self, at: usize, who: &'static str) -> Option<String> {
        let text = self.new_text();
        let id = self.world.member(who, Repo::Widgets).adds_task(self.prs[at], &text).await;
        let did = format!("adds task {id} ({text})");
        self.desks[at].tasks.push(Thing {
            id,
            author: who,
            texts: vec![text],
            inline: false,
            resolved: false,
        });
        Some(did)
    }

    async fn change_task(&mut self, at: usize, who: &'static str) -> Option<String> {
        let (count, pr) = (u64::try_from(self.desks[at].tasks.len()).unwrap(), self.prs[at]);
        if count == 0 {
            return None;
        }
        let place = usize::try_from(self.random.below(count)).unwrap();
        let (what, text) = (self.random.below(4), self.new_text());
        let id = self.desks[at].tasks[place].id;
        let member = self.world.member(who, Repo::Widgets);
        match what {
            0 => {
                member.edits_task(pr, id, &text).await;
                Some(format!("edits task {id} ({text})"))
            }
            1 => {
                member.deletes_task(pr, id).await;
                self.desks[at].tasks.remove(place);
                Some(format!("deletes task {id}"))
            }
            _ => {
                let resolved = !self.desks[at].tasks[place].resolved;
                if resolved {
                    member.resolves_task(pr, id).await;
                } else {
                    member.reopens_task(pr, id).await;
                }
                self.desks[at].tasks[place].resolved = resolved;
                Some(format!("{} task {id}", if resolved { "resolves" } else { "reopens" }))
            }
        }
    }

    async fn review(&mut self, at: usize, who: &'static str) -> Option<String> {
        if self.desks[at].merged {
            return None;
        }
        let (pr, member) = (self.prs[at], self.world.member(who, Repo::Widgets));
        if self.random.percent(5) {
            member.merges(pr).await;
            self.desks[at].merged = true;
            return Some("merges".to_owned());
        }
        let approved = self.desks[at].approved.entry(who).or_default();
        *approved = !*approved;
        if *approved {
            member.approves(pr).await;
        } else {
            member.unapproves(pr).await;
        }
        Some(if *approved { "approves" } else { "unapproves" }.to_owned())
    }
}
