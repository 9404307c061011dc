//! Signature checks (G1): valid signatures, and everything that must be refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod support;

use bitbucket::{Delivery, Error, WebhookSecret};
use proptest::prelude::*;

/// Example from Atlassian's page on securing webhooks. GitHub's page has the same secret and `Hello, World!`.
const SECRET: &str = "It's a Secret to Everybody";
const BODY: &[u8] = b"Hello World!";
const SIGNATURE: &str = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::new(text).unwrap()
}

/// Verifies with these header values and returns the error.
fn verify(secrets: &[WebhookSecret], signatures: &[&[u8]], body: &[u8]) -> Result<(), Error> {
    let signatures = signatures.iter().map(|value| value.to_vec()).collect();
    let delivery = Delivery { signatures, body: body.to_vec().into(), ..Delivery::default() };
    delivery.verify(secrets).map(|verified| assert_eq!(verified.body(), body))
}

#[track_caller]
fn assert_malformed(signatures: &[&[u8]]) {
    let error = verify(&[secret(SECRET)], signatures, BODY).unwrap_err();
    assert!(matches!(error, Error::SignatureMalformed), "{signatures:?} gave {error:?}");
    assert_eq!(error.status(), 401);
}

#[track_caller]
fn assert_mismatch(secrets: &[WebhookSecret], signature: &str, body: &[u8]) {
    let error = verify(secrets, &[signature.as_bytes()], body).unwrap_err();
    assert!(matches!(error, Error::SignatureMismatch), "{signature:?} gave {error:?}");
    assert_eq!(error.status(), 401);
}

#[test]
fn documented_example_verifies() {
    verify(&[secret(SECRET)], &[SIGNATURE.as_bytes()], BODY).unwrap();
}

#[test]
fn recorded_example_verifies_if_present() {
    let Some(corpus) = support::corpus() else { return };
    let body = std::fs::read(corpus.join("signatures/atlassian-docs__hello-world.body")).unwrap();
    verify(&[secret(SECRET)], &[SIGNATURE.as_bytes()], &body).unwrap();
}

#[test]
fn every_one_byte_change_of_the_body_is_refused() {
    for position in 0..BODY.len() {
        for flip in 1..=255 {
            let mut body = BODY.to_vec();
            body[position] ^= flip;
            assert_mismatch(&[secret(SECRET)], SIGNATURE, &body);
        }
    }
    assert_mismatch(&[secret(SECRET)], SIGNATURE, b"Hello World");
    assert_mismatch(&[secret(SECRET)], SIGNATURE, b"Hello World!\n");
    assert_mismatch(&[secret(SECRET)], SIGNATURE, b"");
}

#[test]
fn every_one_byte_change_of_the_signature_is_refused() {
    for position in 0..SIGNATURE.len() {
        for flip in 1..=255 {
            let mut signature = SIGNATURE.as_bytes().to_vec();
            signature[position] ^= flip;
            let error = verify(&[secret(SECRET)], &[&signature], BODY).unwrap_err();
            assert_eq!(error.status(), 401, "{signature:?}");
        }
    }
}

#[test]
fn every_one_byte_change_of_the_secret_is_refused() {
    for position in 0..SECRET.len() {
        for other in ('!'..='~').filter(|other| SECRET.as_bytes()[position] != *other as u8) {
            let mut changed = SECRET.to_owned();
            changed.replace_range(position..=position, &other.to_string());
            assert_mismatch(&[secret(&changed)], SIGNATURE, BODY);
        }
    }
    for changed in [format!("{SECRET} "), format!(" {SECRET}"), SECRET[1..].to_owned(), SECRET.to_lowercase()]
    {
        assert_mismatch(&[secret(&changed)], SIGNATURE, BODY);
    }
}

#[test]
fn other_methods_than_sha256_are_refused() {
    // HMAC-SHA1 of the same body and secret, as in GitHub's header of the same name.
    assert_malformed(&[b"sha1=c515f330a339e006a451ec24110648f028c87a11"]);
    let digest = &SIGNATURE["sha256=".len()..];
    for prefix in
        ["", "sha1=", "sha512=", "SHA256=", "Sha256=", "sha256", "sha256:", "sha256==", "=", "hmac-sha256="]
    {
        assert_malformed(&[format!("{prefix}{digest}").as_bytes()]);
    }
}

