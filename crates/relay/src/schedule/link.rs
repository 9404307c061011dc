//! Planning of the next lookup of a link's sweep targets.

use jiff::Timestamp;

use super::settings::{Settings, later};
use crate::state::{LinkState, LookupResult, Reason, SweepTarget, TargetLookup, Watch};

/// Seconds between listings of a workspace, and between retries of an unreadable name: an hour. A new repository of a
/// workspace is found within it.
const LIST_SECONDS: u32 = 3_600;

/// Seconds between lookups of a found repository: a day. It is swept by its UUID, which a new name does not change;
/// only another repository under the old name does.
const CONFIRM_SECONDS: u32 = 86_400;

/// Returns the targets to look up now, the longest due first.
pub fn due_targets(link: &LinkState, now: Timestamp) -> Vec<SweepTarget> {
    let due = link.targets.iter().map(|target| (due_at(link, target, now), target));
    let mut due: Vec<_> = due.filter(|(at, _)| *at <= now).collect();
    due.sort();
    due.into_iter().map(|(_, target)| target.clone()).collect()
}

fn due_at(link: &LinkState, target: &SweepTarget, now: Timestamp) -> Timestamp {
    match (link.lookups.get(target), target) {
        (None, _) => now,
        (
            Some(TargetLookup { at, result: LookupResult::Repositories(_) }),
            SweepTarget::Repository { .. },
        ) => later(*at, CONFIRM_SECONDS),
        (Some(lookup), _) => later(lookup.at, LIST_SECONDS),
    }
}

/// Plans the next lookup.
pub(super) fn plan(link: &LinkState, now: Timestamp, settings: &Settings) -> Option<Watch> {
    if settings.sweep_seconds == 0 {
        return None;
    }
    let due_at = link.targets.iter().map(|target| due_at(link, target, now)).min()?;
    Some(Watch { due_at, reason: Reason::Repositories, deadline: None })
}
