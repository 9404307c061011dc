//! Comments on pull requests.

use super::ApiError;
use super::gate::Caller;
use super::paging::{List, item, listed};
use super::params::{Params, parse};
use crate::hub::Hub;
use crate::sight;
use crate::world::{CommentChanges, NewComment, World};
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
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    listed(List::of_comments(&hub), &hub, &uri, |world| {
        world.read_comments_as(Some(&caller.0), params.repository(world)?, params.id()?)
    })
}

pub(super) async fn read(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let world = hub.world();
    let id = sight::found(params.comment()?, "Comment")?;
    let shown = world.read_comment_as(Some(&caller.0), params.repository(&world)?, params.id()?, id)?;
    Ok(Json(item(&uri, shown)?))
}

pub(super) async fn create(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let new: NewComment = parse(&body)?;
    let id = params.id()?;
    let shown = hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.create_comment(act, id, &new),
        |world, act, comment| world.read_comment_as(Some(&act.actor), act.repository, id, comment),
    )?;
    Ok((StatusCode::CREATED, Json(shown)))
}

pub(super) async fn edit(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let changes: CommentChanges = parse(&body)?;
    let (id, comment) = (params.id()?, params.comment()?);
    let shown = hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.edit_comment(act, id, comment, &changes.content.raw),
        |world, act, ()| world.read_comment_as(Some(&act.actor), act.repository, id, comment),
    )?;
    Ok(Json(shown))
}

pub(super) async fn delete(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<StatusCode, ApiError> {
    let (id, comment) = (params.id()?, params.comment()?);
    hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.delete_comment(act, id, comment),
        |_, _, ()| Ok(()),
    )?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn resolve(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let (id, comment) = (params.id()?, params.comment()?);
    let shown = hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.resolve_comment(act, id, comment),
        |world: &World, act, ()| world.read_resolution(act.repository, id, comment),
    )?;
    Ok(Json(shown))
}

pub(super) async fn reopen(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<StatusCode, ApiError> {
    let (id, comment) = (params.id()?, params.comment()?);
    hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.reopen_comment(act, id, comment),
        |_, _, ()| Ok(()),
    )?;
    Ok(StatusCode::NO_CONTENT)
}
