//! One history, from its seed to its checks.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bitbucket::client::Api;
use relay::state::Reason;
use simulator::InProcess;
use store::SubjectLog as _;
use tokio::task::LocalSet;

use crate::checks;
use crate::people::Act;
use crate::plan::LIVELY;
use crate::polls::ScheduledPoller;
use crate::publishing::{is_behind, pump};
use crate::stage::{BEGIN, Stage};
use crate::time::{Second, time};
use crate::webhooks::LATEST;

/// Seconds after the last act until nothing may be due any more.
const QUIET_AFTER: Second = LATEST + 3_600 + 1_500;

/// Seconds that this may take longer where calls run short.
const PATIENCE: Second = 8 * 3_600;

/// Seconds that an invocation lasts at most.
const LONGEST_INVOCATION: Second = 90;

/// The most watches that are read to see whether it is quiet.
const MAX_WATCHES: usize = 1_000;

/// The numbers of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Acts of people.
    pub acts: usize,
    /// Events in the log.
    pub events: usize,
    /// Comments and tasks that were published again after their deletion was.
    pub again: usize,
    /// Calls of Bitbucket's API.
    pub calls: usize,
}

/// One history while it runs.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) stage: Rc<Stage>,
    /// The acts still to come, by second and number.
    pub(crate) agenda: BTreeMap<(Second, usize), Act>,
    /// The number of acts that were planned.
    pub(crate) acts: usize,
    /// The number of texts that were typed.
    pub(crate) texts: usize,
    /// The pending comments, by pull request, oldest first.
    pub(crate) drafts: Vec<(u64, String)>,
}

/// An API client for histories to share: an HTTP client takes long to make.
///
/// # Errors
///
/// The client's.
pub fn shared_api() -> anyhow::Result<Api> {
    Ok(Api::new(&InProcess::api_url())?)
}

/// Runs the history of a seed.
///
/// # Errors
///
/// The first guarantee that does not hold.
pub fn live(seed: u64, api: &Api) -> Result<Summary, String> {
    run(seed, api, false).0
}

/// The same, with everything that happened, a line each.
pub fn tell(seed: u64, api: &Api) -> (Result<Summary, String>, Vec<String>) {
    run(seed, api, true)
}

fn run(seed: u64, api: &Api, keeps_story: bool) -> (Result<Summary, String>, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return (Err(error.to_string()), Vec::new()),
    };
    LocalSet::new().block_on(&runtime, async {
        let stage = match Stage::new(seed, api.clone(), keeps_story) {
            Ok(stage) => stage,
            Err(error) => return (Err(error.to_string()), Vec::new()),
        };
        let history = History {
            stage: Rc::clone(&stage),
            agenda: BTreeMap::new(),
            acts: 0,
            texts: 0,
            drafts: Vec::new(),
        };
        let outcome = history.run().await.map_err(|broken| format!("{broken}\n  {:?}", stage.plan));
        (outcome, stage.take_story())
    })
}

impl History {
    async fn run(mut self) -> Result<Summary, String> {
        let ended = Rc::new(Cell::new(false));
        tokio::task::spawn_local(pump(Rc::clone(&self.stage)));
        let pollers = self.start_pollers(&ended);
        for _ in 0..2 {
            self.act(self.stage.now(), Act::Open);
            self.stage.wait_until(self.stage.now() + 1).await;
        }
        self.stage.is_calm.set(false);
        // The comments that would follow from these two are left out.
        self.agenda.clear();
        self.acts = 0;
        self.plan_first_acts(2);
        self.act_all().await;
        let end = self.become_quiet().await?;
        ended.set(true);
        self.stage.faults.end();
        while is_behind(&self.stage) || pollers.iter().any(|poller| poller.running() > 0) {
            self.stage.wait_until(self.stage.now() + 1).await;
        }
        self.stage.wait_until(self.stage.now() + 2).await;
        let (events, again) = checks::check(&self.stage, end).await?;
        Ok(Summary { acts: self.acts, events, again, calls: self.stage.bitbucket.calls().len() })
    }

    fn start_pollers(&self, ended: &Rc<Cell<bool>>) -> Vec<Rc<ScheduledPoller>> {
        let plan = &self.stage.plan;
        let pollers = plan.poller_skews.iter().zip(&plan.phases).map(|(skew, phase)| {
            let poller = ScheduledPoller::new(&self.stage, *skew);
            tokio::task::spawn_local(Rc::clone(&poller).fire(BEGIN + phase, Rc::clone(ended)));
            poller
        });
        pollers.collect()
    }

    /// Carries out the agenda. Two acts are never in the same second: no clock could tell them apart.
    async fn act_all(&mut self) {
        let mut earliest = 0;
        while let Some(((at, _), act)) = self.agenda.pop_first() {
            let at = at.max(earliest);
            self.stage.wait_until(at).await;
            self.act(at, act);
            earliest = at + 1;
        }
    }

    /// Waits until nothing but sweeps and full reads is due. Gives the end.
    async fn become_quiet(&self) -> Result<Second, String> {
        let mut end = LIVELY + QUIET_AFTER;
        self.stage.wait_until(end).await;
        while let Some(watches) = self.watches_left().await? {
            if end > LIVELY + QUIET_AFTER + PATIENCE {
                return Err(format!("G3: these watches never end: {watches}"));
            }
            end += LONGEST_INVOCATION;
            self.stage.wait_until(end).await;
        }
        Ok(end)
    }

    /// The watches besides sweeps and full reads; `None` if there is none.
    async fn watches_left(&self) -> Result<Option<String>, String> {
        let all = self.stage.table.due(time(Second::from(u32::MAX)), MAX_WATCHES).await;
        let all = all.map_err(|error| error.to_string())?;
        let lasts = |reason| matches!(reason, Reason::Sweep | Reason::QuietSweep | Reason::FullRead);
        let left: Vec<_> = all.into_iter().filter(|due| !lasts(due.watch.reason)).collect();
        Ok((!left.is_empty()).then(|| format!("{left:?}")))
    }

    /// A second below a bound.
    pub(crate) fn second_below(&self, bound: Second) -> Second {
        Second::try_from(self.stage.dice.below(bound.try_into().unwrap_or(1))).unwrap_or_default()
    }
}
