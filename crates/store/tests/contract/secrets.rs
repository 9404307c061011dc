//! Links in Secrets Manager, as emulated by MiniStack.

use aws_config::SdkConfig;
use relay::LinkId;
use secrecy::ExposeSecret;
use store::links::LinkAdmin;
use store::links::tokens::{GrantStore, KeptGrant, SecretsManagerGrants, Versioned};
use store::{LinkSource, SecretsManagerLinks};

use crate::hosts::ministack::MiniStack;

/// One test, so that one process serves all stories and surely stops with the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_manager_passes_every_story() {
    let host = MiniStack::start().await;
    links_are_read_by_their_name(&host.config).await;
    grant_replaces_the_one_that_was_read(&host.config).await;
    links_are_created_changed_listed_and_deleted(&host.config).await;
}

async fn links_are_read_by_their_name(config: &SdkConfig) {
    let client = aws_sdk_secretsmanager::Client::new(config);
    client.create_secret().name("bitrelay/link/acme").secret_string("{}").send().await.unwrap();
    let links = SecretsManagerLinks::connect(config, "bitrelay/link/");
    let load = async |id: &str| links.load(&id.parse::<LinkId>().unwrap()).await;

    assert_eq!(load("acme").await.unwrap().unwrap().expose_secret(), "{}");
    assert!(load("acm").await.unwrap().is_none());

    client.delete_secret().secret_id("bitrelay/link/acme").send().await.unwrap();
    assert!(load("acme").await.unwrap().is_none(), "a link that is being deleted is gone");
}

fn grant(generation: u64, token: &str) -> KeptGrant {
    KeptGrant {
        generation,
        client_id: "key".to_owned(),
        access_token: token.into(),
        expires_at: "2026-11-24T11:00:00Z".parse().unwrap(),
        refresh_token: Some("refresh".into()),
        scope: String::new(),
        account: None,
        reauthorize: false,
    }
}

async fn grant_replaces_the_one_that_was_read(config: &SdkConfig) {
    let grants = SecretsManagerGrants::connect(config, "bitrelay/link/");
    let link: LinkId = "granted".parse().unwrap();
    let in_place = async || {
        let kept = grants.load(&link).await.unwrap().unwrap();
        (kept.version, kept.grant.access_token.expose_secret().to_owned())
    };
    assert!(grants.load(&link).await.unwrap().is_none());
    assert!(grants.recover(&link).await.unwrap().is_none());
    assert!(grants.store(&link, None, &grant(1, "one")).await.unwrap());
    assert!(!grants.store(&link, None, &grant(1, "another")).await.unwrap());
    let (first, token) = in_place().await;
    assert_eq!(token, "one");

    assert!(grants.store(&link, Some(&first), &grant(2, "two")).await.unwrap());
    assert!(!grants.store(&link, Some(&first), &grant(2, "too late")).await.unwrap());
    let (second, token) = in_place().await;
    assert_eq!(token, "two");
    let kept = grants.recover(&link).await.unwrap().unwrap();
    assert_eq!(kept.version, second, "what came too late is not taken up");

    // A store that was interrupted between its two steps. It uses another link, because MiniStack leaves a custom label
    // on the version that had it before.
    let link: LinkId = "broken-off".parse().unwrap();
    assert!(grants.store(&link, None, &grant(1, "one")).await.unwrap());
    let client = aws_sdk_secretsmanager::Client::new(config);
    let text = r#"{"generation": 2, "client_id": "key", "access_token": "two", "expires_at": "2026-11-24T12:00:00Z"}"#;
    let put = client.put_secret_value().secret_id("bitrelay/link/broken-off/grant").secret_string(text);
    put.version_stages("BITRELAY_NEXT").send().await.unwrap();
    let token = |kept: Option<Versioned>| kept.unwrap().grant.access_token.expose_secret().to_owned();
    assert_eq!(token(grants.load(&link).await.unwrap()), "one");
    assert_eq!(token(grants.recover(&link).await.unwrap()), "two");
    assert_eq!(token(grants.load(&link).await.unwrap()), "two");
}

async fn links_are_created_changed_listed_and_deleted(config: &SdkConfig) {
    let prefix = "bitrelay/administered/link/";
    let admin = LinkAdmin::connect(config, prefix);
    let (links, grants) =
        (SecretsManagerLinks::connect(config, prefix), SecretsManagerGrants::connect(config, prefix));
    let (acme, other): (LinkId, LinkId) = ("acme".parse().unwrap(), "other".parse().unwrap());
    assert!(admin.list().await.unwrap().is_empty(), "links of other deployments are not listed");

    assert!(admin.create(&other, &"{}".into()).await.unwrap());
    assert!(admin.create(&acme, &"{}".into()).await.unwrap());
    assert!(!admin.create(&acme, &"{\"a\":1}".into()).await.unwrap(), "one that is there is left as it is");
    assert_eq!(links.load(&acme).await.unwrap().unwrap().expose_secret(), "{}");
    assert!(grants.store(&acme, None, &grant(1, "one")).await.unwrap());
    assert_eq!(admin.list().await.unwrap(), [acme.clone(), other.clone()], "a grant is no link");

    let before = admin.load(&acme).await.unwrap().unwrap();
    let printed = format!("{before:?}");
    assert!(printed.contains(&before.version) && !printed.contains("{}"), "{printed}");
    assert_eq!(before.document.expose_secret(), "{}");
    for (document, is_stored) in [("{\"b\":2}", true), ("{\"c\":3}", false)] {
        let stored = admin.replace(&acme, &before.version, &document.into()).await.unwrap();
        assert_eq!(stored, is_stored, "the second one did not see the first one's change");
        assert_eq!(links.load(&acme).await.unwrap().unwrap().expose_secret(), "{\"b\":2}");
    }
    let now = admin.load(&acme).await.unwrap().unwrap();
    assert!(admin.replace(&acme, &now.version, &"{\"d\":4}".into()).await.unwrap());
    assert_eq!(links.load(&acme).await.unwrap().unwrap().expose_secret(), "{\"d\":4}");
    assert!(admin.load(&"never".parse().unwrap()).await.unwrap().is_none());

    assert!(admin.replace(&"never".parse().unwrap(), &now.version, &"{}".into()).await.is_err());

    admin.delete(&acme, false).await.unwrap();
    assert!(links.load(&acme).await.unwrap().is_none() && grants.load(&acme).await.unwrap().is_none());
    assert_eq!(admin.list().await.unwrap(), std::slice::from_ref(&other));
    assert_eq!(admin.list_with_deleted().await.unwrap(), [acme.clone(), other.clone()]);
    assert!(!matches!(admin.create(&acme, &"{}".into()).await, Ok(true)), "it can still be restored");
    admin.delete(&other, true).await.unwrap();
    assert!(admin.create(&other, &"{}".into()).await.unwrap());
    admin.delete(&"never".parse().unwrap(), false).await.unwrap();
}
