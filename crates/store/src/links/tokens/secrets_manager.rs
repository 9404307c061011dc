//! Grants in Secrets Manager.

use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use relay::LinkId;
use secrecy::ExposeSecret;

use super::super::secrets::{SERVICE, Secrets};
use super::{GrantStore, KeptGrant, Versioned};
use crate::Error;
use crate::aws::failure;

/// The label of the current version; it is Secrets Manager's own.
const CURRENT: &str = "AWSCURRENT";
/// The label of a version that is durable, but not current yet.
const NEXT: &str = "BITRELAY_NEXT";

/// Grants in Secrets Manager: one secret each, named by a prefix, the link's id and `/grant`.
#[derive(Debug, Clone)]
pub struct SecretsManagerGrants(Secrets);

impl SecretsManagerGrants {
    /// Uses the secrets whose names begin with `prefix`, such as `bitrelay/link/`. Nothing is sent yet. Every call ends
    /// within 5 seconds.
    pub fn connect(config: &aws_config::SdkConfig, prefix: impl Into<String>) -> Self {
        Self(Secrets::connect(config, prefix))
    }

    fn name(&self, link: &LinkId) -> String {
        self.0.name(format_args!("{link}/grant"))
    }

    async fn read(&self, link: &LinkId, stage: &str) -> Result<Option<Versioned>, Error> {
        let Some(answer) = self.0.read(self.name(link), Some(stage)).await? else { return Ok(None) };
        let (Some(text), Some(version)) = (answer.secret_string, answer.version_id) else {
            let reason = "its grant is binary, not text; authorize again".to_owned();
            return Err(Error::LinkInvalid { link: link.clone(), reason });
        };
        Ok(Some(Versioned { grant: KeptGrant::parse(link, &text.into())?, version }))
    }

    /// Moves the label of the current version. False if the label is not on `from` any more: this is the
    /// condition (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html>).
    async fn promote(&self, link: &LinkId, from: &str, to: &str) -> Result<bool, Error> {
        let moved = self
            .0
            .client
            .update_secret_version_stage()
            .secret_id(self.name(link))
            .version_stage(CURRENT)
            .remove_from_version_id(from)
            .move_to_version_id(to)
            .send()
            .await;
        match moved {
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

impl GrantStore for SecretsManagerGrants {
    async fn load(&self, link: &LinkId) -> Result<Option<Versioned>, Error> {
        self.read(link, CURRENT).await
    }

    async fn recover(&self, link: &LinkId) -> Result<Option<Versioned>, Error> {
        let Some(current) = self.read(link, CURRENT).await? else { return Ok(None) };
        let next = self.read(link, NEXT).await?;
        match next.filter(|next| next.grant.generation == current.grant.generation.saturating_add(1)) {
            Some(next) if self.promote(link, &current.version, &next.version).await? => Ok(Some(next)),
            Some(_) => self.read(link, CURRENT).await,
            None => Ok(Some(current)),
        }
    }

    async fn store(&self, link: &LinkId, expected: Option<&str>, grant: &KeptGrant) -> Result<bool, Error> {
        let Some(expected) = expected else {
            let description = "The OAuth grant of a link; written by bitrelay";
            return self.0.create(self.name(link), description, &grant.to_secret()).await;
        };
        let put = self
            .0
            .client
            .put_secret_value()
            .secret_id(self.name(link))
            .version_stages(NEXT)
            .secret_string(grant.to_secret().expose_secret())
            .send()
            .await
            .map_err(|error| failure(SERVICE, "PutSecretValue", &error))?;
        self.promote(link, expected, put.version_id.as_deref().unwrap_or_default()).await
    }
}
