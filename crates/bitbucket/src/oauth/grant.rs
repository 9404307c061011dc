//! What the token endpoint gives.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use oauth2::TokenResponse;
use oauth2::basic::{BasicErrorResponseType, BasicRequestTokenError, BasicTokenResponse};
use secrecy::SecretString;

use super::transport::Failed;
use crate::Error;

/// How long a token lives where the answer does not say
/// (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#refresh-tokens>).
const DOCUMENTED_LIFE: Duration = Duration::from_hours(1);

/// An OAuth consumer of a workspace.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// Its key.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

/// What a consumer may call the API with, for an hour. Its tokens cannot be printed.
#[derive(Debug, Clone)]
pub struct Grant {
    /// `Authorization: Bearer`, at api.bitbucket.org only.
    pub access_token: SecretString,
    /// When the access token ends, by the clock of whoever asked, from before they asked.
    pub expires_at: Timestamp,
    /// What the next grant is asked for with; client credentials have none.
    pub refresh_token: Option<SecretString>,
    /// What it allows, in words separated by spaces; empty where the answer does not say.
    pub scope: String,
}

/// Reads an answer that was asked for at `now`.
pub(super) fn read(
    operation: &'static str,
    answer: Result<BasicTokenResponse, BasicRequestTokenError<Failed>>,
    now: Timestamp,
) -> Result<Grant, Error> {
    let answer = answer.map_err(|error| meaning(operation, error))?;
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

/// What a failure means. Only codes are kept, because a description or a body may repeat what was sent.
fn meaning(operation: &'static str, error: BasicRequestTokenError<Failed>) -> Error {
    use BasicErrorResponseType as Code;
    match error {
        BasicRequestTokenError::Request(Failed(error)) => *error,
        BasicRequestTokenError::ServerResponse(said) => match said.error() {
            Code::InvalidGrant => Error::GrantRefused { operation, code: "invalid_grant" },
            // What Bitbucket says for a wrong key or secret, where RFC 6749 has `invalid_client`.
            Code::UnauthorizedClient => Error::ConsumerRefused { operation, code: "unauthorized_client" },
            Code::InvalidClient => Error::ConsumerRefused { operation, code: "invalid_client" },
            Code::InvalidScope => Error::ConsumerRefused { operation, code: "invalid_scope" },
            Code::UnsupportedGrantType => {
                Error::ConsumerRefused { operation, code: "unsupported_grant_type" }
            }
            Code::InvalidRequest => Error::ConsumerRefused { operation, code: "invalid_request" },
            Code::Extension(_) => {
                Error::AnswerInvalid { operation, reason: "its error code is not one of OAuth's" }
            }
        },
        BasicRequestTokenError::Parse(..) => {
            Error::AnswerInvalid { operation, reason: "it is not what a token endpoint answers" }
        }
        BasicRequestTokenError::Other(_) => Error::AnswerInvalid { operation, reason: "it is empty" },
    }
}
