//! What can go wrong, which exit code it is, and what to do next.

use bitbucket::Category;
use store::links::tokens::TokenError;

/// What the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It worked.
    Ok = 0,
    /// A defect, or something stored cannot be read.
    Internal = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Something is not there or not configured.
    NotFound = 3,
    /// Bitbucket or AWS refused the credentials.
    Refused = 4,
    /// It may work later.
    Temporary = 5,
    /// A check found something wrong.
    Unsound = 6,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Everything that a command can end with. No message holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was typed cannot be done.
    #[error("{0}")]
    Usage(String),
    /// Something is needed that neither a flag nor the environment nor the file says.
    #[error("{what} is not known")]
    NotConfigured {
        /// What is missing.
        what: &'static str,
        /// How to say it.
        advice: &'static str,
    },
    /// The configuration file cannot be used.
    #[error("the configuration file {path} cannot be used: {reason}")]
    ConfigFile {
        /// Which file.
        path: String,
        /// Why, in words.
        reason: String,
    },
    /// Something does not exist.
    #[error("{what} is not there")]
    NotFound {
        /// What was looked for.
        what: String,
        /// What to do.
        advice: String,
    },
    /// CloudFormation did not say what the stack has.
    #[error("CloudFormation did not describe the stack {stack}: {reason}")]
    Stack {
        /// Which stack.
        stack: String,
        /// Why, in words.
        reason: String,
        /// What that is for the caller.
        exit: Exit,
    },
    /// The table or the secrets.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Bitbucket.
    #[error(transparent)]
    Bitbucket(#[from] bitbucket::Error),
    /// There was nobody to ask, or nothing to read.
    #[error("nothing could be read from the terminal or the standard input: {0}")]
    Terminal(#[from] std::io::Error),
    /// A check found something wrong; what, was shown.
    #[error("{0}")]
    Unsound(String),
    /// A delivery of our own making was not accepted.
    #[error("the delivery was answered {status}")]
    Delivery {
        /// The status.
        status: u16,
        /// What that is for the caller.
        exit: Exit,
    },
    /// No call to Bitbucket is left.
    #[error("the credential's budget of API calls is spent for now")]
    BudgetSpent,
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
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Terminal(_) => Exit::Usage,
            Self::NotConfigured { .. } | Self::ConfigFile { .. } | Self::NotFound { .. } => Exit::NotFound,
            Self::Stack { exit, .. } | Self::Delivery { exit, .. } => *exit,
            Self::Store(error) => of_store(error),
            Self::Bitbucket(bitbucket::Error::ConsumerRefused { .. }) => Exit::Refused,
            Self::Bitbucket(error) => of_category(error.category(), error.retryable()),
            Self::Unsound(_) => Exit::Unsound,
            Self::BudgetSpent => Exit::Temporary,
            Self::Internal(_) => Exit::Internal,
        }
    }

    /// What to do next, where that is not in the message.
    pub fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::NotConfigured { advice, .. } => advice,
            Self::NotFound { advice, .. } => return Some(advice.clone()).filter(|advice| !advice.is_empty()),
            Self::Stack { exit: Exit::NotFound, .. } => "check the stack's name and --region",
            Self::Store(store::Error::Refused { reason, .. }) if reason.contains("ResourceNotFound") => {
                "check --stack or --table, and --region"
            }
            Self::BudgetSpent => "`bitrelay status` shows it; calls come back minute by minute",
            Self::Bitbucket(bitbucket::Error::GrantRefused { .. }) => {
                "open the link's authorization page in a browser"
            }
            Self::Delivery { exit: Exit::Refused, .. } => "check the URL and the link's webhook secret",
            _ if self.exit() == Exit::Refused && !matches!(self, Self::Bitbucket(_)) => {
                "check your AWS credentials: `aws sts get-caller-identity`; with single sign-on, \
                 `eval \"$(aws configure export-credentials --format env)\"`"
            }
            Self::Bitbucket(_) if self.exit() == Exit::Refused => {
                "check the link's credential: `bitrelay link test`, `bitrelay link set-creds`"
            }
            _ if self.exit() == Exit::Temporary => "try again in a minute",
            _ => return None,
        };
        Some(advice.to_owned())
    }
}

fn of_store(error: &store::Error) -> Exit {
    match error {
        store::Error::Refused { reason, .. } if reason.contains("ResourceNotFound") => Exit::NotFound,
        store::Error::Refused { .. } => Exit::Refused,
        // What the SDK says where there are none; it never reached AWS.
        store::Error::Unavailable { reason, .. } if reason.contains("credential") => Exit::Refused,
        store::Error::LinkInvalid { .. }
        | store::Error::LinkWithoutSecret(_)
        | store::Error::TooManyPages { .. } => Exit::NotFound,
        error if error.retryable() => Exit::Temporary,
        _ => Exit::Internal,
    }
}

const fn of_category(category: Category, retryable: bool) -> Exit {
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

    fn refused(reason: &str) -> Error {
        let reason = reason.to_owned();
        store::Error::Refused { service: "DynamoDB", operation: "Scan", reason }.into()
    }

    fn unavailable(reason: &str) -> Error {
        store::Error::unavailable(reason).into()
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
            (refused("AccessDeniedException: no"), Exit::Refused),
            (refused("ResourceNotFoundException: no"), Exit::NotFound),
            (unavailable("it took too long"), Exit::Temporary),
            (unavailable("no providers in chain provided credentials"), Exit::Refused),
            (store::Error::TooManyPages { pages: 1 }.into(), Exit::NotFound),
            (Error::Unsound(String::new()), Exit::Unsound),
            (Error::BudgetSpent, Exit::Temporary),
        ];
        for (error, exit) in table {
            assert_eq!(error.exit(), exit, "{error}");
        }
    }

    #[test]
    fn who_is_refused_is_told_where_the_credentials_come_from() {
        assert!(refused("AccessDeniedException: no").advice().unwrap().contains("AWS credentials"));
        assert!(api(401).advice().unwrap().contains("bitrelay link test"));
    }
}
