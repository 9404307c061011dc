//! Findings that a second poll has to confirm.
//!
//! Bitbucket does not document if its API can lag behind its webhooks, or behind an earlier answer. So one answer alone
//! never undoes anything: the same has to be found again by a poll a grace period later.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A finding that undoes something and is not confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// The finding.
    pub finding: Finding,
    /// Time when the first poll that found it began, by our clock.
    pub since: Timestamp,
}

/// Something that a poll found and that undoes what the state has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The comment or task does not exist.
    Gone,
    /// It exists, although its deletion was published.
    Exists,
    /// It is not resolved any more.
    Reopened,
    /// It is resolved, by the resolution that was reopened.
    StillResolved,
    /// It has a text that it had before: the text's hash.
    OldText(String),
}

/// True if a complete listing has to show an item: it exists, or an earlier poll doubts its deletion.
pub(super) fn is_expected(deleted: bool, doubts: &[Doubt]) -> bool {
    !deleted || doubts.iter().any(|doubt| doubt.finding == Finding::Exists)
}
