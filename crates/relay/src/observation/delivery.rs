//! A verified delivery.

use bitbucket::{EventKey, Payload};

/// A verified delivery, parsed.
#[derive(Debug, Clone)]
pub struct Report {
    /// From the header.
    pub key: EventKey,
    /// The body, parsed.
    pub payload: Payload,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The hook that sent it; empty where the header was missing.
    pub hook: String,
    /// What names the delivery: the request's id, or the body's hash where there is none.
    pub delivery: String,
}
