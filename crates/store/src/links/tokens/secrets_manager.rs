//! Grants in Secrets Manager.

use relay::LinkId;

use super::super::secrets::{CURRENT, NEXT, Secrets};
use super::{GrantStore, KeptGrant, Versioned};
use crate::Error;

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
}

impl GrantStore for SecretsManagerGrants {
    async fn load(&self, link: &LinkId) -> Result<Option<Versioned>, Error> {
        self.read(link, CURRENT).await
    }

    async fn recover(&self, link: &LinkId) -> Result<Option<Versioned>, Error> {
        let Some(current) = self.read(link, CURRENT).await? else { return Ok(None) };
        let next = self.read(link, NEXT).await?;
        match next.filter(|next| next.grant.generation == current.grant.generation.saturating_add(1)) {
            Some(next) if self.0.promote(self.name(link), &current.version, &next.version).await? => {
                Ok(Some(next))
            }
            Some(_) => self.read(link, CURRENT).await,
            None => Ok(Some(current)),
        }
    }

    async fn store(&self, link: &LinkId, expected: Option<&str>, grant: &KeptGrant) -> Result<bool, Error> {
        let Some(expected) = expected else {
            let description = "The OAuth grant of a link; written by bitrelay";
            return self.0.create(self.name(link), description, &grant.to_secret()).await;
        };
        self.0.replace(self.name(link), expected, &grant.to_secret()).await
    }
}
