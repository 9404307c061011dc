//! `/site/oauth2/...`, outside the gate of the API.

use super::{TokenCall, pages};
use crate::api::gate;
use crate::faults::{ApiFault, Call};
use crate::hub::Hub;
use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const TOKEN_PATH: &str = "/site/oauth2/access_token";

type Shared = State<Arc<Hub>>;
type Fields = HashMap<String, String>;

pub(crate) fn router() -> Router<Arc<Hub>> {
    Router::new().route("/site/oauth2/authorize", get(ask).post(decide)).route(TOKEN_PATH, post(token))
}

async fn ask(State(hub): Shared, Query(asked): Query<Fields>) -> Response {
    if asked.get("response_type").map(String::as_str) != Some("code") {
        return pages::refusal("response_type must be code; the implicit grant is no longer supported.");
    }
    if let Err(message) = callback(&hub, &asked) {
        return pages::refusal(&message);
    }
    let people: Vec<String> =
        hub.users.iter().filter(|user| !user.is_app).map(|user| user.name.clone()).collect();
    pages::question(&asked, &people)
}

async fn decide(State(hub): Shared, body: Bytes) -> Response {
    let decided = fields(&body);
    let mut callback = match callback(&hub, &decided) {
        Ok(callback) => callback,
        Err(message) => return pages::refusal(&message),
    };
    let user = decided.get("user").map_or("", String::as_str);
    let allowed = decided.get("decision").is_some_and(|decision| decision == "allow");
    if allowed && !hub.users.iter().any(|account| account.name == user) {
        return pages::refusal("There is no such account.");
    }
    let key = decided.get("client_id").map_or("", String::as_str);
    let mut query = callback.query_pairs_mut();
    if allowed {
        let (now, asked) = (hub.clock.now(), decided.get("redirect_uri").cloned());
        query.append_pair("code", &hub.oauth().give_code(key, user, asked, now));
    } else {
        query.append_pair("error", "access_denied");
        query.append_pair("error_description", "The user denied access to your application");
    }
    if let Some(state) = decided.get("state") {
        query.append_pair("state", state);
    }
    drop(query);
    (StatusCode::FOUND, [(LOCATION, callback.to_string())]).into_response()
}

/// Address of the answer: the one that the consumer names, or one below it.
fn callback(hub: &Hub, asked: &Fields) -> Result<Url, String> {
    let key = asked.get("client_id").map_or("", String::as_str);
    let oauth = hub.oauth();
    let consumer = oauth.consumer(key).ok_or_else(|| format!("Invalid client_id: {key}"))?;
    let uri = asked.get("redirect_uri").unwrap_or(&consumer.callback_url);
    if !uri.starts_with(&consumer.callback_url) {
        return Err("redirect_uri does not match the callback URL of the consumer.".to_owned());
    }
    uri.parse().map_err(|error| format!("redirect_uri: {error}"))
}

async fn token(State(hub): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let (basic, form) = (basic(&headers), fields(&body));
    let key = basic.as_ref().map(|(key, _)| key.clone()).unwrap_or_default();
    let call = Call { account: &key, path: TOKEN_PATH, is_read: false };
    let fault = hub.faults().next_api_fault(&call);
    let now = hub.clock.now();
    let status = match fault {
        Some(ApiFault::Status(status)) => Some(status),
        Some(ApiFault::RateLimit { .. }) => Some(429),
        Some(ApiFault::HangMs(ms)) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            None
        }
        None => None,
    };
    if let Some(status) = status {
        let grant_type = form.get("grant_type").cloned().unwrap_or_default();
        hub.oauth().note(TokenCall { at: now, consumer: key, grant_type, status });
        return gate::failed(status);
    }
    let (status, body) = hub.oauth().answer(basic, &form, now);
    (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
}

fn fields(body: &Bytes) -> Fields {
    url::form_urlencoded::parse(body).into_owned().collect()
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    gate::decoded(value.trim())
}
