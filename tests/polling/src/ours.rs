//! Bitrelay on a workload: the deployed webhook function and poller with their default settings, the simulated
//! Bitbucket, and a table in memory. A run of the poller begins every virtual minute.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use bitbucket::client::Api;
use jiff::SignedDuration;
use poller::{Poller, PollerSettings, Summary};
use relay::{Event, LinkId, Settings, Subject};
use serde_json::{Value, json};
use simulator::Simulator;
use store::SubjectLog;
use store::links::CachedLinks;
use store::memory::{MemoryLinks, MemoryTable};
use system::clock::SimulatedClock;
use system::mailbox::{Letter, Mailbox};
use tokio::task::JoinHandle;
use webhook::{App, router};

use crate::changes::{Fact, Report};
use crate::outcome::Outcome;
use crate::people::People;
use crate::stage;
use crate::time::{TICK, VirtualTime};
use crate::workload::{Arrival, Item, Second, Workload};

const SECRET: &str = "a secret of this benchmark";

/// Events that the hook subscribes to: those about comments, and those about the pull request itself.
const HOOK_EVENTS: [&str; 8] = [
    "pullrequest:created",
    "pullrequest:updated",
    "pullrequest:push",
    "pullrequest:comment_created",
    "pullrequest:comment_updated",
    "pullrequest:comment_deleted",
    "pullrequest:comment_resolved",
    "pullrequest:comment_reopened",
];

/// The function's timeout in seconds, as in the template. The poller itself ends a run some seconds earlier.
const FUNCTION_SECONDS: i64 = 60;

/// Upper bound for the events of one pull request.
const MAX_EVENTS: usize = 100_000;

type BenchPoller = Poller<MemoryTable, MemoryLinks, SimulatedClock>;

#[derive(Debug)]
struct Run<'w> {
    workload: &'w Workload,
    simulator: Arc<Simulator>,
    table: MemoryTable,
    poller: Arc<BenchPoller>,
    mailbox: Arc<Mailbox>,
    people: People,
    link: LinkId,
    /// Webhooks on their way, by the time of their arrival.
    in_transit: BTreeMap<Second, Vec<Letter>>,
}

/// Runs bitrelay on a workload.
///
/// # Errors
///
/// If the simulator does not start, or refuses a request, or a run of the poller fails.
pub fn run(workload: &Workload) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    runtime.block_on(async {
        let time = VirtualTime::take();
        Run::begin(workload).await?.complete(&time).await
    })
}

impl<'w> Run<'w> {
    /// Opens the pull requests first and registers the hook afterwards, so that bitrelay gets no webhook about them.
    async fn begin(workload: &'w Workload) -> anyhow::Result<Self> {
        let simulator = Arc::new(Simulator::start(stage::settings(workload)).await?);
        let people = People::arrive(&simulator, workload).await?;
        let (table, links) = (MemoryTable::default(), MemoryLinks::default());
        let link: LinkId = "acme".parse()?;
        let document = json!({
            "version": 1,
            "template": "bitbucket-access-token",
            "webhook_secrets": [{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }],
            "credential": { "type": "bearer", "token": format!("{}-access-token", stage::BOT) },
        });
        links.set(&link, document.to_string());
        let clock = || SimulatedClock(Arc::clone(&simulator));
        let app = App {
            table: table.clone(),
            links: CachedLinks::new(links.clone()),
            clock: clock(),
            settings: Settings::default(),
        };
        let (mailbox, url) = Mailbox::open(router(Arc::new(app))).await;
        people.hook(&format!("{url}/webhook/{link}"), &HOOK_EVENTS, SECRET).await?;
        people.open_one_each(workload).await?;
        let limits =
            PollerSettings { calls_per_hour: workload.calls.of_bitrelay(), ..PollerSettings::default() };
        let api = Api::new(&format!("{}/2.0", simulator.url()))?;
        let links = CachedLinks::new(links.clone());
        let poller = Poller::new(table.clone(), links, api, clock(), Settings::default(), limits);
        let poller = Arc::new(poller);
        Ok(Self { workload, simulator, table, poller, mailbox, people, link, in_transit: BTreeMap::new() })
    }

