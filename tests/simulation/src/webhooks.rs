//! Webhooks on their way, and the webhook function that takes them.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::StatusCode;
use serde_json::Value;
use simulator::world::Webhook;
use store::links::CachedLinks;
use tower::ServiceExt as _;
use webhook::{App, router};

use crate::instance::Instance;
use crate::ledger::VersionId;
use crate::stage::Stage;
use crate::table::FaultyTable;
use crate::time::Second;

/// The latest arrival after the act, in seconds.
pub(crate) const LATEST: Second = 1_200;

/// Attempts that Bitbucket makes
/// (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>).
const ATTEMPTS: u32 = 3;

/// The longest wait before Bitbucket's next attempt, in seconds. Its spacing is not documented.
const LONGEST_RESEND: u64 = 60;

/// The longest that Bitbucket waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// About the number of I/O calls of one delivery.
const IO_CALLS: u64 = 4;

/// The event key of a build that starts.
const BUILD_STARTED: &str = "repo:commit_status_created";

/// The care for a webhook that is answered 5xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// It is sent until it arrives.
    UntilItArrives,
    /// It is sent three times.
    AsBitbucket,
    /// It is sent three times with many others. Unless something else fails, one of these arrives.
    InABurst,
}

/// Outcome of one attempt.
enum Attempt {
    Acknowledged,
    /// The function crashed, or answered 5xx: Bitbucket sends again.
    Failed,
    /// No answer in time: Bitbucket does not send again.
    TimedOut,
}

impl Stage {
    /// Sends the webhooks of one act, in any order. Each may get lost, come late or come twice.
    pub(crate) fn send_all(self: &Rc<Self>, mut webhooks: Vec<Webhook>, version: Option<VersionId>) {
        let care = if self.is_calm.get() { Care::UntilItArrives } else { Care::AsBitbucket };
        if webhooks.len() > 1 && self.dice.percent(50) {
            webhooks.reverse();
        }
        for webhook in webhooks {
            let delays = self.draw_delays(&webhook);
            self.story(|| {
                format!("  {} {} arrives after {delays:?}", webhook.event_key, webhook.request_uuid)
            });
            for delay in delays {
                let (stage, webhook) = (Rc::clone(self), webhook.clone());
                tokio::task::spawn_local(async move {
                    tokio::time::sleep(Duration::from_secs(delay)).await;
                    stage.deliver(&webhook, version, care).await;
                });
            }
        }
    }

    /// Sends the webhooks of one moment, which all arrive at once.
    pub(crate) fn send_at_once(self: &Rc<Self>, webhooks: Vec<(Webhook, Option<VersionId>)>) {
        for (webhook, version) in webhooks {
            let stage = Rc::clone(self);
            tokio::task::spawn_local(async move { stage.deliver(&webhook, version, Care::InABurst).await });
        }
    }

    /// The seconds after which a webhook arrives, once for each time.
    fn draw_delays(&self, webhook: &Webhook) -> Vec<u64> {
        let late = 1 + self.dice.below(LATEST.unsigned_abs());
        if self.second_hook.as_ref() == Some(&webhook.hook_uuid) {
            return match self.dice.below(10) {
                0 | 1 => Vec::new(),
                2 | 3 => vec![late],
                _ => vec![0],
            };
        }
        if self.is_calm.get() {
            return vec![0];
        }
        match self.dice.below(20) {
            0..=3 if self.plan.may_lose(webhook.event_key) => Vec::new(),
            0..=6 => vec![late],
            7 => vec![0, late],
            8 => vec![0, 0],
            _ => vec![0],
        }
    }

    /// Delivers a webhook as Bitbucket does, with up to three attempts. One that must not get lost is sent until it
    /// arrives.
    async fn deliver(self: &Rc<Self>, webhook: &Webhook, version: Option<VersionId>, care: Care) {
        let mut requests = BTreeSet::new();
        loop {
            for number in 1..=ATTEMPTS {
                requests.insert(webhook.request_uuid.trim_matches(['{', '}']).to_owned());
                match self.attempt(webhook, number).await {
                    Attempt::Acknowledged => return self.acknowledged(webhook, requests, version),
                    Attempt::Failed => {}
                    Attempt::TimedOut => break,
                }
                tokio::time::sleep(Duration::from_secs(self.dice.below(LONGEST_RESEND))).await;
            }
            if care == Care::InABurst && self.plan.works() {
                self.broke(|| format!("G2: {} of a burst was refused three times", webhook.event_key));
            }
            if care != Care::UntilItArrives && self.plan.may_lose(webhook.event_key) {
                return self.story(|| format!("  {} is lost", webhook.event_key));
            }
        }
    }

    fn acknowledged(&self, webhook: &Webhook, requests: BTreeSet<String>, version: Option<VersionId>) {
        self.story(|| format!("  {} is acknowledged", webhook.event_key));
        if let Some(version) = version {
            self.ledger().reported(version, self.now());
        }
        if webhook.event_key == BUILD_STARTED {
            let body: Value = serde_json::from_slice(&webhook.body).unwrap_or_default();
            let text =
                |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            self.ledger().build_started(text("/commit_status/key"), text("/commit_status/commit/hash"));
        }
        self.acknowledged.borrow_mut().push(requests);
    }

    async fn attempt(self: &Rc<Self>, webhook: &Webhook, number: u32) -> Attempt {
        let Ok(request) = self.bitbucket.delivery(webhook, number) else { return Attempt::Failed };
        let instance = Instance::new(Arc::clone(&self.faults));
        let function = self.webhook_function(&instance);
        let answered = instance.invoke(IO_CALLS, function.oneshot(request));
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Some(Ok(answer))) if answer.status().is_success() => Attempt::Acknowledged,
            Ok(Some(Ok(answer))) if answer.status() < StatusCode::INTERNAL_SERVER_ERROR => {
                self.broke(|| format!("a genuine {} was answered {}", webhook.event_key, answer.status()));
                Attempt::TimedOut
            }
            Ok(_) => Attempt::Failed,
            Err(_) => Attempt::TimedOut,
        }
    }

    /// The function as it is deployed, over this history's table.
    fn webhook_function(&self, instance: &Instance) -> Router {
        router(Arc::new(App {
            table: FaultyTable {
                table: self.table.clone(),
                committed: Arc::clone(&self.committed),
                instance: instance.clone(),
                gives_every_lease: false,
            },
            links: CachedLinks::bounded(self.links.clone()),
            clock: self.clock(self.plan.webhook_skew),
            settings: self.plan.settings,
        }))
    }
}
