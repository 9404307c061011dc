//! Driving a world: time, polling, and trouble on the way.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use poller::{Poller, Summary};
use simulator::FaultRequest;
use store::links::CachedLinks;
use store::memory::MemoryTable;
use store::{SubjectLog, Table};

use crate::clock::SimulatedClock;
use crate::mailbox::Letter;
use crate::queue::MemoryQueue;
use crate::table::{Different, Unleased};
use crate::world::{TestPoller, World};

/// How long webhooks may be on their way, in real time.
const SETTLE: Duration = Duration::from_secs(10);

impl World {
    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.simulator.clock().now()
    }

    /// Sets the one clock forward.
    pub fn advance(&self, seconds: u64) {
        self.simulator.clock().advance(Duration::from_secs(seconds));
    }

    /// Waits until no webhook is on its way.
    pub async fn settle(&self) {
        self.simulator.settle(SETTLE).await.unwrap();
    }

    /// One run of the poller, for what is due now.
    pub async fn poll(&self) -> Summary {
        self.run(&self.poller, "poller-1").await
    }

    /// One run of a poller, for what is due now.
    pub async fn run<T: Table>(&self, poller: &TestPoller<T>, holder: &str) -> Summary {
        let deadline = self.now().saturating_add(SignedDuration::from_millis(1)).unwrap();
        poller.run(holder, deadline).await.unwrap()
    }

    /// Another poller on the same table, as a cold start would give.
    pub fn another_poller(&self) -> TestPoller<Different<Unleased>> {
        self.new_poller(Different { table: self.table.clone(), difference: Unleased })
    }

    /// Another poller on the same table that serves one link a run, and hands the shards of more over to this queue.
    /// Its passes are further apart than [`World::run`] lasts: one pass a run, however fast the machine is.
    pub fn sharing_poller(&self, queue: &Arc<MemoryQueue>) -> TestPoller<MemoryTable> {
        let mut poller = self.new_poller(self.table.clone());
        poller.limits.links_per_run = 1;
        poller.limits.pass_spacing = SignedDuration::from_millis(2);
        poller.with_queue(Arc::<MemoryQueue>::clone(queue))
    }

    fn new_poller<T: Table>(&self, table: T) -> TestPoller<T> {
        let clock = SimulatedClock(Arc::clone(&self.simulator));
        let (api, links) = (self.poller.api.clone(), CachedLinks::new(self.links.clone()));
        Poller::new(table, links, api, clock, self.setup.settings, self.setup.limits)
    }

    /// Lets time go by second by second, with a run of the poller whenever something is due.
    pub async fn run_for(&self, seconds: u64) {
        for _ in 0..seconds {
            self.advance(1);
            if !self.table.due(self.now(), 1).await.unwrap().is_empty() {
                self.poll().await;
            }
        }
    }

    /// Asks the simulator for trouble.
    pub fn fault(&self, request: FaultRequest) {
        self.simulator.fault(request).unwrap();
    }

    /// Ends all trouble that the simulator was asked for.
    pub async fn end_faults(&self) {
        let url = format!("{}/_control/faults", self.simulator.url());
        let (status, answer) = self.person("alice").delete(&url).await.unwrap();
        assert!((200..300).contains(&status), "{answer}");
    }

    /// The next webhooks are never sent.
    pub fn lose_next(&self, count: u32) {
        self.fault(FaultRequest { lose_next: count, ..FaultRequest::default() });
    }

    /// The next webhooks are sent twice.
    pub fn double_next(&self, count: u32) {
        self.fault(FaultRequest { double_next: count, ..FaultRequest::default() });
    }

    /// From now on webhooks are held back.
    pub fn hold(&self) {
        self.mailbox.hold();
    }

    /// Webhooks go through again; gives those that were held back.
    pub fn stop_holding(&self) -> Vec<Letter> {
        self.mailbox.stop_holding()
    }

    /// Delivers a webhook that was held back, if need be three times. Says whether it was taken.
    pub async fn try_deliver(&self, letter: &Letter) -> bool {
        self.mailbox.deliver(letter).await.is_success()
    }

    /// Delivers webhooks that were held back, one after the other.
    pub async fn deliver(&self, letters: &[Letter]) {
        for letter in letters {
            assert!(self.try_deliver(letter).await, "{}", letter.key());
        }
    }

    /// Delivers what was held back, in order.
    pub async fn release(&self) {
        let letters = self.stop_holding();
        self.deliver(&letters).await;
    }

    /// Delivers what was held back, the last first.
    pub async fn release_reversed(&self) {
        let mut letters = self.stop_holding();
        letters.reverse();
        self.deliver(&letters).await;
    }
}
