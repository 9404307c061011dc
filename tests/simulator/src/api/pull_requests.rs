//! Pull requests and their reviews.

use super::ApiError;
use super::gate::Caller;
use super::paging::{List, Query, item, page};
use super::params::{Params, parse, parse_optional};
use crate::hub::Hub;
use crate::sight;
use crate::world::{Act, Closing, Done, NewPullRequest, PullRequestChanges, Refusal, World};
use axum::extract::{OriginalUri, Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

type Shared = State<Arc<Hub>>;

/// Above 50 a page, this list answers 400 although the general documentation says 100 (seen in clients' code).
const PULL_REQUESTS: List = List {
    max_pagelen: 50,
    sortable: &["created_on", "updated_on", "id", "title"],
    default_sort: "-id",
    hidden: &["reviewers", "participants"],
};

pub(super) async fn list(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let query = Query::of(&uri);
    let mut states: Vec<String> = query.all("state").map(str::to_uppercase).collect();
    let known = hub.world().pull_request_states();
    if let Some(unknown) = states.iter().find(|state| !known.contains(&state.as_str())) {
        return Err(ApiError::bad_request(format!(
            "Invalid state: {unknown}. Known are {}.",
            known.join(", ")
        )));
    }
    let filters_state = query.get("q").is_some_and(|q| q.contains("state"));
    if states.is_empty() && !filters_state {
        states.push("OPEN".to_owned());
    }
    let mut values = {
        let world = hub.world();
        world.read_pull_requests(params.repository(&world)?)?
    };
    let is_wanted = |value: &Value| {
        let state = value.get("state").and_then(Value::as_str);
        states.is_empty() || states.iter().any(|wanted| Some(wanted.as_str()) == state)
    };
    values.retain(is_wanted);
    Ok(Json(page(PULL_REQUESTS, &hub.base_url, &uri, values)?))
}

pub(super) async fn read(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let world = hub.world();
    let id = sight::found(params.id()?, "Pull request")?;
    let shown = world.read_pull_request(params.repository(&world)?, id)?;
    Ok(Json(item(&uri, shown)?))
}

pub(super) async fn create(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let new: NewPullRequest = parse(&body)?;
    let shown = hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.create_pull_request(act, &new),
        |world, act, id| world.read_pull_request(act.repository, id),
    )?;
    Ok((StatusCode::CREATED, Json(shown)))
}

pub(super) async fn update(
    state: Shared,
    caller: Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let changes: PullRequestChanges = parse(&body)?;
    then_pull_request(&state, &caller, &params, |world, act, id| world.update_pull_request(act, id, &changes))
}

pub(super) async fn merge(
    state: Shared,
    caller: Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let closing: Closing = parse_optional(&body)?;
    then_pull_request(&state, &caller, &params, |world, act, id| world.merge(act, id, &closing))
}

pub(super) async fn decline(
    state: Shared,
    caller: Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let closing: Closing = parse_optional(&body)?;
    then_pull_request(&state, &caller, &params, |world, act, id| world.decline(act, id, &closing))
}

pub(super) async fn approve(
    state: Shared,
    caller: Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    then_participant(&state, &caller, &params, World::approve)
}

pub(super) async fn request_changes(
    state: Shared,
    caller: Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    then_participant(&state, &caller, &params, World::request_changes)
}

pub(super) async fn unapprove(
    state: Shared,
    caller: Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<StatusCode, ApiError> {
    then_nothing(&state, &caller, &params, World::unapprove)
}

pub(super) async fn withdraw_changes_request(
    state: Shared,
    caller: Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<StatusCode, ApiError> {
    then_nothing(&state, &caller, &params, World::withdraw_changes_request)
}

fn then_pull_request(
    hub: &Hub,
    caller: &Caller,
    params: &Params,
    run: impl FnOnce(&mut World, &Act, u64) -> Result<Done<()>, Refusal>,
) -> Result<Json<Value>, ApiError> {
    let id = params.id()?;
    let shown = hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| run(world, act, id),
        |world, act, ()| world.read_pull_request(act.repository, id),
    )?;
    Ok(Json(shown))
}

fn then_participant(
    hub: &Hub,
    caller: &Caller,
    params: &Params,
    run: impl FnOnce(&mut World, &Act, u64) -> Result<Done<()>, Refusal>,
) -> Result<Json<Value>, ApiError> {
    let id = params.id()?;
    let shown = hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| run(world, act, id),
        |world, act, ()| world.read_participant(act.repository, id, &caller.0.name),
    )?;
    Ok(Json(shown))
}

fn then_nothing(
    hub: &Hub,
    caller: &Caller,
    params: &Params,
    run: impl FnOnce(&mut World, &Act, u64) -> Result<Done<()>, Refusal>,
) -> Result<StatusCode, ApiError> {
    let id = params.id()?;
    hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| run(world, act, id),
        |_, _, ()| Ok(StatusCode::NO_CONTENT),
    )
    .map_err(ApiError::from)
}
