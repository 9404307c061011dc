//! The pages on stores in memory, and a simulated Bitbucket with two consumers.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use relay::LinkId;
use serde_json::json;
use simulator::{ClockStart, OAuthConsumer, Simulator};
use store::Clock;
use store::links::tokens::{GrantStore, KeptGrant};
use store::memory::{MemoryGrants, MemoryLinks, MemoryTable};
use webhook::oauth::{Pages, PagesSettings};

use crate::browser::Browser;

pub(crate) const PUBLIC_URL: &str = "https://bitrelay.example";
pub(crate) const CALLBACK: &str = "https://bitrelay.example/callback";
pub(crate) const CONSUMER_SECRET: &str = "consumer-secret";

#[derive(Debug, Clone)]
pub(crate) struct SimulatedClock(pub(crate) Arc<Simulator>);

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.0.clock().now()
    }
}

pub(crate) type TestPages = Pages<MemoryTable, MemoryLinks, MemoryGrants, SimulatedClock>;

/// Links `acme` and `other`, each with its own consumer.
pub(crate) struct World {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) table: MemoryTable,
    pub(crate) links: MemoryLinks,
    pub(crate) grants: MemoryGrants,
    pub(crate) browser: Browser,
}

pub(crate) fn link(id: &str) -> LinkId {
    id.parse().unwrap()
}

pub(crate) fn consumer(key: &str) -> OAuthConsumer {
    OAuthConsumer {
        key: key.to_owned(),
        secret: CONSUMER_SECRET.to_owned(),
        callback_url: CALLBACK.to_owned(),
        acts_as: "bot".to_owned(),
        scopes: OAuthConsumer::USUAL_SCOPES.to_owned(),
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        let clock = ClockStart::Manual("2026-11-24T10:00:00Z".parse().unwrap());
        let settings = simulator::Settings { clock, ..Default::default() };
        let simulator = Arc::new(Simulator::start(settings).await.unwrap());
        let settings = PagesSettings {
            public_url: Some(PUBLIC_URL.parse().unwrap()),
            oauth_url: format!("{}/site/oauth2", simulator.url()),
            api_url: format!("{}/2.0", simulator.url()),
        };
        Self::with(simulator, settings)
    }

    pub(crate) fn with(simulator: Arc<Simulator>, settings: PagesSettings) -> Self {
        let (table, links, grants) = <(MemoryTable, MemoryLinks, MemoryGrants)>::default();
        let clock = SimulatedClock(Arc::clone(&simulator));
        let pages = Pages::new(table.clone(), links.clone(), grants.clone(), clock, settings);
        let world = Self { simulator, table, links, grants, browser: Browser::new(pages) };
        for id in ["acme", "other"] {
            world.simulator.register_consumer(consumer(id));
            world.set_credential(
                id,
                &json!({
                    "type": "app-oauth", "client_id": id, "client_secret": CONSUMER_SECRET,
                }),
            );
        }
        world
    }

    pub(crate) fn set_credential(&self, id: &str, credential: &serde_json::Value) {
        let document = json!({
            "version": 1,
            "template": "bitbucket-app-oauth",
            "webhook_secrets": [{ "value": "s", "created_at": "2026-11-24T00:00:00Z" }],
            "credential": credential,
        });
        self.links.set(&link(id), document.to_string());
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.simulator.clock().now()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.simulator.clock().advance(Duration::from_secs(seconds));
    }

    /// Path of the address that `bitrelay link start-oauth` prints.
    pub(crate) async fn address(&self, id: &str) -> String {
        let nonce = store::open_authorization(&self.table, &link(id), self.now()).await.unwrap();
        format!("/start?id={id}&nonce={}", nonce.expose())
    }

    /// Opens an authorization, follows it to Bitbucket and lets `alice` decide. Returns the path of the redirect.
    pub(crate) async fn decided(&self, id: &str, decision: &str) -> String {
        let to_bitbucket = self.browser.get(&self.address(id).await).await.location();
        self.browser.decides(&to_bitbucket, decision).await
    }

    pub(crate) async fn granted(&self, id: &str) -> Option<KeptGrant> {
        self.grants.load(&link(id)).await.unwrap().map(|kept| kept.grant)
    }

    /// True if no link has a grant.
    pub(crate) async fn nothing_is_stored(&self) -> bool {
        self.granted("acme").await.is_none() && self.granted("other").await.is_none()
    }
}
