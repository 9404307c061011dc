//! Links whose credential is an OAuth consumer.

use serde_json::json;
use simulator::OAuthConsumer;
use store::links::tokens::{GrantStore, KeptGrant};
use system::{Pr, Repo, World};

/// Starts a world whose link `widgets` has an OAuth consumer, and a pull request with a silent edit.
async fn with_silent_edit(kind: &str) -> (World, Pr) {
    let world = World::start().await;
    world.simulator.register_consumer(OAuthConsumer {
        key: "key".to_owned(),
        secret: "secret".to_owned(),
        callback_url: "https://bitrelay.example/callback".to_owned(),
        acts_as: "bot".to_owned(),
        scopes: OAuthConsumer::USUAL_SCOPES.to_owned(),
    });
    let credential = json!({ "type": kind, "client_id": "key", "client_secret": "secret" });
    world.set_link(Repo::Widgets, Some(credential));
    let pr = world.alice().opens("gear").await;
    let comment = world.bob().comments(pr, "first").await;
    world.bob().edits(pr, comment, "second").await;
    (world, pr)
}

async fn found(world: &World, pr: Pr) -> bool {
    world.events(pr).await.iter().any(|event| event.ends_with("pullrequest:comment_updated poll"))
}

#[tokio::test]
async fn a_consumer_polls_with_a_token_an_hour() {
    let (world, pr) = with_silent_edit("client-credentials").await;
    world.run_for(120).await;
    assert!(found(&world, pr).await);
    assert_eq!(world.simulator.token_calls().len(), 1);
    world.advance(3_600);
    let comment = world.bob().comments(pr, "third").await;
    world.bob().edits(pr, comment, "fourth").await;
    world.run_for(120).await;
    assert_eq!(world.simulator.token_calls().len(), 2);
    assert_eq!(world.poll().await.failed, 0);
}

#[tokio::test]
async fn refused_token_is_renewed_in_the_same_run() {
    let (world, pr) = with_silent_edit("client-credentials").await;
    world.run_for(30).await;
    world.simulator.revoke_tokens();
    world.advance(120);
    let summary = world.poll().await;
    assert_eq!((summary.polled, summary.failed), (1, 0));
    assert!(found(&world, pr).await);
    assert_eq!(world.simulator.token_calls().len(), 2);
}

#[tokio::test]
async fn nothing_is_lost_while_nobody_has_authorized() {
    let (world, pr) = with_silent_edit("app-oauth").await;
    world.run_for(3_000).await;
    assert!(!found(&world, pr).await);
    assert_eq!(world.simulator.token_calls().len(), 0, "no token is requested without a grant");
    let grant = KeptGrant {
        generation: 1,
        client_id: "key".to_owned(),
        access_token: "alice-access-token".into(),
        expires_at: "2026-11-25T10:00:00Z".parse().unwrap(),
        refresh_token: None,
        scope: String::new(),
        account: None,
        reauthorize: false,
    };
    assert!(world.grants.store(&Repo::Widgets.link(), None, &grant).await.unwrap());
    world.run_for(600).await;
    assert!(found(&world, pr).await);
}
