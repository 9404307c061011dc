//! Revisions and resolutions of comments and tasks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One version of a comment or task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The hash of its text; `None` where the payload had no text.
    pub hash: Option<String>,
    /// Bitbucket's `updated_on` at that time.
    pub updated_on: Option<Timestamp>,
    /// Counts revisions that have the same `updated_on`, in case an edit does not move it.
    pub ordinal: u32,
}

/// A resolution and its time, where Bitbucket gave one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// When.
    pub at: Option<Timestamp>,
    /// How often it was taken for lifted and turned out to stand: a report of a reopening does not say which
    /// resolution it ended, and may come late.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub again: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Resolved {
    /// A resolution as Bitbucket shows it.
    pub(crate) const fn new(at: Option<Timestamp>) -> Self {
        Self { at, again: 0 }
    }
}
