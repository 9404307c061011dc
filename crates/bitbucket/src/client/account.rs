//! The account of the credential.

use super::{Client, answer};
use crate::Error;
use crate::payload::{Account, Document};

/// The account of the credential, and its scopes.
#[derive(Debug, Clone, PartialEq)]
pub struct Whoami {
    /// Account that the credential acts as; `None` if the credential lacks the scope `account`.
    pub account: Option<Account>,
    /// Scopes from the header `X-OAuth-Scopes`, if Bitbucket sent it.
    pub scopes: Option<String>,
    /// Time of the server, from the `Date` header.
    pub date: Option<String>,
}

impl Whoami {
    /// Returns the name to show.
    pub fn name(&self) -> Option<&str> {
        let account = self.account.as_ref()?;
        account.display_name.as_deref().or(account.nickname.as_deref())
    }
}

impl Client {
    /// Gets the account of the credential. Without the scope `account` Bitbucket answers 403, although the credential
    /// is valid (<https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/#api-user-get>).
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`]; 401 if the credential is invalid.
    pub async fn whoami(&self) -> Result<Whoami, Error> {
        const OPERATION: &str = "get user";
        let response = self.request(OPERATION, reqwest::Method::GET, self.url(["user"]), None).await?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let (scopes, date) = (header("x-oauth-scopes"), header("date"));
        let account = match answer::json(OPERATION, response).await {
            Ok(user) => Some(Document::new(user).view),
            Err(Error::Api { status: 403, .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Whoami { account, scopes, date })
    }
}