#[test]
fn signature_in_another_format_is_refused() {
    let digest = &SIGNATURE["sha256=".len()..];
    let spellings = [
        format!("sha256={}", digest.to_uppercase()),
        format!("sha256={}", digest.replacen('a', "A", 1)),
        SIGNATURE[..SIGNATURE.len() - 1].to_owned(),
        SIGNATURE[..SIGNATURE.len() - 2].to_owned(),
        format!("{SIGNATURE}0"),
        format!("{SIGNATURE}00"),
        format!("{SIGNATURE}{digest}"),
        "sha256=".to_owned(),
        String::new(),
        format!(" {SIGNATURE}"),
        format!("{SIGNATURE} "),
        format!("{SIGNATURE}\n"),
        format!("sha256= {digest}"),
        format!("\"{SIGNATURE}\""),
        format!("sha256=0x{}", &digest[2..]),
        format!("sha256={}g", &digest[1..]),
    ];
    for spelling in &spellings {
        assert_malformed(&[spelling.as_bytes()]);
    }
    assert_malformed(&[b"sha256=\xff\xfe"]);
}

#[test]
fn missing_header_is_refused() {
    let error = verify(&[secret(SECRET)], &[], BODY).unwrap_err();
    assert!(matches!(error, Error::SignatureMissing));
    assert_eq!(error.status(), 401);
}

#[test]
fn duplicate_header_is_refused_even_if_both_match() {
    let signature = SIGNATURE.as_bytes();
    assert_malformed(&[signature, signature]);
    assert_malformed(&[signature, b"sha256=00"]);
    assert_malformed(&[format!("{SIGNATURE},{SIGNATURE}").as_bytes()]);
    assert_malformed(&[format!("{SIGNATURE}, {SIGNATURE}").as_bytes()]);
}

#[test]
fn empty_or_long_secrets_are_refused() {
    for empty in ["", " ", "\t\n", "\u{a0}"] {
        assert!(matches!(WebhookSecret::new(empty), Err(Error::SecretEmpty)), "{empty:?}");
    }
    assert!(matches!(WebhookSecret::new("s".repeat(129)), Err(Error::SecretTooLong { max_chars: 128 })));
    assert!(WebhookSecret::new("ß".repeat(128)).is_ok());
}

#[test]
fn nothing_verifies_without_a_secret() {
    assert_mismatch(&[], SIGNATURE, BODY);
    // HMAC-SHA256 with an empty key.
    assert_mismatch(&[], "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", b"");
}

#[test]
fn both_secrets_verify_during_rotation() {
    let (old, new) = (secret("the old one"), secret(SECRET));
    verify(&[old.clone(), new.clone()], &[SIGNATURE.as_bytes()], BODY).unwrap();
    verify(&[new, old.clone()], &[SIGNATURE.as_bytes()], BODY).unwrap();
    assert_mismatch(&[old], SIGNATURE, BODY);
}

#[test]
fn body_may_be_any_bytes() {
    use hmac::{Hmac, KeyInit, Mac};
    let body = [0, 159, 146, 150, 255];
    let mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    verify(&[secret(SECRET)], &[signature.as_bytes()], &body).unwrap();
}

#[test]
fn no_secret_signature_or_body_is_ever_printed() {
    let delivery = Delivery {
        signatures: vec![SIGNATURE.as_bytes().to_vec()],
        body: BODY.to_vec().into(),
        event_key: Some("repo:push".to_owned()),
        ..Delivery::default()
    };
    let secret = secret(SECRET);
    let refused = verify(std::slice::from_ref(&secret), &[b"sha256=a4771c39"], BODY).unwrap_err();
    let verified = delivery.clone().verify(std::slice::from_ref(&secret)).unwrap();
    let printed = format!("{secret:?} {delivery:?} {verified:?} {refused:?} {refused}");
    for hidden in
        ["Everybody", "Hello", "a4771c39", &format!("{BODY:?}"), &format!("{:?}", SIGNATURE.as_bytes())]
    {
        assert!(!printed.contains(hidden), "{hidden} is in {printed}");
    }
    assert!(printed.contains("repo:push"), "the event key is printed: {printed}");
}

proptest! {
    #[test]
    fn arbitrary_headers_never_verify(
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..3),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        prop_assert!(verify(&[secret(SECRET)], &values, &body).is_err());
    }

    #[test]
    fn arbitrary_digests_never_verify(digest in "[0-9a-f]{64}", body in prop::collection::vec(any::<u8>(), 0..200)) {
        let signature = format!("sha256={digest}");
        prop_assert!(verify(&[secret(SECRET)], &[signature.as_bytes()], &body).is_err());
    }
}
