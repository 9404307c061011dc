//! Result of an act: a value, the webhooks to send, and the changes that Bitbucket does not report.

use bytes::Bytes;
use serde::Serialize;
use std::fmt;

/// The result of an act that was carried out.
#[derive(Debug, Clone)]
pub struct Done<T> {
    /// Thing that the act made or changed; usually its id.
    pub value: T,
    /// Webhooks to send, and silences.
    pub outbox: Outbox,
}

/// The webhooks of one act in the order in which they happened, and its silences.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    /// To be sent.
    pub webhooks: Vec<Webhook>,
    /// Not sent, each with the reason.
    pub silences: Vec<Silence>,
}

/// One webhook to send, complete but for the attempt number and the signature.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The hook it belongs to, in braces.
    pub hook_uuid: String,
    /// Address to send to.
    pub url: String,
    /// Secret to sign with; without one there is no signature.
    pub secret: Option<Secret>,
    /// `X-Event-Key`.
    pub event_key: &'static str,
    /// `X-Request-UUID`, in braces.
    pub request_uuid: String,
    /// Subject: `acme/widgets#1`, or `acme/widgets` and a commit.
    pub subject: String,
    /// The JSON payload, exactly as it goes over the wire.
    pub body: Bytes,
}

/// A change that no webhook reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Name of the change: `comment_updated`, `task_resolved`, `comment_liked`...
    pub what: &'static str,
    /// Subject, as in [`Webhook::subject`].
    pub subject: String,
    /// Reason for the silence.
    pub reason: SilenceReason,
}

/// Reason for Bitbucket's silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceReason {
    /// A comment was edited less than the window after its creation or last change.
    InsideWindow,
    /// Bitbucket has no event key for this: tasks, likes, changes of commit comments.
    NoSuchEvent,
    /// The review of the comment is not published.
    UnpublishedReview,
    /// The payload is larger than [`MAX_PAYLOAD_BYTES`].
    PayloadTooLarge,
}

/// Payloads above this are not sent: "256 KB"
/// (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>).
pub const MAX_PAYLOAD_BYTES: usize = 256 * 1024;

/// A webhook secret. Only the signer can read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(crate) String);

impl Secret {
    /// The secret itself, for signing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

/// Refusal of an act. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Unknown, or hidden from this caller.
    NotFound(String),
    /// The account may not do this.
    Forbidden(String),
    /// It is already so.
    Conflict(String),
    /// The input makes no sense; the field at fault if there is one.
    Invalid {
        /// The field of the input, or nothing if it is the whole.
        field: Option<&'static str>,
        /// The mistake, and the right form.
        message: String,
    },
}

impl Refusal {
    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound(what.into())
    }

    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field: Some(field), message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(message)
            | Self::Forbidden(message)
            | Self::Conflict(message)
            | Self::Invalid { field: None, message } => out.write_str(message),
            Self::Invalid { field: Some(field), message } => write!(out, "{field}: {message}"),
        }
    }
}

impl std::error::Error for Refusal {}
