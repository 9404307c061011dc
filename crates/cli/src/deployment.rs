//! Outputs and parameters of the CloudFormation stack.

use std::collections::HashMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use bitbucket::oauth::BITBUCKET;
use bus::entry::EntryLimit;
use relay::Settings;
use relay::budget::DEFAULT_CALLS_PER_HOUR;

use crate::Error;
use crate::aws_cause::AwsCause;
use crate::exit::Exit;

/// Bitbucket's API, unless the stack names another.
const BITBUCKET_API: &str = "https://api.bitbucket.org/2.0";

/// Longest text of an AWS error that a message repeats.
const MAX_REASON_CHARS: usize = 300;

/// A stack's outputs and parameters, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deployment {
    pub(crate) outputs: HashMap<String, String>,
    pub(crate) parameters: HashMap<String, String>,
}

impl Deployment {
    /// Reads a stack's outputs and parameters from CloudFormation.
    ///
    /// # Errors
    ///
    /// [`Error::Stack`]; [`Error::NotFound`] if the answer holds no stack.
    pub(crate) async fn describe(config: &aws_config::SdkConfig, stack: &str) -> Result<Self, Error> {
        let answer = Client::new(config).describe_stacks().stack_name(stack).send().await;
        let answer = answer.map_err(|error| {
            let code = store::error_code(&error);
            let (reason, exit) = reason_and_exit(&error, AwsCause::from_code(code.as_deref()));
            Error::Stack { stack: stack.to_owned(), code, reason, exit }
        })?;
        let described = answer.stacks.and_then(|stacks| stacks.into_iter().next());
        let described = described.ok_or_else(|| Error::NotFound {
            message: format!("no stack {stack}"),
            advice: AwsCause::StackMissing.advice().unwrap_or_default().to_owned(),
        })?;
        let outputs = described.outputs.unwrap_or_default().into_iter();
        let parameters = described.parameters.unwrap_or_default().into_iter();
        Ok(Self {
            outputs: outputs.filter_map(|output| output.output_key.zip(output.output_value)).collect(),
            parameters: parameters
                .filter_map(|given| given.parameter_key.zip(given.parameter_value))
                .collect(),
        })
    }

    /// Returns the settings that the functions run with: from the stack's parameters, else from the functions'
    /// environment variables, else the defaults.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if a value is out of its bounds.
    pub(crate) fn settings(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Settings, Error> {
        let parameter = |name: &str| match name {
            "BITRELAY_WINDOW_SECONDS" => Some("WindowSeconds"),
            "BITRELAY_WINDOW_MARGIN_SECONDS" => Some("WindowMarginSeconds"),
            "BITRELAY_POLL_INTERVAL_SECONDS" => Some("PollIntervalSeconds"),
            "BITRELAY_GRACE_SECONDS" => Some("GraceSeconds"),
            "BITRELAY_TASK_INTERVAL_SECONDS" => Some("TaskIntervalSeconds"),
            "BITRELAY_SWEEP_SECONDS" => Some("SweepSeconds"),
            "BITRELAY_FULL_READ_SECONDS" => Some("FullReadSeconds"),
            "BITRELAY_TAIL_SECONDS" => Some("TailSeconds"),
            _ => None,
        };
        let lookup = |name: &str| {
            let given = parameter(name).and_then(|parameter| self.parameters.get(parameter));
            given.cloned().or_else(|| variable(name))
        };
        Settings::from_environment(lookup).map_err(|error| Error::Usage(error.to_string()))
    }

    /// Largest number of calls per hour with one credential.
    pub(crate) fn calls_per_hour(&self, variable: &dyn Fn(&str) -> Option<String>) -> u32 {
        let given = self.parameters.get("CallsPerHour").cloned();
        let given = given.or_else(|| variable("BITRELAY_CALLS_PER_HOUR"));
        given.and_then(|calls| calls.parse().ok()).unwrap_or(DEFAULT_CALLS_PER_HOUR)
    }

    /// Largest entry of the bus, as the publisher makes them.
    pub(crate) fn entry_limit(&self, variable: &dyn Fn(&str) -> Option<String>) -> EntryLimit {
        let given = self.parameters.get("MaxEntryBytes").cloned();
        let given = given.or_else(|| variable("BITRELAY_MAX_ENTRY_BYTES"));
        given.and_then(|bytes| EntryLimit::new(bytes.parse().ok()?)).unwrap_or_default()
    }

    /// The base of Bitbucket's REST API.
    pub(crate) fn bitbucket_api(&self, variable: &dyn Fn(&str) -> Option<String>) -> String {
        let named = variable("BITRELAY_BITBUCKET_API_URL");
        let named = named.or_else(|| self.parameters.get("BitbucketApiUrl").cloned());
        named.unwrap_or_else(|| BITBUCKET_API.to_owned())
    }

    /// Base address of Bitbucket's OAuth endpoints.
    pub(crate) fn bitbucket_oauth(&self, variable: &dyn Fn(&str) -> Option<String>) -> String {
        let named = variable("BITRELAY_BITBUCKET_OAUTH_URL");
        let named = named.or_else(|| self.parameters.get("BitbucketOAuthUrl").cloned());
        named.unwrap_or_else(|| BITBUCKET.to_owned())
    }
}

/// Returns AWS's message and the exit code of a failed `DescribeStacks`.
fn reason_and_exit<E>(error: &SdkError<E, HttpResponse>, cause: AwsCause) -> (String, Exit)
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let SdkError::ServiceError(answer) = error else {
        let text: String = DisplayErrorContext(error).to_string().chars().take(MAX_REASON_CHARS).collect();
        return (text, cause.exit().unwrap_or(Exit::Temporary));
    };
    let message = answer.err().message().unwrap_or("no explanation");
    match cause {
        AwsCause::StackMissing | AwsCause::Throttled | AwsCause::ServiceFailed => {
            (message.to_owned(), cause.exit().unwrap_or(Exit::Refused))
        }
        _ => {
            let code = answer.err().code().unwrap_or("unknown error");
            (format!("{code}: {message}"), Exit::Refused)
        }
    }
}
