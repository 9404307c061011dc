//! Calls of any kind on a repository, for a program that acts as a person would and looks at each answer.

use reqwest::Method;
use serde_json::Value;

use super::{Body, Client, RepositoryPath, answer};
use crate::Error;

impl Client {
    /// Makes a call below a repository, such as `POST` to `["pullrequests"]`. Returns the status, also of a refusal,
    /// and the JSON of the answer; `Null` if it has none.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`], [`Error::AnswerTooLarge`], [`Error::AllowanceSpent`].
    pub async fn act(
        &self,
        repository: &RepositoryPath,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Body>,
    ) -> Result<(u16, Value), Error> {
        const OPERATION: &str = "act on a repository";
        let mut url = self.repository_url(repository, path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let response = self.request(OPERATION, method, url, body).await?;
        let status = response.status().as_u16();
        let content = answer::body(OPERATION, response).await?;
        Ok((status, serde_json::from_slice(&content).unwrap_or_default()))
    }
}