    async fn complete(mut self, time: &VirtualTime) -> anyhow::Result<Outcome> {
        let (workload, ticks_a_second) = (self.workload, u32::try_from(1_000 / TICK.as_millis())?);
        let mut acts = workload.acts.iter().peekable();
        let mut running: Vec<JoinHandle<Result<Summary, store::Error>>> = Vec::new();
        for since_start in 0..=stage::WARM_UP + workload.seconds {
            let second = since_start.checked_sub(stage::WARM_UP);
            while let Some(act) = acts.next_if(|act| Some(act.at) <= second) {
                self.mailbox.hold();
                self.people.act(act).await?;
                let letters = self.mailbox.stop_holding();
                self.send(act.at, act.webhook, letters);
            }
            self.deliver(second).await?;
            if since_start.is_multiple_of(60) {
                running.push(self.invoke(since_start));
            }
            for _ in 0..ticks_a_second {
                time.tick(&self.simulator, !running.is_empty()).await;
            }
            for run in running.extract_if(.., |run| run.is_finished()) {
                run.await?.context("a run of the poller failed")?;
            }
        }
        for run in running {
            run.abort();
        }
        self.outcome().await
    }

    fn send(&mut self, now: Second, arrival: Arrival, letters: Vec<Letter>) {
        match arrival {
            Arrival::Lost => {}
            Arrival::OnTime => self.in_transit.entry(now).or_default().extend(letters),
            Arrival::Late(seconds) => self.in_transit.entry(now + seconds).or_default().extend(letters),
            Arrival::Twice => {
                let twice = letters.iter().chain(&letters).cloned();
                self.in_transit.entry(now).or_default().extend(twice);
            }
        }
    }

    async fn deliver(&mut self, now: Option<Second>) -> anyhow::Result<()> {
        for letter in now.and_then(|now| self.in_transit.remove(&now)).unwrap_or_default() {
            let status = self.mailbox.deliver(&letter).await;
            ensure!(status.is_success(), "the webhook function answered {status} to {}", letter.key());
        }
        Ok(())
    }

    /// Starts a run of the poller, as the scheduled rule does.
    fn invoke(&self, second: Second) -> JoinHandle<Result<Summary, store::Error>> {
        let poller = Arc::clone(&self.poller);
        let now = self.simulator.clock().now();
        let deadline = now.saturating_add(SignedDuration::from_secs(FUNCTION_SECONDS)).unwrap_or(now);
        tokio::spawn(async move { poller.run(&format!("run-{second}"), deadline).await })
    }

    async fn outcome(self) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome { written: self.table.written(), ..Outcome::default() };
        let calls = self.simulator.calls();
        for call in calls.iter().filter(|call| call.user == stage::BOT && call.at >= stage::start()) {
            let at = call.at.duration_since(stage::start()).as_secs();
            outcome.calls.push(Second::try_from(at)?);
            outcome.refused += usize::from(call.status == 429);
        }
        let items: BTreeMap<u64, Item> = self.people.ids().collect();
        for (repository, number) in self.people.pull_requests() {
            let subject: Subject =
                format!("pullrequest/{}/{number}", repository.trim_matches(['{', '}'])).parse()?;
            for event in self.table.events(&self.link, &subject, 0, MAX_EVENTS).await? {
                outcome.reports.extend(reports(&event, &items)?);
            }
        }
        Ok(outcome)
    }
}

/// Lists the facts that an event reports about a comment or task of the workload.
fn reports(event: &Event, items: &BTreeMap<u64, Item>) -> anyhow::Result<Vec<Report>> {
    let payload: Value = serde_json::from_slice(&event.payload)?;
    let Some(subject) = ["comment", "task"].into_iter().find_map(|name| payload.get(name)) else {
        return Ok(Vec::new());
    };
    let item = subject.get("id").and_then(Value::as_u64).and_then(|id| items.get(&id));
    let item = *item
        .with_context(|| format!("{} names a comment or task that the workload did not create", event.key))?;
    let text = || subject.pointer("/content/raw").and_then(Value::as_str).unwrap_or_default().to_owned();
    let facts = match event.key.as_str().rsplit_once('_').map(|(_, change)| change) {
        Some("created") => vec![Fact::Created, Fact::Text(text())],
        Some("updated") => vec![Fact::Text(text())],
        Some("resolved") => vec![Fact::Resolved],
        Some("reopened") => vec![Fact::Reopened],
        Some("deleted") => vec![Fact::Deleted],
        _ => Vec::new(),
    };
    let at = event.observed_at.duration_since(stage::start()).as_secs_f64();
    Ok(facts.into_iter().map(|fact| Report { item, fact, at }).collect())
}
