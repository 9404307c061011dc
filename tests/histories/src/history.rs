//! One history: everything that happens, in the order of its time.

use std::collections::{BTreeSet, VecDeque};

use bitbucket::Payload;
use relay::Reason;
use relay::Report;
use relay::{LinkId, Observation, Subject};

use crate::acts::Act;
use crate::dice::Dice;
use crate::hub::{Hub, Letter, Second, time};
use crate::ledger::{Ledger, check_known};
use crate::plan::{LIVELY, Plan};
use crate::pollers::{Poller, RunNumber, Step};
use crate::table::{Table, pull_request};

/// The last webhook arrives so long after its act at most.
const LATEST: Second = 1_200;

/// How long after the last act nothing may be due any more, and how long that may take where calls run short.
const QUIET_AFTER: Second = LATEST + 3_600 + 1_500;
const PATIENCE: Second = 8 * 3_600;

/// What happens next.
#[derive(Debug, Clone)]
pub(crate) enum Next {
    /// Somebody does something.
    Act(Act),
    /// A webhook arrives.
    Arrive(Letter, &'static str, u64),
    /// A poller's rule fires.
    Start(usize),
    /// A run of a poller takes its next step.
    Step(usize, Step, RunNumber),
}

/// One history while it is lived.
#[derive(Debug)]
pub struct History {
    pub(crate) dice: Dice,
    pub(crate) plan: Plan,
    pub(crate) hub: Hub,
    pub(crate) table: Table,
    pub(crate) ledger: Ledger,
    pub(crate) pollers: Vec<Poller>,
    pub(crate) now: Second,
    /// How many acts are planned, and how many texts were typed.
    pub(crate) acts: usize,
    pub(crate) texts: usize,
    /// When a call was made, by Bitbucket's clock.
    pub(crate) calls: VecDeque<Second>,
    pub(crate) all_calls: usize,
    queue: BTreeSet<(Second, u64)>,
    events: std::collections::BTreeMap<u64, Next>,
    scheduled: u64,
    letters: u64,
    last_act: Second,
    /// What happened, a line each, where somebody wants to read it.
    story: Option<Vec<String>>,
}

/// What a history came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Acts.
    pub acts: usize,
    /// What the log tells of comments and tasks.
    pub told: usize,
    /// Calls.
    pub calls: usize,
}

/// Lives through the history of a seed.
///
/// # Errors
///
/// The first guarantee that does not hold, in words.
pub fn live(seed: u64) -> Result<Summary, String> {
    History::begin(seed, None)?.live()
}

/// The same, and everything that happened, a line each.
pub fn tell(seed: u64) -> (Result<Summary, String>, Vec<String>) {
    match History::begin(seed, Some(Vec::new())) {
        Err(wrong) => (Err(wrong), Vec::new()),
        Ok(mut history) => (history.live(), history.story.take().unwrap_or_default()),
    }
}

impl History {
    fn live(&mut self) -> Result<Summary, String> {
        self.begin_acts();
        let end = self.go_on(LIVELY + QUIET_AFTER)?;
        let plan = &self.plan;
        let due: Vec<_> = self.table.watches().filter(|(_, watch)| watch.reason != Reason::Sweep).collect();
        if !due.is_empty() {
            return Err(format!("G3: it is never quiet: {due:?}\n  {plan:?}"));
        }
        self.ledger.check(&self.table, plan, end).map_err(|wrong| format!("{wrong}\n  {plan:?}"))?;
        check_known(&self.hub, &self.table).map_err(|wrong| format!("{wrong}\n  {plan:?}"))?;
        Ok(Summary { acts: self.acts, told: self.table.told.len(), calls: self.all_calls })
    }

