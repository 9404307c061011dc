//! An independent signer of deliveries: it shares no code with the verifier.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, RequestBuilder, Response};
use sha2::Sha256;

/// Returns the value of `X-Hub-Signature`: `sha256=` and the digits.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A delivery as Bitbucket would send it. Tests change single fields.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `X-Event-Key`.
    pub key: String,
    /// `X-Request-UUID`.
    pub request: String,
    /// `X-Hook-UUID`.
    pub hook: String,
    /// `X-Attempt-Number`.
    pub attempt: u32,
    /// The body.
    pub body: Vec<u8>,
}

impl Delivery {
    /// Creates a first attempt.
    pub fn new(key: &str, request: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            key: key.to_owned(),
            request: format!("00000000-0000-4000-8000-{request:0>12}"),
            hook: "{5eba7a54-0000-4000-8000-00000000f00d}".to_owned(),
            attempt: 1,
            body: body.into(),
        }
    }

    /// Builds the request without a signature.
    pub fn unsigned(&self, http: &Client, url: &str) -> RequestBuilder {
        http.post(url)
            .header("content-type", "application/json")
            .header("user-agent", "Bitbucket-Webhooks/2.0")
            .header("x-event-key", &self.key)
            .header("x-request-uuid", &self.request)
            .header("x-hook-uuid", &self.hook)
            .header("x-attempt-number", self.attempt)
            .body(self.body.clone())
    }

    /// Signs the request and sends it.
    pub async fn send(&self, http: &Client, url: &str, secret: &str) -> reqwest::Result<Response> {
        self.unsigned(http, url).header("x-hub-signature", sign(secret, &self.body)).send().await
    }
}
