//! Reads HTTP requests within limits.

use axum::body::Body;
use bitbucket::{Delivery, HookUuid, RequestUuid};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Request};

use crate::answer::Error;

/// Largest accepted body. Bitbucket sends at most 256 KB today
/// (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>).
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Reads a request. It checks the length of the body and parses none of it.
///
/// # Errors
///
/// [`Error::ContentType`], [`Error::TooLarge`], [`Error::Body`].
pub async fn delivery(request: Request<Body>) -> Result<Delivery, Error> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts) {
        return Err(Error::ContentType);
    }
    let text = |name| header(&parts.headers, name);
    let declared_bytes = text("content-length").and_then(|bytes| bytes.trim().parse().ok());
    if declared_bytes.is_some_and(|bytes: usize| bytes > MAX_BODY_BYTES) {
        return Err(Error::TooLarge(MAX_BODY_BYTES));
    }
    let body = axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|error| {
        let too_large = std::error::Error::source(&error)
            .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>);
        if too_large { Error::TooLarge(MAX_BODY_BYTES) } else { Error::Body }
    })?;
    // Only this header decides. `X-Hub-Signature-256`, which some report, is ignored.
    let signatures =
        parts.headers.get_all("x-hub-signature").iter().map(|value| value.as_bytes().to_vec()).collect();
    Ok(Delivery {
        event_key: text("x-event-key").map(str::to_owned),
        hook: text("x-hook-uuid").map(HookUuid::new),
        request: text("x-request-uuid").map(RequestUuid::new),
        attempt: text("x-attempt-number").and_then(|attempt| attempt.trim().parse().ok()),
        signatures,
        body,
    })
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().filter(|value| !value.trim().is_empty())
}

fn is_json(parts: &Parts) -> bool {
    let value = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
