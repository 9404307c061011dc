//! Tasks of pull requests.

use super::ApiError;
use super::gate::Caller;
use super::paging::{List, item, listed};
use super::params::{Params, parse};
use crate::hub::Hub;
use crate::sight;
use crate::world::{NewTask, TaskChanges};
use axum::extract::{OriginalUri, Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

type Shared = State<Arc<Hub>>;

pub(super) async fn list(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let list = List { default_sort: "created_on", ..List::USUAL };
    listed(list, &hub, &uri, |world| world.read_tasks(params.repository(world)?, params.id()?))
}

pub(super) async fn read(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let world = hub.world();
    let id = sight::found(params.task()?, "Task")?;
    let shown = world.read_task(params.repository(&world)?, params.id()?, id)?;
    Ok(Json(item(&uri, shown)?))
}

pub(super) async fn create(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let new: NewTask = parse(&body)?;
    let id = params.id()?;
    let shown = hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.create_task(act, id, &new),
        |world, act, task| world.read_task(act.repository, id, task),
    )?;
    Ok((StatusCode::CREATED, Json(shown)))
}

pub(super) async fn change(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let changes: TaskChanges = parse(&body)?;
    let (id, task) = (params.id()?, params.task()?);
    let shown = hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.change_task(act, id, task, &changes),
        |world, act, ()| world.read_task(act.repository, id, task),
    )?;
    Ok(Json(shown))
}

pub(super) async fn delete(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<StatusCode, ApiError> {
    let (id, task) = (params.id()?, params.task()?);
    hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.delete_task(act, id, task),
        |_, _, ()| Ok(()),
    )?;
    Ok(StatusCode::NO_CONTENT)
}
