//! Driving a world: time, polls and faults.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use poller::{Poller, Summary};
use serde_json::Value;
use simulator::FaultRequest;
use store::links::CachedLinks;
use store::memory::MemoryTable;
use store::{SubjectLog, Table};

use crate::clock::SimulatedClock;
use crate::mailbox::Letter;
use crate::queue::MemoryQueue;
use crate::setup::Repo;
use crate::table::{Different, Unleased};
use crate::world::{TestPoller, World};

/// Longest delivery of all pending webhooks, in real time.
const SETTLE: Duration = Duration::from_secs(10);

impl World {
    /// Current time of the simulator's clock.
    pub fn now(&self) -> Timestamp {
        self.simulator.clock().now()
    }

    /// Advances the clock.
    pub fn advance(&self, seconds: u64) {
        self.simulator.clock().advance(Duration::from_secs(seconds));
    }

    /// Waits until no webhook is on its way.
    pub async fn settle(&self) {
        self.simulator.settle(SETTLE).await.unwrap();
    }

    /// Runs the poller once, for the watches that are due now.
    pub async fn poll(&self) -> Summary {
        self.run(&self.poller, "poller-1").await
    }

    /// Runs a given poller once, for the watches that are due now.
    pub async fn run<T: Table>(&self, poller: &TestPoller<T>, holder: &str) -> Summary {
        let deadline = self.now().saturating_add(SignedDuration::from_millis(1)).unwrap();
        poller.run(holder, deadline).await.unwrap()
    }

    /// Returns another poller on the same table, as after a cold start.
    pub fn another_poller(&self) -> TestPoller<Different<Unleased>> {
        self.new_poller(Different { table: self.table.clone(), difference: Unleased })
    }

    /// Returns another poller that serves one link a run and hands further shards over to this queue.
    /// Its passes are further apart than [`World::run`] lasts, so each run has one pass on any machine.
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

    /// Advances time second by second, and runs the poller whenever a watch is due.
    pub async fn run_for(&self, seconds: u64) {
        for _ in 0..seconds {
            self.advance(1);
            let (now, table) = (self.now(), &self.table);
            let is_due = !table.due(now, 1).await.unwrap().is_empty();
            if is_due || !table.kept(now, 1).await.unwrap().is_empty() {
                self.poll().await;
            }
        }
    }

    /// Injects a fault into the simulator.
    pub fn fault(&self, request: FaultRequest) {
        self.simulator.fault(request).unwrap();
    }

    /// Removes all faults from the simulator.
    pub async fn end_faults(&self) {
        let url = format!("{}/_control/faults", self.simulator.url());
        let (status, answer) = self.person("alice").delete(&url).await.unwrap();
        assert!((200..300).contains(&status), "{answer}");
    }

    /// Loses the next webhooks: they are never sent.
    pub fn lose_next(&self, count: u32) {
        self.fault(FaultRequest { lose_next: count, ..FaultRequest::default() });
    }

    /// Sends the next webhooks twice.
    pub fn double_next(&self, count: u32) {
        self.fault(FaultRequest { double_next: count, ..FaultRequest::default() });
    }

    /// Holds webhooks back from now on.
    pub fn hold(&self) {
        self.mailbox.hold();
    }

    /// Stops holding webhooks back, and returns those that were held.
    pub fn stop_holding(&self) -> Vec<Letter> {
        self.mailbox.stop_holding()
    }

    /// Delivers a held webhook, with up to three attempts. True if the function accepted it.
    pub async fn try_deliver(&self, letter: &Letter) -> bool {
        self.mailbox.deliver(letter).await.is_success()
    }

    /// Delivers held webhooks, one after the other.
    pub async fn deliver(&self, letters: &[Letter]) {
        for letter in letters {
            assert!(self.try_deliver(letter).await, "{}", letter.key());
        }
    }

    /// Sends a body that somebody made to a repository's link, without a signature.
    pub async fn forge(&self, repo: Repo, key: &str, body: &Value) {
        let status = self.mailbox.deliver_forged(&repo.link(), key, body.to_string()).await;
        assert!(status.is_success(), "{status} for {key}");
    }

    /// Delivers all held webhooks in order.
    pub async fn release(&self) {
        let letters = self.stop_holding();
        self.deliver(&letters).await;
    }

    /// Delivers all held webhooks in reverse order.
    pub async fn release_reversed(&self) {
        let mut letters = self.stop_holding();
        letters.reverse();
        self.deliver(&letters).await;
    }
}
