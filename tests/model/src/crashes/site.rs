//! A deployment over any table, to disturb and to heal.

use std::sync::Arc;
use std::time::Duration;

use store::memory::{MemoryTable, StreamRecord};
use store::{DynamoTable, Table};

use crate::bitbucket::{Bitbucket, time};
use crate::call::Call;
use crate::crashes::Scenario;
use crate::crashes::content::Content;
use crate::crashes::scenario::Step;
use crate::functions::{Deployment, Ended, Input, Reach, Records, SetClock};
use crate::gate::{Failure, Fate, Gate};
use crate::outside::Subscriber;
use crate::plan::{Plan, Rule};

/// A table whose stream can be read.
pub trait Streamed: Table + Clone + 'static {
    /// False if nothing is published.
    const HAS_STREAM: bool;

    /// The new events of the stream from this number on, with their numbers.
    fn new_events(&self, from: usize) -> Vec<(usize, StreamRecord)>;
}

impl Streamed for MemoryTable {
    const HAS_STREAM: bool = true;

    fn new_events(&self, from: usize) -> Vec<(usize, StreamRecord)> {
        let numbered = (from..).zip(self.stream_records(from));
        numbered.filter(|(_, record)| record.is_new_event()).collect()
    }
}

/// The scenarios without a publisher do not read the stream.
impl Streamed for DynamoTable {
    const HAS_STREAM: bool = false;

    fn new_events(&self, _: usize) -> Vec<(usize, StreamRecord)> {
        Vec::new()
    }
}

/// A deployment.
#[derive(Debug)]
pub struct Site<T> {
    pub(crate) scenario: Scenario,
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) table: T,
    pub(crate) subscriber: Subscriber,
    /// The number at which the stream goes on.
    position: usize,
    /// The time that clients wait for an answer, if not their own.
    patience: Option<Duration>,
}

impl<T: Streamed> Site<T> {
    /// A deployment over an empty table, before anything happened.
    pub fn new(scenario: Scenario, table: T, patience: Option<Duration>) -> Self {
        let settings = scenario.settings();
        let acts = scenario.acts;
        let bitbucket = Bitbucket::new(acts, 0, 1, settings.window_seconds);
        let limits = poller::PollerSettings {
            pass_spacing: jiff::SignedDuration::from_millis(2),
            ..poller::PollerSettings::default()
        };
        let deployment = Arc::new(Deployment::new(bitbucket, settings, limits));
        Self { scenario, deployment, table, subscriber: Subscriber::default(), position: 0, patience }
    }

    /// Takes the steps before the invocation.
    pub async fn begin(&mut self) {
        for (second, step) in self.scenario.before {
            self.take(*second, *step).await;
        }
    }

    /// Takes a step before the invocation.
    async fn take(&mut self, second: i64, step: Step) {
        const KEEPS: Rule = (|call| matches!(call, Call::Commit { .. }), Fate::Fails(Failure::TooLarge));
        let rule = matches!(step, Step::Keep(_)).then_some(KEEPS);
        Box::pin(self.invoke(second, step, Plan::new(rule, None))).await;
    }

    /// Takes a step after the invocation. No fault comes any more; the scenario's rule holds on.
    pub(crate) async fn heal(&mut self, second: i64, step: Step) {
        Box::pin(self.invoke(second, step, Plan::new(self.scenario.rule_in(step), None))).await;
    }

    /// Makes the invocation that the scenario is about, with a fault. Returns its end, `None` if it crashed, and its
    /// calls.
    pub(crate) async fn disturb(&mut self, fault: Option<(usize, Fate)>) -> (Option<Ended>, Vec<Call>) {
        let (second, step) = self.scenario.invoked;
        Box::pin(self.invoke(second, step, Plan::new(self.scenario.rule, fault))).await
    }

    async fn invoke(&mut self, second: i64, step: Step, plan: Plan) -> (Option<Ended>, Vec<Call>) {
        let now = time(second);
        let input = match step {
            Step::Deliver(webhook) | Step::Keep(webhook) => {
                Input::Deliver { webhook, attempt: 1, request: None }
            }
            Step::Resend(webhook) => Input::Deliver { webhook, attempt: 2, request: None },
            Step::Poll => Input::Poll { holder: format!("run at {second}") },
            Step::Publish => {
                let records = self.table.new_events(self.position);
                if records.is_empty() {
                    return (None, Vec::new());
                }
                Input::Publish(Records::new(&records, now))
            }
        };
        let plan = Arc::new(match self.patience {
            Some(patience) => plan.with_patience(patience),
            None => plan,
        });
        let reach = Reach {
            table: self.table.clone(),
            subscriber: self.subscriber.clone(),
            clock: SetClock::at(now),
            acts: self.scenario.acts.iter().take_while(|(at, _)| *at <= second).count(),
            gate: Gate::Planned(Arc::clone(&plan)),
            bug: None,
        };
        let ended = plan.invoke(Box::pin(reach.invoke(&self.deployment, &input))).await;
        if let (Some(Ended::Published(outcomes)), Input::Publish(records)) = (&ended, &input) {
            self.position = records.goes_on_at(outcomes);
        }
        (ended, plan.calls())
    }

    /// Everything that matters of what is stored and published.
    pub(crate) async fn content(&self) -> Content {
        Content::read(&self.deployment, &self.table, &self.subscriber).await
    }
}

impl Site<MemoryTable> {
    /// The same deployment once more, to go on from here in another way.
    pub(crate) fn copy(&self) -> Self {
        Self {
            scenario: self.scenario,
            deployment: Arc::clone(&self.deployment),
            table: self.table.copy(),
            subscriber: Subscriber::with(self.subscriber.received()),
            position: self.position,
            patience: self.patience,
        }
    }
}
