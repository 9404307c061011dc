//! Causes of failed calls to AWS that a user can act on, distinguished by AWS's error code.

use crate::exit::Exit;

/// Cause of a failed call to AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AwsCause {
    /// The table, the secret, the bus or the queue does not exist.
    ResourceMissing,
    /// The stack does not exist.
    StackMissing,
    /// No credentials were found, or they could not be loaded.
    NoCredentials,
    /// The session has expired.
    Expired,
    /// The identity may not do this.
    Denied,
    /// AWS throttles the calls.
    Throttled,
    /// AWS had a failure of its own.
    ServiceFailed,
    /// Any other code, or none.
    Other,
}

impl AwsCause {
    /// Codes: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html> and
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>. CloudFormation answers
    /// `ValidationError` if a stack does not exist
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>).
    pub(crate) fn from_code(code: Option<&str>) -> Self {
        match code.unwrap_or_default() {
            "ResourceNotFoundException" | "AWS.SimpleQueueService.NonExistentQueue" | "QueueDoesNotExist" => {
                Self::ResourceMissing
            }
            "ValidationError" => Self::StackMissing,
            store::NO_CREDENTIALS => Self::NoCredentials,
            "ExpiredTokenException" | "ExpiredToken" => Self::Expired,
            "AccessDeniedException" | "AccessDenied" => Self::Denied,
            "ThrottlingException"
            | "Throttling"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded" => Self::Throttled,
            "ServiceUnavailable" | "InternalFailure" => Self::ServiceFailed,
            _ => Self::Other,
        }
    }

    /// Returns the exit code; `None` if it depends on more than the cause.
    pub(crate) const fn exit(self) -> Option<Exit> {
        match self {
            Self::ResourceMissing | Self::StackMissing => Some(Exit::NotFound),
            Self::NoCredentials | Self::Expired | Self::Denied => Some(Exit::Refused),
            Self::Throttled | Self::ServiceFailed => Some(Exit::Temporary),
            Self::Other => None,
        }
    }

    /// Returns what to do next.
    pub(crate) const fn advice(self) -> Option<&'static str> {
        match self {
            Self::ResourceMissing => Some("check --stack or --table, and --region"),
            Self::StackMissing => Some("check the stack's name and --region"),
            Self::NoCredentials => Some(
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; with single sign-on, \
                 `eval \"$(aws configure export-credentials --format env)\"`",
            ),
            Self::Expired => Some(
                "the AWS session has expired: sign in again; with single sign-on, `aws sso login` and \
                 `eval \"$(aws configure export-credentials --format env)\"`",
            ),
            Self::Denied => Some(
                "ask for the missing permission; docs/CLI.md lists the AWS actions that each command needs",
            ),
            Self::Throttled => Some("AWS throttles these calls; try again in a minute"),
            Self::ServiceFailed | Self::Other => None,
        }
    }
}
