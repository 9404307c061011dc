//! Access tokens of OAuth consumers
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#oauth-2-0>).
//!
//! There are two flows. With an authorization code, a person authorizes the consumer to act as them. With client
//! credentials, the consumer acts as its own `app_user` and gets no refresh token. Access tokens live for an hour.
//! Since 2026-05-04 refresh tokens **rotate**: each use returns a new one, and the old one expires shortly after.
//!
//! For safety nothing here retries: a second request with the same refresh token may invalidate the grant.

mod grant;
mod transport;

use std::borrow::Cow;

use jiff::Timestamp;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, RedirectUrl,
    RefreshToken, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use grant::{Consumer, Grant};

use transport::Transport;

use crate::Error;
use crate::client::api;

/// URL of Bitbucket's OAuth endpoints (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#oauth-2-0>).
pub const BITBUCKET: &str = "https://bitbucket.org/site/oauth2";

type Ready = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Client of Bitbucket's OAuth endpoints. It holds the connections, so make one and reuse it.
#[derive(Debug, Clone)]
pub struct OAuth {
    http: reqwest::Client,
    authorize: AuthUrl,
    token: TokenUrl,
}

impl OAuth {
    /// Makes a client. `base` is [`BITBUCKET`] or a compatible server. Only its origin counts; the paths are
    /// Bitbucket's.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] unless `base` is an https URL, or an http URL of this machine.
    pub fn new(base: &str) -> Result<Self, Error> {
        let base = api::root(base)?;
        let below = |path: &str| base.join(path).map_err(|error| Error::Configuration(error.to_string()));
        Ok(Self {
            http: api::http()?,
            authorize: AuthUrl::from_url(below("/site/oauth2/authorize")?),
            token: TokenUrl::from_url(below("/site/oauth2/access_token")?),
        })
    }

    /// Returns the URL of the page on which a person authorizes the consumer to act as them. The scopes are settings of
    /// the consumer. The callback receives `state` and must compare it. Bitbucket shows an error at once if `callback`
    /// is not below the consumer's callback URL. [`OAuth::exchange_code`] needs the same one (RFC 6749, section 4.1.3).
    pub fn authorize_url(&self, consumer: &Consumer, state: &SecretString, callback: &Url) -> Url {
        let state = state.expose_secret().to_owned();
        let client = self.client(consumer).set_redirect_uri(RedirectUrl::from_url(callback.clone()));
        client.authorize_url(move || CsrfToken::new(state)).url().0
    }

    /// Exchanges the code that the callback received for a grant. A code works once.
    ///
    /// # Errors
    ///
    /// [`Error::GrantRefused`] if Bitbucket refuses the code, [`Error::ConsumerRefused`], [`Error::Api`],
    /// [`Error::Unreachable`], [`Error::AnswerInvalid`].
    pub fn exchange_code(
        &self,
        consumer: &Consumer,
        code: &SecretString,
        callback: Option<&Url>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Grant, Error>> + Send + use<> {
        const OPERATION: &str = "exchange an authorization code";
        let (http, client) = (self.transport(OPERATION), self.client(consumer));
        let code = AuthorizationCode::new(code.expose_secret().to_owned());
        let callback = callback.map(|callback| RedirectUrl::from_url(callback.clone()));
        async move {
            let mut request = client.exchange_code(code);
            if let Some(callback) = callback {
                request = request.set_redirect_uri(Cow::Owned(callback));
            }
            let answer = request.request_async(&http).await;
            grant::read(OPERATION, answer, now)
        }
    }

    /// Exchanges a refresh token for a new grant. This uses up the token.
    ///
    /// # Errors
    ///
    /// As [`OAuth::exchange_code`]; [`Error::GrantRefused`] if a person has to authorize the consumer again.
    pub fn refresh(
        &self,
        consumer: &Consumer,
        refresh_token: &SecretString,
        now: Timestamp,
    ) -> impl Future<Output = Result<Grant, Error>> + Send + use<> {
        const OPERATION: &str = "refresh a token";
        let (http, client) = (self.transport(OPERATION), self.client(consumer));
        let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        async move {
            let request = client.exchange_refresh_token(&token);
            let answer = request.request_async(&http).await;
            grant::read(OPERATION, answer, now)
        }
    }

    /// Gets a grant for the consumer itself, without a refresh token.
    ///
    /// # Errors
    ///
    /// As [`OAuth::exchange_code`].
    pub fn client_credentials(
        &self,
        consumer: &Consumer,
        now: Timestamp,
    ) -> impl Future<Output = Result<Grant, Error>> + Send + use<> {
        const OPERATION: &str = "get a token by client credentials";
        let (http, client) = (self.transport(OPERATION), self.client(consumer));
        async move {
            let request = client.exchange_client_credentials();
            let answer = request.request_async(&http).await;
            grant::read(OPERATION, answer, now)
        }
    }

    fn transport(&self, operation: &'static str) -> Transport {
        Transport { http: self.http.clone(), operation }
    }

    /// Sends id and secret by Basic authentication: the default of `oauth2`, and what Bitbucket documents.
    fn client(&self, consumer: &Consumer) -> Ready {
        BasicClient::new(ClientId::new(consumer.id.clone()))
            .set_client_secret(ClientSecret::new(consumer.secret.expose_secret().to_owned()))
            .set_auth_uri(self.authorize.clone())
            .set_token_uri(self.token.clone())
    }
}
