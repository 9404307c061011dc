//! Who calls.

use super::Client;
use crate::Error;
use crate::payload::{Account, Document};

impl Client {
    /// The account that the credential acts as; scope `account`
    /// (<https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/#api-user-get>).
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`]; [`Error::Api`] with 403 where the scope is missing.
    pub async fn who_am_i(&self) -> Result<Account, Error> {
        let mut url = self.api.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("user");
        }
        Ok(Document::new(self.get("ask who this is", url).await?).view)
    }
}
