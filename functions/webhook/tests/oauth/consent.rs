use http::Request;
use secrecy::ExposeSecret;
use webhook::event::DomainName;

use crate::browser::{parameter, path};
use crate::world::{CALLBACK, World};

#[tokio::test]
async fn consent_stores_the_grant_and_shows_success() {
    let world = World::start().await;
    let to_bitbucket = world.browser.get(&world.address("acme").await).await;
    to_bitbucket.is_guarded();
    let to_bitbucket = to_bitbucket.location();
    assert!(to_bitbucket.starts_with(&format!("{}/site/oauth2/authorize?", world.simulator.url())));
    assert_eq!(parameter(&to_bitbucket, "redirect_uri"), CALLBACK);
    assert!(world.nothing_is_stored().await, "stored before Bitbucket's answer");

    let back = world.browser.decides(&to_bitbucket, "allow").await;
    let called_back = world.browser.get(&back).await;
    called_back.is_guarded();
    assert_eq!(called_back.location(), "https://bitrelay.example/success?id=acme");
    let success = world.browser.get(&path(&called_back.location())).await;
    success.is_guarded();
    assert!(success.status == 200 && success.body.contains("<h1>Authorized</h1>"), "{}", success.body);

    let grant = world.granted("acme").await.unwrap();
    assert_eq!((grant.client_id.as_str(), grant.generation), ("acme", 1));
    assert_eq!(grant.account.unwrap().display_name.as_deref(), Some("alice"));
    assert!(grant.refresh_token.is_some());
    let user = reqwest::Client::new().get(format!("{}/2.0/user", world.simulator.url()));
    let answer = user.bearer_auth(grant.access_token.expose_secret()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(world.granted("other").await.is_none());
}

#[tokio::test]
async fn second_authorization_replaces_the_grant() {
    let world = World::start().await;
    for generation in 1..=3 {
        let back = world.decided("acme", "allow").await;
        world.browser.get(&back).await.location();
        assert_eq!(world.granted("acme").await.unwrap().generation, generation);
    }
}

#[tokio::test]
async fn two_links_are_authorized_concurrently() {
    let world = World::start().await;
    let (acme, other) = (world.decided("acme", "allow").await, world.decided("other", "allow").await);
    for back in [&other, &acme] {
        world.browser.get(back).await.location();
    }
    for id in ["acme", "other"] {
        assert_eq!(world.granted(id).await.unwrap().client_id, id);
    }
}

#[tokio::test]
async fn callback_uses_the_domain_name_of_api_gateway() {
    let world = World::start().await;
    let mut settings = webhook::oauth::PagesSettings::from_environment(|_| None).unwrap();
    settings.oauth_url = world.simulator.url().to_owned();
    let world = World::with(world.simulator, settings);
    let domain = DomainName("abc.execute-api.eu-west-1.amazonaws.com".to_owned());
    let mut request = Request::get(world.address("acme").await).body(axum::body::Body::empty()).unwrap();
    request.extensions_mut().insert(domain);
    let location = world.browser.send(request).await.location();
    assert_eq!(
        parameter(&location, "redirect_uri"),
        "https://abc.execute-api.eu-west-1.amazonaws.com/callback"
    );

    // Without both the deployment is not complete, and the nonce stays valid.
    let address = world.address("acme").await;
    for _ in 0..2 {
        let seen = world.browser.get(&address).await;
        assert_eq!(seen.status, 500);
        assert!(seen.body.contains("This deployment is not complete"), "{}", seen.body);
    }
}
