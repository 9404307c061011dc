//! Revisions and resolutions of comments and tasks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One version of a comment or task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Hash of its text; `None` if the payload had no text.
    pub hash: Option<String>,
    /// The `updated_on` that came with it.
    pub updated_on: Option<Timestamp>,
    /// Counter of revisions with the same `updated_on`, because an edit may not move it.
    pub ordinal: u32,
    /// True if a poll found it. A later act may have moved the `updated_on` that the poll read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
}

/// A resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// Its time, if Bitbucket gave one.
    pub at: Option<Timestamp>,
    /// True if a poll published it, or its reopening, and no webhook has reported that yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
    /// Of a resolution that was reopened: true if a poll published it, and no webhook has reported it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreported: bool,
    /// Number of times it was taken for reopened and turned out to stand. A report of a reopening does not name its
    /// resolution, and may come late.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub again: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(super) const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Resolved {
    /// The resolution after its reopening, which a poll `found` or a webhook reported.
    pub(crate) const fn lifted(self, found: bool) -> Self {
        Self { found, unreported: self.found || self.unreported, ..self }
    }

    /// A resolution as Bitbucket shows it.
    pub(crate) const fn new(at: Option<Timestamp>) -> Self {
        Self { at, found: false, unreported: false, again: 0 }
    }
}
