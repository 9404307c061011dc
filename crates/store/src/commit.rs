//! One transaction: its contents, and the reasons for its refusal.

use bitbucket::EventKey;
use jiff::Timestamp;
use relay::HeadMoved;
use relay::{Event, EventId, LinkId, Subject, SubjectState};

use crate::Error;
use crate::codec::sha256_hex;

/// The contents of one transaction.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// The link that brought the observation.
    pub link: &'a LinkId,
    /// The subject of the observation.
    pub subject: &'a Subject,
    /// The new state, its watch included. The stored state must be one version before it.
    pub state: &'a SubjectState,
    /// The new facts, in order; sequences continue those in the log.
    pub events: &'a [Event],
    /// The mark of the delivery that brought the observation; `None` for a poll.
    pub delivery: Option<&'a DeliveryMark>,
    /// The move of the pull request's head, if it moved.
    pub head: Option<&'a HeadMoved>,
    /// The facts that get an item of their own, because the state cannot remember all facts any more.
    pub facts: &'a [EventId],
    /// Our clock.
    pub now: Timestamp,
}

/// The identity of a delivery. It keeps the same delivery from being stored twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryMark {
    /// The hook that sent it; may be empty.
    pub hook: String,
    /// The request that carried it.
    pub request: String,
    /// The key of the event that it reports.
    pub key: EventKey,
    /// The SHA-256 of the body in hex.
    pub body_sha256: String,
    /// Number of the attempt, from 1. From 2 on, the body alone identifies the delivery, in case the request id is new.
    pub attempt: u32,
}

impl DeliveryMark {
    /// Returns the mark of another delivery with the same body. Its key is also made of its request id.
    pub(crate) fn set_apart(&self) -> Self {
        let body_sha256 = sha256_hex(format!("{} {}", self.body_sha256, self.request).as_bytes());
        Self { body_sha256, ..self.clone() }
    }
}

/// The reason that a transaction was not committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The state has changed since it was read, or another transaction holds the items. Read and fold again.
    #[error("another transaction changed the subject first")]
    Conflict,
    /// The delivery is stored already.
    #[error("the delivery is stored already")]
    KnownDelivery,
    /// The hook sent the same body before, with another request id. This is no resend, so it must not be dropped.
    #[error("an equal body was stored before, for another delivery")]
    BodyReused,
    /// These facts are in the log already.
    #[error("{} of the facts are in the log already", .0.len())]
    KnownFacts(Vec<EventId>),
    /// The transaction failed. After a timeout the outcome is unknown.
    #[error(transparent)]
    Failed(#[from] Error),
}
