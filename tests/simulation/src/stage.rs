//! Everything of one history: Bitbucket, the table, the instances of the functions, and the record of what happened.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use bitbucket::client::Api;
use relay::LinkId;
use simulator::world::{HookInput, Refusal, SecretInput, pull_request_events};
use simulator::{ClockStart, InProcess};
use store::memory::{MemoryLinks, MemoryTable};
use tokio::sync::Notify;

use crate::dice::Dice;
use crate::instance::Faults;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::publishing::Subscriber;
use crate::time::{Second, SkewedClock, second, time};
use crate::wrong_answers::WrongAnswers;

/// The one repository, by its slug.
pub(crate) const REPOSITORY: &str = "widgets";

/// The second in which a history begins: before second 0, two pull requests are opened.
pub(crate) const BEGIN: Second = -600;

const SECRET: &str = "a secret of the simulation";

/// Everything of one history.
#[derive(Debug)]
pub struct Stage {
    pub(crate) plan: Plan,
    pub(crate) dice: Dice,
    pub(crate) faults: Arc<Faults>,
    pub(crate) wrong_answers: Arc<WrongAnswers>,
    pub(crate) bitbucket: Arc<InProcess>,
    pub(crate) api: Api,
    pub(crate) table: MemoryTable,
    pub(crate) committed: Arc<Notify>,
    /// Records of the table's stream that are published or parked.
    pub(crate) published: Cell<usize>,
    pub(crate) links: MemoryLinks,
    pub(crate) link: LinkId,
    pub(crate) subscriber: Subscriber,
    /// The second hook, if there is one.
    pub(crate) second_hook: Option<String>,
    /// The requests, in any attempt, of each acknowledged delivery.
    pub(crate) acknowledged: RefCell<Vec<BTreeSet<String>>>,
    /// True while webhooks surely arrive: a history begins with two pull requests that bitrelay knows.
    pub(crate) is_calm: Cell<bool>,
    /// The first thing that must never happen, if it happened.
    broken: RefCell<Option<String>>,
    ledger: RefCell<Ledger>,
    story: Option<RefCell<Vec<String>>>,
    invocations: Cell<u64>,
}

impl Stage {
    /// The stage of a seed. `api` is shared by all histories, because an HTTP client is slow to make.
    ///
    /// # Errors
    ///
    /// A simulated Bitbucket that cannot be made.
    pub fn new(seed: u64, api: Api, keeps_story: bool) -> anyhow::Result<Rc<Self>> {
        // Neighbouring seeds have nothing in common.
        let dice = Dice::new(seed.wrapping_mul(0xD134_2543_DE82_EF95));
        let plan = Plan::draw(&dice);
        let settings = simulator::Settings {
            seed: Some(seed),
            clock: ClockStart::Tokio(time(BEGIN)),
            window_seconds: plan.settings.window_seconds.into(),
            rules: plan.rules,
            ..simulator::Settings::default()
        };
        let bitbucket = Arc::new(InProcess::new(&settings)?);
        if plan.lag_seconds > 0 {
            bitbucket.keep_past();
        }
        let link: LinkId = "acme".parse()?;
        let of_repository = ["repo:push", "repo:commit_status_created"];
        let events: Vec<_> = pull_request_events().chain(of_repository).collect();
        let hook = || HookInput {
            secret: SecretInput::Set(SECRET.to_owned()),
            ..HookInput::to("http://localhost/webhook/acme", &events)
        };
        bitbucket.create_hook(REPOSITORY, &hook())?;
        let second_hook =
            if plan.two_hooks { Some(bitbucket.create_hook(REPOSITORY, &hook())?) } else { None };
        let links = MemoryLinks::default();
        let document = serde_json::json!({
            "version": 1,
            "template": "bitbucket-access-token",
            "webhook_secrets": [{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }],
            "credential": { "type": "bearer", "token": "bot-access-token" },
        });
        links.set(&link, document.to_string());
        Ok(Rc::new(Self {
            faults: Arc::new(Faults::new(dice.clone(), plan.failing_calls, plan.crashes)),
            wrong_answers: Arc::new(WrongAnswers::new(plan.refusals.clone())),
            plan,
            dice,
            bitbucket,
            api,
            table: MemoryTable::with_stream(),
            committed: Arc::default(),
            published: Cell::default(),
            links,
            link,
            subscriber: Subscriber::default(),
            second_hook,
            acknowledged: RefCell::default(),
            is_calm: Cell::new(true),
            broken: RefCell::default(),
            ledger: RefCell::default(),
            story: keeps_story.then(RefCell::default),
            invocations: Cell::default(),
        }))
    }

    /// The present second, by Bitbucket's clock.
    pub(crate) fn now(&self) -> Second {
        second(self.bitbucket.clock().now())
    }

    /// Waits until a second, by Bitbucket's clock.
    pub(crate) async fn wait_until(&self, at: Second) {
        let wait = time(at).duration_since(self.bitbucket.clock().now());
        tokio::time::sleep(wait.try_into().unwrap_or_default()).await;
    }

    /// A clock that is `skew` seconds ahead of Bitbucket's.
    pub(crate) fn clock(&self, skew: Second) -> SkewedClock {
        let skew = jiff::SignedDuration::from_secs(skew);
        SkewedClock { bitbucket: Arc::clone(&self.bitbucket), skew }
    }

    /// A number for the next invocation of any function.
    pub(crate) fn next_invocation(&self) -> u64 {
        self.invocations.set(self.invocations.get() + 1);
        self.invocations.get()
    }

    pub(crate) fn ledger(&self) -> RefMut<'_, Ledger> {
        self.ledger.borrow_mut()
    }

    /// The number of pull requests in Bitbucket.
    pub(crate) fn pull_requests(&self) -> u64 {
        let count = self.bitbucket.with_world(|world| {
            let repository = world.find_repository("acme", REPOSITORY)?;
            Ok::<_, Refusal>(world.read_pull_requests(repository)?.len())
        });
        count.map_or(0, |count| count as u64)
    }

    /// Notes that something happened that must never happen.
    pub(crate) fn broke(&self, what: impl FnOnce() -> String) {
        self.broken.borrow_mut().get_or_insert_with(what);
    }

    pub(crate) fn broken(&self) -> Option<String> {
        self.broken.borrow().clone()
    }

    /// Adds a line to the story, if one is kept.
    pub(crate) fn story(&self, line: impl FnOnce() -> String) {
        if let Some(story) = &self.story {
            story.borrow_mut().push(format!("{:>6} {}", self.now(), line()));
        }
    }

    /// The story so far.
    pub(crate) fn take_story(&self) -> Vec<String> {
        self.story.as_ref().map(RefCell::take).unwrap_or_default()
    }
}
