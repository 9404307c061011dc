//! Rotation of a webhook secret while deliveries arrive: the document that `link rotate-secret` writes, and the webhook
//! function that reads it.

use std::sync::Arc;

use bitbucket::WebhookSecret;
use jiff::SignedDuration;
use relay::{LinkId, Settings};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use store::Clock;
use store::links::{CachedLinks, Given, LinkEdit, Template};
use store::memory::{ManualClock, MemoryLinks, MemoryTable};
use webhook::App;

use crate::typing::{START, time};

/// The webhook function with one link, and a client that delivers like Bitbucket.
struct Gate {
    url: String,
    http: reqwest::Client,
    links: MemoryLinks,
    clock: Arc<ManualClock>,
    sent: std::cell::Cell<u32>,
}

/// Clock of the function, which the test sets.
#[derive(Debug)]
struct Set(Arc<ManualClock>);

impl Clock for Set {
    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }
}

impl Gate {
    async fn open(link: &LinkId, edit: &LinkEdit) -> Self {
        let (links, clock) = (MemoryLinks::default(), Arc::new(ManualClock::at(time(START))));
        links.set(link, edit.to_secret().unwrap().expose_secret());
        let app = App {
            table: MemoryTable::default(),
            links: CachedLinks::new(links.clone()),
            clock: Set(Arc::clone(&clock)),
            settings: Settings::default(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook/{link}", listener.local_addr().unwrap());
        let routes = webhook::router(Arc::new(app));
        tokio::spawn(async { axum::serve(listener, routes).await });
        Self { url, http: reqwest::Client::new(), links, clock, sent: std::cell::Cell::new(0) }
    }

    /// Delivers something new, and gives the answer's status.
    async fn deliver(&self, secret: &SecretString) -> u16 {
        self.sent.set(self.sent.get() + 1);
        let body = json!({ "number": self.sent.get() }).to_string();
        let signature = WebhookSecret::new(secret.expose_secret()).unwrap().sign(body.as_bytes());
        let request = self.http.post(&self.url).header("content-type", "application/json");
        let request = request.header("x-event-key", "repo:updated").header("x-hub-signature", signature);
        let request = request.header("x-request-uuid", self.sent.get().to_string());
        request.body(body).send().await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn rotation_refuses_no_delivery_during_the_overlap() {
    let link: LinkId = "acme".parse().unwrap();
    let (old, new) = (SecretString::from("old"), SecretString::from("new"));
    let mut edit =
        LinkEdit::create(&link, Template::Webhook, &Given::new(), Some(&old), time(START)).unwrap();
    let gate = Gate::open(&link, &edit).await;
    for _ in 0..300 {
        assert_eq!(gate.deliver(&old).await, 200);
    }

    edit.rotate(&new, gate.clock.now(), SignedDuration::from_hours(24));
    gate.links.set(&link, edit.to_secret().unwrap().expose_secret());
    for turn in 0..700 {
        let secret = if turn % 2 == 0 { &old } else { &new };
        assert_eq!(gate.deliver(secret).await, 200, "delivery {turn} after the rotation");
        gate.clock.advance_seconds(60);
    }

    gate.clock.advance_seconds(86_400 - 700 * 60 - 1);
    assert_eq!((gate.deliver(&old).await, gate.deliver(&new).await), (200, 200));
    gate.clock.advance_seconds(1);
    assert_eq!((gate.deliver(&old).await, gate.deliver(&new).await), (401, 200));
}
