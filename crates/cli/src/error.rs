//! Errors of commands, with their exit codes and what to do next.

use bitbucket::Category;
use relay::LinkId;
use store::links::tokens::TokenError;

use crate::aws_cause::AwsCause;
use crate::exit::Exit;

/// Every way in which a command can fail. No message holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arguments or answers cannot be used.
    #[error("{0}")]
    Usage(String),
    /// A needed setting is in no flag, no environment variable and no configuration file.
    #[error("{what} is not configured")]
    NotConfigured {
        /// The missing setting.
        what: &'static str,
        /// Flags and variables that set it.
        advice: &'static str,
    },
    /// The configuration file cannot be used.
    #[error("cannot use the configuration file {path}: {reason}")]
    ConfigFile {
        /// Path of the file.
        path: String,
        /// The reason that makes it unusable.
        reason: String,
    },
    /// The file with the progress of a replay cannot be used.
    #[error("cannot use the progress of a replay in {path}: {reason}")]
    ProgressFile {
        /// Path of the file.
        path: String,
        /// The reason that makes it unusable.
        reason: String,
    },
    /// Something does not exist.
    #[error("{message}")]
    NotFound {
        /// Names the missing thing and the place: "no link acme".
        message: String,
        /// Next step for the user; may be empty.
        advice: String,
    },
    /// CloudFormation did not describe the stack.
    #[error("cannot read the stack {stack} from CloudFormation: {reason}")]
    Stack {
        /// Name of the stack.
        stack: String,
        /// AWS's error code, or [`store::NO_CREDENTIALS`].
        code: Option<String>,
        /// AWS's message.
        reason: String,
        /// Exit code of the command.
        exit: Exit,
    },
    /// The table or the secrets.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Bitbucket.
    #[error(transparent)]
    Bitbucket(#[from] bitbucket::Error),
    /// The bus.
    #[error(transparent)]
    Bus(#[from] bus::Error),
    /// The dead-letter queue.
    #[error("the dead-letter queue: {0}")]
    Queue(#[from] queue::QueueError),
    /// The probe.
    #[error(transparent)]
    Probe(#[from] probe::Error),
    /// The person pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// A replay ended before its last event.
    #[error("the replay stopped after {published} of {total} events: {reason}")]
    ReplayStopped {
        /// Number of events that were published, also before an earlier stop.
        published: u64,
        /// Number of events at its start.
        total: u64,
        /// True if its progress is in a file.
        resumable: bool,
        /// The reason.
        reason: String,
        /// Exit code of the command.
        exit: Exit,
    },
    /// Nobody could be asked, or nothing could be read.
    #[error("cannot read from the terminal or the standard input: {0}")]
    Terminal(#[from] std::io::Error),
    /// A check found something wrong, which the command has shown already. Or a thing that was waited for cannot
    /// happen.
    #[error("{0}")]
    Unsound(String),
    /// A thing that was waited for did not happen in time.
    #[error("{0}")]
    TimedOut(String),
    /// The receiver refused a delivery that bitrelay sent itself.
    #[error("the receiver answered the delivery with status {status}")]
    Delivery {
        /// HTTP status of the answer.
        status: u16,
        /// Exit code of the command.
        exit: Exit,
    },
    /// Somebody else changed the link during the command.
    #[error("link {0} was changed by somebody else meanwhile; nothing was stored")]
    LinkChanged(LinkId),
    /// No call to Bitbucket is left in the budget.
    #[error("no API call is left in the credential's budget")]
    BudgetSpent,
    /// Fewer calls are left in the budget than a command needs.
    #[error("{left} API calls are left in the credential's budget, and {needed} are needed")]
    TooFewCalls {
        /// Number of calls that are left.
        left: u32,
        /// Number of calls that the command needs.
        needed: u32,
    },
    /// A defect.
    #[error("{0}")]
    Internal(String),
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Bitbucket(error) => Self::Bitbucket(error),
            TokenError::Store(error) => Self::Store(error),
        }
    }
}

impl Error {
    /// Reports an invalid input for a link as wrong usage, not as a fault of the deployment.
    pub(crate) fn from_link_input(error: store::Error) -> Self {
        match error {
            store::Error::LinkInvalid { reason, .. } => Self::Usage(reason),
            error => error.into(),
        }
    }

    /// Returns the exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Terminal(_) | Self::Probe(probe::Error::Listen { .. }) => Exit::Usage,
            Self::NotConfigured { .. }
            | Self::ConfigFile { .. }
            | Self::ProgressFile { .. }
            | Self::NotFound { .. } => Exit::NotFound,
            Self::Stack { exit, .. } | Self::Delivery { exit, .. } | Self::ReplayStopped { exit, .. } => {
                *exit
            }
            Self::Bus(error) => AwsCause::from_code(Some(error.code())).exit().unwrap_or(Exit::Temporary),
            Self::Queue(error) => AwsCause::from_code(Some(&error.code)).exit().unwrap_or(Exit::Temporary),
            Self::Store(error) => store_exit(error),
            Self::Bitbucket(bitbucket::Error::ConsumerRefused { .. }) => Exit::Refused,
            Self::Bitbucket(error) => bitbucket_exit(error.category(), error.retryable()),
            Self::Probe(error) => bitbucket_exit(error.category(), error.retryable()),
            Self::Unsound(_) => Exit::Unsound,
            Self::LinkChanged(_)
            | Self::BudgetSpent
            | Self::TooFewCalls { .. }
            | Self::TimedOut(_)
            | Self::Interrupted => Exit::Temporary,
            Self::Internal(_) => Exit::Internal,
        }
    }

    /// Returns what to do next, if the message does not contain it.
    pub fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::NotConfigured { advice, .. } => advice,
            Self::NotFound { advice, .. } => return Some(advice.clone()).filter(|advice| !advice.is_empty()),
            Self::ReplayStopped { resumable: true, .. } => "`bitrelay replay --resume` publishes the rest",
            Self::LinkChanged(_) => "run the command again",
            Self::TimedOut(_) => return None,
            Self::BudgetSpent | Self::TooFewCalls { .. } => {
                "`bitrelay status` shows the budget; some calls become available every minute"
            }
            Self::Bitbucket(bitbucket::Error::GrantRefused { .. }) => {
                "`bitrelay link start-oauth` prints the address at which a person authorizes the link again"
            }
            Self::Delivery { exit: Exit::Refused, .. } => "check the URL and the link's webhook secret",
            Self::Probe(probe::Error::Listen { .. }) => "--listen names another address",
            Self::Bitbucket(_) | Self::Probe(_) if self.exit() == Exit::Refused => {
                "check the link's credential: `bitrelay link test`, `bitrelay link set-creds`"
            }
            _ => return self.aws_advice().or_else(|| self.general_advice()).map(str::to_owned),
        };
        Some(advice.to_owned())
    }

    fn aws_advice(&self) -> Option<&'static str> {
        match self {
            Self::Stack { code, .. } => AwsCause::from_code(code.as_deref()).advice(),
            Self::Store(error) => AwsCause::from_code(error.code()).advice(),
            Self::Bus(error) => AwsCause::from_code(Some(error.code())).advice(),
            Self::Queue(error) => AwsCause::from_code(Some(&error.code)).advice(),
            _ => None,
        }
    }

    fn general_advice(&self) -> Option<&'static str> {
        match self.exit() {
            Exit::Refused => Some(
                "check your AWS credentials: `aws sts get-caller-identity`; with single sign-on, \
                 `eval \"$(aws configure export-credentials --format env)\"`",
            ),
            Exit::Temporary => Some("try again in a minute"),
            _ => None,
        }
    }
}

