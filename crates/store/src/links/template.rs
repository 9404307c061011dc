//! The kinds of links and the parts of their credentials.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// A person's input for a credential, by name.
pub type Given = BTreeMap<String, SecretString>;

/// A kind of link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// An OAuth consumer that a person allows to act as them.
    AppOauth,
    /// An OAuth consumer that acts as itself.
    ClientCredentials,
    /// A personal API token (<https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/>).
    UserToken,
    /// The access token of a repository, project or workspace
    /// (<https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/>).
    AccessToken,
    /// Receives webhooks and polls nothing.
    Webhook,
}

/// One part of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its name in a link's document.
    pub name: &'static str,
    /// Its name in the prompt for a person.
    pub label: &'static str,
    /// True if it must not be shown.
    pub secret: bool,
}

const CONSUMER: &[Part] = &[
    Part { name: "client_id", label: "Key of the OAuth consumer", secret: false },
    Part { name: "client_secret", label: "Secret of the OAuth consumer", secret: true },
];

impl Template {
    /// All templates.
    pub const ALL: [Self; 5] =
        [Self::AppOauth, Self::ClientCredentials, Self::UserToken, Self::AccessToken, Self::Webhook];

    /// Its name in a link's document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AppOauth => "bitbucket-app-oauth",
            Self::ClientCredentials => "bitbucket-client-credentials",
            Self::UserToken => "bitbucket-user-token",
            Self::AccessToken => "bitbucket-access-token",
            Self::Webhook => "bitbucket-webhook",
        }
    }

    /// Returns the parts of its credential.
    pub const fn parts(self) -> &'static [Part] {
        match self {
            Self::AppOauth | Self::ClientCredentials => CONSUMER,
            Self::UserToken => &[
                Part { name: "username", label: "E-mail address of the Atlassian account", secret: false },
                Part { name: "password", label: "API token", secret: true },
            ],
            Self::AccessToken => &[Part { name: "token", label: "Access token", secret: true }],
            Self::Webhook => &[],
        }
    }

    /// The value of `type` in a credential.
    const fn credential_type(self) -> Option<&'static str> {
        match self {
            Self::AppOauth => Some("app-oauth"),
            Self::ClientCredentials => Some("client-credentials"),
            Self::UserToken => Some("basic"),
            Self::AccessToken => Some("bearer"),
            Self::Webhook => None,
        }
    }

    /// Returns the credential for a link's document; `None` for a link without one. `Err` names a part that is missing,
    /// empty or unknown.
    pub(super) fn credential(self, given: &Given) -> Result<Option<Value>, String> {
        let parts = self.parts();
        if let Some(strange) = given.keys().find(|name| !parts.iter().any(|part| part.name == *name)) {
            return Err(format!("{self} has no {strange}"));
        }
        let Some(kind) = self.credential_type() else { return Ok(None) };
        let mut credential = json!({ "type": kind });
        for part in parts {
            let value = given.get(part.name).map(|value| value.expose_secret().trim());
            let value = value.filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| format!("{self} needs {}", part.name))?;
            if let Some(fields) = credential.as_object_mut() {
                fields.insert(part.name.to_owned(), Value::from(value));
            }
        }
        Ok(Some(credential))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|template| template.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is none of {}", names()))
    }
}
