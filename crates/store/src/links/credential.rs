//! What a link's document has as its credential.

use bitbucket::Credential;
use relay::{Account, AccountKind};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// What a link calls Bitbucket's API with. It cannot be printed.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum LinkCredential {
    /// It stands in the document, and is good until somebody ends it.
    Fixed(Credential),
    /// It is asked for with an OAuth consumer, for an hour at a time.
    OAuth(OAuthCredential),
}

/// An OAuth consumer, and how it is used.
#[derive(Debug, Clone, Deserialize)]
pub struct OAuthCredential {
    /// How tokens are asked for.
    #[serde(rename = "type")]
    pub flow: Flow,
    /// The consumer's key.
    pub client_id: String,
    /// The consumer's secret.
    pub client_secret: SecretString,
}

/// How tokens are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// The consumer acts as itself; template `bitbucket-client-credentials`.
    ClientCredentials,
    /// A person has allowed it to act as them; template `bitbucket-app-oauth`.
    AppOauth,
}

impl LinkCredential {
    /// Whose calls are counted when this is used: links with the same account share one budget (G8).
    pub fn account(&self) -> Account {
        match self {
            // An address is one mailbox however it is typed.
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

    /// Whether something that it needs is empty.
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
