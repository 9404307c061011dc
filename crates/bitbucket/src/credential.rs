//! Credentials for Bitbucket's REST API.

use secrecy::SecretString;
use serde::Deserialize;

/// A credential. It cannot be printed.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Credential {
    /// API token of a user. The username is the e-mail address of the Atlassian account, the password is the token
    /// (<https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/>).
    Basic {
        /// The e-mail address.
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
