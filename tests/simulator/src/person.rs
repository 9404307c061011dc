//! A small REST client that acts as one user, for tests and scenarios.

use crate::settings::User;
use anyhow::Context as _;
use serde_json::Value;
use std::time::Duration;

/// Longest wait for an answer; a call that a fault lets hang longer fails.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of Bitbucket's REST API for one repository, with one user's credentials. It does not depend on the
/// simulator, so it can act on one in another process too.
#[derive(Debug, Clone)]
pub struct Person {
    client: reqwest::Client,
    repository_url: String,
    credential: Credential,
}

#[derive(Clone)]
enum Credential {
    Basic { email: String, token: String },
    Bearer(String),
    None,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Credential(..)")
    }
}

/// An answer: the status, and the body, or null if it is empty. A body that is not JSON is a string.
pub type Answer = (u16, Value);

impl Person {
    /// Acts on `full_name` (`acme/widgets`) at `url` (`http://127.0.0.1:7990`) as `user`: with the API token if
    /// there is one, else with the access token, else with nothing.
    ///
    /// # Errors
    /// A failure to make the HTTP client.
    pub fn new(url: &str, full_name: &str, user: &User) -> anyhow::Result<Self> {
        let credential = match (&user.api_token, &user.access_token) {
            (Some(token), _) => Credential::Basic { email: user.email.clone(), token: token.clone() },
            (None, Some(token)) => Credential::Bearer(token.clone()),
            (None, None) => Credential::None,
        };
        let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
        let repository_url = format!("{}/2.0/repositories/{full_name}", url.trim_end_matches('/'));
        Ok(Self { client, repository_url, credential })
    }

    /// `GET`; `path` is below the repository (`/pullrequests/1`) or a whole URL (a page's `next`).
    ///
    /// # Errors
    /// A missing answer. An answer that refuses is an answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(reqwest::Method::GET, path, None).await
    }

    /// `POST` with a JSON body.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Answer> {
        self.call(reqwest::Method::POST, path, Some(body)).await
    }

    /// `PUT` with a JSON body.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn put(&self, path: &str, body: Value) -> anyhow::Result<Answer> {
        self.call(reqwest::Method::PUT, path, Some(body)).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(reqwest::Method::DELETE, path, None).await
    }

    /// Pushes one commit to a branch.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn push(&self, branch: &str, message: &str) -> anyhow::Result<Answer> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("branch", branch).append_pair("message", message);
        let request = self
            .client
            .post(format!("{}/src", self.repository_url))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form.finish());
        self.send(request).await
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> anyhow::Result<Answer> {
        let whole = path.starts_with("http://") || path.starts_with("https://");
        let url = if whole { path.to_owned() } else { format!("{}{path}", self.repository_url) };
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.send(request).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        let request = match &self.credential {
            Credential::Basic { email, token } => request.basic_auth(email, Some(token)),
            Credential::Bearer(token) => request.bearer_auth(token),
            Credential::None => request,
        };
        let answer = request.send().await.context("the call was not answered")?;
        let status = answer.status().as_u16();
        let text = answer.text().await.context("the answer broke off")?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        Ok((status, body))
    }
}
