//! Bitbucket's REST API over a world: `/2.0/...`.

mod comments;
mod commits;
mod errors;
mod fields;
mod filter;
pub(crate) mod gate;
mod hooks;
mod paging;
mod params;
mod pull_requests;
mod repositories;
mod tasks;

pub(crate) use errors::{ApiError, error_body};

use crate::hub::Hub;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use std::sync::Arc;

/// Largest request body. Bitbucket accepted a description of 1.3 million characters.
pub(crate) const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// All routes below `/2.0`, behind the gate that checks callers, counts calls and injects faults.
pub(crate) fn router(hub: &Arc<Hub>) -> Router<Arc<Hub>> {
    let routes = Router::new()
        .route("/user", get(repositories::current_user))
        .route("/user/workspaces", get(repositories::list_workspaces))
        .route("/workspaces", get(repositories::no_workspaces))
        .route("/workspaces/{workspace}", get(repositories::read_workspace))
        .route("/hook_events", get(hooks::subject_types))
        .route("/hook_events/{subject_type}", get(hooks::hook_events))
        .route("/workspaces/{workspace}/hooks", get(hooks::list).post(hooks::create))
        .route(
            "/workspaces/{workspace}/hooks/{uid}",
            get(hooks::read).put(hooks::change).delete(hooks::delete),
        )
        .route("/repositories/{workspace}", get(repositories::list))
        .nest("/repositories/{workspace}/{slug}", repository_routes());
    Router::new()
        .nest("/2.0", routes)
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(axum::middleware::from_fn_with_state(hub.clone(), gate::pass))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// The request without a slash at the end of its path: Bitbucket answers both alike.
pub(crate) fn without_trailing_slash<B>(mut request: Request<B>) -> Request<B> {
    let uri = request.uri();
    let path = uri.path().trim_end_matches('/');
    if path.len() == uri.path().len() || !path.starts_with("/2.0/") {
        return request;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(uri) = format!("{path}{query}").parse() {
        *request.uri_mut() = uri;
    }
    request
}

fn repository_routes() -> Router<Arc<Hub>> {
    Router::new()
        .route("/", get(repositories::read).post(repositories::create))
        .route("/src", post(commits::push))
        .route("/refs/branches/{branch}", delete(commits::delete_branch))
        .route("/hooks", get(hooks::list).post(hooks::create))
        .route("/hooks/{uid}", get(hooks::read).put(hooks::change).delete(hooks::delete))
        .route("/commit/{hash}", get(commits::read))
        .route("/commit/{hash}/comments", get(commits::list_comments).post(commits::create_comment))
        .route(
            "/commit/{hash}/comments/{comment}",
            get(commits::read_comment).put(commits::edit_comment).delete(commits::delete_comment),
        )
        .route("/commit/{hash}/statuses", get(commits::list_statuses))
        .route("/commit/{hash}/statuses/build", post(commits::create_status))
        .route("/commit/{hash}/statuses/build/{key}", get(commits::read_status).put(commits::update_status))
        .route("/diffstat/{*spec}", get(commits::list_changed_files))
        .route("/pullrequests", get(pull_requests::list).post(pull_requests::create))
        .nest("/pullrequests/{id}", pull_request_routes())
}

fn pull_request_routes() -> Router<Arc<Hub>> {
    Router::new()
        .route("/", get(pull_requests::read).put(pull_requests::update))
        .route("/approve", post(pull_requests::approve).delete(pull_requests::unapprove))
        .route(
            "/request-changes",
            post(pull_requests::request_changes).delete(pull_requests::withdraw_changes_request),
        )
        .route("/merge", post(pull_requests::merge))
        .route("/decline", post(pull_requests::decline))
        .route("/commits", get(commits::list_pull_request_commits))
        .route("/diffstat", get(commits::redirect_to_diffstat))
        .route("/statuses", get(commits::list_pull_request_statuses))
        .route("/comments", get(comments::list).post(comments::create))
        .route("/comments/{comment}", get(comments::read).put(comments::edit).delete(comments::delete))
        .route("/comments/{comment}/resolve", post(comments::resolve).delete(comments::reopen))
        .route("/tasks", get(tasks::list).post(tasks::create))
        .route("/tasks/{task}", put(tasks::change).get(tasks::read).delete(tasks::delete))
}

async fn no_such_route(uri: Uri) -> Response {
    let message = format!("Resource not found: the simulator does not serve {}", uri.path());
    (StatusCode::NOT_FOUND, axum::Json(error_body(&message))).into_response()
}

async fn no_such_method(uri: Uri) -> Response {
    let message = format!("Method not allowed on {}", uri.path());
    (StatusCode::METHOD_NOT_ALLOWED, axum::Json(error_body(&message))).into_response()
}
