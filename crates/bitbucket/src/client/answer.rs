//! Reads answers within limits, and the messages of errors.

use reqwest::Response;
use serde_json::Value;

use super::transport::Unreachable;
use crate::Error;
use crate::payload::{MAX_NESTING, nesting};

/// Largest answer that is read. A page of 100 comments is smaller, unless their texts are very long.
const MAX_ANSWER_BYTES: usize = 10 * 1024 * 1024;

/// Longest part of Bitbucket's message that goes into an error.
const MAX_MESSAGE_CHARS: usize = 200;

/// Reads the JSON of a successful answer.
pub(super) async fn json(operation: &'static str, response: Response) -> Result<Value, Error> {
    sized_json(operation, response).await.map(|(answer, _)| answer)
}

/// Reads the JSON of a successful answer, and its size in bytes.
pub(super) async fn sized_json(operation: &'static str, response: Response) -> Result<(Value, usize), Error> {
    let body = good(operation, response).await?;
    let invalid = |reason| Error::AnswerInvalid { operation, reason };
    let answer = serde_json::from_slice(&body).map_err(|_| invalid("not JSON"))?;
    // Inside a state it has more levels, and a state with more than 127 cannot be read back.
    if nesting(&answer) > MAX_NESTING {
        Err(invalid("too many levels of objects and arrays"))
    } else {
        Ok((answer, body.len()))
    }
}

/// Checks that an answer is successful and ignores its content.
pub(super) async fn done(operation: &'static str, response: Response) -> Result<(), Error> {
    good(operation, response).await.map(drop)
}

/// Reads the body of an answer within the limit.
async fn good(operation: &'static str, response: Response) -> Result<Vec<u8>, Error> {
    let status = response.status();
    let retry_after_seconds = retry_after(&response);
    let body = body(operation, response).await?;
    if status.is_success() {
        return Ok(body);
    }
    Err(Error::Api { operation, status: status.as_u16(), message: message(&body), retry_after_seconds })
}

pub(crate) async fn body(operation: &'static str, mut response: Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(operation, &error))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Error::AnswerTooLarge { operation, max_bytes: MAX_ANSWER_BYTES });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads the message of an error: `{"type": "error", "error": {"message": …}}`, or plain text for a 429.
fn message(body: &[u8]) -> String {
    let parsed = serde_json::from_slice::<Value>(body).ok();
    let message = parsed.as_ref().and_then(|body| body.pointer("/error/message")?.as_str());
    let text = message.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    text.trim().chars().filter(|c| !c.is_control()).take(MAX_MESSAGE_CHARS).collect()
}

/// Reads `Retry-After` in seconds. Bitbucket rarely sends it. The form with a date is ignored.
pub(crate) fn retry_after(response: &Response) -> Option<u64> {
    response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()
}

/// An error of the connection, without the URL: the URL names repositories.
pub(crate) fn unreachable(operation: &'static str, error: &reqwest::Error) -> Error {
    Unreachable::from(error).during(operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_may_be_json_or_plain_text() {
        assert_eq!(message(br#"{"type":"error","error":{"message":"Not here"}}"#), "Not here");
        assert_eq!(
            message(b"Rate limit for this resource has been exceeded\n"),
            "Rate limit for this resource has been exceeded"
        );
        assert_eq!(message(br#"{"error":"invalid_grant"}"#), r#"{"error":"invalid_grant"}"#);
        assert_eq!(message("x".repeat(999).as_bytes()).len(), 200);
    }
}
