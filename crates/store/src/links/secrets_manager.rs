//! Links in Secrets Manager.

use relay::LinkId;
use secrecy::SecretString;

use super::LinkSource;
use super::secrets::Secrets;
use crate::Error;

/// Links in Secrets Manager, one secret each, named by a prefix and the link's id.
#[derive(Debug, Clone)]
pub struct SecretsManagerLinks(Secrets);

impl SecretsManagerLinks {
    /// Uses the secrets whose names begin with `prefix`, such as `bitrelay/link/`. Nothing is sent yet. Every call ends
    /// within 5 seconds.
    pub fn connect(config: &aws_config::SdkConfig, prefix: impl Into<String>) -> Self {
        Self(Secrets::connect(config, prefix))
    }
}

impl LinkSource for SecretsManagerLinks {
    async fn load(&self, link: &LinkId) -> Result<Option<SecretString>, Error> {
        let Some(answer) = self.0.read(self.0.name(link), None).await? else { return Ok(None) };
        let binary =
            || Error::LinkInvalid { link: link.clone(), reason: "it is binary, not text".to_owned() };
        answer.secret_string.map(|text| Some(text.into())).ok_or_else(binary)
    }
}
