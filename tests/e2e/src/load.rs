//! Deliveries at a fixed rate, whether they are answered or not (an open loop), to the compiled functions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::aws::Aws;
use crate::books::{Books, Request};
use crate::lambda::{Function, Lambda, environment, event};
use crate::pump::Pump;
use crate::signer::sign;
use crate::table::Dynamo;

const SECRET: &str = "a secret for load";
const HOOK: &str = "5eba7a54-0000-4000-8000-00000000f00d";

/// Pull requests besides the hot one, which takes every second delivery.
const OTHERS: usize = 50;

/// Longest time after the last publication until kept deliveries are folded and the books balance.
const PATIENCE: Duration = Duration::from_mins(1);

/// The functions and stand-ins under load.
#[derive(Debug)]
pub struct Stage {
    dynamo: Dynamo,
    aws: Aws,
    lambda: Lambda,
    books: Arc<Mutex<Books>>,
}

/// The answers of one step.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// Deliveries a second.
    pub rate: u32,
    /// Answers by status.
    pub statuses: BTreeMap<u16, usize>,
    /// Time from the planned sending to the answer, sorted.
    pub times: Vec<Duration>,
}

impl Step {
    /// Number of answers with 5xx.
    pub fn failed(&self) -> usize {
        self.statuses.iter().filter(|(status, _)| **status >= 500).map(|(_, count)| count).sum()
    }

    /// Returns the time within which this many percent of the answers came.
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.times.len() * percent).div_ceil(100);
        self.times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl Stage {
    /// Starts the functions, the webhook function with this many processes.
    pub async fn start(processes: usize) -> Self {
        let dynamo = Dynamo::start().await;
        let aws = Aws::start(&dynamo.url()).await;
        let secrets = json!([{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }]);
        let link = json!({ "version": 1, "template": "bitbucket-webhook", "webhook_secrets": secrets });
        aws.put_secret("load/acme", &link);
        let environment = environment(aws.url(), dynamo.url(), "load/", "http://127.0.0.1:9");
        let function = |name, processes, seconds| Function {
            name,
            processes,
            timeout: Duration::from_secs(seconds),
            environment: environment.clone(),
        };
        let functions =
            vec![function("webhook", processes, 9), function("poller", 1, 75), function("publisher", 1, 60)];
        let lambda = Lambda::start(functions).await;
        Self { dynamo, aws, lambda, books: Arc::default() }
    }

    /// Sends deliveries for `seconds`, and awaits their answers.
    pub async fn send(&self, rate: u32, seconds: u32) -> Step {
        let step = Arc::new(Mutex::new(Step { rate, ..Step::default() }));
        let begun = Instant::now();
        let mut sent = JoinSet::new();
        for number in 0..rate * seconds {
            let at = begun + Duration::from_secs(1) * number / rate;
            tokio::time::sleep_until(at).await;
            let (lambda, books, step) = (self.lambda.clone(), Arc::clone(&self.books), Arc::clone(&step));
            sent.spawn(async move {
                let place = {
                    let mut books = books.lock().unwrap();
                    books.sent += 1;
                    books.sent
                };
                let (request, event) = delivery(place);
                let (status, _) = lambda.request(event).await;
                if status < 300 {
                    books.lock().unwrap().acknowledged.insert(request);
                }
                let mut step = step.lock().unwrap();
                *step.statuses.entry(status).or_default() += 1;
                step.times.push(at.elapsed());
            });
        }
        sent.join_all().await;
        let mut step = std::mem::take(&mut *step.lock().unwrap());
        step.times.sort_unstable();
        step
    }

    /// Folds kept deliveries, publishes everything, and returns the books and everything that was written.
    pub async fn close(self) -> (Books, crate::cost::Written) {
        let mut pump = Pump::start(self.dynamo.streams().await).await;
        let mut progress_at = Instant::now();
        let client = self.dynamo.client().await;
        let mut polling = self.poll();
        loop {
            if pump.turn_by(async |event| self.lambda.invoke("publisher", event).await).await > 0 {
                progress_at = Instant::now();
                continue;
            }
            let mut books = self.books.lock().unwrap().clone();
            books.answered = self.lambda.answered();
            books.read(&client).await;
            books.receive(&self.aws.published(), &self.aws.parked());
            if books.audit().missing.is_empty() || progress_at.elapsed() >= PATIENCE {
                self.lambda.stop().await;
                return (books, pump.counted.written);
            }
            if books.waiting > 0 && polling.is_finished() {
                polling = self.poll();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Starts a run of the poller, which folds kept deliveries.
    fn poll(&self) -> JoinHandle<Result<Value, String>> {
        let lambda = self.lambda.clone();
        let minute = json!({ "source": "aws.events", "detail-type": "Scheduled Event" });
        tokio::spawn(async move { lambda.invoke("poller", minute).await })
    }
}

/// Returns a delivery: the creation of a comment, with a payload of the usual size.
fn delivery(number: usize) -> (Request, Value) {
    let pull_request = if number.is_multiple_of(2) { 1 } else { 2 + number / 2 % OTHERS };
    let now = Timestamp::now();
    let body = json!({
        "repository": { "uuid": "{r}", "full_name": "acme/widgets", "workspace": { "slug": "acme" } },
        "actor": { "display_name": "Alice", "type": "user", "uuid": "{a}" },
        "pullrequest": {
            "id": pull_request,
            "title": "A title",
            "state": "OPEN",
            "description": "A line of a description.\n".repeat(100),
            "created_on": "2026-11-24T10:00:00+00:00",
            "updated_on": now,
        },
        "comment": {
            "id": number,
            "content": { "raw": format!("Comment {number}") },
            "created_on": now,
            "updated_on": now,
        },
    });
    let body = body.to_string().into_bytes();
    let request = format!("00000000-0000-4000-8000-{number:012}");
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("x-event-key", "pullrequest:comment_created".to_owned()),
        ("x-hook-uuid", HOOK.to_owned()),
        ("x-request-uuid", request.clone()),
        ("x-attempt-number", "1".to_owned()),
        ("x-hub-signature", sign(SECRET, &body)),
    ];
    let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
    let event = event("POST", "/webhook/acme", "", &HeaderMap::from_iter(headers), &body);
    (Request { hook: HOOK.to_owned(), request }, event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentile_is_the_nearest_rank() {
        let step = Step { times: (1..=200).map(Duration::from_millis).collect(), ..Step::default() };
        let found = [0, 50, 95, 99, 100].map(|percent| step.percentile(percent).as_millis());
        assert_eq!(found, [1, 100, 190, 198, 200]);
        assert_eq!(Step::default().percentile(99), Duration::ZERO);
    }

    #[test]
    fn only_statuses_from_500_up_have_failed() {
        let statuses = [(200, 5), (202, 4), (401, 3), (500, 2), (503, 1)].into();
        assert_eq!(Step { statuses, ..Step::default() }.failed(), 3);
    }
}
