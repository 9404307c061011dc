//! Refusals and failures of Bitbucket.

use serde_json::json;
use simulator::{FaultRequest, OAuthConsumer};
use store::memory::GrantFault;

use crate::browser::with;
use crate::world::{World, consumer};

const REFUSED: &str = "Bitbucket did not take the authorization";

#[tokio::test]
async fn wrong_callback_url_is_explained() {
    let world = World::start().await;
    let back = world.decided("acme", "allow").await;
    let callback_url = "https://elsewhere.example/callback".to_owned();
    world.simulator.register_consumer(OAuthConsumer { callback_url, ..consumer("acme") });
    let seen = world.browser.get(&back).await;
    seen.refuses(400, REFUSED);
    assert!(seen.body.contains("CallbackUrl"), "{}", seen.body);
    assert!(world.nothing_is_stored().await);
}

#[tokio::test]
async fn unknown_code_is_refused() {
    let world = World::start().await;
    let back = world.decided("acme", "allow").await;
    world.browser.get(&with(&back, "code", Some("made-up"))).await.refuses(400, REFUSED);
    assert!(world.nothing_is_stored().await);
}

#[tokio::test]
async fn wrong_consumer_secret_is_explained() {
    let world = World::start().await;
    let back = world.decided("acme", "allow").await;
    let credential = json!({ "type": "app-oauth", "client_id": "acme", "client_secret": "an old one" });
    world.set_credential("acme", &credential);
    world.browser.get(&back).await.refuses(400, REFUSED);
    assert!(world.nothing_is_stored().await);
}

#[tokio::test]
async fn changed_consumer_secret_applies_at_once() {
    let world = World::start().await;
    let credential = json!({ "type": "app-oauth", "client_id": "acme", "client_secret": "an old one" });
    world.set_credential("acme", &credential);
    let back = world.decided("acme", "allow").await;
    let credential =
        json!({ "type": "app-oauth", "client_id": "acme", "client_secret": crate::world::CONSUMER_SECRET });
    world.set_credential("acme", &credential);
    world.browser.get(&back).await.location();
    assert!(world.granted("acme").await.is_some());
}

#[tokio::test]
async fn missing_account_scope_is_explained() {
    let world = World::start().await;
    let scopes = "pullrequest webhook".to_owned();
    world.simulator.register_consumer(OAuthConsumer { scopes, ..consumer("acme") });
    let back = world.decided("acme", "allow").await;
    let seen = world.browser.get(&back).await;
    seen.refuses(403, "The OAuth consumer may not ask who you are");
    assert!(seen.body.contains("Account: Read"), "{}", seen.body);
    assert!(world.nothing_is_stored().await);
}

#[tokio::test]
async fn bitbucket_outage_stores_nothing() {
    let world = World::start().await;
    for only_for in ["acme", "alice"] {
        let back = world.decided("acme", "allow").await;
        let down = json!({ "api_status_next": { "status": 503, "count": 1 }, "only_for": only_for });
        world.simulator.fault(serde_json::from_value::<FaultRequest>(down).unwrap()).unwrap();
        world.browser.get(&back).await.refuses(503, "Bitbucket does not respond correctly");
        assert!(world.nothing_is_stored().await, "{only_for}");
    }
}

#[tokio::test]
async fn storage_outage_stores_nothing() {
    let world = World::start().await;
    let address = world.address("acme").await;
    world.links.set_down(true);
    world.browser.get(&address).await.refuses(503, "This does not work at the moment");
    world.links.set_down(false);
    let back = world.decided("acme", "allow").await;
    world.grants.inject(GrantFault::Lost, 4);
    world.browser.get(&back).await.refuses(503, "This does not work at the moment");
    assert!(world.nothing_is_stored().await);
    // One failure is retried.
    let back = world.decided("acme", "allow").await;
    world.grants.inject(GrantFault::Lost, 1);
    world.browser.get(&back).await.location();
}
