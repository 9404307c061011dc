//! A verified delivery.

use bitbucket::{EventKey, Payload};

/// A verified delivery, parsed.
#[derive(Debug, Clone)]
pub struct Report {
    /// False if its link accepts deliveries without a signature: anybody may have sent it.
    pub signed: bool,
    /// The event key, from the header.
    pub key: EventKey,
    /// The body, parsed.
    pub payload: Payload,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The hook that sent it; empty if the header was missing.
    pub hook: String,
    /// Id of the delivery: the request's UUID, or the body's hash if there is none.
    pub delivery: String,
}
