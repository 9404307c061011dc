//! The course of a history: time, trouble, and the quiet at its end.

use std::collections::BTreeMap;

use relay::Settings;
use simulator::{FaultRequest, Rules, StatusFault};
use store::SubjectLog;
use store::memory::Fault;

use super::dice::Random;
use crate::mailbox::Letter;
use crate::setup::{Pr, Repo, Setup};
use crate::world::World;

/// Short windows, so that a history has many.
const SETTINGS: Settings = Settings {
    window_seconds: 60,
    margin_seconds: 10,
    poll_interval_seconds: 10,
    grace_seconds: 10,
    tail_seconds: [0; 3],
    task_interval_seconds: 0,
    sweep_seconds: 0,
};

/// Waits that come often: within a grace period, between polls, and around a window's end.
const WAITS: [u64; 13] = [0, 0, 0, 1, 2, 3, 7, 12, 30, 59, 60, 61, 75];

/// A comment or task of a history, as its people know it.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) id: u64,
    pub(super) author: &'static str,
    /// Its texts so far, the standing one last.
    pub(super) texts: Vec<String>,
    pub(super) inline: bool,
    pub(super) resolved: bool,
}

/// What people know of a pull request.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) comments: Vec<Thing>,
    pub(super) tasks: Vec<Thing>,
    pub(super) approved: BTreeMap<&'static str, bool>,
    pub(super) merged: bool,
    /// How often each comment or task was given each text by an edit.
    pub(super) edits: BTreeMap<(u64, String), usize>,
}

/// One history while it is being lived.
#[derive(Debug)]
pub(super) struct History {
    pub(super) random: Random,
    pub(super) world: World,
    pub(super) prs: [Pr; 2],
    pub(super) desks: [Desk; 2],
    /// Webhooks that are on their way.
    late: Vec<Letter>,
    /// How many texts were typed.
    pub(super) texts: u64,
    down: bool,
    pub(super) story: Vec<String>,
}

impl History {
    /// The world of a seed, with two pull requests.
    pub(super) async fn begin(seed: u64) -> Self {
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

    /// Time goes by, and somebody does something.
    pub(super) async fn step(&mut self) {
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
            4 => {
                let status = *self.random.pick(&[401, 403, 404, 500, 503]).unwrap();
                let api_status_next = Some(StatusFault { status, count: 1 });
                let only_for = Some(Repo::Widgets.bot().to_owned());
                self.tell(&format!("   the next call is answered {status}"));
                self.world.fault(FaultRequest { api_status_next, only_for, ..FaultRequest::default() });
            }
            5..=7 => return true,
            _ => {}
        }
        false
    }

    async fn deliver_one(&mut self) {
        let count = u64::try_from(self.late.len()).unwrap();
        let letter = self.late.remove(usize::try_from(self.random.below(count)).unwrap());
        self.tell(&format!("   a late {} arrives", letter.key()));
        if !self.world.try_deliver(&letter).await {
            self.tell("   and is lost, because the table failed each time");
        }
    }

    /// Everything late arrives, one more event is reported for sure, and nobody does anything any more.
    pub(super) async fn quiet(&mut self) {
        self.world.end_faults().await;
        while !self.late.is_empty() {
            self.deliver_one().await;
        }
        self.down = false;
        for (pr, desk) in self.prs.into_iter().zip(&self.desks) {
            // The table may still have failures in store; these use them up.
            for word in ["quiet", "quieter"] {
                if desk.merged || self.texts.is_multiple_of(2) {
                    self.world.alice().comments(pr, word).await;
                } else {
                    self.world.alice().retitles(pr, word).await;
                }
            }
        }
        self.tell("it is quiet");
        let Settings { window_seconds, margin_seconds, poll_interval_seconds, grace_seconds, .. } = SETTINGS;
        let pauses = 30;
        let seconds = window_seconds + margin_seconds + poll_interval_seconds + grace_seconds + pauses;
        self.world.run_for(seconds.into()).await;
    }
}
