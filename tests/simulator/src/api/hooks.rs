//! Hooks of a repository or of the workspace, and the list of events they can subscribe to.

use super::ApiError;
use super::paging::{List, page};
use super::params::{Params, parse};
use crate::hub::Hub;
use crate::world::event_keys::{EVENT_KEYS, Scope};
use crate::world::state::HookSubject;
use crate::world::{HookInput, Refusal, World};
use axum::Json;
use axum::extract::{OriginalUri, Path, State};
use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

type Shared = State<Arc<Hub>>;

fn subject(params: &Params, world: &World) -> Result<HookSubject, Refusal> {
    if params.has_repository() {
        return world.repository_subject(params.repository(world)?);
    }
    world.find_workspace(&params.workspace)?;
    Ok(world.workspace_subject())
}

pub(super) async fn list(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let world = hub.world();
    let hooks = world.hooks_of(&subject(&params, &world)?);
    let values = hooks.into_iter().map(|hook| world.view().hook(hook)).collect();
    Ok(Json(page(List::USUAL, &hub.base_url, &uri, values)?))
}

pub(super) async fn read(State(hub): Shared, Path(params): Path<Params>) -> Result<Json<Value>, ApiError> {
    let world = hub.world();
    Ok(Json(world.view().hook(world.hook(&subject(&params, &world)?, params.uid())?)))
}

pub(super) async fn create(
    State(hub): Shared,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let input: HookInput = parse(&body)?;
    let now = hub.clock.now();
    let mut world = hub.world_mut();
    let subject = subject(&params, &world)?;
    let uuid = world.create_hook(subject.clone(), &input, now)?;
    Ok((StatusCode::CREATED, Json(world.view().hook(world.hook(&subject, &uuid)?))))
}

pub(super) async fn change(
    State(hub): Shared,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let input: HookInput = parse(&body)?;
    let mut world = hub.world_mut();
    let subject = subject(&params, &world)?;
    world.change_hook(&subject, params.uid(), &input)?;
    Ok(Json(world.view().hook(world.hook(&subject, params.uid())?)))
}

pub(super) async fn delete(State(hub): Shared, Path(params): Path<Params>) -> Result<StatusCode, ApiError> {
    let mut world = hub.world_mut();
    let subject = subject(&params, &world)?;
    world.delete_hook(&subject, params.uid())?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /2.0/hook_events`: where to find the lists.
pub(super) async fn subject_types(State(hub): Shared) -> Json<Value> {
    let events = |of: &str| json!({ "events": { "href": format!("{}/2.0/hook_events/{of}", hub.base_url) } });
    Json(json!({ "repository": events("repository"), "workspace": events("workspace") }))
}

/// `GET /2.0/hook_events/{repository|workspace}`.
pub(super) async fn hook_events(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(subject_type): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let all = match subject_type.as_str() {
        "repository" => false,
        "workspace" => true,
        other => return Err(Refusal::NotFound(format!("No such subject type: {other}")).into()),
    };
    let shown = EVENT_KEYS.iter().filter(|(.., scope)| all || *scope == Scope::Repository);
    let values = shown.map(|(event, category, label, _)| {
        let description = format!("{category}: {label}");
        json!({ "event": event, "category": category, "label": label, "description": description })
    });
    Ok(Json(page(List::USUAL, &hub.base_url, &uri, values.collect())?))
}
