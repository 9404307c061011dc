//! The control API: `/_control/...`, for actions that Bitbucket's REST API lacks. It needs no credentials; the
//! simulator listens on this machine only by default.

use crate::api::{ApiError, error_body};
use crate::faults::FaultRequest;
use crate::hub::Hub;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

type Shared = State<Arc<Hub>>;

/// Longest wait of `settle`.
const MAX_SETTLE_MS: u64 = 60_000;

pub(crate) fn router() -> Router<Arc<Hub>> {
    Router::new()
        .route("/_control/health", get(health))
        .route("/_control/clock", get(clock).post(advance))
        .route("/_control/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/_control/likes", post(like))
        .route("/_control/pull-requests", post(act_on_pull_request))
        .route("/_control/reviews", post(publish_review))
        .route("/_control/deliveries", get(deliveries))
        .route("/_control/settle", post(settle))
        .route("/_control/calls", get(calls))
        .route("/_control/consumers", post(register_consumer))
        .route("/_control/token-calls", get(token_calls))
        .route("/_control/issued", get(issued))
}

/// Every body here is JSON and refuses unknown fields, so that a typing error does not pass for success.
fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text)
        .map_err(|error| ApiError::bad_request(format!("Bad control request: {error}")))
}

async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn clock(State(hub): Shared) -> Json<Value> {
    Json(json!({ "now": hub.clock.now() }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Advance {
    advance_seconds: u64,
    advance_ms: u64,
}

async fn advance(State(hub): Shared, body: Bytes) -> Result<Json<Value>, ApiError> {
    let by: Advance = parse(&body)?;
    let by = Duration::from_secs(by.advance_seconds).saturating_add(Duration::from_millis(by.advance_ms));
    Ok(Json(json!({ "now": hub.clock.advance(by) })))
}

async fn faults(State(hub): Shared) -> Json<Value> {
    Json(json!(*hub.faults()))
}

async fn add_faults(State(hub): Shared, body: Bytes) -> Result<Json<Value>, ApiError> {
    let request: FaultRequest = parse(&body)?;
    hub.add_faults(request).map_err(ApiError::bad_request)?;
    Ok(Json(json!(*hub.faults())))
}

async fn clear_faults(State(hub): Shared) -> StatusCode {
    *hub.faults() = crate::faults::Faults::default();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Like {
    /// An account's name.
    user: String,
    /// `acme/widgets`
    repository: String,
    pull_request: u64,
    comment: u64,
    /// False takes the like back.
    #[serde(default = "yes", rename = "like")]
    liked: bool,
}

fn yes() -> bool {
    true
}

async fn like(State(hub): Shared, body: Bytes) -> Result<Json<Value>, ApiError> {
    let like: Like = parse(&body)?;
    let account = hub.world().account(&like.user);
    let account = account.ok_or_else(|| ApiError::bad_request(format!("No account named {}", like.user)))?;
    let (workspace, slug) = like.repository.split_once('/').unwrap_or((&like.repository, ""));
    let likes = hub.act(
        &account,
        |world| world.find_repository(workspace, slug),
        |world, act| world.like_comment(act, like.pull_request, like.comment, like.liked),
        |_, _, likes| Ok(likes),
    )?;
    Ok(Json(json!({ "likes": likes })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PullRequestAct {
    /// An account's name.
    user: String,
    /// `acme/widgets`
    repository: String,
    pull_request: u64,
    act: UndocumentedAct,
    /// True if `pullrequest:updated` reports it. Superseding is never reported.
    #[serde(default)]
    webhook: bool,
}

/// Acts for which Bitbucket documents neither a call nor a webhook.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum UndocumentedAct {
    Queue,
    Dequeue,
    Supersede,
}

async fn act_on_pull_request(State(hub): Shared, body: Bytes) -> Result<StatusCode, ApiError> {
    let wanted: PullRequestAct = parse(&body)?;
    let account = hub.world().account(&wanted.user);
    let account =
        account.ok_or_else(|| ApiError::bad_request(format!("No account named {}", wanted.user)))?;
    let (workspace, slug) = wanted.repository.split_once('/').unwrap_or((&wanted.repository, ""));
    let (id, webhook) = (wanted.pull_request, wanted.webhook);
    hub.act(
        &account,
        |world| world.find_repository(workspace, slug),
        |world, act| match wanted.act {
            UndocumentedAct::Queue => world.set_queued(act, id, true, webhook),
            UndocumentedAct::Dequeue => world.set_queued(act, id, false, webhook),
            UndocumentedAct::Supersede => world.supersede(act, id),
        },
        |_, _, ()| Ok(StatusCode::NO_CONTENT),
    )
    .map_err(ApiError::from)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedReview {
    /// The name of the account whose comments are pending.
    user: String,
    /// `acme/widgets`
    repository: String,
    pull_request: u64,
}

/// Publishes a review. Bitbucket documents no call for it.
async fn publish_review(State(hub): Shared, body: Bytes) -> Result<Json<Value>, ApiError> {
    let review: PublishedReview = parse(&body)?;
    let account = hub.world().account(&review.user);
    let account =
        account.ok_or_else(|| ApiError::bad_request(format!("No account named {}", review.user)))?;
    let (workspace, slug) = review.repository.split_once('/').unwrap_or((&review.repository, ""));
    let comments = hub.act(
        &account,
        |world| world.find_repository(workspace, slug),
        |world, act| world.publish_review(act, review.pull_request),
        |_, _, comments| Ok(comments),
    )?;
    Ok(Json(json!({ "comments": comments })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveriesQuery {
    /// Only records of this event key, or of this silent change.
    what: Option<String>,
    /// Only records after this id.
    after: Option<u64>,
}

async fn deliveries(State(hub): Shared, Query(query): Query<DeliveriesQuery>) -> Json<Value> {
    let mut records = hub.log.all();
    records.retain(|record| {
        record.id > query.after.unwrap_or(0) && query.what.as_ref().is_none_or(|what| *what == record.what)
    });
    Json(json!({ "deliveries": records }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    timeout_ms: Option<u64>,
}

async fn settle(State(hub): Shared, body: Bytes) -> Result<Response, ApiError> {
    let limit_ms = parse::<Settle>(&body)?.timeout_ms.unwrap_or(MAX_SETTLE_MS).min(MAX_SETTLE_MS);
    if hub.log.settled(Duration::from_millis(limit_ms)).await {
        return Ok(Json(json!({ "settled": true })).into_response());
    }
    let message =
        format!("after {limit_ms} ms there are still webhooks on their way: see /_control/deliveries");
    Ok((StatusCode::CONFLICT, Json(error_body(&message))).into_response())
}

async fn calls(State(hub): Shared) -> Json<Value> {
    let calls = hub.calls();
    Json(json!({ "counts": calls.counts(hub.clock.now()), "calls": calls.recent() }))
}

async fn register_consumer(State(hub): Shared, body: Bytes) -> Result<StatusCode, ApiError> {
    let consumer: crate::OAuthConsumer = parse(&body)?;
    if hub.world().account(&consumer.acts_as).is_none() {
        return Err(ApiError::bad_request(format!("No account named {}", consumer.acts_as)));
    }
    hub.oauth().register(consumer);
    Ok(StatusCode::CREATED)
}

async fn token_calls(State(hub): Shared) -> Json<Value> {
    Json(json!({ "calls": hub.oauth().calls() }))
}

async fn issued(State(hub): Shared) -> Json<Value> {
    Json(json!({ "issued": hub.oauth().issued() }))
}
