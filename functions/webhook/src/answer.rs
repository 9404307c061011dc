//! Outcomes and errors as status and body.

use axum::Json;
use axum::response::{IntoResponse, Response};
use bitbucket::Category;
use http::StatusCode;
use relay::EventId;
use serde::Serialize;

/// A delivery that is answered 200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Accepted {
    /// The delivery is stored. `events` is empty where its fact was in the log already, reported by another hook.
    Stored {
        /// The events that it gave.
        events: Vec<EventId>,
    },
    /// This very delivery was stored before.
    Known,
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// Everything that can be wrong with a request. The answer says what, and never more than the sender may know: what
/// failed on our side stands in the log only.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a POST.
    #[error("only POST is accepted here")]
    Method,
    /// No such path.
    #[error("there is nothing here; webhooks go to POST /webhook/{{link}}")]
    Path,
    /// Another content type than Bitbucket's.
    #[error("the content type must be application/json")]
    ContentType,
    /// A body over the limit.
    #[error("the body is larger than {} bytes", crate::request::MAX_BODY_BYTES)]
    TooLarge,
    /// The body broke off.
    #[error("the body could not be read")]
    Body,
    /// No such link.
    #[error("there is no such link")]
    UnknownLink,
    /// Refused by what Bitbucket's side defines: signature, event key, JSON.
    #[error(transparent)]
    Delivery(#[from] bitbucket::Error),
    /// The table or the secrets failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It took too long.
    #[error("the delivery could not be stored in time")]
    Timeout,
}

impl Error {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Method => 405,
            Self::Path | Self::UnknownLink => 404,
            Self::ContentType => 415,
            Self::TooLarge => 413,
            Self::Body => 400,
            Self::Delivery(error) => error.status(),
            Self::Store(error) => error.status(),
            Self::Timeout => 503,
        }
    }

    /// Whether the same request may succeed later.
    pub fn retryable(&self) -> bool {
        self.status() >= 500
    }

    /// The kind of failure.
    pub fn category(&self) -> Category {
        match self {
            Self::Method | Self::ContentType | Self::TooLarge | Self::Body => Category::Input,
            Self::Path | Self::UnknownLink => Category::NotFound,
            Self::Delivery(error) => error.category(),
            Self::Store(error) => error.category(),
            Self::Timeout => Category::Storage,
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Store(_) => "the delivery could not be stored; send it again".to_owned(),
            error => error.to_string(),
        }
    }
}

#[derive(Serialize)]
struct Refusal {
    error: String,
    category: &'static str,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let refusal = Refusal { error: self.public_message(), category: self.category().as_str() };
        (status, Json(refusal)).into_response()
    }
}
