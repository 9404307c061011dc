//! Webhook signatures: HMAC-SHA256 over the raw bytes of a body.
//!
//! Bitbucket sends `X-Hub-Signature: sha256=<64 lower-case hex digits>` if the hook has a secret
//! (<https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/>). GitHub uses the same
//! header name for SHA-1, so any method other than `sha256` is refused.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::Error;

/// Longest secret that Bitbucket accepts (`webhook_subscription.secret` in its OpenAPI file).
pub const MAX_SECRET_CHARS: usize = 128;

const PREFIX: &[u8] = b"sha256=";
const DIGEST_BYTES: usize = 32;

/// Secret of a webhook. It is never empty, and it cannot be printed.
#[derive(Debug, Clone)]
pub struct WebhookSecret(SecretString);

impl WebhookSecret {
    /// Takes a secret.
    ///
    /// # Errors
    ///
    /// [`Error::SecretEmpty`], [`Error::SecretTooLong`].
    pub fn new(secret: impl Into<String>) -> Result<Self, Error> {
        let secret = secret.into();
        if secret.trim().is_empty() {
            return Err(Error::SecretEmpty);
        }
        if secret.chars().count() > MAX_SECRET_CHARS {
            return Err(Error::SecretTooLong { max_chars: MAX_SECRET_CHARS });
        }
        Ok(Self(secret.into()))
    }

    /// Returns the header for a body, as Bitbucket writes it. For samples and checks only.
    pub fn sign(&self, body: &[u8]) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes());
        let digest = mac.map(|mac| mac.chain_update(body).finalize().into_bytes());
        // HMAC accepts a key of any length, so there always is a digest.
        digest.map(|digest| format!("sha256={}", hex::encode(digest))).unwrap_or_default()
    }

    /// Compares in constant time.
    fn signed(&self, body: &[u8], signature: &Signature) -> bool {
        // HMAC accepts a key of any length; only other MACs return errors.
        Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes())
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&signature.0).is_ok())
    }
}

/// A signature from the header, not yet verified.
#[derive(Clone)]
pub(crate) struct Signature([u8; DIGEST_BYTES]);

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signature(…)")
    }
}

impl Signature {
    /// Reads the values of the `X-Hub-Signature` header. Exactly one is accepted. Two values joined by a gateway with a
    /// comma are malformed.
    pub(crate) fn parse(values: &[Vec<u8>]) -> Result<Self, Error> {
        let value = match values {
            [] => return Err(Error::SignatureMissing),
            [value] => value,
            _ => return Err(Error::SignatureMalformed),
        };
        let digits = value.strip_prefix(PREFIX).ok_or(Error::SignatureMalformed)?;
        if digits.iter().any(u8::is_ascii_uppercase) {
            return Err(Error::SignatureMalformed);
        }
        let mut digest = [0; DIGEST_BYTES];
        hex::decode_to_slice(digits, &mut digest).map_err(|_| Error::SignatureMalformed)?;
        Ok(Self(digest))
    }
}

/// True if one of the secrets matches the signature of this body. All secrets are tried, for constant time.
pub(crate) fn verify(body: &[u8], signature: &Signature, secrets: &[WebhookSecret]) -> Result<(), Error> {
    let matches = secrets.iter().filter(|secret| secret.signed(body, signature)).count();
    if matches == 0 { Err(Error::SignatureMismatch) } else { Ok(()) }
}
