//! Reads and creates secrets. Links and grants share this.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use secrecy::{ExposeSecret, SecretString};

use crate::Error;
use crate::aws::{self, failure};

pub(super) const SERVICE: &str = "Secrets Manager";

/// The secrets whose names begin with a prefix.
#[derive(Debug, Clone)]
pub(super) struct Secrets {
    pub(super) client: Client,
    prefix: String,
}

impl Secrets {
    /// Nothing is sent yet. Every call ends within 5 seconds.
    pub(super) fn connect(config: &aws_config::SdkConfig, prefix: impl Into<String>) -> Self {
        let config = aws_sdk_secretsmanager::config::Builder::from(config)
            .timeout_config(aws::timeouts())
            .retry_config(aws::retries())
            .build();
        Self { client: Client::from_conf(config), prefix: prefix.into() }
    }

    pub(super) fn name(&self, rest: impl std::fmt::Display) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// Reads a secret; `None` if it does not exist, or has no version with this label.
    pub(super) async fn read(
        &self,
        name: String,
        stage: Option<&str>,
    ) -> Result<Option<GetSecretValueOutput>, Error> {
        let request = self.client.get_secret_value().secret_id(name);
        match request.set_version_stage(stage.map(str::to_owned)).send().await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => match error.as_service_error() {
                // The second is a secret that is scheduled for deletion
                // (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>).
                Some(
                    GetSecretValueError::ResourceNotFoundException(_)
                    | GetSecretValueError::InvalidRequestException(_),
                ) => Ok(None),
                _ => Err(failure(SERVICE, "GetSecretValue", &error)),
            },
        }
    }

    /// Creates a secret. False if there is one of this name.
    pub(super) async fn create(
        &self,
        name: String,
        description: &str,
        secret: &SecretString,
    ) -> Result<bool, Error> {
        let request = self.client.create_secret().name(name).description(description);
        match request.secret_string(secret.expose_secret()).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ResourceExistsException") => Ok(false),
            Err(error) => Err(failure(SERVICE, "CreateSecret", &error)),
        }
    }
}
