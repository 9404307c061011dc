//! The cache of links: the number of loads, and its use during an outage.

use bitbucket::Delivery;

use jiff::Timestamp;
use relay::LinkId;
use store::Error;
use store::links::{CachedLinks, Link};
use store::memory::MemoryLinks;

const SIGNED: &str =
    r#"{"version":1,"template":"bitbucket-user-token","webhook_secrets":[{"value":"first"}]}"#;

fn link() -> LinkId {
    "acme".parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// Cached links, and their source.
struct Links {
    cached: CachedLinks<MemoryLinks>,
    source: MemoryLinks,
}

impl std::ops::Deref for Links {
    type Target = CachedLinks<MemoryLinks>;

    fn deref(&self) -> &CachedLinks<MemoryLinks> {
        &self.cached
    }
}

fn links() -> Links {
    let source = MemoryLinks::default();
    source.set(&link(), SIGNED);
    cached(source)
}

/// As the webhook function caches links: anybody can request one.
fn bounded() -> Links {
    let source = MemoryLinks::default();
    Links { cached: CachedLinks::bounded(source.clone()), source }
}

fn cached(source: MemoryLinks) -> Links {
    Links { cached: CachedLinks::new(source.clone()), source }
}

/// True if the link accepts a delivery that is signed with `secret`.
fn accepts(link: &Link, secret: &str) -> bool {
    use hmac::{Hmac, KeyInit, Mac};
    let mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(b"{}");
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let delivery = Delivery {
        signatures: vec![signature.into_bytes()],
        body: b"{}".as_slice().into(),
        ..Delivery::default()
    };
    delivery.verify(&link.webhook_secrets).is_ok()
}

#[tokio::test]
async fn link_is_loaded_once_in_five_minutes() {
    let links = links();
    for seconds in [0, 1, 299] {
        assert!(links.get(&link(), at(seconds)).await.unwrap().is_some());
    }
    assert_eq!(links.source.loads(), 1);
    links.get(&link(), at(300)).await.unwrap();
    assert_eq!(links.source.loads(), 2);
}

#[tokio::test]
async fn missing_link_is_loaded_once_in_thirty_seconds() {
    let links = cached(MemoryLinks::default());
    for seconds in [0, 29] {
        assert!(links.get(&link(), at(seconds)).await.unwrap().is_none());
    }
    assert_eq!(links.source.loads(), 1);
    links.source.set(&link(), SIGNED);
    assert!(links.get(&link(), at(30)).await.unwrap().is_some());
}

#[tokio::test]
async fn rotated_secret_is_loaded_after_one_mismatch() {
    let links = links();
    let before = links.get(&link(), at(0)).await.unwrap().unwrap();
    assert!(accepts(&before, "first") && !accepts(&before, "second"));
    links.source.set(
        &link(),
        r#"{"version":1,"template":"t","webhook_secrets":[{"value":"first"},{"value":"second"}]}"#,
    );
    let after = links.refresh_after_mismatch(&link(), at(1)).await.unwrap().unwrap();
    assert!(accepts(&after, "first") && accepts(&after, "second"));
    let kept = links.get(&link(), at(2)).await.unwrap().unwrap();
    assert!(accepts(&kept, "second"));
    assert_eq!(links.source.loads(), 2);
}

#[tokio::test]
async fn forged_deliveries_cause_one_load_in_thirty_seconds() {
    let links = links();
    links.get(&link(), at(0)).await.unwrap();
    assert!(links.refresh_after_mismatch(&link(), at(1)).await.unwrap().is_some());
    for seconds in 1..31 {
        assert!(links.refresh_after_mismatch(&link(), at(seconds)).await.unwrap().is_none());
    }
    assert_eq!(links.source.loads(), 2);
    assert!(links.refresh_after_mismatch(&link(), at(31)).await.unwrap().is_some());
}

#[tokio::test]
async fn mismatch_during_outage_is_not_called_forged() {
    let links = links();
    links.get(&link(), at(0)).await.unwrap();
    links.source.set_down(true);
    for seconds in [1, 2, 29] {
        let error = links.refresh_after_mismatch(&link(), at(seconds)).await.unwrap_err();
        assert_eq!(error.status(), 503);
    }
    assert_eq!(links.source.loads(), 2);
    links.source.set_down(false);
    assert!(links.refresh_after_mismatch(&link(), at(31)).await.unwrap().is_some());
}

#[tokio::test]
async fn cached_link_is_used_for_an_hour_of_outage() {
    let links = links();
    links.get(&link(), at(0)).await.unwrap();
    links.source.set_down(true);
    for seconds in [300, 301, 329, 3599] {
        assert!(links.get(&link(), at(seconds)).await.unwrap().is_some(), "after {seconds} seconds");
    }
    assert_eq!(links.source.loads(), 1 + 2);
    assert_eq!(links.get(&link(), at(3600)).await.unwrap_err().status(), 503);
    links.source.set_down(false);
    assert!(links.get(&link(), at(3640)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_link_never_loaded_is_a_503_while_the_source_is_down() {
    let links = links();
    links.source.set_down(true);
    assert_eq!(links.get(&link(), at(0)).await.unwrap_err().status(), 503);
    links.source.set_down(false);
    assert!(links.get(&link(), at(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn broken_or_deleted_link_fails_at_next_load() {
    let links = links();
    links.get(&link(), at(0)).await.unwrap();
    links.source.set(&link(), "{}");
    assert!(matches!(links.get(&link(), at(300)).await, Err(Error::LinkInvalid { .. })));
    assert!(matches!(links.get(&link(), at(301)).await, Err(Error::LinkInvalid { .. })));
    assert_eq!(links.source.loads(), 2);
    links.source.remove(&link());
    assert!(links.get(&link(), at(331)).await.unwrap().is_none());
}

#[tokio::test]
async fn secret_of_cached_link_expires_in_time() {
    let links = links();
    let expires_at = at(60);
    links.source.set(
        &link(),
        format!(r#"{{"version":1,"template":"t","webhook_secrets":[{{"value":"first","expires_at":"{expires_at}"}}]}}"#),
    );
    assert!(links.get(&link(), at(59)).await.is_ok());
    assert!(matches!(links.get(&link(), at(60)).await, Err(Error::LinkWithoutSecret(_))));
    assert_eq!(links.source.loads(), 1);
}

#[tokio::test]
async fn look_ups_of_unknown_links_are_bounded() {
    let links = bounded();
    let unknown = |n: i64| format!("guess-{n}").parse::<LinkId>().unwrap();
    for n in 0..100 {
        assert!(!links.has_no_look_up_left(at(0)));
        assert!(links.get(&unknown(n), at(0)).await.unwrap().is_none());
    }
    assert!(links.has_no_look_up_left(at(0)));
    for n in 100..1_100 {
        let error = links.get(&unknown(n), at(0)).await.unwrap_err();
        assert_eq!((error.status(), error.retryable()), (503, true));
    }
    assert_eq!(links.source.loads(), 100);
    // One more each second, and never more than a hundred at once.
    for seconds in 1..=60 {
        for n in 0..200 {
            let _ = links.get(&unknown(10_000 + 200 * seconds + n), at(seconds)).await;
        }
    }
    assert_eq!(links.source.loads(), 160);
    for n in 0..1_000 {
        let _ = links.get(&unknown(100_000 + n), at(86_400)).await;
    }
    assert_eq!(links.source.loads(), 260);
}

#[tokio::test]
async fn links_that_exist_use_up_no_look_up() {
    let links = bounded();
    for n in 0..500 {
        let id = format!("link-{n}").parse().unwrap();
        links.source.set(&id, SIGNED);
        assert!(links.get(&id, at(0)).await.unwrap().is_some());
        assert!(!links.has_no_look_up_left(at(0)));
    }
    // Without a look-up left, a link that was loaded before is loaded again.
    for n in 0..200 {
        let _ = links.get(&format!("guess-{n}").parse().unwrap(), at(300)).await;
    }
    assert_eq!(links.source.loads(), 600);
    assert!(links.get(&"link-0".parse().unwrap(), at(300)).await.unwrap().is_some());
    assert_eq!(links.source.loads(), 601);
}

#[tokio::test]
async fn error_of_a_link_never_loaded_is_kept() {
    let links = links();
    links.source.set_down(true);
    for _ in 0..50 {
        assert_eq!(links.get(&link(), at(0)).await.unwrap_err().status(), 503);
    }
    assert_eq!(links.source.loads(), 1);
    links.source.set_down(false);
    links.source.set(&link(), "{}");
    for _ in 0..50 {
        assert!(matches!(links.get(&link(), at(1)).await, Err(Error::LinkInvalid { .. })));
    }
    assert_eq!(links.source.loads(), 2);
    links.source.set(&link(), SIGNED);
    assert!(links.get(&link(), at(2)).await.unwrap().is_some());
}
