//! The repository, and the account that calls.

use super::ApiError;
use super::gate::Caller;
use super::paging::{List, item, listed};
use super::params::Params;
use crate::hub::Hub;
use axum::extract::{OriginalUri, Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::Value;
use std::sync::Arc;

pub(super) async fn current_user(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
) -> Json<Value> {
    Json(hub.world().view().current_user(&caller.0))
}

/// The list that came in the place of `GET /2.0/workspaces`.
pub(super) async fn list_workspaces(
    State(hub): State<Arc<Hub>>,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<Value>, ApiError> {
    let list = List { sortable: &["slug"], ..List::USUAL };
    listed(list, &hub, &uri, |world| Ok(world.read_workspaces()))
}

/// Gone since 2026-04-14 (seen in clients' code: <https://github.com/amitsaha/gitbackup/issues/228>).
pub(super) async fn no_workspaces() -> ApiError {
    ApiError::new(StatusCode::GONE, "This endpoint is gone: use /user/workspaces.")
}

pub(super) async fn read_workspace(
    State(hub): State<Arc<Hub>>,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(item(&uri, hub.world().read_workspace(&params.workspace)?)?))
}

/// The repositories of the workspace: every account may see all of them.
pub(super) async fn list(
    State(hub): State<Arc<Hub>>,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    listed(List::USUAL, &hub, &uri, |world| world.read_repositories(&params.workspace))
}

/// Makes a repository with a branch `main`; other fields of the body are ignored.
pub(super) async fn create(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let now = hub.clock.now();
    let mut world = hub.world_mut();
    let made = world.create_repository(&params.workspace, params.slug(), &caller.0, now)?;
    Ok(Json(world.read_repository(made)?))
}

pub(super) async fn read(
    State(hub): State<Arc<Hub>>,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let world = hub.world();
    let shown = world.read_repository(params.repository(&world)?)?;
    Ok(Json(item(&uri, shown)?))
}