    /// Adds a line to the story.
    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(format!("{:>6} {}", self.now, line()));
        }
    }

    /// Two pull requests that are known, in a repository that was swept.
    fn begin(seed: u64, story: Option<Vec<String>>) -> Result<Self, String> {
        // Neighbouring seeds have nothing in common.
        let mut dice = Dice::new(seed.wrapping_mul(0xD134_2543_DE82_EF95));
        let plan = Plan::draw(&mut dice);
        let link: LinkId = "acme".parse().map_err(|error| format!("{error:?}"))?;
        let mut history = Self {
            hub: Hub::new(plan.rules),
            table: Table::new(plan.settings, link),
            ledger: Ledger::default(),
            pollers: plan.poller_skews.iter().map(|skew| Poller::new(*skew)).collect(),
            plan,
            dice,
            now: -600,
            acts: 0,
            texts: 0,
            calls: VecDeque::new(),
            all_calls: 0,
            queue: BTreeSet::new(),
            events: std::collections::BTreeMap::new(),
            scheduled: 0,
            letters: 0,
            last_act: Second::MIN,
            story,
        };
        for _ in 0..2 {
            let (_, letter) = history.hub.open_pull(history.now);
            history.letters += 1;
            history.arrive(&letter, "hook-1", history.letters)?;
            history.now += 1;
        }
        for poller in 0..history.pollers.len() {
            let phase = history.plan.phases.get(poller).copied().unwrap_or_default();
            history.schedule(history.now + phase, Next::Start(poller));
        }
        Ok(history)
    }

    pub(crate) fn schedule(&mut self, at: Second, next: Next) {
        self.scheduled += 1;
        self.queue.insert((at.max(self.now), self.scheduled));
        self.events.insert(self.scheduled, next);
    }

    /// A second below a bound.
    pub(crate) fn second_below(&mut self, bound: Second) -> Second {
        Second::try_from(self.dice.below(bound.try_into().unwrap_or(1))).unwrap_or_default()
    }

    /// Lets everything happen until `end`, and until nothing is due any more. Gives the end.
    fn go_on(&mut self, end: Second) -> Result<Second, String> {
        while let Some((at, number)) = self.queue.pop_first() {
            self.now = at;
            if at > end && (self.is_quiet() || at > end + PATIENCE) {
                break;
            }
            if let Some(next) = self.events.remove(&number) {
                self.happen(next)?;
            }
        }
        Ok(self.now)
    }

    fn is_quiet(&self) -> bool {
        let mut watches = self.table.watches();
        watches.all(|(_, watch)| watch.reason == Reason::Sweep)
    }

    fn happen(&mut self, next: Next) -> Result<(), String> {
        match next {
            Next::Act(act) if self.now <= self.last_act => {
                // Two changes in the same moment would be one for every clock.
                self.schedule(self.last_act + 1, Next::Act(act));
                Ok(())
            }
            Next::Act(act) => {
                self.last_act = self.now;
                self.tell(|| format!("{act:?}"));
                self.act(act);
                Ok(())
            }
            Next::Arrive(letter, hook, number) => self.arrive(&letter, hook, number),
            Next::Start(poller) => {
                self.start(poller);
                Ok(())
            }
            // A step of a run that was cut off is not taken any more.
            Next::Step(poller, _, run) if !self.is_running(poller, run) => Ok(()),
            Next::Step(poller, step, _) => self.step(poller, step),
        }
    }

    /// Sends a webhook, which may get lost, come twice or late. Says whether it surely arrives at once.
    pub(crate) fn send(&mut self, letter: Letter) -> bool {
        self.letters += 1;
        let number = self.letters;
        let key = letter.key.clone();
        let (fate, delay) = (self.dice.below(20), 1 + self.second_below(LATEST));
        let arrivals: &[Second] = match fate {
            0..=3 if self.plan.may_lose(&key) => &[],
            0..=6 => &[delay],
            7 => &[0, delay],
            8 => &[0, 0],
            _ => &[0],
        };
        self.tell(|| format!("  {key} {number} arrives after {arrivals:?}"));
        for delay in arrivals {
            self.schedule(self.now + delay, Next::Arrive(letter.clone(), "hook-1", number));
        }
        if self.plan.two_hooks && self.dice.percent(80) {
            let delay = if self.dice.percent(20) { self.second_below(LATEST) } else { 0 };
            self.schedule(self.now + delay, Next::Arrive(letter, "hook-2", number));
        }
        arrivals.contains(&0)
    }

    /// The webhook function.
    fn arrive(&mut self, letter: &Letter, hook: &str, number: u64) -> Result<(), String> {
        if !self.table.takes(format!("{hook} {number} {}", letter.key)) {
            return Ok(());
        }
        self.tell(|| format!("  {} {number} arrives by {hook}", letter.key));
        let payload = Payload::parse(&letter.body).map_err(|error| error.to_string())?;
        let subject = Subject::from_payload(&payload);
        let report = Report {
            key: letter.key.clone(),
            payload,
            body: letter.body.clone(),
            hook: hook.to_owned(),
            delivery: format!("delivery-{number}"),
        };
        let now = time(self.now + self.plan.webhook_skew);
        self.table.learns(&subject, &Observation::Delivery(report), now)
    }

    /// The pull request of a subject.
    pub(crate) fn number_of(&self, subject: &Subject) -> Option<u64> {
        self.hub.pulls.keys().copied().find(|id| pull_request(*id) == *subject)
    }
}
