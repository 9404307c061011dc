//! Inputs of the routes: parts of the path, and bodies.

use super::errors::ApiError;
use crate::world::{Refusal, RepositoryId, World};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The parts of a path. Which are there depends on the route.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Params {
    pub(crate) workspace: String,
    slug: Option<String>,
    id: Option<String>,
    comment: Option<String>,
    task: Option<String>,
    hash: Option<String>,
    key: Option<String>,
    uid: Option<String>,
    branch: Option<String>,
}

impl Params {
    pub(crate) fn has_repository(&self) -> bool {
        self.slug.is_some()
    }

    pub(crate) fn slug(&self) -> &str {
        self.slug.as_deref().unwrap_or_default()
    }

    pub(crate) fn repository(&self, world: &World) -> Result<RepositoryId, Refusal> {
        world.find_repository(&self.workspace, self.slug())
    }

    pub(crate) fn id(&self) -> Result<u64, Refusal> {
        number(self.id.as_deref(), "Pull request")
    }

    pub(crate) fn comment(&self) -> Result<u64, Refusal> {
        number(self.comment.as_deref(), "Comment")
    }

    pub(crate) fn task(&self) -> Result<u64, Refusal> {
        number(self.task.as_deref(), "Task")
    }

    pub(crate) fn hash(&self) -> &str {
        self.hash.as_deref().unwrap_or_default()
    }

    pub(crate) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    pub(crate) fn branch(&self) -> &str {
        self.branch.as_deref().unwrap_or_default()
    }

    pub(crate) fn uid(&self) -> &str {
        self.uid.as_deref().unwrap_or_default()
    }
}

/// An id that is not a number is answered 404, not 400.
fn number(text: Option<&str>, of: &str) -> Result<u64, Refusal> {
    let text = text.unwrap_or_default();
    text.parse().map_err(|_| Refusal::NotFound(format!("{of} {text} not found")))
}

/// Reads a JSON body of any content type.
pub(crate) fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::bad_request(format!("Bad request body: {error}")))
}

/// Reads a JSON body that may be absent.
pub(crate) fn parse_optional<T: DeserializeOwned + Default>(body: &Bytes) -> Result<T, ApiError> {
    if body.is_empty() { Ok(T::default()) } else { parse(body) }
}
