//! Sends webhooks: headers, signature, time-out and resends as Bitbucket's
//! (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>): 10 seconds to answer; up to two more
//! attempts after a 5xx; none after any other answer. That there is no retry after a time-out is inferred.

use crate::deliveries::{Attempt, DeliveryLog, Outcome, bare};
use crate::faults::{Fate, Faults};
use crate::settings::Sending;
use crate::signature::sign;
use crate::world::{Outbox, Webhook};
use axum::http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Attempts for one webhook: "up to two more times".
const MAX_ATTEMPTS: u32 = 3;

/// Webhooks that may wait for one hook.
const MAX_QUEUED: usize = 10_000;

/// Queues the webhooks of each act in the order of the acts, and sends them.
#[derive(Debug)]
pub(crate) struct PostOffice {
    courier: Courier,
    faults: Arc<Mutex<Faults>>,
    in_order: bool,
    /// One queue for each hook; the worker of a queue ends when the sender is dropped.
    queues: Mutex<HashMap<String, mpsc::Sender<Job>>>,
}

#[derive(Debug)]
struct Job {
    record: u64,
    webhook: Webhook,
    /// Sent twice.
    doubled: bool,
}

impl PostOffice {
    pub(crate) fn new(
        sending: Sending,
        log: Arc<DeliveryLog>,
        faults: Arc<Mutex<Faults>>,
    ) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(sending.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("Bitbucket-Webhooks/2.0")
            .no_proxy()
            .build()?;
        let courier = Courier { client, log, sending, faults: faults.clone() };
        Ok(Self { courier, faults, in_order: sending.in_order, queues: Mutex::default() })
    }

    /// Records the silences of an act and sends its webhooks. Does not wait for answers.
    pub(crate) fn post(&self, outbox: Outbox, actor: &str, at: Timestamp) {
        let log = &self.courier.log;
        for silence in &outbox.silences {
            log.silence(silence, at);
        }
        let mut webhooks = outbox.webhooks;
        let reversed =
            webhooks.len() > 1 && self.faults.lock().unwrap_or_else(PoisonError::into_inner).reverses_next();
        if reversed {
            webhooks.reverse();
        }
        for webhook in webhooks {
            let fate = self.faults.lock().unwrap_or_else(PoisonError::into_inner).next_fate(actor);
            if fate == Fate::Lost {
                log.webhook(&webhook, at, Outcome::Lost);
                continue;
            }
            let record = log.webhook(&webhook, at, Outcome::Pending);
            let job = Job { record, webhook, doubled: fate == Fate::Doubled };
            log.begin();
            match fate {
                Fate::Delayed(by) => self.send_apart(job, by),
                _ if self.in_order => self.enqueue(job),
                _ => self.send_apart(job, Duration::ZERO),
            }
        }
    }

    fn send_apart(&self, job: Job, delay: Duration) {
        let courier = self.courier.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            courier.carry(job).await;
        });
    }

    fn enqueue(&self, job: Job) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry(job.webhook.hook_uuid.clone()).or_insert_with(|| {
            let (queue, mut jobs) = mpsc::channel::<Job>(MAX_QUEUED);
            let courier = self.courier.clone();
            tokio::spawn(async move {
                while let Some(job) = jobs.recv().await {
                    courier.carry(job).await;
                }
            });
            queue
        });
        let record = job.record;
        if queue.try_send(job).is_err() {
            tracing::error!(record, "{MAX_QUEUED} webhooks wait already: this one is lost");
            self.courier.log.give_up(record);
            self.courier.log.end();
        }
    }
}

/// Makes the requests.
#[derive(Debug, Clone)]
struct Courier {
    client: reqwest::Client,
    log: Arc<DeliveryLog>,
    sending: Sending,
    faults: Arc<Mutex<Faults>>,
}

