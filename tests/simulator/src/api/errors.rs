//! Errors in the form of Bitbucket's: `{"type": "error", "error": {"message": ...}}`.

use crate::world::Refusal;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An answer that is not a success.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Value,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: &str) -> Self {
        Self { status, body: error_body(message) }
    }

    /// A token that does not allow enough (seen in clients' code).
    pub(crate) fn lacks_scope(granted: &[String], required: &str) -> Self {
        let detail = json!({ "granted": granted, "required": [required] });
        let message = "Your credentials lack one or more required privilege scopes.";
        let body = json!({ "type": "error", "error": { "message": message, "detail": detail } });
        Self { status: StatusCode::FORBIDDEN, body }
    }

    pub(crate) fn bad_request(message: impl AsRef<str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message.as_ref())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(message) => Self::new(StatusCode::NOT_FOUND, &message),
            Refusal::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, &message),
            Refusal::Conflict(message) => Self::new(StatusCode::CONFLICT, &message),
            Refusal::Invalid { field: None, message } => Self::bad_request(message),
            Refusal::Invalid { field: Some(field), message } => {
                let message = format!("{field}: {message}");
                let fields = json!({ (field): [message] });
                let body = json!({ "type": "error", "error": { "message": message, "fields": fields } });
                Self { status: StatusCode::BAD_REQUEST, body }
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

pub(crate) fn error_body(message: &str) -> Value {
    json!({ "type": "error", "error": { "message": message } })
}
