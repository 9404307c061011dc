//! Outcomes and errors as pages that say what to do next.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use relay::LinkId;

use super::Error;
use super::page::Page;

/// Command that starts an authorization.
const START: &str = "bitrelay link start-oauth";

/// The page after a successful authorization.
pub(super) fn success(link: &LinkId) -> Page {
    Page {
        status: StatusCode::OK,
        title: "Authorized",
        sentences: vec![
            format!("The link {link} may now call Bitbucket. You can close this window."),
            "To check it, run:".to_owned(),
        ],
        command: Some(format!("bitrelay link test {link}")),
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (title, explanation) = explanation(&self);
        let command = (!matches!(self, Self::Method)).then(|| START.to_owned());
        let again = command.iter().map(|_| "Nothing was stored. To start again, run:".to_owned());
        let sentences = std::iter::once(explanation.to_owned()).chain(again).collect();
        Page { status, title, sentences, command }.into_response()
    }
}

/// Returns the title and the explanation of an error. Causes on our side are only in the log.
const fn explanation(error: &Error) -> (&'static str, &'static str) {
    match error {
        Error::Address(_) => (
            "This address is not complete",
            "It was cut short or changed. Copy all of it, exactly as the command printed it.",
        ),
        Error::Refused(_) => (
            "This address does not work",
            "An authorization address works once, for one link, and for ten minutes. This one was used, has expired, or \
             was never issued.",
        ),
        Error::Denied => {
            ("Access was not granted", "You chose not to authorize the OAuth consumer to act as you.")
        }
        Error::NotGranted => (
            "Bitbucket did not grant access",
            "Bitbucket reported an error. Check the permissions and the callback URL of the OAuth consumer.",
        ),
        Error::NoConsumer => (
            "This link has no OAuth consumer",
            "Its credential is of another type, which needs no authorization, or was deleted. Only a credential of the \
             type app-oauth is authorized here.",
        ),
        Error::AccountUnreadable => (
            "The OAuth consumer may not ask who you are",
            "Give the consumer the permission Account: Read in the settings of the workspace.",
        ),
        Error::Bitbucket(
            bitbucket::Error::GrantRefused { .. } | bitbucket::Error::ConsumerRefused { .. },
        ) => (
            "Bitbucket did not take the authorization",
            "The code was used or has expired, or the key, secret or callback URL of the OAuth consumer differs from the \
             one in this link. The callback URL must be the output CallbackUrl of the stack.",
        ),
        Error::Bitbucket(_) => ("Bitbucket does not respond correctly", "Try again in a few minutes."),
        Error::Store(_) | Error::Timeout => {
            ("This does not work at the moment", "Try again in a few minutes.")
        }
        Error::Method => ("This page is read-only", "Only GET is accepted."),
        Error::Setting(_) => {
            ("This deployment is not complete", "The log of the webhook function names the missing setting.")
        }
    }
}
