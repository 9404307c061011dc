//! The clients' limits, and the meaning of failed calls to AWS. Shared by the table and the links.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::Error;

/// The name of DynamoDB in errors.
pub(crate) const DYNAMODB: &str = "DynamoDB";

/// Codes of failures that pass by themselves. Every 5xx passes too, whatever its code.
const PASSING_CODES: [&str; 6] = [
    "InternalServerError",
    "InternalServiceError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
];

/// Longest text of AWS that an error repeats.
const MAX_REASON_CHARS: usize = 300;

/// Time limits of each call. A service that does not answer must fail while Bitbucket still waits: Bitbucket allows a
/// delivery ten seconds (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>).
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(5))
        .build()
}

/// Returns a client of DynamoDB whose calls end within 5 seconds.
pub(crate) fn dynamodb(config: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::config::Builder::from(config).timeout_config(timeouts());
    aws_sdk_dynamodb::Client::from_conf(config.retry_config(retries()).build())
}

/// Few and early retries: the caller retries too.
pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(500))
}

/// Returns the error for a failed call. It keeps AWS's message, which names tables, roles and actions, but no values.
pub(crate) fn failure<E>(
    service: &'static str,
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            let (code, words) = (answer.err().code(), answer.err().message());
            let reason = shortened(&format!(
                "{}: {}",
                code.unwrap_or("unknown error"),
                words.unwrap_or("no explanation")
            ));
            let passes = code.is_some_and(|code| PASSING_CODES.contains(&code));
            if passes || answer.raw().status().as_u16() >= 500 {
                Error::Unavailable { service, operation, reason }
            } else {
                Error::Refused { service, operation, reason }
            }
        }
        SdkError::ConstructionFailure(_) => {
            let reason = shortened(&DisplayErrorContext(error).to_string());
            Error::Refused { service, operation, reason }
        }
        SdkError::TimeoutError(_) => {
            Error::Unavailable { service, operation, reason: "timed out".to_owned() }
        }
        _ => Error::Unavailable {
            service,
            operation,
            reason: shortened(&DisplayErrorContext(error).to_string()),
        },
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_REASON_CHARS).collect()
}
