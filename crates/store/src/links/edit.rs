//! Edits a link's document. Fields that this version does not know stay unchanged.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use relay::{LinkId, SweepTarget};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::document::VERSION;
use super::{Given, LinkDocument, Template};
use crate::Error;

/// A link's document during a change. It cannot be printed.
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

/// The public fields of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSummary {
    /// Its template.
    pub template: String,
    /// The type of its credential; `None` if it only receives.
    pub credential: Option<String>,
    /// The public name in its credential: an e-mail address or a consumer's key.
    pub name: Option<String>,
    /// The times of its webhook secrets, the oldest first.
    pub webhook_secrets: Vec<SecretTimes>,
    /// True if the link accepts deliveries without a signature.
    pub unsigned: bool,
    /// The hooks that `bitrelay` created: `workspace/slug`, or `workspace`.
    pub hooks: Vec<String>,
    /// The targets to sweep from the beginning: `workspace/slug`, or `workspace`.
    pub sweep: Vec<String>,
}

/// The times of a webhook secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretTimes {
    /// Time of its creation, if the document has it.
    pub created_at: Option<Timestamp>,
    /// Time of its end; `None` if it does not end.
    pub expires_at: Option<Timestamp>,
}

impl LinkEdit {
    /// Returns a new link with a credential and one webhook secret. Without the secret it accepts unsigned deliveries.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`] if a part is missing, empty or too long.
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

    /// Parses a link's document for a change.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`] for a document that the functions cannot use.
    pub fn parse(id: &LinkId, secret: &SecretString) -> Result<Self, Error> {
        LinkDocument::parse(id, secret)?;
        // It is an object: `LinkDocument` could read it.
        let document = serde_json::from_str(secret.expose_secret()).unwrap_or_default();
        Ok(Self { id: id.clone(), document })
    }

    /// Returns its template; `None` if this version does not know it.
    pub fn template(&self) -> Option<Template> {
        self.document.get("template")?.as_str()?.parse().ok()
    }

    /// Replaces the credential.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`] if a part is missing, or does not belong to the template.
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

    /// Adds a webhook secret. Earlier secrets end after `overlap`, or at their own end if that is sooner. Ended secrets
    /// are removed. An unsigned link becomes signed.
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

    /// Returns the secret for new hooks: the newest without an end. Bitbucket gets it, from the API or from a person.
    pub fn hook_secret(&self) -> Option<SecretString> {
        let lasting: Vec<_> = self.secrets().filter(|secret| expiry(secret).is_none()).collect();
        let value = lasting.last()?.get("value")?.as_str()?;
        Some(SecretString::from(value))
    }

    /// Adds a hook to the link's list.
    pub fn note_hook(&mut self, place: &str) {
        let mut hooks = self.hooks();
        if !hooks.iter().any(|known| known == place) {
            hooks.push(place.to_owned());
            self.document.insert("hooks".to_owned(), json!(hooks));
        }
    }

    /// Removes a hook from the link's list.
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

    /// Adds and removes sweep targets. They are checked when the document is stored.
    pub fn change_sweep(&mut self, add: &[SweepTarget], remove: &[SweepTarget]) {
        let known = self.sweep().into_iter().filter_map(|place| place.parse().ok());
        let mut places: BTreeSet<SweepTarget> = known.chain(add.iter().cloned()).collect();
        places.retain(|place| !remove.contains(place));
        self.document.insert("sweep".to_owned(), json!(places));
    }

    fn sweep(&self) -> Vec<String> {
        self.names("sweep")
    }

    /// Returns the public fields.
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

    /// Returns the document as a secret to store.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`] for a document that the functions cannot use.
    pub fn to_secret(&self) -> Result<SecretString, Error> {
        let secret = SecretString::from(Value::Object(self.document.clone()).to_string());
        LinkDocument::parse(&self.id, &secret)?;
        Ok(secret)
    }
}

fn expiry(secret: &Value) -> Option<Timestamp> {
    secret.get("expires_at")?.as_str()?.parse().ok()
}
