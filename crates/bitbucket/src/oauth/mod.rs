//! How an OAuth consumer gets and renews access tokens
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#oauth-2-0>).
//!
//! Two flows: the authorization code, where a person allows the consumer to act as them, and client credentials, where
//! the consumer acts as its own `app_user`. Access tokens live for an hour. Since 2026-05-04 a refresh token **rotates**:
//! each use answers a new one, and the old one dies shortly after; client credentials have no refresh token.
//!
//! Nothing here retries: whoever asks twice with one refresh token may burn it.

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

/// Where Bitbucket's OAuth endpoints are (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#oauth-2-0>).
pub const BITBUCKET: &str = "https://bitbucket.org/site/oauth2";

type Ready = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Bitbucket's OAuth endpoints. Holds the connections; make one and keep it.
#[derive(Debug, Clone)]
pub struct OAuth {
    http: reqwest::Client,
    authorize: AuthUrl,
    token: TokenUrl,
}

impl OAuth {
    /// `base` is [`BITBUCKET`], or the address of something that answers like it. Its origin is what counts: below it
    /// the endpoints are where Bitbucket has them.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] where it is no https URL; on this machine http will do.
    pub fn new(base: &str) -> Result<Self, Error> {
        let base = api::root(base)?;
        let below = |path: &str| base.join(path).map_err(|error| Error::Configuration(error.to_string()));
        Ok(Self {
            http: api::http()?,
            authorize: AuthUrl::from_url(below("/site/oauth2/authorize")?),
            token: TokenUrl::from_url(below("/site/oauth2/access_token")?),
        })
    }

    /// The page on which a person allows the consumer to act as them. It names no scopes: those are the consumer's
    /// settings. `state` comes back to the callback and has to be compared there. `callback` is named so that Bitbucket
    /// says at once, and on a page of its own, where it is not below the consumer's callback URL; the same one has to be
    /// named to [`OAuth::exchange_code`] (RFC 6749, section 4.1.3).
    pub fn authorize_url(&self, consumer: &Consumer, state: &SecretString, callback: &Url) -> Url {
        let state = state.expose_secret().to_owned();
        let client = self.client(consumer).set_redirect_uri(RedirectUrl::from_url(callback.clone()));
        client.authorize_url(move || CsrfToken::new(state)).url().0
    }

    /// The grant for a code that came to the callback. A code works once.
    ///
    /// # Errors
    ///
    /// [`Error::GrantRefused`] for a code that is not taken, [`Error::ConsumerRefused`], [`Error::Api`],
    /// [`Error::Unreachable`], [`Error::AnswerInvalid`]; the same for the calls below.
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

    /// A new grant for a refresh token, which is used up by this.
    ///
    /// # Errors
    ///
    /// As [`OAuth::exchange_code`]; [`Error::GrantRefused`] where somebody has to authorize again.
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

    /// A grant for the consumer itself. It has no refresh token.
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

    /// Id and secret travel by Basic authentication, which is this crate's default and Bitbucket's wish.
    fn client(&self, consumer: &Consumer) -> Ready {
        BasicClient::new(ClientId::new(consumer.id.clone()))
            .set_client_secret(ClientSecret::new(consumer.secret.expose_secret().to_owned()))
            .set_auth_uri(self.authorize.clone())
            .set_token_uri(self.token.clone())
    }
}
