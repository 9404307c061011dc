//! Accounts: the credentials whose API calls Bitbucket counts together (G8).

use std::fmt;

use sha2::{Digest, Sha256};

/// Bytes of the hash that are kept; 128 bits rule out collisions.
const KEPT_BYTES: usize = 16;

/// The account behind a credential. Bitbucket counts the calls of a user, not of a credential
/// (<https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>), so links with the same account share
/// one budget.
///
/// A hash and not a secret: it does not reveal a token. An e-mail address could be guessed and tried, so it is never
/// logged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(String);

/// The kind of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// The e-mail address or user name of Basic authentication: all API tokens of a user are counted together.
    User,
    /// An access token of a repository, a project or a workspace, which is a bot user of its own
    /// (<https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/>).
    AccessToken,
    /// An OAuth consumer that acts as itself.
    Consumer,
    /// An OAuth consumer that acts for people. They are unknown before they authorize it, so all are counted together,
    /// which is the safe side.
    ConsumerForPeople,
}

impl AccountKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::AccessToken => "access-token",
            Self::Consumer => "client-credentials",
            Self::ConsumerForPeople => "app-oauth",
        }
    }
}

impl Account {
    /// Creates the account of an `identity`. The kind is hashed too, so a user's name never equals a consumer's key.
    pub fn new(kind: AccountKind, identity: &str) -> Self {
        let hash = Sha256::new()
            .chain_update("bitrelay account\0")
            .chain_update(kind.as_str())
            .chain_update("\0")
            .chain_update(identity)
            .finalize();
        let kept: Vec<u8> = hash.iter().copied().take(KEPT_BYTES).collect();
        Self(hex::encode(kept))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
