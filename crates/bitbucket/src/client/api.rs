//! API calls with a connection, a credential and an allowance of calls, and the paging of listings.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::RepositoryPath;
use super::answer;
use super::transport::Transport;
use crate::credential::Credential;
use crate::payload::Document;
use crate::{Error, RateLimit};

/// Longest time of one call. Bitbucket gives up after 30 seconds; a poll does not wait that long.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Listings that Bitbucket has refused with 400, although some source says that it takes them. They are not asked for
/// again. For *economy*: a refusal costs a call.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// Pull requests of other states than `OPEN`.
    pub(super) states: AtomicBool,
    /// Comments sorted by `updated_on`.
    pub(super) sort: AtomicBool,
}

/// Bitbucket's REST API without a credential. It holds the connections, so make one and reuse it.
#[derive(Debug, Clone)]
pub struct Api {
    /// Builds requests. `transport` sends them.
    http: reqwest::Client,
    transport: Arc<dyn Transport>,
    pub(super) base: Url,
    refused: Arc<Refused>,
}

impl Api {
    /// Makes a client of the API. `base` is `https://api.bitbucket.org/2.0`, or another root of the same API.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] unless `base` is an https URL, or an http URL of this machine: tokens must be
    /// encrypted.
    pub fn new(base: &str) -> Result<Self, Error> {
        let (http, base) = (http()?, root(base)?);
        Ok(Self { transport: Arc::new(http.clone()), http, base, refused: Arc::default() })
    }

    /// Sends requests through another transport, and forgets what Bitbucket refused. For tests that run Bitbucket in
    /// their own process.
    #[must_use]
    pub fn with_transport(&self, transport: Arc<dyn Transport>) -> Self {
        Self { transport, refused: Arc::default(), ..self.clone() }
    }

    /// Makes a client with a credential. After `allowance` calls it refuses to make more.
    pub fn client(&self, credential: Credential, allowance: u32) -> Client {
        let left = Arc::new(AtomicU32::new(allowance));
        Client { api: self.clone(), credential, left, rate_limit: Arc::default() }
    }

    /// The listings that Bitbucket has refused.
    pub(super) fn refused(&self) -> &Refused {
        &self.refused
    }
}

/// Parses a URL to which credentials may be sent.
pub(crate) fn root(base: &str) -> Result<Url, Error> {
    let base = Url::parse(base).map_err(|error| Error::Configuration(format!("{base:?}: {error}")))?;
    let loopback = matches!(base.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if base.cannot_be_a_base() || !(base.scheme() == "https" || loopback) {
        return Err(Error::Configuration(format!("{base} is not an https URL")));
    }
    Ok(base)
}

/// Makes the HTTP client.
pub(crate) fn http() -> Result<reqwest::Client, Error> {
    reqwest::Client::builder()
        .timeout(CALL_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        // Safety: a redirect could send the credential elsewhere. Bitbucket sends none for these calls.
        .redirect(Policy::none())
        .user_agent(concat!("bitrelay/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::Configuration(error.to_string()))
}

/// Content of a request.
#[derive(Debug, Clone)]
pub enum Body {
    /// JSON.
    Json(Value),
    /// Fields of a form and their values.
    Form(Vec<(&'static str, String)>),
}

/// The API with a credential and an allowance of calls. Clones share the allowance and the reported rate limit.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) api: Api,
    credential: Credential,
    left: Arc<AtomicU32>,
    rate_limit: Arc<Mutex<Option<RateLimit>>>,
}

impl Client {
    /// Returns the same client with another credential. Both share the allowance.
    #[must_use]
    pub fn with_credential(&self, credential: Credential) -> Self {
        Self { credential, ..self.clone() }
    }

    /// Returns the token; `None` if the credential is a password.
    pub fn token(&self) -> Option<&SecretString> {
        match &self.credential {
            Credential::Bearer { token } => Some(token),
            Credential::Basic { .. } => None,
        }
    }

    /// Returns the number of calls left in the allowance.
    pub fn calls_left(&self) -> u32 {
        self.left.load(Ordering::Relaxed)
    }

    /// Returns the rate limit that Bitbucket last reported; `None` if it has not.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        *self.rate_limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_rate_limit(&self, response: &Response) {
        let Some(new) = RateLimit::read(|name| response.headers().get(name)?.to_str().ok()) else { return };
        let mut rate_limit = self.rate_limit.lock().unwrap_or_else(PoisonError::into_inner);
        *rate_limit = Some(rate_limit.unwrap_or_default().updated(new));
    }

    /// Returns a URL below a repository.
    pub(super) fn repository_url(&self, repository: &RepositoryPath, rest: &[&str]) -> Url {
        let path = ["repositories", &repository.workspace, &repository.repository];
        self.url(path.into_iter().chain(rest.iter().copied()))
    }

    /// Gets one object; `None` if it does not exist.
    pub(super) async fn find<T: DeserializeOwned + Default>(
        &self,
        operation: &'static str,
        url: Url,
    ) -> Result<Option<Document<T>>, Error> {
        match self.get(operation, url).await {
            Ok(raw) => Ok(Some(Document::new(raw))),
            Err(Error::Api { status: 404 | 410, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Parses a link of an answer; `None` if it leaves the origin of the API.
    pub(super) fn own(&self, link: &str) -> Option<Url> {
        let is_own = |url: &Url| {
            // A user in the address would send a second credential, in place of ours or beside it.
            let names_a_user = !url.username().is_empty() || url.password().is_some();
            url.origin() == self.api.base.origin() && !names_a_user
        };
        Url::parse(link).ok().filter(is_own)
    }

    pub(super) async fn get(&self, operation: &'static str, url: Url) -> Result<Value, Error> {
        answer::json(operation, self.request(operation, Method::GET, url, None).await?).await
    }

    /// Gets an answer, and its size in bytes.
    pub(super) async fn get_sized(&self, operation: &'static str, url: Url) -> Result<(Value, usize), Error> {
        answer::sized_json(operation, self.request(operation, Method::GET, url, None).await?).await
    }

    /// Makes a call and ignores the content of the answer.
    pub(super) async fn send(
        &self,
        operation: &'static str,
        method: Method,
        url: Url,
        body: Option<Value>,
    ) -> Result<(), Error> {
        answer::done(operation, self.request(operation, method, url, body.map(Body::Json)).await?).await
    }

    /// Returns a URL below the base.
    pub(super) fn url<'s>(&self, path: impl IntoIterator<Item = &'s str>) -> Url {
        let mut url = self.api.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Makes one call and subtracts it from the allowance.
    pub(super) async fn request(
        &self,
        operation: &'static str,
        method: Method,
        url: Url,
        body: Option<Body>,
    ) -> Result<Response, Error> {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .map_err(|_| Error::AllowanceSpent { operation })?;
        let request = self.api.http.request(method, url);
        let request = match body {
            Some(Body::Json(body)) => request.json(&body),
            Some(Body::Form(fields)) => request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()),
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
