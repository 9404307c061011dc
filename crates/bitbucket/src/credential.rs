//! Credentials for Bitbucket's REST API.

use secrecy::SecretString;
use serde::Deserialize;

/// A credential. Its debug output hides the password and the token.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Credential {
    /// An API token of a user, sent as the password of HTTP Basic authentication
    /// (<https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/>).
    Basic {
        /// The e-mail address of the Atlassian account.
        username: String,
        /// The API token.
        password: SecretString,
    },
    /// A repository, project or workspace access token, or an OAuth access token.
    Bearer {
        /// The token.
        token: SecretString,
    },
}
