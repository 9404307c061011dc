//! What all requests share: the world, the clock, the faults, the records and the post office.

use crate::calls::Calls;
use crate::clock::Clock;
use crate::deliveries::DeliveryLog;
use crate::faults::Faults;
use crate::oauth::Authority;
use crate::sender::PostOffice;
use crate::settings::{Settings, User};
use crate::world::{Account, Act, Done, Refusal, RepositoryId, World};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The one state behind all routes.
#[derive(Debug)]
pub(crate) struct Hub {
    world: Mutex<World>,
    pub(crate) clock: Clock,
    pub(crate) users: Vec<User>,
    pub(crate) base_url: String,
    pub(crate) calls_per_hour: Option<u32>,
    faults: Arc<Mutex<Faults>>,
    calls: Mutex<Calls>,
    oauth: Mutex<Authority>,
    pub(crate) log: Arc<DeliveryLog>,
    post_office: PostOffice,
}

impl Hub {
    pub(crate) fn new(settings: &Settings, base_url: &str) -> reqwest::Result<Self> {
        let clock = Clock::new(settings.clock);
        // Different in every run: the standard library seeds this hasher at random.
        let seed = settings.seed.unwrap_or_else(|| RandomState::new().hash_one(base_url));
        let world = World::new(settings, base_url, seed, clock.now());
        let faults = Arc::new(Mutex::new(Faults::default()));
        let log = Arc::new(DeliveryLog::new());
        let post_office = PostOffice::new(settings.sending, log.clone(), faults.clone())?;
        Ok(Self {
            world: Mutex::new(world),
            clock,
            users: settings.users.clone(),
            base_url: base_url.to_owned(),
            calls_per_hour: settings.calls_per_hour,
            faults,
            calls: Mutex::default(),
            oauth: Mutex::default(),
            log,
            post_office,
        })
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn oauth(&self) -> MutexGuard<'_, Authority> {
        self.oauth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out an act now, hands its webhooks to the post office, and lets `show` read the world that the act
    /// left behind. All under one lock, so webhooks are posted in the order of the acts.
    pub(crate) fn act<T, V>(
        &self,
        actor: &Arc<Account>,
        find: impl FnOnce(&World) -> Result<RepositoryId, Refusal>,
        run: impl FnOnce(&mut World, &Act) -> Result<Done<T>, Refusal>,
        show: impl FnOnce(&World, &Act, T) -> Result<V, Refusal>,
    ) -> Result<V, Refusal> {
        let mut world = self.world();
        let act = Act { actor: actor.clone(), repository: find(&world)?, now: self.clock.now() };
        let done = run(&mut world, &act)?;
        self.post_office.post(done.outbox, &act.actor.name, act.now);
        show(&world, &act, done.value)
    }
}
