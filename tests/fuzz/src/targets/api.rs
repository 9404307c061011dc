//! Answers of Bitbucket's API: client, poller, fold and store, in virtual time.
//!
//! Whatever Bitbucket answers: no panic, no call beyond the budget (G8), the credential goes to the API only, the log
//! has no gap and no double, and everything stored can be read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bitbucket::client::{Api, Sent, Transport, Unreachable};
use jiff::SignedDuration;
use poller::{Poller, PollerSettings};
use relay::observation::RepositoryObservation;
use relay::{Observation, Report, Settings, Subject};
use reqwest::{Request, Response};
use serde_json::{Value, json};
use store::links::CachedLinks;
use store::memory::{MemoryLinks, MemoryTable};
use store::{Clock, Recorder, SubjectLog as _};
use tokio::runtime::Runtime;

use super::support::{PausedClock, TOKEN, body, link, links, list, runtime, text};
use crate::target::Target;
use crate::traits::{Traits, rough};

/// The origin of the API that these targets call.
const BASE: &str = "https://api.bitbucket.org/2.0";

/// Calls an hour. Few, so that they also run out.
const CALLS_PER_HOUR: u32 = 120;

/// The most runs of the poller for one input.
const MOST_RUNS: usize = 6;

/// Longest time between two runs. All runs are within one hour.
const LONGEST_WAIT_SECONDS: u64 = 300;

/// The most events read of one log.
const MOST_EVENTS: usize = 10_000;

/// Returns the client that all targets share: it reads the machine's certificates, which takes long.
pub(super) fn shared_api() -> Api {
    static API: OnceLock<Api> = OnceLock::new();
    API.get_or_init(|| Api::new(BASE).unwrap()).clone()
}

#[derive(Debug)]
struct Answers {
    runtime: Runtime,
}

/// Makes the target. An input has `"deliveries"` (`key` and `body`) that come first, `"runs"` (seconds before each run
/// of the poller), and `"answers"`: a list for each kind of call (`comments`, `tasks`, `statuses`, `commits`,
/// `diffstat`,
/// `pullrequests`, `one`), of which the last repeats. An answer has `status`, `headers` and `body`, or `unreachable`.
pub fn make() -> Box<dyn Target> {
    Box::new(Answers { runtime: runtime() })
}

/// Answers from a script.
#[derive(Debug)]
struct Script {
    answers: Value,
    asked: Mutex<BTreeMap<&'static str, usize>>,
    calls: Mutex<u32>,
}

/// Returns the kind of a call, by the end of its path.
fn kind(path: &str) -> &'static str {
    let kinds = ["comments", "tasks", "statuses", "commits", "diffstat", "pullrequests"];
    kinds.into_iter().find(|kind| path.ends_with(kind)).unwrap_or("one")
}

impl Transport for Script {
    fn send(&self, request: Request) -> Sent<'_> {
        let url = request.url();
        assert!(url.as_str().starts_with("https://api.bitbucket.org/"), "a request left the API: {url}");
        assert_eq!(request.headers()["authorization"], format!("Bearer {TOKEN}"));
        *self.calls.lock().unwrap() += 1;
        let kind = kind(url.path());
        let mut asked = self.asked.lock().unwrap();
        let number = asked.entry(kind).or_default();
        let script = self.answers.get(kind).map(|_| list(&self.answers, kind)).unwrap_or_default();
        let answer = script.get(*number).or(script.last()).cloned();
        *number += 1;
        Box::pin(async move { answer.as_ref().map_or_else(|| Ok(page(&json!({ "values": [] }))), response) })
    }
}

fn page(body: &Value) -> Response {
    Response::from(http::Response::new(body.to_string()))
}

fn response(answer: &Value) -> Result<Response, Unreachable> {
    if answer.get("unreachable").is_some() {
        return Err(Unreachable("the answer broke off"));
    }
    let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let mut response =
        http::Response::builder().status(if (200..600).contains(&status) { status } else { 500 });
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let body = String::from_utf8(body(answer.get("body"))).unwrap_or_default();
    Ok(response.body(body).map_or_else(|_| page(&json!({})), Response::from))
}

