//! Writing a link's document. What this version does not know of it stays as it is.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use relay::{LinkId, SweepTarget};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::document::VERSION;
use super::{Given, LinkDocument, Template};
use crate::Error;

/// A link's document while it is changed. It cannot be printed.
#[derive(Clone)]
pub struct LinkEdit {
    id: LinkId,
    document: Map<String, Value>,
}

impl fmt::Debug for LinkEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkEdit").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What may be shown of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSummary {
    /// Its kind.
    pub template: String,
    /// The kind of its credential; `None` where it only receives.
    pub credential: Option<String>,
    /// Who the credential says it is, where that is no secret: an e-mail address or a consumer's key.
    pub name: Option<String>,
    /// When its webhook secrets were made and when they end, the oldest first.
    pub webhook_secrets: Vec<SecretTimes>,
    /// Whether deliveries are taken without a signature.
    pub unsigned: bool,
    /// Where it has hooks, as far as `bitrelay` made them: `workspace/slug`, or `workspace`.
    pub hooks: Vec<String>,
    /// What is swept from the beginning: `workspace/slug`, or `workspace`.
    pub sweep: Vec<String>,
}

/// When a secret was made and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretTimes {
    /// When it was made, where that is known.
    pub created_at: Option<Timestamp>,
    /// When it ends; `None` is never.
    pub expires_at: Option<Timestamp>,
}

impl LinkEdit {
    /// A new link: its credential, and one webhook secret; without the secret it takes deliveries unsigned.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`] where something is missing, empty or too long.
    pub fn create(
        id: &LinkId,
        template: Template,
        given: &Given,
        webhook_secret: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let mut edit = Self { id: id.clone(), document: Map::new() };
        edit.document.insert("version".to_owned(), VERSION.into());
        edit.document.insert("template".to_owned(), template.as_str().into());
        match webhook_secret {
            Some(secret) => edit.push_secret(secret, now),
            None => drop(edit.document.insert("unsigned".to_owned(), true.into())),
        }
        edit.set_credential(template, given)?;
        Ok(edit)
    }

    /// Takes up a link's document.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`] for one that the functions could not use either.
    pub fn parse(id: &LinkId, secret: &SecretString) -> Result<Self, Error> {
        LinkDocument::parse(id, secret)?;
        // It is an object, or it could not have been read.
        let document = serde_json::from_str(secret.expose_secret()).unwrap_or_default();
        Ok(Self { id: id.clone(), document })
    }

    /// Its kind; `None` for one that this version does not know.
    pub fn template(&self) -> Option<Template> {
        self.document.get("template")?.as_str()?.parse().ok()
    }

    /// Changes what the API is called with.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`] where something is missing, or does not belong to the template.
    pub fn set_credential(&mut self, template: Template, given: &Given) -> Result<(), Error> {
        let invalid = |reason| Error::LinkInvalid { link: self.id.clone(), reason };
        let credential = template.credential(given).map_err(invalid)?;
        self.document.insert("template".to_owned(), template.as_str().into());
        match credential {
            Some(credential) => self.document.insert("credential".to_owned(), credential),
            None => self.document.remove("credential"),
        };
        Ok(())
    }

    /// Adds a webhook secret. Those before it end after `overlap`, or when they would have ended; those that have ended are
    /// removed. A link that was unsigned is so no longer.
    pub fn rotate(&mut self, new: &SecretString, now: Timestamp, overlap: SignedDuration) {
        let end = now.saturating_add(overlap).unwrap_or(Timestamp::MAX);
        self.change_secrets(|secrets| {
            secrets.retain(|secret| expiry(secret).is_none_or(|at| now < at));
            for secret in secrets {
                let ends = expiry(secret).map_or(end, |before| before.min(end));
                if let Some(fields) = secret.as_object_mut() {
                    fields.insert("expires_at".to_owned(), json!(ends));
                }
            }
        });
        self.push_secret(new, now);
        self.document.remove("unsigned");
    }

