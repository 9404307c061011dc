//! `X-Hub-Signature`, written independently of the project's verifier so that the two can be tested against each other.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of `X-Hub-Signature` for a body: `sha256=` and the lower-case hex of HMAC-SHA256 with the secret's
/// UTF-8 bytes as key (<https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/>).
pub fn sign(secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length; the error type exists for other algorithms of the trait.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_documented_vector_is_reproduced() {
        assert_eq!(
            super::sign("It's a Secret to Everybody", b"Hello World!"),
            "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
        );
    }
}
