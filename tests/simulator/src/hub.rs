//! The state behind all routes: the world, the clock, the faults, the records and the output of webhooks.

use crate::calls::Calls;
use crate::clock::Clock;
use crate::deliveries::DeliveryLog;
use crate::faults::{FaultRequest, Faults};
use crate::oauth::Authority;
use crate::sender::PostOffice;
use crate::settings::{Settings, User};
use crate::sight;
use crate::world::{Account, Act, Done, Outbox, Refusal, RepositoryId, Webhook, World};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most earlier worlds that are kept for reads that lag.
const MAX_PAST: usize = 200;

/// The world that a read sees: the present one, or an earlier one.
#[derive(Debug)]
pub(crate) enum Seen<'w> {
    Present(MutexGuard<'w, World>),
    Past(Arc<World>),
}

impl Deref for Seen<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        match self {
            Self::Present(world) => world,
            Self::Past(world) => world,
        }
    }
}

/// The one state behind all routes.
#[derive(Debug)]
pub(crate) struct Hub {
    world: Mutex<World>,
    /// Earlier worlds, each with the time until which it stood. Kept once a read may lag.
    past: Mutex<VecDeque<(Timestamp, Arc<World>)>>,
    keeps_past: AtomicBool,
    pub(crate) clock: Clock,
    pub(crate) users: Vec<User>,
    pub(crate) base_url: String,
    pub(crate) calls_per_hour: Option<u32>,
    faults: Arc<Mutex<Faults>>,
    calls: Mutex<Calls>,
    oauth: Mutex<Authority>,
    pub(crate) log: Arc<DeliveryLog>,
    webhooks: Webhooks,
}

/// Output of webhooks.
#[derive(Debug)]
enum Webhooks {
    /// Sent over HTTP.
    Sent(PostOffice),
    /// Kept for a caller in the same process, in the order of the acts.
    Kept(Mutex<Vec<Webhook>>),
}

impl Hub {
    /// A hub that sends its webhooks over HTTP.
    pub(crate) fn sending(settings: &Settings, base_url: &str) -> reqwest::Result<Self> {
        let (faults, log) = (Arc::default(), Arc::new(DeliveryLog::new()));
        let post_office = PostOffice::new(settings.sending, Arc::clone(&log), Arc::clone(&faults))?;
        Ok(Self::new(settings, base_url, faults, log, Webhooks::Sent(post_office)))
    }

    /// A hub that keeps its webhooks until [`Hub::take_webhooks`].
    pub(crate) fn keeping(settings: &Settings, base_url: &str) -> Self {
        let log = Arc::new(DeliveryLog::new());
        Self::new(settings, base_url, Arc::default(), log, Webhooks::Kept(Mutex::default()))
    }

    fn new(
        settings: &Settings,
        base_url: &str,
        faults: Arc<Mutex<Faults>>,
        log: Arc<DeliveryLog>,
        webhooks: Webhooks,
    ) -> Self {
        let clock = Clock::new(settings.clock);
        // Different in every run: the standard library seeds this hasher at random.
        let seed = settings.seed.unwrap_or_else(|| RandomState::new().hash_one(base_url));
        let world = World::new(settings, base_url, seed, clock.now());
        Self {
            world: Mutex::new(world),
            past: Mutex::default(),
            keeps_past: AtomicBool::new(false),
            clock,
            users: settings.users.clone(),
            base_url: base_url.to_owned(),
            calls_per_hour: settings.calls_per_hour,
            faults,
            calls: Mutex::default(),
            oauth: Mutex::default(),
            log,
            webhooks,
        }
    }

    /// The world, to read it: as the copy that answers the present request has it.
    pub(crate) fn world(&self) -> Seen<'_> {
        let seen = sight::lag().and_then(|lag| self.past_world(self.clock.now().saturating_sub(lag).ok()?));
        seen.map_or_else(|| Seen::Present(self.world_mut()), Seen::Past)
    }

    /// The world as it is, to change it.
    pub(crate) fn world_mut(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the faults of a request. A wrong request adds nothing and returns the reason.
    pub(crate) fn add_faults(&self, request: FaultRequest) -> Result<(), String> {
        if request.stale_reads.is_some() {
            self.keep_past();
        }
        self.faults().add(request)
    }

    /// Keeps earlier worlds from now on, for reads that lag.
    pub(crate) fn keep_past(&self) {
        self.keeps_past.store(true, Ordering::Relaxed);
    }

    fn past_world(&self, at: Timestamp) -> Option<Arc<World>> {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.iter().find(|(until, _)| *until > at).map(|(_, world)| Arc::clone(world))
    }

    fn remember(&self, world: &World, until: Timestamp) {
        if self.keeps_past.load(Ordering::Relaxed) {
            let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
            past.push_back((until, Arc::new(world.clone())));
            while past.len() > MAX_PAST {
                past.pop_front();
            }
        }
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

    /// Carries out an act now, passes its webhooks on, and lets `show` read the world that the act left behind. All
    /// under one lock, so webhooks leave in the order of the acts.
    pub(crate) fn act<T, V>(
        &self,
        actor: &Arc<Account>,
        find: impl FnOnce(&World) -> Result<RepositoryId, Refusal>,
        run: impl FnOnce(&mut World, &Act) -> Result<Done<T>, Refusal>,
        show: impl FnOnce(&World, &Act, T) -> Result<V, Refusal>,
    ) -> Result<V, Refusal> {
        let mut world = self.world_mut();
        self.remember(&world, self.clock.now());
        let act = Act { actor: actor.clone(), repository: find(&world)?, now: self.clock.now() };
        let done = run(&mut world, &act)?;
        self.pass_on(done.outbox, &act.actor.name, act.now);
        show(&world, &act, done.value)
    }

    fn pass_on(&self, outbox: Outbox, actor: &str, now: Timestamp) {
        match &self.webhooks {
            Webhooks::Sent(post_office) => post_office.post(outbox, actor, now),
            Webhooks::Kept(kept) => {
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend(outbox.webhooks);
            }
        }
    }

    /// The webhooks kept since the last call; none if they are sent over HTTP.
    pub(crate) fn take_webhooks(&self) -> Vec<Webhook> {
        match &self.webhooks {
            Webhooks::Sent(_) => Vec::new(),
            Webhooks::Kept(kept) => std::mem::take(&mut kept.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}