impl Target for Answers {
    fn run(&mut self, input: &Value) -> Traits {
        let mut traits = Traits::default();
        self.runtime.block_on(async {
            let (table, clock) = (MemoryTable::default(), PausedClock::start());
            let settings = Settings::default();
            for delivery in list(input, "deliveries") {
                deliver(&Recorder { table: &table, clock: &clock, settings: &settings }, delivery).await;
            }
            let script = Script {
                answers: input["answers"].clone(),
                asked: Mutex::default(),
                calls: Mutex::default(),
            };
            let script = Arc::new(script);
            let poller = poller(&table, clock, &script);
            for wait in list(input, "runs").iter().take(MOST_RUNS) {
                let wait = wait.as_u64().unwrap_or(60).min(LONGEST_WAIT_SECONDS);
                tokio::time::sleep(Duration::from_secs(wait)).await;
                let deadline = clock.now().saturating_add(SignedDuration::from_secs(60)).unwrap();
                let summary = poller.run("one", deadline).await.expect("the table works");
                traits.note(("run", summary.polled.min(3), summary.failed.min(2), summary.refused.min(2)));
            }
            let calls = *script.calls.lock().unwrap();
            assert!(calls <= CALLS_PER_HOUR, "{calls} calls of {CALLS_PER_HOUR}");
            traits.note(("calls", calls.next_power_of_two()));
            check(&table, &mut traits).await;
        });
        traits
    }
}

/// Stores a delivery, and the activity of its repository.
async fn deliver(recorder: &Recorder<'_, MemoryTable, PausedClock>, delivery: &Value) {
    let body = body(delivery.get("body"));
    let key = text(delivery, "key").and_then(|key| bitbucket::EventKey::parse(key).ok());
    let (Some(key), Ok(payload)) = (key, bitbucket::Payload::parse(&body)) else { return };
    let subject = Subject::from_payload(&payload);
    let repository = payload.repository();
    let report =
        Report { key, payload, body, hook: "hook".to_owned(), delivery: "request".to_owned(), signed: true };
    recorder.record(&link(), &subject, &Observation::Delivery(report)).await.expect("it can be stored");
    if let (Some(repository), Some(id)) = (repository, subject.repository()) {
        let subject = Subject::Repository { repository: id.clone() };
        let active = Observation::Repository(RepositoryObservation::Active(repository.raw));
        recorder.record(&link(), &subject, &active).await.expect("it can be stored");
    }
}

fn poller(
    table: &MemoryTable,
    clock: PausedClock,
    script: &Arc<Script>,
) -> Poller<MemoryTable, MemoryLinks, PausedClock> {
    let limits = PollerSettings {
        calls_per_hour: CALLS_PER_HOUR,
        run: SignedDuration::from_secs(10),
        ..PollerSettings::default()
    };
    let api = shared_api().with_transport(Arc::clone(script) as Arc<dyn Transport>);
    Poller::new(table.clone(), CachedLinks::new(links()), api, clock, Settings::default(), limits)
}

/// Reads everything that is stored.
async fn check(table: &MemoryTable, traits: &mut Traits) {
    for item in table.items() {
        let text = |name: &str| match item.get(name) {
            Some(serde_dynamo::AttributeValue::S(text)) => text.as_str(),
            _ => "",
        };
        let (true, Some((_, subject))) = (text("sk") == "state", text("pk").split_once('#')) else {
            continue;
        };
        let subject: Subject = subject.parse().expect("a subject reads back");
        let state = table.read(&link(), &subject).await.expect("a stored state can be read");
        let events =
            table.events(&link(), &subject, 0, MOST_EVENTS).await.expect("a stored event can be read");
        assert_eq!(events.len() as u64, state.sequence, "the log of {subject} has a gap");
        let ids: BTreeSet<_> = events.iter().map(|event| &event.id).collect();
        assert_eq!(ids.len(), events.len(), "an id is there twice");
        for (event, sequence) in events.iter().zip(1..) {
            assert_eq!(event.sequence, sequence, "the log of {subject} has a gap");
            assert!(event.envelope(None).payload.is_some(), "the payload of {} is no JSON", event.key);
            traits.note((event.key.to_string(), event.source.as_str()));
        }
        traits.note((subject.kind(), rough(events.len()), state.refusal.is_some()));
        traits.note((subject.kind(), state.watch.map(|watch| watch.reason.as_str())));
    }
}
