//! Tokens of OAuth consumers, against the simulated Bitbucket: concurrent requests and interrupted refreshes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bitbucket::oauth::{Consumer, Grant, OAuth};
use bitbucket::payload::Account;
use jiff::{SignedDuration, Timestamp};
use relay::LinkId;
use secrecy::{ExposeSecret, SecretString};
use simulator::{ClockStart, FaultRequest, OAuthConsumer, Simulator};
use store::links::tokens::{GrantStore, KeptGrant, TokenError, TokenSource, Tokens, Versioned, authorized};
use store::links::{Flow, OAuthCredential};
use store::memory::{GrantFault, MemoryGrants, MemoryTable};
use store::{Clock, Error};

#[derive(Clone)]
struct SimulatedClock(Arc<Simulator>);

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.0.clock().now()
    }
}

type Source = Tokens<MemoryTable, MemoryGrants, SimulatedClock>;

struct World {
    simulator: Arc<Simulator>,
    table: MemoryTable,
    grants: MemoryGrants,
    http: reqwest::Client,
}

fn link() -> LinkId {
    "acme".parse().unwrap()
}

fn credential(flow: Flow) -> OAuthCredential {
    OAuthCredential { flow, client_id: "key".to_owned(), client_secret: "secret".into() }
}

fn grant(token: &str, expires_at: Timestamp) -> Grant {
    let refresh_token = Some("refresh".into());
    Grant { access_token: token.into(), expires_at, refresh_token, scope: String::new() }
}

const APP: Flow = Flow::AppOauth;

impl World {
    async fn start() -> Self {
        let clock = ClockStart::Manual("2026-11-24T10:00:00Z".parse().unwrap());
        let simulator = Simulator::start(simulator::Settings { clock, ..Default::default() }).await.unwrap();
        simulator.register_consumer(OAuthConsumer {
            key: "key".to_owned(),
            secret: "secret".to_owned(),
            callback_url: "https://bitrelay.example/callback".to_owned(),
            acts_as: "bot".to_owned(),
            scopes: OAuthConsumer::USUAL_SCOPES.to_owned(),
        });
        let (table, grants) = (MemoryTable::default(), MemoryGrants::default());
        let redirect = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().redirect(redirect).no_proxy().build().unwrap();
        Self { simulator: Arc::new(simulator), table, grants, http }
    }

    /// Returns a world in which alice has authorized the consumer.
    async fn authorized() -> Self {
        let world = Self::start().await;
        let url = format!("{}/site/oauth2/authorize", world.simulator.url());
        let form = "client_id=key&decision=allow&user=alice";
        let answer = world.http.post(url).body(form).send().await.unwrap();
        let back = answer.headers()["location"].to_str().unwrap();
        let code = back.split_once("code=").unwrap().1;
        let oauth = OAuth::new(world.simulator.url()).unwrap();
        let consumer = Consumer { id: "key".to_owned(), secret: "secret".into() };
        let now = world.simulator.clock().now();
        let grant = oauth.exchange_code(&consumer, &code.into(), None, now).await.unwrap();
        world.grants.store(&link(), None, &KeptGrant::after(None, "key", grant)).await.unwrap();
        world
    }

    /// Returns the tokens of another process.
    fn process(&self, name: &str) -> Source {
        let oauth = OAuth::new(self.simulator.url()).unwrap();
        let clock = SimulatedClock(Arc::clone(&self.simulator));
        Tokens::new(oauth, self.table.clone(), self.grants.clone(), clock, name)
    }

    fn pass(&self, seconds: u64) {
        self.simulator.clock().advance(Duration::from_secs(seconds));
    }

    fn calls(&self, grant_type: &str) -> usize {
        self.simulator.token_calls().iter().filter(|call| call.grant_type == grant_type).count()
    }

    /// Returns the account that the API sees for a token.
    async fn works(&self, token: &SecretString) -> bool {
        let url = format!("{}/2.0/user", self.simulator.url());
        self.http.get(url).bearer_auth(token.expose_secret()).send().await.unwrap().status() == 200
    }
}

async fn token(source: &Source, flow: Flow) -> Result<SecretString, TokenError> {
    source.token(&link(), &credential(flow), None).await
}

