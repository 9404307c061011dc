//! One transaction: its contents, and the reasons that refuse it.

use bitbucket::EventKey;
use jiff::Timestamp;
use relay::HeadMoved;
use relay::{Event, EventId, LinkId, Subject, SubjectState};

use crate::Error;

/// What one transaction stores.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// The link that it was learned through.
    pub link: &'a LinkId,
    /// What it is about.
    pub subject: &'a Subject,
    /// The new state, its watch included. What is stored must be one version before it.
    pub state: &'a SubjectState,
    /// The new facts, in order; sequences continue those in the log.
    pub events: &'a [Event],
    /// The delivery that brought it, if one did.
    pub delivery: Option<&'a DeliveryMark>,
    /// The move of the pull request's head, if it moved.
    pub head: Option<&'a HeadMoved>,
    /// Our clock.
    pub now: Timestamp,
}

/// What a delivery is known by, so that the same delivery is not stored twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryMark {
    /// The hook that sent it; may be empty.
    pub hook: String,
    /// The request that carried it.
    pub request: String,
    /// What it reports.
    pub key: EventKey,
    /// The SHA-256 of the body in hex.
    pub body_sha256: String,
    /// Which attempt it is, from 1. From 2 on, the delivery is also known by its body, in case the request's id is new.
    pub attempt: u32,
}

impl DeliveryMark {
    /// How much of a body's hash sets two deliveries apart that came under one request id.
    const APART_CHARS: usize = 16;

    /// The mark of another delivery that came under the same request id.
    pub(crate) fn set_apart(&self) -> Self {
        let suffix: String = self.body_sha256.chars().take(Self::APART_CHARS).collect();
        Self { request: format!("{}+{suffix}", self.request), ..self.clone() }
    }
}

/// Why a transaction did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The state is no longer the one that was read, or another transaction was on the same items: read and fold again.
    #[error("another transaction was faster")]
    Conflict,
    /// The delivery is stored already.
    #[error("the delivery is stored already")]
    KnownDelivery,
    /// The hook has sent another body under this request id before. That is not a resend, and must not be dropped.
    #[error("the request id was used for another body before")]
    RequestReused,
    /// These facts are in the log already.
    #[error("{} of the facts are in the log already", .0.len())]
    KnownFacts(Vec<EventId>),
    /// The transaction failed. Where it could not be reached in time, whether it happened is not known.
    #[error(transparent)]
    Failed(#[from] Error),
}
