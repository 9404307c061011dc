//! Checks before every API call: the caller's credential, its hourly limit, and injected faults.

use super::errors::ApiError;
use crate::calls::CallRecord;
use crate::faults::{ApiFault, Call};
use crate::hub::Hub;
use crate::oauth::{Bearer, scopes};
use crate::settings::User;
use crate::world::Account;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::sync::Arc;
use std::time::Duration;

/// Bitbucket's text for an unknown credential (seen in clients' code).
const BAD_TOKEN: &str = "Token is invalid, expired, or not supported for this endpoint.";

/// Bitbucket's text for an OAuth token after its hour.
const EXPIRED: &str = "Access token expired. Use your refresh token to obtain a new access token.";

/// Bitbucket's text for a repository that an account may not see (seen in clients' code).
const NO_ACCESS: &str =
    "You may not have access to this repository or it no longer exists in this workspace.";

/// Plain text, although everything else is JSON (seen in captures of 429 answers).
const RATE_LIMITED: &str = "Rate limit for this resource has been exceeded";

/// The calls that a scaled limit covers.
const RESOURCE: &str = "api";

/// Percentage of a scaled limit from which it counts as near.
const NEAR_PERCENT: u64 = 80;

/// The account that makes the call.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Arc<Account>);

/// The account, and the scopes of its credential; `None` allows everything.
type Known = (Caller, Option<Vec<String>>);

/// Lets a call through to its route, or answers it.
pub(crate) async fn pass(State(hub): State<Arc<Hub>>, mut request: Request, next: Next) -> Response {
    // The list of events is public; everything else here is of a private repository.
    let public = request.uri().path().starts_with("/2.0/hook_events");
    let caller = caller(&hub, request.headers());
    let name = caller.as_ref().map_or_else(|_| "anonymous".to_owned(), |(caller, _)| caller.0.name.clone());
    let of_repositories = request.uri().path().starts_with("/2.0/repositories");
    let is_limited = of_repositories && is_over_limit(&hub, &name);
    let number = begin(&hub, &name, &request);
    let is_read = request.method() == Method::GET;
    let call = Call { account: &name, path: request.uri().path(), is_read };
    let fault = hub.faults().next_api_fault(&call);
    if let Some(ApiFault::HangMs(ms)) = fault {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let mut answer = match (caller, fault) {
        (_, Some(ApiFault::Status(status))) => failed(status),
        (_, Some(ApiFault::RateLimit { retry_after_seconds })) => rate_limited(retry_after_seconds),
        (Err(_), _) if public => next.run(request).await,
        (Err(refused), _) => refused.into_response(),
        (Ok(_), _) if is_limited => rate_limited(None),
        (Ok(_), _) if of_repositories && hub.world().is_outsider(&name) => {
            ApiError::new(StatusCode::NOT_FOUND, NO_ACCESS).into_response()
        }
        (Ok((caller, granted)), _) => {
            if let Some(refused) = lacking(granted, &request) {
                refused.into_response()
            } else {
                request.extensions_mut().insert(caller);
                let copy = hub.faults().copy_for(&name).filter(|_| is_read);
                match copy {
                    Some(copy) => {
                        let answer = copy.scope(next.run(request)).await;
                        hub.faults().has_missed(&name, &copy.missed());
                        answer
                    }
                    None => next.run(request).await,
                }
            }
        }
    };
    hub.calls().end(number, answer.status().as_u16());
    if of_repositories && answer.status() != StatusCode::TOO_MANY_REQUESTS {
        name_limit(&hub, &name, answer.headers_mut());
    }
    answer
}

/// The refusal of a token that does not allow this call.
fn lacking(granted: Option<Vec<String>>, request: &Request) -> Option<ApiError> {
    let granted = granted?;
    let path = request.uri().path();
    let required = scopes::required(request.method(), path.strip_prefix("/2.0").unwrap_or(path))?;
    (!scopes::allows(&granted, required)).then(|| ApiError::lacks_scope(&granted, required))
}

fn begin(hub: &Hub, name: &str, request: &Request) -> u64 {
    let path = request.uri().path_and_query().map_or("", |path| path.as_str()).to_owned();
    let call = CallRecord {
        at: hub.clock.now(),
        user: name.to_owned(),
        method: request.method().to_string(),
        path,
        status: 0,
    };
    hub.calls().begin(call)
}

fn is_over_limit(hub: &Hub, name: &str) -> bool {
    let scaled = hub.faults().scaled_limit(name);
    let limit = scaled.or(hub.calls_per_hour).map(u64::from);
    limit.is_some_and(|limit| hub.calls().spent(name, hub.clock.now()) >= limit)
}

/// Names an account's scaled limit as Bitbucket does. The headers contain neither the calls left nor the time of the
/// next ones.
fn name_limit(hub: &Hub, name: &str, headers: &mut HeaderMap) {
    let Some(limit) = hub.faults().scaled_limit(name) else { return };
    let spent = hub.calls().spent(name, hub.clock.now());
    let is_near = spent * 100 >= u64::from(limit) * NEAR_PERCENT;
    headers.insert("x-ratelimit-limit", HeaderValue::from(limit));
    headers.insert("x-ratelimit-resource", HeaderValue::from_static(RESOURCE));
    headers.insert("x-ratelimit-nearlimit", HeaderValue::from_static(if is_near { "true" } else { "false" }));
}

/// Basic with an account's email and API token, or Bearer with an access token, OAuth's too.
fn caller(hub: &Hub, headers: &HeaderMap) -> Result<Known, ApiError> {
    let refuse = |message: &str| ApiError::new(StatusCode::UNAUTHORIZED, message);
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Err(refuse("Authentication required: send Basic email:token or a Bearer access token."));
    };
    let (scheme, credential) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
    let credential = credential.trim();
    let mut granted = None;
    let user = match scheme.to_ascii_lowercase().as_str() {
        "basic" => basic(&hub.users, credential).map(|user| user.name.clone()),
        "bearer" => match hub.oauth().bearer(credential, hub.clock.now()) {
            Bearer::User(name, scopes) => {
                granted = Some(scopes);
                Some(name)
            }
            Bearer::Expired => return Err(refuse(EXPIRED)),
            Bearer::Unknown => bearer(&hub.users, credential).map(|user| user.name.clone()),
        },
        _ => None,
    };
    let account = user.and_then(|name| hub.world().account(&name));
    account.map(|account| (Caller(account), granted)).ok_or_else(|| refuse(BAD_TOKEN))
}

fn bearer<'a>(users: &'a [User], credential: &str) -> Option<&'a User> {
    users.iter().find(|user| user.access_token.as_deref() == Some(credential))
}

fn basic<'a>(users: &'a [User], credential: &str) -> Option<&'a User> {
    let (email, token) = decoded(credential)?;
    users.iter().find(|user| user.email == email && user.api_token.as_ref() == Some(&token))
}

/// The two halves of a Basic credential.
pub(crate) fn decoded(credential: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64.decode(credential).ok()?).ok()?;
    text.split_once(':').map(|(name, secret)| (name.to_owned(), secret.to_owned()))
}

/// The answer to a call that the simulator was asked to fail.
pub(crate) fn failed(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    ApiError::new(status, "The simulator was asked to fail this call.").into_response()
}

fn rate_limited(retry_after_seconds: Option<u32>) -> Response {
    let mut answer = (StatusCode::TOO_MANY_REQUESTS, RATE_LIMITED).into_response();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    if let Some(seconds) = retry_after_seconds {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}
