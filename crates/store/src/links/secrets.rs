//! Reads and creates secrets. Links and grants share this.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use secrecy::{ExposeSecret, SecretString};

use crate::Error;
use crate::aws::{self, failure};

pub(super) const SERVICE: &str = "Secrets Manager";
/// The label of the current version; it is Secrets Manager's own.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The label of a version that is durable, but not current yet.
pub(super) const NEXT: &str = "BITRELAY_NEXT";

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

    /// Replaces a secret, if `expected` is still its current version. False if it is not.
    pub(super) async fn replace(
        &self,
        name: String,
        expected: &str,
        secret: &SecretString,
    ) -> Result<bool, Error> {
        let request = self.client.put_secret_value().secret_id(&name).version_stages(NEXT);
        let put = request.secret_string(secret.expose_secret()).send().await;
        let put = put.map_err(|error| failure(SERVICE, "PutSecretValue", &error))?;
        self.promote(name, expected, put.version_id.as_deref().unwrap_or_default()).await
    }

    /// Moves the label of the current version. False if the label is not on `from` any more: this is the
    /// condition (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html>).
    pub(super) async fn promote(&self, name: String, from: &str, to: &str) -> Result<bool, Error> {
        let request = self.client.update_secret_version_stage().secret_id(name).version_stage(CURRENT);
        match request.remove_from_version_id(from).move_to_version_id(to).send().await {
            Ok(_) => Ok(true),
            // The second code means a version so old that it was deleted.
            Err(error)
                if matches!(
                    error.code(),
                    Some("InvalidParameterException" | "ResourceNotFoundException")
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(failure(SERVICE, "UpdateSecretVersionStage", &error)),
        }
    }
}
