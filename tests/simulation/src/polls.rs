//! The poller's rule and the poller function.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use jiff::SignedDuration;
use poller::Poller;
use store::Clock as _;
use store::links::CachedLinks;
use store::memory::MemoryLinks;

use crate::instance::Instance;
use crate::stage::Stage;
use crate::table::FaultyTable;
use crate::time::{Second, SkewedClock};
use crate::transport::InProcessTransport;

/// About the most I/O calls of one run.
const IO_CALLS: u64 = 120;

/// The time that an invocation is given.
const INVOCATION: SignedDuration = SignedDuration::from_secs(60);

/// One poller of a history: its rule, and its idle instances.
#[derive(Debug)]
pub(crate) struct ScheduledPoller {
    stage: Rc<Stage>,
    skew: Second,
    idle: RefCell<Vec<PollerInstance>>,
    running: Cell<u32>,
}

type PollerFunction = Poller<FaultyTable, MemoryLinks, SkewedClock>;

#[derive(Debug)]
struct PollerInstance {
    instance: Instance,
    function: PollerFunction,
}

impl ScheduledPoller {
    pub(crate) fn new(stage: &Rc<Stage>, skew: Second) -> Rc<Self> {
        Rc::new(Self { stage: Rc::clone(stage), skew, idle: RefCell::default(), running: Cell::default() })
    }

    /// The number of invocations that run.
    pub(crate) fn running(&self) -> u32 {
        self.running.get()
    }

    /// Fires the rule once a minute from second `first` on, until `ended`.
    pub(crate) async fn fire(self: Rc<Self>, first: Second, ended: Rc<Cell<bool>>) {
        let mut at = first;
        while !ended.get() {
            self.stage.wait_until(at).await;
            if !ended.get() && !self.stage.plan.is_down(at) {
                tokio::task::spawn_local(Rc::clone(&self).run());
            }
            at += 60;
        }
    }

    /// One invocation, in an idle instance or a new one. An instance that crashed is gone.
    async fn run(self: Rc<Self>) {
        self.running.set(self.running.get() + 1);
        let idle = self.idle.borrow_mut().pop();
        let idle = idle.unwrap_or_else(|| self.new_instance());
        let holder = format!("invocation-{}", self.stage.next_invocation());
        let deadline = idle.function.clock.now().saturating_add(INVOCATION).unwrap_or_default();
        let work = Box::pin(idle.function.run(&holder, deadline));
        match idle.instance.invoke(IO_CALLS, work).await {
            Some(Ok(summary)) => {
                if summary.polled + summary.failed > 0 {
                    self.stage.story(|| format!("  {holder}: {summary:?}"));
                }
                self.idle.borrow_mut().push(idle);
            }
            Some(Err(error)) => {
                self.stage.story(|| format!("  {holder} failed: {error}"));
                self.idle.borrow_mut().push(idle);
            }
            None => self.stage.story(|| format!("  {holder} crashed")),
        }
        self.running.set(self.running.get() - 1);
    }

    fn new_instance(&self) -> PollerInstance {
        let stage = &self.stage;
        let instance = Instance::new(Arc::clone(&stage.faults));
        let transport = InProcessTransport {
            bitbucket: Arc::clone(&stage.bitbucket),
            instance: instance.clone(),
            faults: Arc::clone(&stage.faults),
            wrong_answers: Arc::clone(&stage.wrong_answers),
            lag: SignedDuration::from_secs(stage.plan.lag_seconds),
        };
        let table = FaultyTable {
            table: stage.table.clone(),
            committed: Arc::clone(&stage.committed),
            instance: instance.clone(),
            gives_every_lease: stage.plan.without_leases,
        };
        let function = Poller::new(
            table,
            CachedLinks::new(stage.links.clone()),
            stage.api.with_transport(Arc::new(transport)),
            stage.clock(self.skew),
            stage.plan.settings,
            stage.plan.limits,
        );
        PollerInstance { instance, function }
    }
}
