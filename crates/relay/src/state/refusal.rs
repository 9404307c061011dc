//! Refused polls of a subject: Bitbucket answered that it does not exist or may not be read, or its link has no
//! credential.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The refused polls of a subject since the last one that was answered. Such an answer can be wrong, and access can
/// come back, so a refusal postpones the subject's watch and never ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Time of the first refused poll, by our clock.
    pub since: Timestamp,
    /// Time of the last one.
    pub at: Timestamp,
}
