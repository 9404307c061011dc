//! Sends OAuth messages with our own HTTP client.

use std::pin::Pin;

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};

use crate::Error;
use crate::client::answer;

/// Reason why there is no OAuth answer.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Failed(pub(super) Box<Error>);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(Box::new(error))
    }
}

/// Our HTTP client for one operation.
pub(super) struct Transport {
    pub(super) http: reqwest::Client,
    pub(super) operation: &'static str,
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = Failed;
    /// Boxed, because the compiler cannot infer `Send` otherwise.
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Failed>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(send(&self.http, self.operation, request))
    }
}

/// Sends a request. Outages and throttling become [`Error::Api`] here, because `oauth2` does not see the status.
async fn send(
    http: &reqwest::Client,
    operation: &'static str,
    request: HttpRequest,
) -> Result<HttpResponse, Failed> {
    let (parts, body) = request.into_parts();
    let request = http.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
    let sent = request.send().await;
    let response = sent.map_err(|error| Failed::from(answer::unreachable(operation, &error)))?;
    let status = response.status();
    if status.is_server_error() || matches!(status.as_u16(), 408 | 429) {
        let retry_after_seconds = answer::retry_after(&response);
        let message = "the token endpoint is not available".to_owned();
        return Err(Error::Api { operation, status: status.as_u16(), message, retry_after_seconds }.into());
    }
    let headers = response.headers().clone();
    let mut answered = HttpResponse::new(answer::body(operation, response).await?);
    *answered.status_mut() = status;
    *answered.headers_mut() = headers;
    Ok(answered)
}
