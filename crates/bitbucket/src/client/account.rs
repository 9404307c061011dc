//! Who the credential is.

use serde::Deserialize;

use super::{Client, answer};
use crate::Error;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whoami {
    /// The name to show; `None` where the credential may call, and not ask who it is.
    pub name: Option<String>,
    /// What it may do, where Bitbucket says it: the header `X-OAuth-Scopes`.
    pub scopes: Option<String>,
    /// The server's clock, as its answer's `Date` has it.
    pub date: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct User {
    display_name: Option<String>,
    nickname: Option<String>,
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
        let name = match answer::json(OPERATION, response).await {
            Ok(user) => User::deserialize(&user).ok().and_then(|user| user.display_name.or(user.nickname)),
            Err(Error::Api { status: 403, .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Whoami { name, scopes, date })
    }
}