impl Courier {
    /// Makes the first attempt. Resends run in a task of their own, so that they delay no other webhook.
    async fn carry(&self, job: Job) {
        let Job { record, webhook, doubled } = job;
        if doubled {
            self.attempt(record, &webhook, 1).await;
        }
        if self.attempt(record, &webhook, 1).await == Outcome::Pending {
            let courier = self.clone();
            tokio::spawn(async move {
                courier.resend(record, webhook).await;
                courier.log.end();
            });
        } else {
            self.log.end();
        }
    }

    async fn resend(&self, record: u64, mut webhook: Webhook) {
        for number in 2..=MAX_ATTEMPTS {
            tokio::time::sleep(self.sending.resend_after).await;
            if self.faults.lock().unwrap_or_else(PoisonError::into_inner).new_request_uuid_each_attempt {
                webhook.request_uuid = another_uuid(&webhook.request_uuid);
            }
            if self.attempt(record, &webhook, number).await != Outcome::Pending {
                return;
            }
        }
    }

    /// One request. `Pending` means that there is to be another.
    async fn attempt(&self, record: u64, webhook: &Webhook, number: u32) -> Outcome {
        let begun = Instant::now();
        let answer = self.request(webhook, number).send().await;
        let (outcome, status, error) = match answer {
            Ok(answer) => {
                let status = answer.status();
                let again = status.is_server_error() && number < MAX_ATTEMPTS;
                let outcome = match () {
                    () if status.is_success() => Outcome::Delivered,
                    () if again => Outcome::Pending,
                    () => Outcome::Failed,
                };
                (outcome, Some(status.as_u16()), None)
            }
            Err(error) if error.is_timeout() => {
                (Outcome::TimedOut, None, Some("no answer in time".to_owned()))
            }
            Err(error) => (Outcome::Unreachable, None, Some(error.without_url().to_string())),
        };
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(event_key = webhook.event_key, number, ?status, error, ?outcome, "webhook");
        let request_uuid = bare(&webhook.request_uuid).to_owned();
        self.log.attempt(record, Attempt { number, request_uuid, status, error, duration_ms }, outcome);
        outcome
    }

    fn request(&self, webhook: &Webhook, number: u32) -> reqwest::RequestBuilder {
        let request = self.client.post(&webhook.url).headers(headers(webhook, number, self.sending));
        request.body(webhook.body.clone())
    }
}

/// The headers of one attempt, the signature included.
pub(crate) fn headers(webhook: &Webhook, number: u32, sending: Sending) -> HeaderMap {
    let shown = |uuid: &str| if sending.braces_in_headers { uuid.to_owned() } else { bare(uuid).to_owned() };
    let signature = webhook.secret.as_ref().map(|secret| sign(secret.expose(), &webhook.body));
    let named = [
        ("content-type", Some("application/json".to_owned())),
        ("x-event-key", Some(webhook.event_key.to_owned())),
        ("x-hook-uuid", Some(shown(&webhook.hook_uuid))),
        ("x-request-uuid", Some(shown(&webhook.request_uuid))),
        ("x-attempt-number", Some(number.to_string())),
        ("x-hub-signature", signature),
    ];
    let named = named.into_iter().filter_map(|(name, value)| Some((name, value?.parse().ok()?)));
    named.map(|(name, value)| (HeaderName::from_static(name), value)).collect()
}

/// Another uuid of the same form: its first digit counts on, so up to sixteen in a row are all different.
fn another_uuid(uuid: &str) -> String {
    let mut counted = false;
    let mut next = |character: char| match character.to_digit(16) {
        Some(digit) if !counted => {
            counted = true;
            char::from_digit((digit + 1) % 16, 16).unwrap_or('0')
        }
        _ => character,
    };
    uuid.chars().map(&mut next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_of_one_webhook_have_different_uuids() {
        for digit in "0123456789abcdef".chars() {
            let first = format!("{{{digit}5c38f21-0000-4000-8000-000000000000}}");
            let second = another_uuid(&first);
            let third = another_uuid(&second);
            assert!(first != second && second != third && third != first, "{first} {second} {third}");
        }
    }
}
