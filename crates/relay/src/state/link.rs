//! The state of a link: the targets that its owner names to be swept, and the last lookup of each.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::targets::{SweepTarget, SweepTargets};

/// The state of a link: the state of [`crate::Subject::Link`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkState {
    /// The targets to sweep.
    pub targets: SweepTargets,
    /// The last lookup of each target.
    pub lookups: BTreeMap<SweepTarget, TargetLookup>,
}

/// The lookup of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetLookup {
    /// Time of the lookup, by our clock.
    pub at: Timestamp,
    /// The answer.
    pub result: LookupResult,
}

/// Bitbucket's answer for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookupResult {
    /// The number of its repositories, all of which are swept now.
    Repositories(u32),
    /// It does not exist, or the link's credential may not read it.
    NotFound,
}
