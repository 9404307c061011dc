//! The HTTP routes for webhooks and health checks.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::Request;
use relay::LinkId;
use serde_json::json;
use store::links::LinkSource;
use store::{Clock, Documents, SubjectLog};

use crate::answer::Error;
use crate::app::App;
use crate::receive::{receive, refuse_invalid_link};

/// Longest time for one delivery. Bitbucket gives up after 10 seconds and may not resend; a 503 before that is safer.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(8);

/// Makes the routes `POST /webhook/{link}` and `GET /healthz`.
pub fn router<T: SubjectLog + Documents + 'static, L: LinkSource + 'static, C: Clock + 'static>(
    app: Arc<App<T, L, C>>,
) -> Router {
    Router::new()
        .route("/webhook/{link}", post(webhook::<T, L, C>).fallback(async || Error::Method))
        .route("/healthz", get(health).fallback(async || Error::Method))
        .fallback(async || Error::Path)
        .with_state(app)
}

async fn webhook<T: SubjectLog + Documents, L: LinkSource, C: Clock>(
    State(app): State<Arc<App<T, L, C>>>,
    Path(link): Path<String>,
    request: Request<Body>,
) -> Response {
    let answered = match link.parse::<LinkId>() {
        Err(_) => Err(refuse_invalid_link(request).await),
        Ok(link) => tokio::time::timeout(DELIVERY_TIMEOUT, receive(&app, &link, request))
            .await
            .unwrap_or(Err(Error::Timeout)),
    };
    answered.map_or_else(
        |error| {
            log(&link, &error);
            error.into_response()
        },
        IntoResponse::into_response,
    )
}

/// Reports that the function runs. It does not read the table, so a probe costs nothing.
async fn health() -> impl IntoResponse {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

pub(crate) fn log(link: &str, error: &Error) {
    let (status, category) = (error.status(), error.category().as_str());
    // The sender chooses the path, so a log repeats it only if it is a valid link id.
    let link = if link.parse::<LinkId>().is_ok() { link } else { "" };
    if error.retryable() {
        tracing::error!(link, status, category, %error, "delivery failed");
    } else {
        tracing::warn!(link, status, category, %error, "delivery refused");
    }
}
