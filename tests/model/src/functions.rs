//! One invocation of a function as it is deployed, over gated calls.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use poller::{Poller, PollerSettings, Summary};
use publisher::handler::decode;
use publisher::record::Batch;
use publisher::{Outcome, Publisher};
use relay::{LinkId, Settings};
use serde_json::Value;
use store::Table;
use store::links::CachedLinks;
use store::memory::{MemoryLinks, MemoryTable, StreamRecord};
use tower::ServiceExt as _;
use webhook::{App, router};

use crate::bitbucket::{Bitbucket, SECRET};
use crate::gate::Gate;
use crate::outside::{GatedApi, GatedBus, GatedLinks, Subscriber};
use crate::table::{GatedTable, TableBug};

/// A clock that stands still until somebody sets it. Clones are the same clock.
#[derive(Debug, Clone)]
pub(crate) struct SetClock(Arc<Mutex<Timestamp>>);

impl SetClock {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    pub(crate) fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl store::Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The parts of a deployment that never change.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) bitbucket: Arc<Bitbucket>,
    pub(crate) link: LinkId,
    pub(crate) links: MemoryLinks,
    pub(crate) settings: Settings,
    pub(crate) limits: PollerSettings,
    /// True if everybody gets every lease.
    pub(crate) gives_every_lease: bool,
}

impl Deployment {
    /// A deployment with one link, for this Bitbucket.
    pub(crate) fn new(bitbucket: Bitbucket, settings: Settings, limits: PollerSettings) -> Self {
        let (link, links) = ("acme".parse().unwrap(), MemoryLinks::default());
        let document = serde_json::json!({
            "version": 1,
            "template": "bitbucket-access-token",
            "webhook_secrets": [{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }],
            "credential": { "type": "bearer", "token": "bot-access-token" },
        });
        links.set(&link, document.to_string());
        Self { bitbucket: Arc::new(bitbucket), link, links, settings, limits, gives_every_lease: false }
    }
}

/// The reason of an invocation.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    /// Bitbucket sends a webhook.
    Deliver {
        /// The number of the webhook.
        webhook: usize,
        /// The number of the attempt, from 1.
        attempt: u32,
        /// A request id of its own, if not the webhook's.
        request: Option<&'static str>,
    },
    /// The rule of the minute fires.
    Poll {
        /// The name under which the run takes leases.
        holder: String,
    },
    /// The stream hands records over.
    Publish(Records),
}

/// Records of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    /// Their numbers in the stream.
    pub(crate) numbers: Vec<usize>,
    pub(crate) records: Arc<Vec<Value>>,
}

impl Records {
    pub(crate) fn new(records: &[(usize, StreamRecord)], now: Timestamp) -> Self {
        Self {
            numbers: records.iter().map(|(number, _)| *number).collect(),
            records: Arc::new(
                records.iter().map(|(number, record)| record.to_lambda(*number, now)).collect(),
            ),
        }
    }

    /// The number at which the stream goes on: the first failed record, or the one after the last
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).
    pub(crate) fn goes_on_at(&self, outcomes: &[Outcome]) -> usize {
        let failed = outcomes.iter().position(|outcome| *outcome == Outcome::Failed);
        failed.map_or_else(|| self.numbers.last().map_or(0, |last| last + 1), |place| self.numbers[place])
    }
}

/// The end of an invocation.
#[derive(Debug, Clone)]
pub(crate) enum Ended {
    /// The webhook function answered.
    Answered(StatusCode),
    /// The poller's run ended.
    Polled(Result<Summary, store::Error>),
    /// The publisher answered: the outcome of each record.
    Published(Vec<Outcome>),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "{}", status.as_u16()),
            Self::Polled(Ok(summary)) => {
                write!(f, "{} polled, {} failed, {} folded", summary.polled, summary.failed, summary.folded)
            }
            Self::Polled(Err(error)) => write!(f, "an error: {error}"),
            Self::Published(outcomes) => {
                let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
                let (published, parked) = (count(Outcome::Published), count(Outcome::Parked));
                write!(f, "{published} published, {parked} parked, {} failed", count(Outcome::Failed))
            }
        }
    }
}

/// Everything that one invocation reaches.
#[derive(Debug, Clone)]
pub(crate) struct Reach<T> {
    pub(crate) table: T,
    pub(crate) subscriber: Subscriber,
    pub(crate) clock: SetClock,
    /// The number of acts in Bitbucket so far.
    pub(crate) acts: usize,
    pub(crate) gate: Gate,
    pub(crate) bug: Option<TableBug>,
}

impl<T: Table + Clone + 'static> Reach<T> {
    fn table(&self, deployment: &Deployment) -> GatedTable<T> {
        GatedTable {
            table: self.table.clone(),
            gate: self.gate.clone(),
            gives_every_lease: deployment.gives_every_lease,
            budgets: matches!(self.gate, Gate::Stepped(_)).then(MemoryTable::default),
            bug: self.bug,
        }
    }

    fn links(&self, deployment: &Deployment) -> GatedLinks {
        GatedLinks { links: deployment.links.clone(), gate: self.gate.clone() }
    }

    fn deadline(&self, lasts: SignedDuration) -> Timestamp {
        store::Clock::now(&self.clock).saturating_add(lasts).unwrap()
    }

    /// Runs one invocation, in a fresh instance of the function.
    pub(crate) async fn invoke(self, deployment: &Deployment, input: &Input) -> Ended {
        match input {
            Input::Deliver { webhook, attempt, request } => {
                self.deliver(deployment, *webhook, *attempt, *request).await
            }
            Input::Poll { holder } => self.poll(deployment, holder).await,
            Input::Publish(records) => self.publish(&records.records).await,
        }
    }

    async fn deliver(self, on: &Deployment, webhook: usize, attempt: u32, id: Option<&'static str>) -> Ended {
        let app = App {
            table: self.table(on),
            links: CachedLinks::bounded(self.links(on)),
            clock: self.clock.clone(),
            settings: on.settings,
        };
        let mut request = on.bitbucket.delivery(&on.bitbucket.webhooks[webhook], attempt);
        if let Some(id) = id {
            request.headers_mut().insert("x-request-uuid", id.parse().unwrap());
        }
        let answered: Result<_, Infallible> = router(Arc::new(app)).oneshot(request).await;
        match answered {
            Ok(answer) => Ended::Answered(answer.status()),
        }
    }

    /// One run of the poller. It ends after its first pass: each further pass is another run.
    async fn poll(self, on: &Deployment, holder: &str) -> Ended {
        let transport =
            GatedApi { bitbucket: Arc::clone(&on.bitbucket), acts: self.acts, gate: self.gate.clone() };
        let poller = Poller::new(
            self.table(on),
            CachedLinks::new(self.links(on)),
            on.bitbucket.api.with_transport(Arc::new(transport)),
            self.clock.clone(),
            on.settings,
            on.limits,
        );
        Ended::Polled(poller.run(holder, self.deadline(SignedDuration::from_millis(1))).await)
    }

    async fn publish(self, records: &[Value]) -> Ended {
        let bus = GatedBus { subscriber: self.subscriber.clone(), gate: self.gate.clone() };
        let publisher = Publisher {
            bus: bus.clone(),
            dead_letters: bus,
            clock: self.clock.clone(),
            decode,
            table: "bitrelay".to_owned(),
            entry_limit: bus::entry::EntryLimit::default(),
        };
        let outcomes = publisher
            .handle(Batch { records: records.to_vec() }, self.deadline(SignedDuration::from_secs(30)))
            .await;
        Ended::Published(outcomes.records.into_iter().map(|(_, outcome)| outcome).collect())
    }
}
