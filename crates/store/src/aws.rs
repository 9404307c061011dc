//! The clients' limits, and the meaning of failed calls to AWS. Shared by the table and the links.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::error::{Error, NO_CREDENTIALS};

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
    // The time limits above end a stalled call too, at less cost.
    let config = config.stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    aws_sdk_dynamodb::Client::from_conf(config.retry_config(retries()).build())
}

/// Few and early retries: the caller retries too.
pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(500))
}

/// Returns AWS's code of a failed call, or [`NO_CREDENTIALS`] if there was nothing to sign it with. `None` for a call
/// that AWS did not answer.
pub fn error_code<E>(error: &SdkError<E, HttpResponse>) -> Option<String>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let SdkError::ServiceError(answer) = error {
        return answer.err().code().map(str::to_owned);
    }
    let first: &(dyn std::error::Error + 'static) = error;
    let mut causes = std::iter::successors(Some(first), |cause| cause.source());
    let unsigned = causes.any(<dyn std::error::Error>::is::<CredentialsError>);
    unsigned.then(|| NO_CREDENTIALS.to_owned())
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
    let code = error_code(error);
    match error {
        SdkError::ServiceError(answer) => {
            let known_code = code.as_deref().unwrap_or("unknown error");
            let message = answer.err().message().unwrap_or("no explanation");
            let reason = shortened(&format!("{known_code}: {message}"));
            if PASSING_CODES.contains(&known_code) || answer.raw().status().as_u16() >= 500 {
                Error::Unavailable { service, operation, code, reason }
            } else {
                Error::Refused { service, operation, code, reason }
            }
        }
        SdkError::ConstructionFailure(_) => {
            let reason = shortened(&DisplayErrorContext(error).to_string());
            Error::Refused { service, operation, code, reason }
        }
        SdkError::TimeoutError(_) => {
            let reason = "timed out".to_owned();
            Error::Unavailable { service, operation, code, reason }
        }
        _ => {
            let reason = shortened(&DisplayErrorContext(error).to_string());
            Error::Unavailable { service, operation, code, reason }
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_REASON_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region, SdkConfig};
    use aws_credential_types::provider::future::ProvideCredentials as Answer;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::scan::ScanError;

    use super::*;

    /// A machine without AWS credentials.
    #[derive(Debug)]
    struct NoProvider;

    impl ProvideCredentials for NoProvider {
        fn provide_credentials<'a>(&'a self) -> Answer<'a>
        where
            Self: 'a,
        {
            Answer::ready(Err(CredentialsError::not_loaded("no provider has any")))
        }
    }

    #[test]
    fn call_without_an_answer_in_time_is_tried_again() {
        let late = SdkError::<ScanError, HttpResponse>::timeout_error("late");
        let Error::Unavailable { reason, .. } = failure(DYNAMODB, "Scan", &late) else { panic!("refused") };
        assert_eq!(reason, "timed out");
    }

    /// The error for an answer of DynamoDB's.
    fn refused(status: u16, code: &str, message: &str) -> Error {
        let metadata = ErrorMetadata::builder().code(code).message(message).build();
        let answer = HttpResponse::new(status.try_into().unwrap(), "".into());
        failure(DYNAMODB, "Scan", &SdkError::service_error(ScanError::generic(metadata), answer))
    }

    #[test]
    fn failure_passes_by_its_code_or_its_status() {
        for (status, code, passes) in [
            (400, "ValidationException", false),
            (400, "ThrottlingException", true),
            (500, "ValidationException", true),
            (499, "unheard of", false),
            (503, "unheard of", true),
        ] {
            let error = refused(status, code, "no");
            assert_eq!(error.retryable(), passes, "{status} {code}");
            assert_eq!(error.code(), Some(code));
            assert!(error.to_string().contains(&format!("{code}: no")), "{error}");
        }
        let long = refused(400, "ValidationException", &"x".repeat(1_000)).to_string();
        assert!((300..400).contains(&long.len()), "{}", long.len());
    }

    #[test]
    fn call_without_an_answer_passes_unless_it_could_not_be_made() {
        type Failed = SdkError<ScanError, HttpResponse>;
        let timeout = failure(DYNAMODB, "Scan", &Failed::timeout_error("late"));
        assert!(timeout.retryable() && timeout.to_string().contains(": timed out;"), "{timeout}");
        assert!(!failure(DYNAMODB, "Scan", &Failed::construction_failure("bad")).retryable());
    }

    #[tokio::test]
    async fn missing_credentials_have_a_code() {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .endpoint_url("http://127.0.0.1:9")
            .credentials_provider(SharedCredentialsProvider::new(NoProvider))
            .build();
        let client = aws_sdk_dynamodb::Client::new(&config);
        let error = client.scan().table_name("bitrelay").send().await.unwrap_err();
        let error = failure("DynamoDB", "Scan", &error);
        assert_eq!(error.code(), Some(NO_CREDENTIALS), "{error:?}");
        assert!(error.retryable(), "a function gets its credentials a moment later");
    }
}
