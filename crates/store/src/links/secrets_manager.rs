//! Links in Secrets Manager.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use relay::LinkId;
use secrecy::SecretString;

use super::LinkSource;
use crate::Error;
use crate::aws::{self, failure};

const SERVICE: &str = "Secrets Manager";

/// Links in Secrets Manager, one secret each, named by a prefix and the link's id.
#[derive(Debug, Clone)]
pub struct SecretsManagerLinks {
    client: Client,
    prefix: String,
}

impl SecretsManagerLinks {
    /// Uses the secrets whose names begin with `prefix`, such as `bitrelay/link/`. Nothing is sent yet. Every call ends
    /// within 5 seconds.
    pub fn connect(config: &aws_config::SdkConfig, prefix: impl Into<String>) -> Self {
        let config = aws_sdk_secretsmanager::config::Builder::from(config)
            .timeout_config(aws::timeouts())
            .retry_config(aws::retries())
            .build();
        Self { client: Client::from_conf(config), prefix: prefix.into() }
    }
}

impl LinkSource for SecretsManagerLinks {
    async fn load(&self, link: &LinkId) -> Result<Option<SecretString>, Error> {
        let name = format!("{}{link}", self.prefix);
        let answer = self.client.get_secret_value().secret_id(name).send().await;
        match answer {
            Ok(secret) => match secret.secret_string {
                Some(text) => Ok(Some(text.into())),
                None => Err(Error::LinkInvalid {
                    link: link.clone(),
                    reason: "it is binary, not text".to_owned(),
                }),
            },
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
}
