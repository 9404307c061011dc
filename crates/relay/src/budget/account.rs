//! Whose API calls are counted together (G8).

use std::fmt;

use sha2::{Digest, Sha256};

/// So much of the hash is kept, in bytes: two of some thousand credentials are never taken for one.
const KEPT_BYTES: usize = 16;

/// Who spends a budget: the account behind a credential, as far as the credential tells. Bitbucket counts the calls of a user,
/// whatever they are made with (<https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>), so links with the same
/// account share one budget.
///
/// A hash, and no secret: a token cannot be had from it. An e-mail address can be guessed and tried; it stands in no log either.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(String);

/// What tells one account from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// The e-mail address or user name of Basic authentication: all API tokens of a user are counted together.
    User,
    /// An access token of a repository, a project or a workspace, which is a bot user of its own
    /// (<https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/>).
    AccessToken,
    /// An OAuth consumer that acts as itself.
    Consumer,
    /// An OAuth consumer that acts for people. Who they are is not known before they allow it, so all of them are counted together,
    /// which errs on the safe side.
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
    /// The account that is told by `identity`. The kind is hashed too: what is a user's name is never taken for a consumer's key.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_identity_is_one_account_and_another_kind_is_another() {
        let of = |kind, identity: &str| Account::new(kind, identity).to_string();
        let alice = of(AccountKind::User, "alice@example.com");
        assert_eq!(alice, of(AccountKind::User, "alice@example.com"));
        assert_eq!(alice.len(), 32);
        assert_ne!(alice, of(AccountKind::User, "bob@example.com"));
        let kinds = [
            AccountKind::User,
            AccountKind::AccessToken,
            AccountKind::Consumer,
            AccountKind::ConsumerForPeople,
        ];
        let accounts: std::collections::BTreeSet<_> = kinds.iter().map(|kind| of(*kind, "key")).collect();
        assert_eq!(accounts.len(), 4);
    }
}
