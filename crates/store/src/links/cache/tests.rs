//! How often links are loaded, and what is used while they cannot be.

use bitbucket::Delivery;

use super::*;
use crate::links::memory::MemoryLinks;

const SIGNED: &str =
    r#"{"version":1,"template":"bitbucket-user-token","webhook_secrets":[{"value":"first"}]}"#;

fn link() -> LinkId {
    "acme".parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn links() -> CachedLinks<MemoryLinks> {
    let source = MemoryLinks::default();
    source.set(&link(), SIGNED);
    CachedLinks::new(source)
}

/// Whether this delivery, signed with `secret`, is accepted by the link.
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
async fn a_link_is_loaded_once_in_five_minutes() {
    let links = links();
    for seconds in [0, 1, 299] {
        assert!(links.get(&link(), at(seconds)).await.unwrap().is_some());
    }
    assert_eq!(links.source.loads(), 1);
    links.get(&link(), at(300)).await.unwrap();
    assert_eq!(links.source.loads(), 2);
}

#[tokio::test]
async fn a_link_that_is_not_there_is_asked_for_once_in_thirty_seconds() {
    let links = CachedLinks::new(MemoryLinks::default());
    for seconds in [0, 29] {
        assert!(links.get(&link(), at(seconds)).await.unwrap().is_none());
    }
    assert_eq!(links.source.loads(), 1);
    links.source.set(&link(), SIGNED);
    assert!(links.get(&link(), at(30)).await.unwrap().is_some());
}

#[tokio::test]
async fn links_that_are_not_there_do_not_fill_the_memory_nor_push_out_those_that_are() {
    let links = links();
    links.get(&link(), at(0)).await.unwrap();
    for n in 0..1_500 {
        links.get(&format!("guess-{n}").parse().unwrap(), at(1)).await.unwrap();
    }
    assert_eq!(links.entries().len(), MAX_ENTRIES);
    let loads = links.source.loads();
    links.get(&link(), at(2)).await.unwrap();
    assert_eq!(links.source.loads(), loads);
}

#[tokio::test]
async fn a_secret_that_was_rotated_in_is_known_after_one_mismatch() {
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
async fn a_flood_of_forged_deliveries_is_one_load_in_thirty_seconds() {
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
async fn a_load_in_between_does_not_reopen_the_way_for_a_flood() {
    let links = links();
    links.get(&link(), at(0)).await.unwrap();
    links.refresh_after_mismatch(&link(), at(299)).await.unwrap();
    links.get(&link(), at(299 + 300)).await.unwrap();
    links.refresh_after_mismatch(&link(), at(600)).await.unwrap();
    links.entries().get_mut(&link()).unwrap().loaded_at = at(0);
    links.get(&link(), at(601)).await.unwrap();
    let loads = links.source.loads();
    assert!(links.refresh_after_mismatch(&link(), at(602)).await.unwrap().is_none());
    assert_eq!(links.source.loads(), loads);
}

#[tokio::test]
async fn while_the_source_is_down_a_mismatch_is_not_called_forged() {
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
async fn while_the_source_is_down_a_link_is_used_for_an_hour_and_asked_for_now_and_then() {
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
async fn what_was_broken_or_deleted_by_hand_is_seen_when_the_link_is_loaded_again() {
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
async fn a_secret_expires_while_its_link_is_kept() {
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
