//! API calls: the connection, the credential, the allowance of calls, and the pages of a listing.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::answer;
use super::transport::Transport;
use super::{Listing, RepositoryPath};
use crate::credential::Credential;
use crate::payload::Document;
use crate::{Error, RateLimit};

/// How long one call may take. Bitbucket itself gives up after 30 seconds; a poll does not wait that long.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Bitbucket's REST API, without a credential. Holds the connections; make one and keep it.
#[derive(Debug, Clone)]
pub struct Api {
    /// Builds requests. `transport` sends them.
    http: reqwest::Client,
    transport: Arc<dyn Transport>,
    pub(super) base: Url,
}

impl Api {
    /// `base` is `https://api.bitbucket.org/2.0`, or another root of the same API.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] where it is no URL, or not https: tokens do not travel in the clear, except on this
    /// machine.
    pub fn new(base: &str) -> Result<Self, Error> {
        let (http, base) = (http()?, root(base)?);
        Ok(Self { transport: Arc::new(http.clone()), http, base })
    }

    /// The same API, with its requests sent another way. For tests that keep Bitbucket in their own process.
    #[must_use]
    pub fn with_transport(&self, transport: Arc<dyn Transport>) -> Self {
        Self { transport, ..self.clone() }
    }

    /// A client with a credential that may make `allowance` calls and then refuses.
    pub fn client(&self, credential: Credential, allowance: u32) -> Client {
        let left = Arc::new(AtomicU32::new(allowance));
        Client { api: self.clone(), credential, left, rate_limit: Arc::default() }
    }
}

/// A URL that credentials may be sent to.
pub(crate) fn root(base: &str) -> Result<Url, Error> {
    let base = Url::parse(base).map_err(|error| Error::Configuration(format!("{base:?}: {error}")))?;
    let loopback = matches!(base.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if base.cannot_be_a_base() || !(base.scheme() == "https" || loopback) {
        return Err(Error::Configuration(format!("{base} is not an https URL")));
    }
    Ok(base)
}

/// What calls are made with.
pub(crate) fn http() -> Result<reqwest::Client, Error> {
    reqwest::Client::builder()
        .timeout(CALL_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect could take the credential elsewhere; Bitbucket sends none for these calls.
        .redirect(Policy::none())
        .user_agent(concat!("bitrelay/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::Configuration(error.to_string()))
}

/// The API with a credential and an allowance of calls. Clones share the allowance, and what Bitbucket says of its own.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) api: Api,
    credential: Credential,
    left: Arc<AtomicU32>,
    rate_limit: Arc<Mutex<Option<RateLimit>>>,
}

impl Client {
    /// The same client with another credential: the allowance goes on.
    #[must_use]
    pub fn with_credential(&self, credential: Credential) -> Self {
        Self { credential, ..self.clone() }
    }

    /// The token it calls with; `None` where it has a password.
    pub fn token(&self) -> Option<&SecretString> {
        match &self.credential {
            Credential::Bearer { token } => Some(token),
            Credential::Basic { .. } => None,
        }
    }

    /// How many calls are left.
    pub fn calls_left(&self) -> u32 {
        self.left.load(Ordering::Relaxed)
    }

    /// What Bitbucket said last of the calls that the credential may make; `None` where it has not.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        *self.rate_limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_rate_limit(&self, response: &Response) {
        let Some(said) = RateLimit::read(|name| response.headers().get(name)?.to_str().ok()) else { return };
        let mut known = self.rate_limit.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(known.unwrap_or_default().then(said));
    }

    /// The URL of something of a repository.
    pub(super) fn repository_url(&self, repository: &RepositoryPath, rest: &[&str]) -> Url {
        let path = ["repositories", &repository.workspace, &repository.repository];
        self.url(path.into_iter().chain(rest.iter().copied()))
    }

    /// A listing, up to `max_pages` pages of it.
    pub(super) async fn list<T: DeserializeOwned + Default>(
        &self,
        operation: &'static str,
        first: Url,
        max_pages: usize,
    ) -> Result<Listing<T>, Error> {
        let mut items = Vec::new();
        let mut url = first;
        for _ in 0..max_pages {
            let mut page = match self.get(operation, url).await {
                // What was read counts; the caller decides what a part of a listing is good for.
                Err(Error::AllowanceSpent { .. }) if !items.is_empty() => {
                    return Ok(Listing { items, complete: false });
                }
                page => page?,
            };
            let Some(Value::Array(values)) = page.get_mut("values").map(Value::take) else {
                return Err(Error::AnswerInvalid { operation, reason: "it has no list of values" });
            };
            items.extend(values.into_iter().map(Document::new));
            let Some(next) = page.get("next").and_then(Value::as_str) else {
                return Ok(Listing { items, complete: true });
            };
            url = self
                .own(next)
                .ok_or(Error::AnswerInvalid { operation, reason: "its next page is elsewhere" })?;
        }
        Ok(Listing { items, complete: false })
    }

    /// One thing; `None` where it is not there.
    pub(super) async fn find<T: DeserializeOwned + Default>(
        &self,
        operation: &'static str,
        url: Url,
    ) -> Result<Option<Document<T>>, Error> {
        match self.get(operation, url).await {
            Ok(found) => Ok(Some(Document::new(found))),
            Err(Error::Api { status: 404 | 410, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A link of an answer, if it leads to the API's own origin.
    pub(super) fn own(&self, link: &str) -> Option<Url> {
        Url::parse(link).ok().filter(|url| url.origin() == self.api.base.origin())
    }

    pub(super) async fn get(&self, operation: &'static str, url: Url) -> Result<Value, Error> {
        answer::json(operation, self.request(operation, Method::GET, url, None).await?).await
    }

    /// A call whose answer says nothing but that it worked.
    pub(super) async fn send(
        &self,
        operation: &'static str,
        method: Method,
        url: Url,
        body: Option<Value>,
    ) -> Result<(), Error> {
        answer::done(operation, self.request(operation, method, url, body).await?).await
    }

    /// A URL below the base.
    pub(super) fn url<'s>(&self, path: impl IntoIterator<Item = &'s str>) -> Url {
        let mut url = self.api.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// One call, out of the allowance.
    pub(super) async fn request(
        &self,
        operation: &'static str,
        method: Method,
        url: Url,
        body: Option<Value>,
    ) -> Result<Response, Error> {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .map_err(|_| Error::AllowanceSpent { operation })?;
        let request = self.api.http.request(method, url);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let request = match &self.credential {
            Credential::Basic { username, password } => {
                request.basic_auth(username, Some(password.expose_secret()))
            }
            Credential::Bearer { token } => request.bearer_auth(token.expose_secret()),
        };
        let request = request.build().map_err(|error| answer::unreachable(operation, &error))?;
        let sent = self.api.transport.send(request).await;
        let response = sent.map_err(|error| error.during(operation))?;
        self.note_rate_limit(&response);
        Ok(response)
    }
}
