//! What a stack has: its outputs and parameters.

use std::collections::HashMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use bitbucket::oauth::BITBUCKET;
use relay::Settings;

use crate::Error;
use crate::error::Exit;

/// Bitbucket's API, where the stack names no other.
const BITBUCKET_API: &str = "https://api.bitbucket.org/2.0";

/// The template's default of `CallsPerHour`.
const CALLS_PER_HOUR: u32 = 900;

/// A stack's outputs and parameters, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deployment {
    pub(crate) outputs: HashMap<String, String>,
    pub(crate) parameters: HashMap<String, String>,
}

impl Deployment {
    /// Asks CloudFormation.
    ///
    /// # Errors
    ///
    /// [`Error::Stack`].
    pub(crate) async fn describe(config: &aws_config::SdkConfig, stack: &str) -> Result<Self, Error> {
        let answer = Client::new(config).describe_stacks().stack_name(stack).send().await;
        let failed = |reason: String, exit| Error::Stack { stack: stack.to_owned(), reason, exit };
        let answer = answer.map_err(|error| {
            let (reason, exit) = meaning(&error);
            failed(reason, exit)
        })?;
        let described = answer.stacks.and_then(|stacks| stacks.into_iter().next());
        let described = described.ok_or_else(|| failed("there is none".to_owned(), Exit::NotFound))?;
        let outputs = described.outputs.unwrap_or_default().into_iter();
        let parameters = described.parameters.unwrap_or_default().into_iter();
        Ok(Self {
            outputs: outputs.filter_map(|output| output.output_key.zip(output.output_value)).collect(),
            parameters: parameters
                .filter_map(|given| given.parameter_key.zip(given.parameter_value))
                .collect(),
        })
    }

    /// How long windows are, as the functions have it: the stack's parameters, else the functions' environment variables, else the
    /// defaults.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for a value out of its bounds.
    pub(crate) fn settings(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Settings, Error> {
        let parameter = |name: &str| match name {
            "BITRELAY_WINDOW_SECONDS" => Some("WindowSeconds"),
            "BITRELAY_WINDOW_MARGIN_SECONDS" => Some("WindowMarginSeconds"),
            "BITRELAY_POLL_INTERVAL_SECONDS" => Some("PollIntervalSeconds"),
            "BITRELAY_GRACE_SECONDS" => Some("GraceSeconds"),
            "BITRELAY_TASK_INTERVAL_SECONDS" => Some("TaskIntervalSeconds"),
            "BITRELAY_SWEEP_SECONDS" => Some("SweepSeconds"),
            "BITRELAY_TAIL_SECONDS" => Some("TailSeconds"),
            _ => None,
        };
        let lookup = |name: &str| {
            let given = parameter(name).and_then(|parameter| self.parameters.get(parameter));
            given.cloned().or_else(|| variable(name))
        };
        Settings::from_environment(lookup).map_err(|error| Error::Usage(error.to_string()))
    }

    /// The most calls an hour with one credential.
    pub(crate) fn calls_per_hour(&self, variable: &dyn Fn(&str) -> Option<String>) -> u32 {
        let given = self.parameters.get("CallsPerHour").cloned();
        let given = given.or_else(|| variable("BITRELAY_CALLS_PER_HOUR"));
        given.and_then(|calls| calls.parse().ok()).unwrap_or(CALLS_PER_HOUR)
    }

    /// The base of Bitbucket's REST API.
    pub(crate) fn bitbucket_api(&self, variable: &dyn Fn(&str) -> Option<String>) -> String {
        let named = variable("BITRELAY_BITBUCKET_API_URL");
        let named = named.or_else(|| self.parameters.get("BitbucketApiUrl").cloned());
        named.unwrap_or_else(|| BITBUCKET_API.to_owned())
    }

    /// Where Bitbucket's OAuth endpoints are.
    pub(crate) fn bitbucket_oauth(&self, variable: &dyn Fn(&str) -> Option<String>) -> String {
        let named = variable("BITRELAY_BITBUCKET_OAUTH_URL");
        let named = named.or_else(|| self.parameters.get("BitbucketOAuthUrl").cloned());
        named.unwrap_or_else(|| BITBUCKET.to_owned())
    }
}

/// A stack that does not exist is a `ValidationError`
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>).
fn meaning<E>(error: &SdkError<E>) -> (String, Exit)
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let words = error.message().unwrap_or("no explanation");
    match (error, error.code()) {
        (SdkError::ServiceError(_), Some("ValidationError")) => (words.to_owned(), Exit::NotFound),
        (SdkError::ServiceError(_), Some("Throttling" | "ServiceUnavailable" | "InternalFailure")) => {
            (words.to_owned(), Exit::Temporary)
        }
        (SdkError::ServiceError(_), code) => {
            (format!("{}: {words}", code.unwrap_or("unknown error")), Exit::Refused)
        }
        _ => {
            let words: String = DisplayErrorContext(error).to_string().chars().take(300).collect();
            let exit = if words.contains("credential") { Exit::Refused } else { Exit::Temporary };
            (words, exit)
        }
    }
}