fn store_exit(error: &store::Error) -> Exit {
    match error {
        store::Error::Refused { code, .. } => {
            AwsCause::from_code(code.as_deref()).exit().unwrap_or(Exit::Refused)
        }
        store::Error::Unavailable { code, .. } => {
            AwsCause::from_code(code.as_deref()).exit().unwrap_or(Exit::Temporary)
        }
        store::Error::LinkInvalid { .. } | store::Error::LinkWithoutSecret(_) => Exit::NotFound,
        error if error.retryable() => Exit::Temporary,
        _ => Exit::Internal,
    }
}

const fn bitbucket_exit(category: Category, retryable: bool) -> Exit {
    match category {
        Category::Auth => Exit::Refused,
        Category::NotFound => Exit::NotFound,
        Category::Input => Exit::Usage,
        _ if retryable => Exit::Temporary,
        Category::Internal => Exit::NotFound,
        _ => Exit::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(status: u16) -> Error {
        let message = String::new();
        bitbucket::Error::Api { operation: "get user", status, message, retry_after_seconds: None }.into()
    }

    #[test]
    fn each_kind_of_error_has_its_exit_code() {
        let consumer = bitbucket::Error::ConsumerRefused { operation: "get a token", code: "invalid_client" };
        let table = [
            (Error::Usage(String::new()), Exit::Usage),
            (Error::NotConfigured { what: "the link", advice: "" }, Exit::NotFound),
            (api(401), Exit::Refused),
            (api(403), Exit::Refused),
            (api(404), Exit::NotFound),
            (api(429), Exit::Temporary),
            (api(503), Exit::Temporary),
            (api(400), Exit::Internal),
            (consumer.into(), Exit::Refused),
            (store::Error::unavailable("timed out").into(), Exit::Temporary),
            (Error::Unsound(String::new()), Exit::Unsound),
            (Error::BudgetSpent, Exit::Temporary),
        ];
        for (error, exit) in table {
            assert_eq!(error.exit(), exit, "{error}");
        }
    }

    #[test]
    fn missing_aws_credentials_are_refused() {
        let error: Error = store::Error::Unavailable {
            service: "DynamoDB",
            operation: "Scan",
            code: Some(store::NO_CREDENTIALS.to_owned()),
            reason: "dispatch failure".to_owned(),
        }
        .into();
        assert_eq!(error.exit(), Exit::Refused);
        assert!(error.advice().unwrap().contains("AWS_PROFILE"));
    }

    #[test]
    fn a_refusal_by_bitbucket_names_the_command_to_use() {
        assert!(api(401).advice().unwrap().contains("bitrelay link test"));
    }
}
