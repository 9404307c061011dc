//! Sends requests: over the network, or in tests to a simulated Bitbucket in the same process.

use std::fmt;
use std::pin::Pin;

use reqwest::{Request, Response};

use crate::Error;

/// Future of the answer to a request.
pub type Sent<'a> = Pin<Box<dyn Future<Output = Result<Response, Unreachable>> + Send + 'a>>;

/// Sends requests to Bitbucket.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends one request and awaits its answer.
    fn send(&self, request: Request) -> Sent<'_>;
}

/// Reason why there is no readable answer. It never contains the URL, which names repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreachable(pub &'static str);

impl Unreachable {
    /// Makes the error of an API call.
    pub(crate) fn during(self, operation: &'static str) -> Error {
        Error::Unreachable { operation, reason: self.0.to_owned() }
    }
}

impl From<&reqwest::Error> for Unreachable {
    fn from(error: &reqwest::Error) -> Self {
        Self(match error {
            error if error.is_timeout() => "it did not answer in time",
            error if error.is_connect() => "no connection could be made",
            error if error.is_body() || error.is_decode() => "the answer broke off",
            _ => "the request failed",
        })
    }
}

impl Transport for reqwest::Client {
    fn send(&self, request: Request) -> Sent<'_> {
        Box::pin(async move { self.execute(request).await.map_err(|error| Unreachable::from(&error)) })
    }
}
