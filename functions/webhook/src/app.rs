//! The routes.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::Request;
use relay::{LinkId, Settings};
use serde_json::json;
use store::links::{CachedLinks, LinkSource};
use store::{Clock, Table};

use crate::answer::Error;
use crate::receive::receive;

/// How long one delivery may take. Bitbucket gives up after 10 seconds and may not send again: a 503 in time is better
/// than no answer.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(8);

/// What the function works with.
#[derive(Debug)]
pub struct App<T, L, C> {
    /// Where events and states go.
    pub table: T,
    /// Where links come from.
    pub links: CachedLinks<L>,
    /// What time it is.
    pub clock: C,
    /// How windows are planned.
    pub settings: Settings,
}

/// `POST /webhook/{link}` and `GET /healthz`.
pub fn router<T, L, C>(app: Arc<App<T, L, C>>) -> Router
where
    T: Table + 'static,
    L: LinkSource + 'static,
    C: Clock + 'static,
{
    Router::new()
        .route("/webhook/{link}", post(webhook::<T, L, C>).fallback(async || Error::Method))
        .route("/healthz", get(health).fallback(async || Error::Method))
        .fallback(async || Error::Path)
        .with_state(app)
}

async fn webhook<T: Table, L: LinkSource, C: Clock>(
    State(app): State<Arc<App<T, L, C>>>,
    Path(link): Path<String>,
    request: Request<Body>,
) -> Response {
    let answered = match link.parse::<LinkId>() {
        Err(_) => Err(Error::UnknownLink),
        Ok(link) => match tokio::time::timeout(DELIVERY_TIMEOUT, receive(&app, &link, request)).await {
            Ok(answered) => answered,
            Err(_) => Err(Error::Timeout),
        },
    };
    match answered {
        Ok(accepted) => accepted.into_response(),
        Err(error) => {
            log(&link, &error);
            error.into_response()
        }
    }
}

/// Alive; says nothing of the table, so that a probe costs nothing.
async fn health() -> impl IntoResponse {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

fn log(link: &str, error: &Error) {
    let (status, category) = (error.status(), error.category().as_str());
    // A path is the sender's to choose: what is no link id is not repeated in a log.
    let link = if link.parse::<LinkId>().is_ok() { link } else { "" };
    if error.retryable() {
        tracing::error!(link, status, category, %error, "delivery failed");
    } else {
        tracing::warn!(link, status, category, %error, "delivery refused");
    }
}
