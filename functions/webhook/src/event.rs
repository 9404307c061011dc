//! Converts events of API Gateway to HTTP requests, and HTTP responses to answers.
//!
//! API Gateway passes on what a client sent. Each part that can be malformed is checked, and a malformed request is
//! answered 400. `lambda_http` panics on such requests, and a panic ends the function. The headers `Host` and
//! `X-Forwarded-Proto` decide nothing here.

use std::collections::BTreeMap;
use std::fmt;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use serde::{Deserialize, Serialize};
use tower::ServiceExt;

use crate::answer::{Error, LetGo, ToUnknownLink};
use crate::routes;

/// A request as an event of an HTTP API, payload format 2.0
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpEvent {
    raw_path: String,
    #[serde(default)]
    raw_query_string: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    request_context: Context,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    #[serde(default)]
    domain_name: Option<String>,
    http: Line,
}

#[derive(Deserialize)]
struct Line {
    method: String,
}

impl HttpEvent {
    /// True if the path is that of a delivery, whatever the method.
    pub fn is_delivery(&self) -> bool {
        self.raw_path.starts_with("/webhook/")
    }
}

/// Shows no field: an event contains signatures, bodies and codes of OAuth.
impl fmt::Debug for HttpEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpEvent").finish_non_exhaustive()
    }
}

/// Domain name of the API, an extension of each request.
#[derive(Debug, Clone)]
pub struct DomainName(pub String);

/// A response in the form that API Gateway expects. No response has two headers of one name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpAnswer {
    status_code: u16,
    headers: BTreeMap<String, String>,
    /// Always empty. API Gateway does without the field; `cargo lambda watch` requires it.
    cookies: [String; 0],
    body: String,
    is_base64_encoded: bool,
    #[serde(skip)]
    let_go: LetGo,
    #[serde(skip)]
    is_to_unknown_link: bool,
}

impl HttpAnswer {
    /// Returns the number of comments and tasks that a state at its limit let go of.
    pub(crate) const fn let_go(&self) -> LetGo {
        self.let_go
    }

    /// Returns the HTTP status.
    pub const fn status(&self) -> u16 {
        self.status_code
    }

    /// True if the link of the delivery does not exist.
    pub const fn is_to_unknown_link(&self) -> bool {
        self.is_to_unknown_link
    }
}

/// Answers one event through `routes`.
pub async fn answer(routes: Router, event: HttpEvent) -> HttpAnswer {
    let response = match request(event) {
        Ok(request) => routes.oneshot(request).await.unwrap_or_else(|never| match never {}),
        Err(error) => {
            routes::log("", &error);
            error.into_response()
        }
    };
    convert(response).await
}

fn request(event: HttpEvent) -> Result<Request<Body>, Error> {
    let target = match event.raw_query_string.filter(|query| !query.is_empty()) {
        Some(query) => format!("{}?{query}", event.raw_path),
        None => event.raw_path,
    };
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded {
        STANDARD.decode(body).map_err(|_| Error::Body)?
    } else {
        body.into_bytes()
    };
    let mut request = Request::builder().method(event.request_context.http.method.as_str()).uri(target);
    for (name, value) in event.headers {
        request = request.header(name, value);
    }
    if let Some(domain) = event.request_context.domain_name {
        request = request.extension(DomainName(domain));
    }
    request.body(Body::from(body)).map_err(|_| Error::Malformed)
}

async fn convert(response: Response) -> HttpAnswer {
    let (parts, body) = response.into_parts();
    // Our bodies are text in memory, so this neither fails nor replaces a character.
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    HttpAnswer {
        status_code: parts.status.as_u16(),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        cookies: [],
        body: String::from_utf8_lossy(&body).into_owned(),
        is_base64_encoded: false,
        let_go: parts.extensions.get().copied().unwrap_or_default(),
        is_to_unknown_link: parts.extensions.get::<ToUnknownLink>().is_some(),
    }
}
