//! Reads and checks the secret of a link.

use std::collections::BTreeSet;
use std::fmt;

use bitbucket::WebhookSecret;
use jiff::Timestamp;
use relay::{LinkId, SweepTarget, SweepTargets};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::{Link, LinkCredential};
use crate::Error;

pub(super) const VERSION: u32 = 1;

/// Largest number of webhook secrets. Rotation needs two; each costs one HMAC per forged delivery.
const MAX_WEBHOOK_SECRETS: usize = 10;

/// A checked document of a link.
#[derive(Clone)]
pub struct LinkDocument {
    id: LinkId,
    template: String,
    webhook_secrets: Vec<(WebhookSecret, Option<Timestamp>)>,
    unsigned: bool,
    credential: Option<LinkCredential>,
    sweep: SweepTargets,
    hooks: BTreeSet<SweepTarget>,
}

impl fmt::Debug for LinkDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkDocument").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Raw {
    version: u32,
    template: String,
    #[serde(default)]
    webhook_secrets: Vec<RawSecret>,
    #[serde(default)]
    credential: Option<LinkCredential>,
    #[serde(default)]
    unsigned: bool,
    #[serde(default)]
    sweep: BTreeSet<String>,
    #[serde(default)]
    hooks: Value,
}

#[derive(Deserialize)]
struct RawSecret {
    value: SecretString,
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

impl LinkDocument {
    /// Reads the document from a link's secret.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`]; the reason never repeats content of the secret.
    pub fn parse(id: &LinkId, secret: &SecretString) -> Result<Self, Error> {
        let invalid = |reason: String| Error::LinkInvalid { link: id.clone(), reason };
        // The parser's message could repeat a secret in an unexpected place.
        let raw: Raw = serde_json::from_str(secret.expose_secret()).map_err(|error| {
            let what = if error.is_data() {
                "has a field that is missing or of a wrong type"
            } else {
                "is not JSON"
            };
            invalid(format!("it {what}, at line {}, column {}", error.line(), error.column()))
        })?;
        if raw.version != VERSION {
            return Err(invalid(format!(
                "its version is {}, this program reads version {VERSION}",
                raw.version
            )));
        }
        if raw.webhook_secrets.len() > MAX_WEBHOOK_SECRETS {
            return Err(invalid(format!("it has more than {MAX_WEBHOOK_SECRETS} webhook secrets")));
        }
        if raw.unsigned && !raw.webhook_secrets.is_empty() {
            return Err(invalid(
                "\"unsigned\" is true, yet there are webhook secrets; remove one of the two".into(),
            ));
        }
        let webhook_secrets = raw
            .webhook_secrets
            .iter()
            .map(|secret| Ok((WebhookSecret::new(secret.value.expose_secret())?, secret.expires_at)))
            .collect::<Result<_, bitbucket::Error>>()
            .map_err(|error| invalid(error.to_string()))?;
        if raw.credential.as_ref().is_some_and(LinkCredential::has_an_empty_part) {
            return Err(invalid(
                "its credential has an empty username, password, token, client_id or client_secret"
                    .to_owned(),
            ));
        }
        let sweep =
            raw.sweep.iter().map(|place| place.parse::<SweepTarget>()).collect::<Result<BTreeSet<_>, _>>();
        let sweep = sweep.and_then(SweepTargets::try_from);
        Ok(Self {
            id: id.clone(),
            template: raw.template,
            webhook_secrets,
            unsigned: raw.unsigned,
            credential: raw.credential,
            sweep: sweep.map_err(|error| invalid(format!("\"sweep\": {error}")))?,
            hooks: places(&raw.hooks),
        })
    }

    /// Returns the credential for Bitbucket's API, even if no webhook secret is valid now.
    pub const fn credential(&self) -> Option<&LinkCredential> {
        self.credential.as_ref()
    }

    /// Returns the repositories and workspaces to sweep from the beginning.
    pub const fn sweep(&self) -> &SweepTargets {
        &self.sweep
    }

    /// Returns the link without its expired secrets.
    ///
    /// # Errors
    ///
    /// [`Error::LinkWithoutSecret`] if no secret is left and the link is not `unsigned`.
    pub fn at(&self, now: Timestamp) -> Result<Link, Error> {
        let valid =
            self.webhook_secrets.iter().filter(|(_, expires_at)| expires_at.is_none_or(|end| now < end));
        let webhook_secrets: Vec<_> = valid.map(|(secret, _)| secret.clone()).collect();
        if webhook_secrets.is_empty() && !self.unsigned {
            return Err(Error::LinkWithoutSecret(self.id.clone()));
        }
        Ok(Link {
            id: self.id.clone(),
            template: self.template.clone(),
            webhook_secrets,
            unsigned: self.unsigned,
            credential: self.credential.clone(),
            sweep: self.sweep.clone(),
            hooks: self.hooks.clone(),
        })
    }
}

/// Reads the places of hooks. One that is malformed names nothing, and fails no delivery.
fn places(hooks: &Value) -> BTreeSet<SweepTarget> {
    let places = hooks.as_array().into_iter().flatten();
    places.filter_map(|place| place.as_str()?.parse().ok()).collect()
}
