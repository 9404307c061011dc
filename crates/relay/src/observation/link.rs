//! Observations of a link.

use std::collections::BTreeMap;

use crate::state::{SweepTarget, SweepTargets, TargetLookup};

/// Something learned about a link.
#[derive(Debug, Clone)]
pub enum LinkObservation {
    /// The owner of the link configured these targets.
    Configured(SweepTargets),
    /// The poller looked up some targets, after it registered their repositories to be swept.
    LookedUp(BTreeMap<SweepTarget, TargetLookup>),
}
