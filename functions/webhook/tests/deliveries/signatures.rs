use http::StatusCode;
use store::memory::MemoryLinks;

use crate::support::{BODY, Function, SECRET, Sent, link, link_with, sign};

#[tokio::test]
async fn signed_delivery_is_stored_byte_for_byte() {
    let function = Function::new();
    let (status, answer) = function.answer(Sent::good()).await;
    assert_eq!((status, answer["status"].as_str()), (StatusCode::OK, Some("stored")));
    let log = function.log().await;
    assert_eq!(log.len(), 1);
    assert_eq!(answer["events"][0].as_str(), Some(log[0].id.as_str()));
    assert_eq!(log[0].payload, BODY.as_bytes());
    assert_eq!(log[0].sequence, 1);
}

#[tokio::test]
async fn invalid_signatures_are_refused_and_store_nothing() {
    let good = sign(SECRET, BODY.as_bytes());
    let digits = good.strip_prefix("sha256=").unwrap();
    let forged = [
        Sent::good().without("x-hub-signature"),
        Sent::good().and_header("x-hub-signature", good.clone()),
        Sent::good().header("x-hub-signature", format!("{good},{good}")),
        Sent::good().header("x-hub-signature", format!("sha1={digits}")),
        Sent::good().header("x-hub-signature", format!("SHA256={digits}")),
        Sent::good().header("x-hub-signature", digits),
        Sent::good().header("x-hub-signature", format!("sha256={}", digits.to_uppercase())),
        Sent::good().header("x-hub-signature", good[..good.len() - 1].to_owned()),
        Sent::good().header("x-hub-signature", format!("{good}0")),
        Sent::good().header("x-hub-signature", "sha256="),
        Sent::good().header("x-hub-signature", ""),
        Sent::good().header("x-hub-signature", sign("another secret", BODY.as_bytes())),
        Sent::good().header("x-hub-signature", sign("", BODY.as_bytes())),
        Sent { body: BODY.replace("acme", "acmf").into_bytes(), ..Sent::good() },
        Sent { body: Vec::new(), ..Sent::good() },
    ];
    let function = Function::new();
    for sent in forged {
        let header: Vec<_> =
            sent.headers.iter().filter(|(name, _)| *name == "x-hub-signature").cloned().collect();
        assert_eq!(function.status(sent).await, 401, "{header:?}");
    }
    assert_eq!(function.stored_items(), 0);
}

#[tokio::test]
async fn every_one_byte_change_of_the_body_is_refused() {
    let function = Function::new();
    for at in 0..BODY.len() {
        let mut sent = Sent::good();
        sent.body[at] ^= 1;
        assert_eq!(function.status(sent).await, 401, "byte {at}");
    }
    assert_eq!(function.stored_items(), 0);
}

#[tokio::test]
async fn unsigned_body_is_never_parsed() {
    let function = Function::new();
    let sent = Sent { body: b"not json".to_vec(), ..Sent::good().without("x-hub-signature") };
    assert_eq!(function.status(sent).await, 401);
}

#[tokio::test]
async fn both_secrets_are_valid_during_rotation() {
    let links = MemoryLinks::default();
    links.set(&link(), link_with(&["the old one", "the new one"]));
    let function = Function::with(links);
    for (request, secret) in [("a", "the old one"), ("b", "the new one")] {
        let sent = Sent::signed(secret, BODY).header("x-request-uuid", request);
        assert_eq!(function.status(sent).await, 200, "{secret}");
    }
    assert_eq!(function.status(Sent::signed("a third one", BODY)).await, 401);
}

#[tokio::test]
async fn new_secret_is_accepted_at_once() {
    let links = MemoryLinks::default();
    links.set(&link(), link_with(&["the old one"]));
    let function = Function::with(links.clone());
    assert_eq!(function.status(Sent::signed("the old one", BODY)).await, 200);
    links.set(&link(), link_with(&["the new one"]));
    let sent = Sent::signed("the new one", BODY).header("x-request-uuid", "b");
    assert_eq!(function.status(sent).await, 200);
}

#[tokio::test]
async fn link_without_a_usable_secret_accepts_nothing() {
    for document in [link_with(&[]), link_with(&[""])] {
        let links = MemoryLinks::default();
        links.set(&link(), document.clone());
        let function = Function::with(links);
        for sent in [Sent::signed("", BODY), Sent::good(), Sent::good().without("x-hub-signature")] {
            assert_eq!(function.status(sent).await, 500, "{document}");
        }
        assert_eq!(function.stored_items(), 0);
    }
}

#[tokio::test]
async fn only_unsigned_links_accept_unsigned_deliveries() {
    let links = MemoryLinks::default();
    links
        .set(&link(), r#"{"version":1,"template":"bitbucket-webhook","webhook_secrets":[],"unsigned":true}"#);
    let function = Function::with(links);
    assert_eq!(function.status(Sent::good().without("x-hub-signature")).await, 200);
    let signed = Sent::good().header("x-request-uuid", "b").header("x-event-key", "pullrequest:push");
    assert_eq!(function.status(signed).await, 200);
    let marks: Vec<bool> = function.log().await.iter().map(|event| event.signed).collect();
    assert_eq!(marks, [false, false], "nobody has compared the second one's signature");
}

/// Deliveries of somebody who has no secret.
fn without_a_secret() -> [Sent; 6] {
    let good = sign(SECRET, BODY.as_bytes());
    [
        Sent::good().without("x-hub-signature"),
        Sent::good().and_header("x-hub-signature", good),
        Sent::good().header("x-hub-signature", "sha256="),
        Sent::good().header("x-hub-signature", sign("another secret", BODY.as_bytes())),
        Sent { body: b"not json".to_vec(), ..Sent::good() },
        Sent::good().without("x-hub-signature").without("x-event-key"),
    ]
}

#[tokio::test]
async fn unknown_link_is_answered_like_a_wrong_signature() {
    let function = Function::new();
    for sent in without_a_secret() {
        let known = function.answer(sent.clone()).await;
        assert_eq!(known.0, 401);
        for path in ["/webhook/other", "/webhook/Acme"] {
            assert_eq!(function.answer(sent.clone().path(path)).await, known, "{path}");
        }
    }
    // A flood uses up the look-ups of unknown links. Until it ends, a known link is answered like them.
    for number in 0..200 {
        function.status(Sent::good().path(&format!("/webhook/guess-{number}"))).await;
    }
    for sent in without_a_secret() {
        let known = function.answer(sent.clone()).await;
        assert_eq!(known.0, 503, "Bitbucket sends it again");
        for path in ["/webhook/other", "/webhook/guess-0", "/webhook/guess-199"] {
            assert_eq!(function.answer(sent.clone().path(path)).await, known, "{path}");
        }
    }
    assert_eq!(function.status(Sent::good()).await, 200, "a flood refuses no signed delivery");
}
