//! Outcomes and errors as status and body.

use axum::Json;
use axum::response::{IntoResponse, Response};
use bitbucket::Category;
use http::StatusCode;
use relay::EventId;
use serde::Serialize;
use serde_json::json;
use store::{Received, Recorded};

/// Outcome of a delivery that is answered with 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Accepted {
    /// The delivery is stored. `events` is empty if another hook had reported the same fact.
    Stored {
        /// Ids of the new events.
        events: Vec<EventId>,
        /// Number of comments and tasks that a state at its limit let go of.
        #[serde(skip)]
        let_go: LetGo,
    },
    /// The same delivery was stored before.
    Known,
    /// The delivery is stored and not yet folded: its events follow within a minute or so. Answered 202.
    Kept,
}

impl From<Received> for Accepted {
    fn from(received: Received) -> Self {
        match received {
            Received::Recorded(Recorded::Stored { events, let_go, .. }) => Self::Stored {
                events: events.into_iter().map(|event| event.id).collect(),
                let_go: LetGo(let_go),
            },
            Received::Recorded(Recorded::Known) => Self::Known,
            Received::Kept(_) => Self::Kept,
        }
    }
}

/// Number of comments and tasks that a state at its limit let go of; an extension of the answer to a delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LetGo(pub u32);

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let let_go = match &self {
            Self::Stored { let_go, .. } => *let_go,
            Self::Known | Self::Kept => LetGo::default(),
        };
        let status = if self == Self::Kept { StatusCode::ACCEPTED } else { StatusCode::OK };
        let mut response = (status, Json(self)).into_response();
        response.extensions_mut().insert(let_go);
        response
    }
}

/// Reason why a delivery was not accepted. The answer omits causes on our side; those are only in the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The method is not POST.
    #[error("only POST is accepted")]
    Method,
    /// The path does not exist.
    #[error("no such path; send webhooks to POST /webhook/{{link}}")]
    Path,
    /// The content type is not Bitbucket's.
    #[error("the content type must be application/json")]
    ContentType,
    /// The body is over the limit, in bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The path, query, method or a header is not valid HTTP.
    #[error("the path, the query, the method or a header is malformed")]
    Malformed,
    /// The body ended early, or is not the base64 that the event promises.
    #[error("the body could not be read")]
    Body,
    /// The link does not exist. The answer is that of an existing link without a matching secret, so that nobody learns
    /// which links exist.
    #[error("no such link; answered: {0}")]
    UnknownLink(bitbucket::Error),
    /// The signature, event key or JSON is invalid.
    #[error(transparent)]
    Delivery(#[from] bitbucket::Error),
    /// The table or the secret store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Storing took too long.
    #[error("the delivery could not be stored in time")]
    Timeout,
}

/// Marks the response to a delivery whose link does not exist, for our metrics. The sender does not see it.
#[derive(Debug, Clone, Copy)]
pub struct ToUnknownLink;

impl Error {
    /// HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Method => 405,
            Self::Path => 404,
            Self::ContentType => 415,
            Self::TooLarge(_) => 413,
            Self::Malformed | Self::Body => 400,
            Self::Delivery(error) | Self::UnknownLink(error) => error.status(),
            Self::Store(error) => error.status(),
            Self::Timeout => 503,
        }
    }

    /// True if the same request may succeed later.
    pub fn retryable(&self) -> bool {
        self.status() >= 500
    }

    /// Category of the error.
    pub fn category(&self) -> Category {
        match self {
            Self::Malformed | Self::Method | Self::ContentType | Self::TooLarge(_) | Self::Body => {
                Category::Input
            }
            Self::Path => Category::NotFound,
            Self::Delivery(error) | Self::UnknownLink(error) => error.category(),
            Self::Store(error) => error.category(),
            Self::Timeout => Category::Storage,
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = match &self {
            Self::Store(_) => "the delivery could not be stored; send it again".to_owned(),
            Self::UnknownLink(error) => error.to_string(),
            error => error.to_string(),
        };
        let body = json!({ "error": message, "category": self.category().as_str() });
        let mut response = (status, Json(body)).into_response();
        if matches!(self, Self::UnknownLink(_)) {
            response.extensions_mut().insert(ToUnknownLink);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_on_our_side_may_pass() {
        for (error, expected) in [
            (Error::Timeout, true),
            (Error::Store(store::Error::unavailable("down")), true),
            (Error::Body, false),
            (Error::TooLarge(1), false),
            (Error::Delivery(bitbucket::Error::SignatureMismatch), false),
        ] {
            assert_eq!(error.retryable(), expected, "{error}");
        }
    }
}
