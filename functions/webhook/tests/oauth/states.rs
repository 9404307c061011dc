//! Requests that `/callback` refuses. Nothing is stored, and no code is exchanged.

use crate::browser::{parameter, with};
use crate::world::World;

const REFUSED: &str = "This address does not work";

async fn nothing_happened(world: &World) -> bool {
    world.nothing_is_stored().await && world.simulator.token_calls().is_empty()
}

#[tokio::test]
async fn forged_state_does_not_use_up_the_real_one() {
    let world = World::start().await;
    let back = world.decided("acme", "allow").await;
    let forged = "a".repeat(43);
    for state in [
        format!("acme.{forged}"),
        format!("other.{forged}"),
        format!("nobody.{forged}"),
        forged.clone(),
        "acme.".to_owned(),
        "x".to_owned(),
    ] {
        world.browser.get(&with(&back, "state", Some(&state))).await.refuses(403, REFUSED);
    }
    assert!(nothing_happened(&world).await);
    world.browser.get(&back).await.location();
}

#[tokio::test]
async fn state_works_once() {
    let world = World::start().await;
    let back = world.decided("acme", "allow").await;
    world.browser.get(&back).await.location();
    let first = world.granted("acme").await.unwrap();
    let another_code = with(&back, "code", Some("another"));
    for again in [&back, &another_code] {
        world.browser.get(again).await.refuses(403, REFUSED);
    }
    assert_eq!(world.granted("acme").await.unwrap().generation, first.generation);
    assert_eq!(world.simulator.token_calls().len(), 1);
}

#[tokio::test]
async fn state_works_for_ten_minutes() {
    let world = World::start().await;
    let back = world.decided("acme", "allow").await;
    world.pass(600);
    world.browser.get(&back).await.refuses(403, REFUSED);
    assert!(nothing_happened(&world).await);
}

#[tokio::test]
async fn state_of_another_link_is_refused() {
    let world = World::start().await;
    let acme = world.decided("acme", "allow").await;
    let other = world.decided("other", "allow").await;
    // The other link's random part under this link's name.
    let crossed = parameter(&other, "state").replace("other.", "acme.");
    world.browser.get(&with(&acme, "state", Some(&crossed))).await.refuses(403, REFUSED);
    assert!(nothing_happened(&world).await);
}

#[tokio::test]
async fn code_of_another_link_is_refused() {
    let world = World::start().await;
    let acme = world.decided("acme", "allow").await;
    let other = world.decided("other", "allow").await;
    let crossed = with(&acme, "code", Some(&parameter(&other, "code")));
    world.browser.get(&crossed).await.refuses(400, "Bitbucket did not take the authorization");
    assert!(world.nothing_is_stored().await);
}

#[tokio::test]
async fn denial_is_shown_and_uses_up_the_state() {
    let world = World::start().await;
    let back = world.decided("acme", "deny").await;
    assert_eq!(parameter(&back, "error"), "access_denied");
    world.browser.get(&back).await.refuses(403, "Access was not granted");
    world.browser.get(&back).await.refuses(403, REFUSED);
    let allowed_after_all = with(&with(&back, "error", None), "code", Some("a-code"));
    world.browser.get(&allowed_after_all).await.refuses(403, REFUSED);
    assert!(nothing_happened(&world).await);
}

#[tokio::test]
async fn denial_with_a_forged_state_is_ignored() {
    let world = World::start().await;
    let back = world.decided("acme", "allow").await;
    let forged = format!("/callback?error=access_denied&state=acme.{}", "a".repeat(43));
    world.browser.get(&forged).await.refuses(403, REFUSED);
    world.browser.get(&back).await.location();
}

#[tokio::test]
async fn any_other_error_stores_no_grant() {
    for error in ["invalid_scope", "server_error", "made_up"] {
        let world = World::start().await;
        let back = world.decided("acme", "allow").await;
        // A valid code beside the error does not help.
        let failed = with(&back, "error", Some(error));
        world.browser.get(&failed).await.refuses(400, "Bitbucket did not grant access");
        assert!(nothing_happened(&world).await, "{error}");
    }
}

#[tokio::test]
async fn missing_parameters_do_not_use_up_the_state() {
    let world = World::start().await;
    let back = world.decided("acme", "allow").await;
    let twice = format!("{back}&code=another");
    let long = with(&back, "code", Some(&"c".repeat(1_025)));
    for bad in
        [with(&back, "code", None), with(&back, "code", Some("")), with(&back, "state", None), twice, long]
    {
        world.browser.get(&bad).await.refuses(400, "This address is not complete");
    }
    assert!(nothing_happened(&world).await);
    world.browser.get(&back).await.location();
}
