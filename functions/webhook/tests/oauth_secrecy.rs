//! Checks that logs and pages contain no secret of an authorization. The subscriber is global, so the test has its own
//! process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

#[allow(dead_code, reason = "shared with the tests of the pages, which use more of it")]
#[path = "oauth/browser.rs"]
mod browser;
mod log;
#[allow(dead_code, reason = "shared with the tests of the pages, which use more of it")]
#[path = "oauth/world.rs"]
mod world;

use log::Log;
use secrecy::ExposeSecret;
use store::memory::GrantFault;

use browser::{parameter, with};
use world::{CONSUMER_SECRET, World};

#[tokio::test]
async fn no_nonce_state_code_or_token_is_logged_or_shown() {
    let log = Log::of_this_process();
    let world = World::start().await;
    let mut shown = Vec::new();
    let mut hidden = vec![CONSUMER_SECRET.to_owned()];

    // Three authorizations: one succeeds and its URLs are opened again, Bitbucket refuses one, one cannot be stored.
    let address = world.address("acme").await;
    let to_bitbucket = world.browser.get(&address).await.location();
    let back = world.browser.decides(&to_bitbucket, "allow").await;
    for page in [&back, &address, &back, &with(&back, "code", None)] {
        let seen = world.browser.get(page).await;
        shown.push(format!("{} {:?}", seen.body, seen.headers));
    }
    hidden.extend([parameter(&address, "nonce"), parameter(&back, "state"), parameter(&back, "code")]);
    let refused = with(&world.decided("acme", "allow").await, "code", Some("a-made-up-code"));
    let unstored = world.decided("other", "allow").await;
    world.grants.inject(GrantFault::Lost, 4);
    for page in [&unstored, &refused] {
        let seen = world.browser.get(page).await;
        shown.push(format!("{} {:?}", seen.body, seen.headers));
        hidden.extend([parameter(page, "state"), parameter(page, "code")]);
    }
    let grant = world.granted("acme").await.unwrap();
    hidden.push(grant.access_token.expose_secret().to_owned());
    hidden.push(grant.refresh_token.unwrap().expose_secret().to_owned());

    let logged = log.text();
    for (text, detail) in [
        ("authorization begun", ""),
        ("link authorized", ""),
        ("authorization refused", "status=4"),
        ("authorization failed", "status=5"),
    ] {
        let mut lines = logged.lines().filter(|line| line.contains(text)).peekable();
        assert!(lines.peek().is_some(), "{text} is not in: {logged}");
        assert!(lines.all(|line| line.contains(detail)), "{text} without {detail} in: {logged}");
    }
    let output = format!("{logged}{}", shown.concat());
    for secret in hidden {
        assert!(!output.contains(&secret), "{secret} is in: {output}");
    }
}
