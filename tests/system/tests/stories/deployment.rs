//! The three functions on one table, as the template connects them, and all lines of metrics that they write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bus::entry::EntryLimit;
use bus::{Bus, Entry, Results};
use jiff::SignedDuration;
use metrics::Metrics;
use publisher::Publisher;
use publisher::dead_letters::DeadLetters;
use publisher::handler::decode;
use publisher::record::Batch;
use serde_json::{Value, json};
use store::links::CachedLinks;
use system::clock::SimulatedClock;
use system::{Repo, World};
use webhook::event::HttpEvent;
use webhook::{App, refusals, router};

/// A bus that accepts every entry.
#[derive(Debug, Default)]
struct OpenBus(Mutex<Vec<Entry>>);

impl Bus for &OpenBus {
    async fn put_events(&self, entries: &[&Entry]) -> Result<Results, bus::Error> {
        self.0.lock().unwrap().extend(entries.iter().map(|entry| (*entry).clone()));
        Results::new(entries.len(), entries.iter().map(|_| Ok(())).collect())
    }
}

/// A dead-letter queue that no record needs.
#[derive(Debug)]
struct NoDeadLetters;

impl DeadLetters for NoDeadLetters {
    async fn park(&self, message: String) -> Result<(), publisher::Error> {
        panic!("parked: {message}")
    }
}

/// The functions of one stack.
pub(crate) struct Deployment {
    pub(crate) world: World,
    pub(crate) metrics: Metrics,
    lines: Arc<Mutex<Vec<String>>>,
    bus: OpenBus,
    published: usize,
}

impl Deployment {
    /// Starts a stack whose link `gadgets` needs no signatures.
    pub(crate) async fn start() -> Self {
        let world = World::start().await;
        world.set_unsigned(Repo::Gadgets, Repo::Gadgets, json!({ "sweep": ["acme/gadgets"] }));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let metrics = Metrics::new("bitrelay".parse().unwrap(), lines.clone());
        Self { world, metrics, lines, bus: OpenBus::default(), published: 0 }
    }

    /// Sends one request to the webhook function. Returns the status of its answer.
    pub(crate) async fn sends(&self, path: &str, query: &str, headers: Value, body: &Value) -> u16 {
        let event = json!({
            "rawPath": path, "rawQueryString": query, "headers": headers, "body": body.to_string(),
            "requestContext": { "http": { "method": "POST" } },
        });
        let event: HttpEvent = serde_json::from_value(event).unwrap();
        let app = App {
            table: self.world.table.clone(),
            links: CachedLinks::bounded(self.world.links.clone()),
            clock: SimulatedClock(Arc::clone(&self.world.simulator)),
            settings: self.world.setup.settings,
        };
        let (routes, now) = (router(Arc::new(app)), self.world.now());
        refusals::answer(routes, Some(&self.metrics), event, now).await.status()
    }

    /// Invokes the publisher with the new records of the stream. Returns the entries on the bus so far.
    pub(crate) async fn publishes(&mut self) -> Vec<Entry> {
        let now = self.world.now();
        let publisher = Publisher {
            bus: &self.bus,
            dead_letters: NoDeadLetters,
            clock: SimulatedClock(Arc::clone(&self.world.simulator)),
            decode,
            table: "bitrelay".to_owned(),
            entry_limit: EntryLimit::default(),
        };
        let records = self.world.table.stream_records(self.published);
        let events = records.iter().zip(self.published..).filter(|(record, _)| record.is_new_event());
        let batch = Batch { records: events.map(|(record, number)| record.to_lambda(number, now)).collect() };
        self.published += records.len();
        publisher.handle(batch, now + SignedDuration::from_mins(1)).await.measure(&self.metrics, now);
        self.bus.0.lock().unwrap().clone()
    }

    /// Names of the metrics written so far, with the names of their dimensions.
    pub(crate) fn emitted(&self) -> BTreeMap<String, Vec<Vec<String>>> {
        let mut emitted: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
        for line in &*self.lines.lock().unwrap() {
            let line: Value = serde_json::from_str(line).unwrap();
            let directive = &line["_aws"]["CloudWatchMetrics"][0];
            let dimensions: Vec<String> = serde_json::from_value(directive["Dimensions"][0].clone()).unwrap();
            for metric in directive["Metrics"].as_array().unwrap() {
                let sets = emitted.entry(metric["Name"].as_str().unwrap().to_owned()).or_default();
                sets.push(dimensions.clone());
            }
        }
        emitted
    }
}
