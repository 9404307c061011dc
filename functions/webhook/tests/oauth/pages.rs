//! Content of the pages.

use crate::browser::with;
use crate::world::World;

const NASTY: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";

#[tokio::test]
async fn html_in_parameters_is_escaped() {
    let world = World::start().await;
    let start = world.address("acme").await;
    let back = format!("/callback?code=c&state=acme.{}", "a".repeat(43));
    let denied = format!("{back}&error=access_denied&error_description=d&error_uri=u");
    for (page, names) in [
        (start.as_str(), ["id", "nonce", "more"].as_slice()),
        (&back, &["code", "state", "more"]),
        (&denied, &["error", "error_description", "error_uri"]),
        ("/success?id=acme", &["id"]),
    ] {
        for name in names {
            let seen = world.browser.get(&with(page, name, Some(NASTY))).await;
            seen.is_guarded();
            assert!(
                !seen.body.contains("alert(1)") && !seen.body.contains("<img"),
                "{page} {name}: {}",
                seen.body
            );
            let headers = format!("{:?}", seen.headers);
            assert!(!headers.contains("<script") && !headers.contains("onerror"), "{page} {name}: {headers}");
        }
    }
    assert!(world.nothing_is_stored().await);
}

#[tokio::test]
async fn success_page_reads_no_storage() {
    let world = World::start().await;
    for id in ["acme", "nobody"] {
        let seen = world.browser.get(&format!("/success?id={id}")).await;
        seen.is_guarded();
        assert!(
            seen.status == 200 && seen.body.contains(&format!("bitrelay link test {id}")),
            "{}",
            seen.body
        );
    }
    for bad in ["/success", "/success?id=", "/success?id=A%20B"] {
        assert_eq!(world.browser.get(bad).await.status, 400, "{bad}");
    }
    assert_eq!((world.links.loads(), world.table.calls().reads), (0, 0));
}

#[tokio::test]
async fn bitbucket_client_is_made_after_the_nonce_check() {
    let world = World::start().await;
    let settings = webhook::oauth::PagesSettings {
        public_url: Some("https://bitrelay.example".parse().unwrap()),
        oauth_url: "not a url".to_owned(),
        api_url: "not a url".to_owned(),
    };
    let world = World::with(world.simulator, settings);
    let address = world.address("acme").await;
    let forged = with(&address, "nonce", Some(&"a".repeat(43)));
    world.browser.get(&forged).await.refuses(403, "This address does not work");
    assert_eq!(world.browser.get(&address).await.status, 500, "the client is made after the nonce check");
}
