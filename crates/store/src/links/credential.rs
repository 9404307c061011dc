//! The credential in a link's document.

use bitbucket::Credential;
use relay::{Account, AccountKind};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// A link's credential for Bitbucket's API. It cannot be printed.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum LinkCredential {
    /// A credential in the document, valid until somebody revokes it.
    Fixed(Credential),
    /// An OAuth consumer that requests tokens, each valid for an hour.
    OAuth(OAuthCredential),
}

/// An OAuth consumer and its flow.
#[derive(Debug, Clone, Deserialize)]
pub struct OAuthCredential {
    /// The way in which a consumer requests tokens.
    #[serde(rename = "type")]
    pub flow: Flow,
    /// The consumer's key.
    pub client_id: String,
    /// The consumer's secret.
    pub client_secret: SecretString,
}

/// The way in which a consumer requests tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// The consumer acts as itself; template `bitbucket-client-credentials`.
    ClientCredentials,
    /// A person has allowed it to act as them; template `bitbucket-app-oauth`.
    AppOauth,
}

impl LinkCredential {
    /// Returns the account that its calls count for. Links with the same account share one budget (G8).
    pub fn account(&self) -> Account {
        match self {
            // E-mail addresses are compared in lower case.
            Self::Fixed(Credential::Basic { username, .. }) => {
                Account::new(AccountKind::User, &username.trim().to_lowercase())
            }
            Self::Fixed(Credential::Bearer { token }) => {
                Account::new(AccountKind::AccessToken, token.expose_secret())
            }
            Self::OAuth(OAuthCredential { flow: Flow::ClientCredentials, client_id, .. }) => {
                Account::new(AccountKind::Consumer, client_id)
            }
            Self::OAuth(OAuthCredential { flow: Flow::AppOauth, client_id, .. }) => {
                Account::new(AccountKind::ConsumerForPeople, client_id)
            }
        }
    }

    /// True if a required part is empty.
    pub(super) fn has_an_empty_part(&self) -> bool {
        let empty = |secret: &SecretString| secret.expose_secret().trim().is_empty();
        match self {
            Self::Fixed(Credential::Basic { username, password }) => {
                username.trim().is_empty() || empty(password)
            }
            Self::Fixed(Credential::Bearer { token }) => empty(token),
            Self::OAuth(consumer) => consumer.client_id.trim().is_empty() || empty(&consumer.client_secret),
        }
    }
}
