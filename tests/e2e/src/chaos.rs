//! Everything at once: people work in a simulated Bitbucket, while functions are killed, the table and the bus stop,
//! and Bitbucket's API fails. Afterwards the auditor compares the books.

mod people;
mod start;
mod trouble;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use simulation::dice::Dice;
use simulator::deliveries::{DeliveryRecord, Outcome};
use simulator::{Person, Simulator};
use tokio::time::Instant;

use crate::aws::Aws;
use crate::books::{Books, Request};
use crate::lambda::Lambda;
use crate::pump::Pump;
use crate::table::Dynamo;

pub use trouble::Troubles;

/// Time between two invocations of the poller.
const POLLER_EVERY: Duration = Duration::from_secs(20);

/// Time between two looks at the simulator's list of deliveries, which is short.
const LIST_EVERY: Duration = Duration::from_secs(5);

/// Shortest and longest time after the troubles until the books balance. In the shortest, the last windows end, the
/// leases of killed runs expire, and a whole run polls.
const CALM: Duration = Duration::from_mins(1);
const PATIENCE: Duration = Duration::from_mins(3);

/// Time between the updates of two functions.
const UPDATE_EVERY: Duration = Duration::from_secs(10);

/// The end of a run.
#[derive(Debug)]
pub struct Ended {
    /// The books.
    pub books: Books,
    /// The troubles that were made.
    pub troubles: Troubles,
    /// Acts of people.
    pub acts: usize,
    /// Calls of Bitbucket's API that failed.
    pub failed_calls: usize,
    /// Events that polls found.
    pub found: usize,
}

/// The parts of one run.
#[derive(Debug)]
pub(crate) struct Stage {
    dynamo: tokio::sync::Mutex<Dynamo>,
    aws: Aws,
    lambda: Lambda,
    simulator: Simulator,
    dice: Dice,
    /// Deliveries of the simulator, by their numbers.
    deliveries: Mutex<BTreeMap<u64, DeliveryRecord>>,
}

/// Runs for this long, and until the books balance after it. If `from` is a folder with the functions of an earlier
/// version, these run first, and are replaced one by one in the middle.
pub async fn run(seed: u64, length: Duration, from: Option<PathBuf>) -> Ended {
    let (stage, day) = start::start(Dice::new(seed), from.clone()).await;
    let end = Instant::now() + length;
    let background = [
        tokio::spawn(pump(Arc::clone(&stage))),
        tokio::spawn(poll(Arc::clone(&stage))),
        tokio::spawn(list(Arc::clone(&stage))),
    ];
    let middle = from.map(|_| Instant::now() + length / 2);
    let (acts, troubles, ()) =
        tokio::join!(people::work(&stage, end), trouble::make(&stage, end), update(&stage, middle));
    day.end();
    let books = balance(&stage).await;
    background.iter().for_each(tokio::task::JoinHandle::abort);
    stage.lambda.stop().await;
    let found = stage.aws.published().iter().filter(|event| event["source"] == "poll").count();
    Ended { books, troubles, acts, failed_calls: day.failed(), found }
}

/// Replaces the functions one after another, like CloudFormation: for some seconds two versions share the table. The
/// template lets the publisher come first, because it only reads.
async fn update(stage: &Stage, at: Option<Instant>) {
    let Some(at) = at else { return };
    tokio::time::sleep_until(at).await;
    let writers = if stage.dice.percent(50) { ["webhook", "poller"] } else { ["poller", "webhook"] };
    for function in ["publisher"].into_iter().chain(writers) {
        stage.lambda.update(function).await;
        tokio::time::sleep(UPDATE_EVERY).await;
    }
}

impl Stage {
    /// A person at the simulator itself: the proxy fails calls of the poller only.
    pub(crate) fn person(&self, name: &str) -> Person {
        let users = &self.simulator.settings().users;
        let user = users.iter().find(|user| user.name == name).unwrap();
        Person::new(&format!("http://{}", self.simulator.address()), "acme/widgets", user).unwrap()
    }
}

/// Publishes without end. A batch whose publisher is killed comes again, like with Lambda.
async fn pump(stage: Arc<Stage>) {
    let streams = stage.dynamo.lock().await.streams().await;
    let mut pump = Pump::start(streams).await;
    loop {
        if pump.turn_by(async |event| stage.lambda.invoke("publisher", event).await).await == 0 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Invokes the poller without end, whether an earlier run has ended or not.
async fn poll(stage: Arc<Stage>) {
    loop {
        let (stage, minute) =
            (Arc::clone(&stage), json!({ "source": "aws.events", "detail-type": "Scheduled Event" }));
        tokio::spawn(async move { stage.lambda.invoke("poller", minute).await });
        tokio::time::sleep(POLLER_EVERY).await;
    }
}

/// Keeps the simulator's list of deliveries: it forgets the oldest.
async fn list(stage: Arc<Stage>) {
    loop {
        stage.list();
        tokio::time::sleep(LIST_EVERY).await;
    }
}

impl Stage {
    fn list(&self) {
        let listed = self.simulator.deliveries().into_iter().map(|delivery| (delivery.id, delivery));
        self.deliveries.lock().unwrap().extend(listed);
    }

    /// Returns the books as they are now.
    async fn books(&self) -> Books {
        self.list();
        let mut books = Books { answered: self.lambda.answered(), ..Books::default() };
        for delivery in self.deliveries.lock().unwrap().values() {
            let Some(hook) = delivery.hook_uuid.clone().filter(|_| delivery.outcome != Outcome::Silent)
            else {
                continue;
            };
            books.sent += 1;
            let answered =
                delivery.attempts.iter().filter(|attempt| attempt.status.is_some_and(|status| status < 300));
            let requests = answered.map(|attempt| attempt.request_uuid.clone());
            books.acknowledged.extend(requests.map(|request| Request { hook: hook.clone(), request }));
        }
        let client = self.dynamo.lock().await.client().await;
        books.read(&client).await;
        books.receive(&self.aws.published(), &self.aws.parked());
        books
    }
}

/// Waits until the last edits could be polled and the books balance, for a limited time.
async fn balance(stage: &Stage) -> Books {
    let begun = Instant::now();
    let _ = stage.simulator.settle(Duration::from_secs(30)).await;
    tokio::time::sleep_until(begun + CALM).await;
    loop {
        let books = stage.books().await;
        if books.audit().missing.is_empty() || begun.elapsed() > PATIENCE {
            return books;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The id of something that a person made.
pub(crate) fn id_of(answer: &Value) -> Option<u64> {
    answer["id"].as_u64()
}
