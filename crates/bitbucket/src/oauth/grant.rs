//! Grants: the answers of the token endpoint.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use oauth2::TokenResponse;
use oauth2::basic::{BasicErrorResponseType, BasicRequestTokenError, BasicTokenResponse};
use secrecy::SecretString;

use super::transport::Failed;
use crate::Error;

/// Lifetime of an access token if the answer gives none
/// (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#refresh-tokens>).
const DOCUMENTED_LIFE: Duration = Duration::from_hours(1);

/// An OAuth consumer of a workspace.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// Key of the consumer, the client id of OAuth.
    pub id: String,
    /// Secret of the consumer.
    pub secret: SecretString,
}

/// Tokens for calls of the API, valid for an hour. They cannot be printed.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Token for `Authorization: Bearer`, at api.bitbucket.org only.
    pub access_token: SecretString,
    /// Time at which the access token expires, counted by the caller's clock from before the request.
    pub expires_at: Timestamp,
    /// Token for the next grant; `None` for client credentials.
    pub refresh_token: Option<SecretString>,
    /// Granted scopes, separated by spaces; empty if the answer gives none.
    pub scope: String,
}

/// Reads the answer to a request that was sent at `now`.
pub(super) fn read(
    operation: &'static str,
    answer: Result<BasicTokenResponse, BasicRequestTokenError<Failed>>,
    now: Timestamp,
) -> Result<Grant, Error> {
    let answer = answer.map_err(|error| convert(operation, error))?;
    let life = answer.expires_in().unwrap_or(DOCUMENTED_LIFE);
    let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::ZERO);
    let scopes: Vec<&str> = answer.scopes().into_iter().flatten().map(|scope| scope.as_str()).collect();
    Ok(Grant {
        access_token: answer.access_token().secret().as_str().into(),
        expires_at: now.saturating_add(life).unwrap_or(now),
        refresh_token: answer.refresh_token().map(|token| token.secret().as_str().into()),
        scope: scopes.join(" "),
    })
}

/// Converts a failure. It keeps only codes, because a description or a body may repeat the request.
fn convert(operation: &'static str, error: BasicRequestTokenError<Failed>) -> Error {
    use BasicErrorResponseType as Code;
    match error {
        BasicRequestTokenError::Request(Failed(error)) => *error,
        BasicRequestTokenError::ServerResponse(response) => match response.error() {
            Code::InvalidGrant => Error::GrantRefused { operation, code: "invalid_grant" },
            // Bitbucket's code for a wrong key or secret; RFC 6749 has `invalid_client`.
            Code::UnauthorizedClient => Error::ConsumerRefused { operation, code: "unauthorized_client" },
            Code::InvalidClient => Error::ConsumerRefused { operation, code: "invalid_client" },
            Code::InvalidScope => Error::ConsumerRefused { operation, code: "invalid_scope" },
            Code::UnsupportedGrantType => {
                Error::ConsumerRefused { operation, code: "unsupported_grant_type" }
            }
            Code::InvalidRequest => Error::ConsumerRefused { operation, code: "invalid_request" },
            Code::Extension(_) => Error::AnswerInvalid { operation, reason: "unknown OAuth error code" },
        },
        BasicRequestTokenError::Parse(..) => {
            Error::AnswerInvalid { operation, reason: "not an answer of a token endpoint" }
        }
        BasicRequestTokenError::Other(_) => Error::AnswerInvalid { operation, reason: "empty answer" },
    }
}
