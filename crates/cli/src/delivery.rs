//! Sends a sample delivery, signed as Bitbucket signs.

use std::time::Duration;

use bitbucket::{EventKey, WebhookSecret};
use reqwest::redirect::Policy;
use serde_json::Value;
use url::Url;

use crate::Error;

/// Longest wait for an answer; longer than the webhook function may run.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Largest part of an answer that is shown, in bytes.
const MAX_ANSWER_BYTES: usize = 4 * 1024;

/// Answer of the receiver.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// The `Date` header: the receiver's clock.
    pub(crate) date: Option<String>,
}

/// Sends a body as the first attempt of a hook with the id `bitrelay`.
pub(crate) async fn send(
    url: &Url,
    key: &EventKey,
    body: &Value,
    secret: Option<&WebhookSecret>,
) -> Result<Answer, Error> {
    let unreachable = |error: &reqwest::Error| bitbucket::Error::Unreachable {
        operation: "a delivery",
        reason: if error.is_timeout() { "no answer in time" } else { "no connection, or it broke off" }
            .to_owned(),
    };
    let body = body.to_string();
    let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(Policy::none()).build();
    let request = client
        .map_err(|error| Error::Internal(error.to_string()))?
        .post(url.clone())
        .header("content-type", "application/json; charset=utf-8")
        .header("user-agent", concat!("bitrelay/", env!("CARGO_PKG_VERSION")))
        .header("x-event-key", key.as_str())
        .header("x-hook-uuid", "bitrelay")
        .header("x-request-uuid", hex::encode(random()?))
        .header("x-attempt-number", "1");
    let request = match secret {
        Some(secret) => request.header("x-hub-signature", secret.sign(body.as_bytes())),
        None => request,
    };
    let mut response = request.body(body).send().await.map_err(|error| unreachable(&error))?;
    let date = response.headers().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned);
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        answer.extend_from_slice(&chunk);
        if answer.len() >= MAX_ANSWER_BYTES {
            answer.truncate(MAX_ANSWER_BYTES);
            break;
        }
    }
    let body = String::from_utf8_lossy(&answer).into_owned();
    Ok(Answer { status: response.status().as_u16(), body, date })
}

/// Returns random bytes that make a delivery unique.
pub(crate) fn random() -> Result<[u8; 16], Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(format!("no random bytes: {error}")))?;
    Ok(bytes)
}
