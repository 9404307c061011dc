//! What a person is told: outcomes and errors as pages. They say what to do next.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use relay::LinkId;

use super::Error;
use super::page::Page;

/// How to begin again.
const START: &str = "bitrelay link start-oauth";

/// The last page.
pub(super) fn success(link: &LinkId) -> Page {
    Page {
        status: StatusCode::OK,
        title: "Authorized",
        sentences: vec![
            format!("The link {link} may now call Bitbucket. You can close this window."),
            "This command checks it:".to_owned(),
        ],
        command: Some(format!("bitrelay link test {link}")),
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (title, sentences) = words(&self);
        let command = (!matches!(self, Self::Method)).then(|| START.to_owned());
        let again = command.iter().map(|_| "Nothing was stored. To begin again:".to_owned());
        let sentences = sentences.iter().map(|text| (*text).to_owned()).chain(again).collect();
        Page { status, title, sentences, command }.into_response()
    }
}

/// What failed on our side is not shown: it stands in the log.
const fn words(error: &Error) -> (&'static str, &'static [&'static str]) {
    match error {
        Error::Address(_) => (
            "This address is not complete",
            &["It was cut short or changed on its way. Copy all of it, as the command printed it."],
        ),
        Error::Refused(_) => (
            "This address does not work",
            &[
                "An address to authorize with works once, for one link, and for ten minutes. This one was used, is too old, or was \
               never given.",
            ],
        ),
        Error::Denied => ("Access was not granted", &["You chose not to let the OAuth consumer act as you."]),
        Error::NotGranted => (
            "Bitbucket did not grant access",
            &[
                "Bitbucket came back with an error. Check the permissions and the callback URL of the OAuth consumer.",
            ],
        ),
        Error::NoConsumer => (
            "This link has no OAuth consumer",
            &[
                "Its credential is of another kind, which needs nobody's consent, or it was deleted. Only a credential of the \
               type app-oauth is authorized here.",
            ],
        ),
        Error::AccountUnreadable => (
            "The OAuth consumer may not ask who you are",
            &["Give the consumer the permission Account: Read in the settings of the workspace."],
        ),
        Error::Bitbucket(
            bitbucket::Error::GrantRefused { .. } | bitbucket::Error::ConsumerRefused { .. },
        ) => (
            "Bitbucket did not take the authorization",
            &[
                "Its code was used or is too old, or the key, the secret or the callback URL of the OAuth consumer is not the \
               one that this link has. The callback URL must be the output CallbackUrl of the stack.",
            ],
        ),
        Error::Bitbucket(_) => ("Bitbucket does not answer as it should", &["It may pass in some minutes."]),
        Error::Store(_) | Error::Timeout => {
            ("This does not work at the moment", &["It may pass in some minutes."])
        }
        Error::Method => ("This is a page to look at", &["Only GET is accepted here."]),
        Error::Setting(_) => {
            ("This deployment is not complete", &["The log of the webhook function says what is missing."])
        }
    }
}
