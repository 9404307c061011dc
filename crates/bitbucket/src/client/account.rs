//! The account that a credential acts as.

use super::{Client, answer};
use crate::Error;
use crate::payload::{Account, Document};

/// The account and the scopes of a credential.
#[derive(Debug, Clone, PartialEq)]
pub struct Whoami {
    /// The account that the credential acts as; `None` if it lacks the scope `account`.
    pub account: Option<Account>,
    /// The scopes, from the header `X-OAuth-Scopes` if Bitbucket sent it.
    pub scopes: Option<String>,
    /// Bitbucket's time, from the header `Date` if Bitbucket sent it.
    pub date: Option<String>,
}

impl Whoami {
    /// Returns the account's name for people.
    pub fn name(&self) -> Option<&str> {
        let account = self.account.as_ref()?;
        account.display_name.as_deref().or(account.nickname.as_deref())
    }
}

impl Client {
    /// Gets the account of the credential. Bitbucket answers 403 to a valid credential without the scope `account`;
    /// that is no error here (<https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/#api-user-get>).
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
