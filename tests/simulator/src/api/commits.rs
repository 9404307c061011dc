//! Commits: pushing, comments, builds.

use super::ApiError;
use super::gate::Caller;
use super::paging::{List, item, listed, page};
use super::params::{Params, parse};
use crate::hub::Hub;
use crate::world::{CommentChanges, NewComment, Refusal, RepositoryId, StatusInput, World};
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

type Shared = State<Arc<Hub>>;

/// `POST .../src`, Bitbucket's way to commit over REST. Only the form `application/x-www-form-urlencoded` is read;
/// of its fields `branch` and `message` matter, files are not kept.
pub(super) async fn push(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        let message = "The simulator reads application/x-www-form-urlencoded here: curl --data-urlencode.";
        return Err(ApiError::bad_request(message));
    }
    let field = |name: &str| {
        let mut fields = url::form_urlencoded::parse(&body);
        fields.find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    };
    let branch = field("branch").unwrap_or_else(|| "main".to_owned());
    let message = field("message").unwrap_or_else(|| "Edited with the API".to_owned());
    let location = hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.push(act, &branch, &message),
        |world, act, hash| commit_link(world, act.repository, &hash),
    )?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)]).into_response())
}

/// `DELETE .../refs/branches/{branch}`.
pub(super) async fn delete_branch(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<StatusCode, ApiError> {
    hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.delete_branch(act, params.branch()),
        |_, _, ()| Ok(()),
    )?;
    Ok(StatusCode::NO_CONTENT)
}

fn commit_link(world: &World, repository: RepositoryId, hash: &str) -> Result<String, Refusal> {
    let shown = world.view().commit_reference(&world.repository(repository)?.identity, hash);
    Ok(shown.pointer("/links/self/href").and_then(Value::as_str).unwrap_or_default().to_owned())
}

pub(super) async fn read(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let world = hub.world();
    let repository = params.repository(&world)?;
    let commit = world.commit(repository, params.hash())?;
    let shown = world.view().commit(&world.repository(repository)?.identity, commit);
    Ok(Json(item(&uri, shown)?))
}

pub(super) async fn list_comments(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    listed(List::of_comments(&hub), &hub, &uri, |world| {
        world.read_commit_comments(params.repository(world)?, params.hash())
    })
}

pub(super) async fn read_comment(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let world = hub.world();
    let shown = world.read_commit_comment(params.repository(&world)?, params.hash(), params.comment()?)?;
    Ok(Json(item(&uri, shown)?))
}

pub(super) async fn create_comment(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let new: NewComment = parse(&body)?;
    let shown = hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.create_commit_comment(act, params.hash(), &new),
        |world, act, comment| world.read_commit_comment(act.repository, params.hash(), comment),
    )?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Answers 201 and not 200, as Bitbucket's OpenAPI file has it for this one edit.
pub(super) async fn edit_comment(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let changes: CommentChanges = parse(&body)?;
    let comment = params.comment()?;
    let shown = hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.edit_commit_comment(act, params.hash(), comment, &changes.content.raw),
        |world, act, ()| world.read_commit_comment(act.repository, params.hash(), comment),
    )?;
    Ok((StatusCode::CREATED, Json(shown)))
}

pub(super) async fn delete_comment(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
) -> Result<StatusCode, ApiError> {
    let comment = params.comment()?;
    hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.delete_commit_comment(act, params.hash(), comment),
        |_, _, ()| Ok(()),
    )?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list_statuses(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    listed(List::USUAL, &hub, &uri, |world| world.read_statuses(params.repository(world)?, params.hash()))
}

/// The builds of the commit at the head of a pull request's source branch.
pub(super) async fn list_pull_request_statuses(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let list = List { default_sort: "created_on", ..List::USUAL };
    listed(list, &hub, &uri, |world| {
        let repository = params.repository(world)?;
        let head = &world.pull_request(repository, params.id()?)?.source.commit;
        world.read_statuses(repository, head)
    })
}

/// The commits of a pull request, newest first.
pub(super) async fn list_pull_request_commits(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    listed(List::USUAL, &hub, &uri, |world| {
        world.read_pull_request_commits(params.repository(world)?, params.id()?)
    })
}

/// `.../pullrequests/{id}/diffstat` leads to the repository's, as Bitbucket's does.
pub(super) async fn redirect_to_diffstat(
    State(hub): Shared,
    Path(params): Path<Params>,
) -> Result<Response, ApiError> {
    let world = hub.world();
    let shown = world.read_pull_request(params.repository(&world)?, params.id()?)?;
    let to = shown.pointer("/links/diffstat/href").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok((StatusCode::FOUND, [(header::LOCATION, to)]).into_response())
}

/// The files that a pull request changes. Files are not kept: each commit counts as a file of its own.
pub(super) async fn list_changed_files(
    State(hub): Shared,
    OriginalUri(uri): OriginalUri,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let id = crate::api::paging::Query::of(&uri).get("from_pullrequest_id").and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| ApiError::bad_request("The simulator compares pull requests only."))?;
    let values = {
        let world = hub.world();
        world.read_pull_request_commits(params.repository(&world)?, id)?
    };
    let file = |commit: &Value| {
        let path = format!("{}.txt", commit.get("hash").and_then(Value::as_str).unwrap_or_default());
        json!({ "type": "diffstat", "status": "added", "old": null, "new": { "path": path } })
    };
    Ok(Json(page(List::USUAL, &hub.base_url, &uri, values.iter().map(file).collect())?))
}

pub(super) async fn read_status(
    State(hub): Shared,
    Path(params): Path<Params>,
) -> Result<Json<Value>, ApiError> {
    let world = hub.world();
    Ok(Json(world.read_status(params.repository(&world)?, params.hash(), params.key())?))
}

pub(super) async fn create_status(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let input: StatusInput = parse(&body)?;
    Ok((StatusCode::CREATED, Json(set_status(&hub, &caller, &params, &input)?)))
}

pub(super) async fn update_status(
    State(hub): Shared,
    Extension(caller): Extension<Caller>,
    Path(params): Path<Params>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let input: StatusInput = parse(&body)?;
    {
        let world = hub.world();
        world.read_status(params.repository(&world)?, params.hash(), params.key())?;
    }
    let input = StatusInput { key: Some(params.key().to_owned()), ..input };
    Ok(Json(set_status(&hub, &caller, &params, &input)?))
}

fn set_status(hub: &Hub, caller: &Caller, params: &Params, input: &StatusInput) -> Result<Value, Refusal> {
    hub.act(
        &caller.0,
        |world| params.repository(world),
        |world, act| world.set_status(act, params.hash(), input),
        |world, act, key| world.read_status(act.repository, params.hash(), &key),
    )
}