    fn push_secret(&mut self, secret: &SecretString, now: Timestamp) {
        let secret = json!({ "value": secret.expose_secret(), "created_at": now, "expires_at": null });
        self.change_secrets(|secrets| secrets.push(secret));
    }

    fn change_secrets(&mut self, change: impl FnOnce(&mut Vec<Value>)) {
        let mut secrets = match self.document.remove("webhook_secrets") {
            Some(Value::Array(secrets)) => secrets,
            _ => Vec::new(),
        };
        change(&mut secrets);
        self.document.insert("webhook_secrets".to_owned(), Value::Array(secrets));
    }

    fn secrets(&self) -> impl Iterator<Item = &Value> {
        self.document.get("webhook_secrets").and_then(Value::as_array).into_iter().flatten()
    }

    /// The secret that a hook should have: the newest that does not end. It is for Bitbucket, and for whoever types it there.
    pub fn hook_secret(&self) -> Option<SecretString> {
        let lasting: Vec<_> = self.secrets().filter(|secret| expiry(secret).is_none()).collect();
        let value = lasting.last()?.get("value")?.as_str()?;
        Some(SecretString::from(value))
    }

    /// Notes where the link has a hook.
    pub fn note_hook(&mut self, place: &str) {
        let mut hooks = self.hooks();
        if !hooks.iter().any(|known| known == place) {
            hooks.push(place.to_owned());
            self.document.insert("hooks".to_owned(), json!(hooks));
        }
    }

    /// Notes that the link has no hook there any more.
    pub fn forget_hook(&mut self, place: &str) {
        let mut hooks = self.hooks();
        hooks.retain(|known| known != place);
        self.document.insert("hooks".to_owned(), json!(hooks));
    }

    fn hooks(&self) -> Vec<String> {
        self.names("hooks")
    }

    fn names(&self, field: &str) -> Vec<String> {
        let names = self.document.get(field).and_then(Value::as_array).into_iter().flatten();
        names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    }

    /// Adds what is swept from the beginning, and takes away. SweepTargets are checked when the document is stored.
    pub fn change_sweep(&mut self, add: &[SweepTarget], remove: &[SweepTarget]) {
        let known = self.sweep().into_iter().filter_map(|place| place.parse().ok());
        let mut places: BTreeSet<SweepTarget> = known.chain(add.iter().cloned()).collect();
        places.retain(|place| !remove.contains(place));
        self.document.insert("sweep".to_owned(), json!(places));
    }

    fn sweep(&self) -> Vec<String> {
        self.names("sweep")
    }

    /// What may be shown.
    pub fn summary(&self) -> LinkSummary {
        let credential = self.document.get("credential");
        let said =
            |name: &str| credential.and_then(|credential| credential.get(name)?.as_str().map(str::to_owned));
        let times = |secret: &Value| SecretTimes {
            created_at: secret.get("created_at").and_then(Value::as_str).and_then(|at| at.parse().ok()),
            expires_at: expiry(secret),
        };
        LinkSummary {
            template: self.document.get("template").and_then(Value::as_str).unwrap_or_default().to_owned(),
            credential: said("type"),
            name: said("username").or_else(|| said("client_id")),
            webhook_secrets: self.secrets().map(times).collect(),
            unsigned: self.document.get("unsigned") == Some(&Value::Bool(true)),
            hooks: self.hooks(),
            sweep: self.sweep(),
        }
    }

    /// The document, to be stored.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`] for one that the functions could not use.
    pub fn to_secret(&self) -> Result<SecretString, Error> {
        let secret = SecretString::from(Value::Object(self.document.clone()).to_string());
        LinkDocument::parse(&self.id, &secret)?;
        Ok(secret)
    }
}

fn expiry(secret: &Value) -> Option<Timestamp> {
    secret.get("expires_at")?.as_str()?.parse().ok()
}
