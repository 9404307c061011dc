//! Requests that `/start` refuses. Nothing is stored, and nobody is redirected to Bitbucket.

use axum::body::Body;
use http::{Method, Request};

use crate::browser::{parameter, with};
use crate::world::World;

const REFUSED: &str = "This address does not work";

#[tokio::test]
async fn forged_nonce_does_not_use_up_the_real_one() {
    let world = World::start().await;
    let address = world.address("acme").await;
    let forged = "a".repeat(43);
    for nonce in [forged.as_str(), "x", "%00", &"n".repeat(1_000)] {
        world.browser.get(&with(&address, "nonce", Some(nonce))).await.refuses(403, REFUSED);
    }
    assert!(world.nothing_is_stored().await);
    world.browser.get(&address).await.location();
}

#[tokio::test]
async fn nonce_works_once() {
    let world = World::start().await;
    let address = world.address("acme").await;
    world.browser.get(&address).await.location();
    world.browser.get(&address).await.refuses(403, REFUSED);
    assert!(world.nothing_is_stored().await);
}

#[tokio::test]
async fn nonce_works_for_ten_minutes() {
    let world = World::start().await;
    let (first, second) = (world.address("acme").await, world.address("other").await);
    world.pass(599);
    world.browser.get(&first).await.location();
    world.pass(1);
    world.browser.get(&second).await.refuses(403, REFUSED);
    assert!(world.nothing_is_stored().await);
}

#[tokio::test]
async fn nonce_of_another_link_is_refused() {
    let world = World::start().await;
    let (acme, other) = (world.address("acme").await, world.address("other").await);
    let crossed = with(&acme, "nonce", Some(&parameter(&other, "nonce")));
    world.browser.get(&crossed).await.refuses(403, REFUSED);
    assert!(world.nothing_is_stored().await);
    world.browser.get(&other).await.location();
}

#[tokio::test]
async fn answers_do_not_reveal_which_links_exist() {
    let world = World::start().await;
    let address = world.address("acme").await;
    let forged = with(&address, "nonce", Some(&"a".repeat(43)));
    let existing = world.browser.get(&forged).await;
    existing.refuses(403, REFUSED);
    for id in ["nobody", "other", "No Link", "<b>"] {
        let unknown = world.browser.get(&with(&forged, "id", Some(id))).await;
        assert_eq!((unknown.status, &unknown.body), (existing.status, &existing.body), "{id}");
    }
    assert_eq!(world.links.loads(), 0, "calls of Secrets Manager");
}

#[tokio::test]
async fn incomplete_address_is_explained() {
    let world = World::start().await;
    let address = world.address("acme").await;
    let twice = format!("{address}&id=other");
    for bad in [
        with(&address, "nonce", None),
        with(&address, "nonce", Some("")),
        with(&address, "id", None),
        with(&address, "id", Some(&"a".repeat(1_025))),
        with(&address, "more", Some(&"a".repeat(5_000))),
        "/start".to_owned(),
        twice,
    ] {
        world.browser.get(&bad).await.refuses(400, "This address is not complete");
    }
    assert!(world.nothing_is_stored().await);
    world.browser.get(&address).await.location();
}

#[tokio::test]
async fn previewing_an_address_does_not_use_it_up() {
    let world = World::start().await;
    let address = world.address("acme").await;
    for method in [Method::HEAD, Method::POST, Method::OPTIONS] {
        let request = Request::builder().method(&method).uri(&address).body(Body::empty()).unwrap();
        let seen = world.browser.send(request).await;
        assert_eq!(seen.status, 405, "{method}");
        seen.is_guarded();
    }
    world.browser.get(&address).await.location();
}

#[tokio::test]
async fn link_without_oauth_consumer_is_explained() {
    let world = World::start().await;
    let token = serde_json::json!({ "type": "bearer", "token": "t" });
    let itself =
        serde_json::json!({ "type": "client-credentials", "client_id": "acme", "client_secret": "s" });
    for credential in [token, itself, serde_json::Value::Null] {
        let address = world.address("acme").await;
        world.set_credential("acme", &credential);
        world.browser.get(&address).await.refuses(409, "This link has no OAuth consumer");
    }
    let address = world.address("acme").await;
    world.links.remove(&"acme".parse().unwrap());
    world.browser.get(&address).await.refuses(409, "This link has no OAuth consumer");
    assert!(world.nothing_is_stored().await);
}
