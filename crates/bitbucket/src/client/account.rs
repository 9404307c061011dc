//! Who the credential is.

use super::{Client, answer};
use crate::Error;
use crate::payload::{Account, Document};

/// Who calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Whoami {
    /// The account that the credential acts as; `None` where the credential may call, and not ask who it is.
    pub account: Option<Account>,
    /// What it may do, where Bitbucket says it: the header `X-OAuth-Scopes`.
    pub scopes: Option<String>,
    /// The server's clock, as its answer's `Date` has it.
    pub date: Option<String>,
}

impl Whoami {
    /// The name to show.
    pub fn name(&self) -> Option<&str> {
        let account = self.account.as_ref()?;
        account.display_name.as_deref().or(account.nickname.as_deref())
    }
}

impl Client {
    /// Asks who the credential is. A credential without the scope `account` is answered 403: it is known, and may not ask
    /// (<https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/#api-user-get>).
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`]; 401 for a credential that Bitbucket does not know.
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