fn asks_for_a_person(error: &TokenError) -> bool {
    matches!(error, TokenError::Bitbucket(bitbucket::Error::GrantRefused { .. }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_requests_in_two_processes_cost_one_refresh() {
    for (flow, grant_type) in [(APP, "refresh_token"), (Flow::ClientCredentials, "client_credentials")] {
        let world = World::authorized().await;
        world.pass(3_600);
        let processes = [Arc::new(world.process("a")), Arc::new(world.process("b"))];
        let asked: Vec<_> = (0..50)
            .map(|n| {
                let process = Arc::clone(&processes[n % 2]);
                tokio::spawn(async move { token(&process, flow).await.unwrap() })
            })
            .collect();
        let mut tokens = BTreeSet::new();
        for task in asked {
            let token = task.await.unwrap();
            assert!(world.works(&token).await);
            tokens.insert(token.expose_secret().to_owned());
        }
        assert_eq!((world.calls(grant_type), tokens.len()), (1, 1), "{flow:?}");
    }
}

/// A store of grants that refuses everything, and counts the calls.
#[derive(Default)]
struct Refusing(AtomicU32);

impl Refusing {
    fn refuse<T>(&self) -> Result<T, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let reason = "AccessDeniedException".to_owned();
        Err(Error::Refused { service: "Secrets Manager", operation: "GetSecretValue", code: None, reason })
    }
}

impl GrantStore for Refusing {
    async fn load(&self, _: &LinkId) -> Result<Option<Versioned>, Error> {
        self.refuse()
    }
    async fn recover(&self, _: &LinkId) -> Result<Option<Versioned>, Error> {
        self.refuse()
    }
    async fn store(&self, _: &LinkId, _: Option<&str>, _: &KeptGrant) -> Result<bool, Error> {
        self.refuse()
    }
}

#[tokio::test]
async fn lasting_refusal_ends_an_authorization_at_once() {
    let grants = Refusing::default();
    let grant = grant("token", Timestamp::MAX);
    let error = authorized(&grants, &link(), "key", &grant, &Account::default()).await.unwrap_err();
    assert!(!error.retryable(), "{error}");
    assert_eq!(grants.0.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn stored_token_costs_no_wait() {
    let (oauth, table, grants) =
        (OAuth::new("http://127.0.0.1:1").unwrap(), MemoryTable::default(), MemoryGrants::default());
    let kept = KeptGrant::after(None, "key", grant("token", Timestamp::MAX));
    grants.store(&link(), None, &kept).await.unwrap();
    let source = Tokens::new(oauth, table, grants, store::SystemClock, "a");
    let started = tokio::time::Instant::now();
    assert_eq!(source.token(&link(), &credential(APP), None).await.unwrap().expose_secret(), "token");
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn token_is_used_until_shortly_before_its_end() {
    let world = World::authorized().await;
    let source = world.process("a");
    assert_eq!(format!("{source:?}"), "Tokens { .. }");
    token(&source, APP).await.unwrap();
    world.pass(54 * 60);
    token(&source, APP).await.unwrap();
    assert_eq!(world.calls("refresh_token"), 0);
    world.pass(60);
    let renewed = token(&source, APP).await.unwrap();
    world.pass(3_000);
    assert!(world.works(&renewed).await);
    assert_eq!(world.calls("refresh_token"), 1);
}

#[tokio::test]
async fn interrupted_refresh_leaves_a_valid_token() {
    for fault in [GrantFault::Lost, GrantFault::Half, GrantFault::AnswerLost] {
        for dies in [false, true] {
            let world = World::authorized().await;
            world.pass(3_600);
            let source = world.process("a");
            world.grants.inject(fault, 3);
            let first = token(&source, APP).await;
            assert!(first.is_err(), "a grant that is not durable is not used");
            let next = if dies { world.process("b") } else { source };
            let token = token(&next, APP).await.unwrap();
            assert!(world.works(&token).await, "{fault:?}");
            // Only if nothing was stored and the answer was lost, the next request goes to Bitbucket, in the old
            // token's grace.
            let expected = if dies && fault == GrantFault::Lost { 2 } else { 1 };
            assert_eq!(world.calls("refresh_token"), expected, "{fault:?}, dies: {dies}");
            world.pass(3_600);
            let later = next.token(&link(), &credential(APP), None).await.unwrap();
            assert!(world.works(&later).await, "and the grant lives on");
        }
    }
}

#[tokio::test]
async fn grant_lost_with_its_process_needs_a_person() {
    let world = World::authorized().await;
    world.pass(3_600);
    world.grants.inject(GrantFault::Lost, 3);
    token(&world.process("a"), APP).await.unwrap_err();
    world.pass(61);
    let source = world.process("b");
    for process in [&source, &world.process("c"), &source] {
        let error = token(process, APP).await.unwrap_err();
        assert!(asks_for_a_person(&error), "{error}");
    }
    assert_eq!(world.calls("refresh_token"), 2, "what was refused is not asked for again");
}

#[tokio::test]
async fn failed_refresh_returns_no_old_token() {
    let world = World::authorized().await;
    let source = world.process("a");
    token(&source, APP).await.unwrap();
    world.pass(56 * 60);
    let down: FaultRequest =
        serde_json::from_str(r#"{"api_status_next": {"status": 503, "count": 1}, "only_for": "key"}"#)
            .unwrap();
    world.simulator.fault(down).unwrap();
    let error = token(&source, APP).await.unwrap_err();
    assert!(matches!(error, TokenError::Bitbucket(bitbucket::Error::Api { status: 503, .. })), "{error}");
    assert!(world.works(&token(&source, APP).await.unwrap()).await);
}

#[tokio::test]
async fn token_refused_by_the_api_is_renewed_at_once() {
    let world = World::start().await;
    let source = world.process("a");
    let refused = token(&source, Flow::ClientCredentials).await.unwrap();
    world.simulator.revoke_tokens();
    assert!(!world.works(&refused).await);
    let credential = credential(Flow::ClientCredentials);
    let renewed = source.token(&link(), &credential, Some(&refused)).await.unwrap();
    assert!(world.works(&renewed).await);
    source.token(&link(), &credential, Some(&refused)).await.unwrap();
    assert_eq!(world.calls("client_credentials"), 2);
}

#[tokio::test]
async fn refresh_continues_after_its_caller_is_cancelled() {
    let world = World::authorized().await;
    world.pass(3_600);
    let slow: FaultRequest = serde_json::from_str(r#"{"hang_next_ms": 300, "only_for": "key"}"#).unwrap();
    world.simulator.fault(slow).unwrap();
    let source = world.process("a");
    let cut = tokio::time::timeout(Duration::from_millis(50), token(&source, APP)).await;
    assert!(cut.is_err());
    assert!(world.works(&token(&source, APP).await.unwrap()).await);
    assert_eq!(world.calls("refresh_token"), 1);
}

#[tokio::test]
async fn link_without_grant_needs_authorization() {
    let world = World::start().await;
    let error = token(&world.process("a"), APP).await.unwrap_err();
    assert!(asks_for_a_person(&error), "{error}");
    assert!(world.simulator.token_calls().is_empty());
}

#[tokio::test]
async fn new_authorization_replaces_any_grant() {
    let world = World::authorized().await;
    let bob = Account { display_name: Some("Bob".to_owned()), ..Account::default() };
    let grant = |token| grant(token, world.simulator.clock().now() + SignedDuration::from_hours(1));
    let stored = async || {
        let kept = world.grants.load(&link()).await.unwrap().unwrap().grant;
        (kept.generation, kept.access_token.expose_secret().to_owned(), kept.account)
    };
    let generation = authorized(&world.grants, &link(), "key", &grant("one"), &bob).await.unwrap();
    assert_eq!(stored().await, (generation, "one".to_owned(), Some(bob.clone())));
    for fault in [GrantFault::Lost, GrantFault::Half, GrantFault::AnswerLost] {
        world.grants.inject(fault, 1);
        let generation = authorized(&world.grants, &link(), "key", &grant("two"), &bob).await.unwrap();
        assert_eq!(stored().await, (generation, "two".to_owned(), Some(bob.clone())), "{fault:?}");
    }
    world.grants.inject(GrantFault::Lost, 4);
    authorized(&world.grants, &link(), "key", &grant("three"), &bob).await.unwrap_err();
    assert_eq!(stored().await.1, "two");
}

#[tokio::test]
async fn link_works_again_after_authorization() {
    let world = World::authorized().await;
    world.pass(3_600);
    world.simulator.revoke_tokens();
    let source = world.process("a");
    assert!(asks_for_a_person(&token(&source, APP).await.unwrap_err()));
    let now = world.simulator.clock().now();
    let oauth = OAuth::new(world.simulator.url()).unwrap();
    let consumer = Consumer { id: "key".to_owned(), secret: "secret".into() };
    let grant = oauth.client_credentials(&consumer, now).await.unwrap();
    authorized(&world.grants, &link(), "key", &grant, &Account::default()).await.unwrap();
    assert!(world.works(&token(&source, APP).await.unwrap()).await);
}
