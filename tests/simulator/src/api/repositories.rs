//! The repository, and the account that calls.

use super::ApiError;
use super::gate::Caller;
use super::paging::item;
use super::params::Params;
use crate::hub::Hub;
use axum::extract::{OriginalUri, Path, State};
use axum::{Extension, Json};
use serde_json::Value;
use std::sync::Arc;

pub(super) async fn current_user(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
) -> Json<Value> {
    Json(hub.world().view().current_user(&caller.0))
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
