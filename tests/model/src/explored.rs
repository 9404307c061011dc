//! A world for the model checker.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use stateright::{Model, Property};
use store::SubjectLog as _;
use store::memory::MemoryTable;

use crate::actions::{Action, actions};
use crate::bitbucket::{Bitbucket, time};
use crate::checks;
use crate::drive::block_on;
use crate::functions::{Deployment, Input};
use crate::outside::Received;
use crate::recovery;
use crate::state::{Broken, Doing, Durable, State, Who};
use crate::steps::Made;
use crate::world::World;

/// A world whose states are explored.
#[derive(Debug)]
pub struct Explored {
    pub(crate) world: World,
    pub(crate) deployment: Deployment,
    /// Everybody who invokes functions.
    pub(crate) who: Vec<Who>,
    begin: Durable,
    /// The outcome of the recovery from each durable state, by its hash.
    recoveries: Mutex<HashMap<u64, Option<Broken>>>,
    /// The steps made so far, by the hash of what they depend on.
    made: Mutex<HashMap<u64, Arc<Made>>>,
    /// The number of times that things happened, to see that the world is no empty one.
    seen: Mutex<BTreeMap<String, u64>>,
}

impl Explored {
    /// A world as it begins: the webhooks before those in flight have arrived, and their events are published.
    pub fn new(world: World) -> Self {
        let settings = World::settings();
        let (first, acts_before) = (world.acts_polled(), world.acts_before());
        let bitbucket = Bitbucket::new(world.acts, first, world.hooks, settings.window_seconds);
        let deployment = Deployment::new(bitbucket, settings, World::limits());
        let deployment = Deployment { gives_every_lease: !world.leases, ..deployment };
        let mut begin = Durable {
            table: MemoryTable::with_stream(),
            received: Received::default(),
            position: 0,
            acts: first,
            now: time(world.begins),
            is_behind: false,
            hash: 0,
        };
        for webhook in 0..world.in_flight.first().copied().unwrap_or_default() {
            let second = world.acts[deployment.bitbucket.webhooks[webhook].act].0;
            begin.now = time(second);
            recovery::invoke(&deployment, &mut begin, &Input::Deliver { webhook, attempt: 1, request: None });
        }
        if let Some(second) = world.polled {
            begin.now = time(second);
            recovery::invoke(&deployment, &mut begin, &Input::Poll { holder: "before".to_owned() });
        }
        (begin.now, begin.acts) = (time(world.begins), acts_before);
        recovery::publish(&deployment, &mut begin);
        let webhooks = world.in_flight.iter().map(|webhook| Who::Webhook(*webhook));
        let pollers = (0..world.pollers).map(Who::Poller);
        let who = webhooks.chain(pollers).chain(world.publishes.then_some(Who::Publisher)).collect();
        let (recoveries, made, seen) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { world, deployment, who, begin: begin.hashed(), recoveries, made, seen }
    }

    /// Number of durable states from which the recovery was checked.
    pub(crate) fn recoveries(&self) -> usize {
        self.recoveries.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The number of times that things happened.
    pub(crate) fn seen(&self) -> BTreeMap<String, u64> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn see(&self, what: impl Into<String>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner).entry(what.into()).or_default() += 1;
    }

    /// Makes a step, or takes it from those made before.
    pub(crate) fn made(&self, depends_on: &impl Hash, make: impl FnOnce() -> Made) -> Arc<Made> {
        let key = hash(depends_on);
        let before = self.made.lock().unwrap_or_else(PoisonError::into_inner).get(&key).map(Arc::clone);
        before.unwrap_or_else(|| {
            let step = Arc::new(make());
            self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&step));
            step
        })
    }

    /// The first guarantee that does not hold in a state.
    pub(crate) fn check(&self, durable: &Durable, acknowledged: &BTreeSet<usize>) -> Option<Broken> {
        let key = hash(&(durable.hash, acknowledged));
        let checked = |recoveries: &Mutex<HashMap<_, _>>| {
            recoveries.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
        };
        if let Some(outcome) = checked(&self.recoveries) {
            return outcome;
        }
        if !self.world.may_keep() {
            let kept = block_on(durable.table.kept(Timestamp::MAX, 1)).unwrap();
            assert!(kept.is_empty(), "a world that keeps no delivery kept {kept:?}");
        }
        let outcome = checks::always(&self.deployment, durable, acknowledged)
            .and_then(|()| recovery::check(&self.deployment, durable, acknowledged));
        let outcome = outcome.err();
        self.recoveries.lock().unwrap_or_else(PoisonError::into_inner).insert(key, outcome.clone());
        outcome
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn holds(state: &State, guarantee: &str) -> bool {
    state.broken.as_ref().is_none_or(|broken| broken.guarantee != guarantee)
}

impl Model for Explored {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let acknowledged = BTreeSet::new();
        vec![State {
            broken: self.check(&self.begin, &acknowledged),
            durable: Arc::new(self.begin.clone()),
            tick: 0,
            doings: vec![Doing::Waits(0); self.who.len()],
            acknowledged,
            crashes_left: self.world.crashes,
            faults_left: self.world.faults,
            line: self.world.about.into(),
        }]
    }

    fn actions(&self, state: &State, found: &mut Vec<Action>) {
        actions(&self.world, &self.who, state, found);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        Some(self.step(state, &action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("G2", |_, state| holds(state, "G2")),
            Property::always("G3", |_, state| holds(state, "G3")),
            Property::always("G5", |_, state| holds(state, "G5")),
            Property::always("G6", |_, state| holds(state, "G6")),
            Property::always("G7", |_, state| holds(state, "G7")),
        ]
    }
}
