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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::state::SweepTargets;

    fn targets(texts: &[&str]) -> SweepTargets {
        texts.iter().map(|text| text.parse().unwrap()).collect::<BTreeSet<SweepTarget>>().try_into().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn lookup(second: i64, result: LookupResult) -> TargetLookup {
        TargetLookup { at: at(second), result }
    }

    fn link(texts: &[&str], lookups: &[(&str, TargetLookup)]) -> LinkState {
        let lookups = lookups.iter().map(|(target, lookup)| (target.parse().unwrap(), *lookup)).collect();
        LinkState { targets: targets(texts), lookups }
    }

    #[test]
    fn targets_are_looked_up_hourly_or_daily() {
        let all = ["acme", "acme/gone", "acme/widgets"];
        let one = LookupResult::Repositories(1);
        let lookups = [
            ("acme", lookup(100, one)),
            ("acme/gone", lookup(0, LookupResult::NotFound)),
            ("acme/widgets", lookup(0, one)),
        ];
        let link = link(&all, &lookups);
        let due = |second: i64| {
            due_targets(&link, at(second)).into_iter().map(|target| target.to_string()).collect::<Vec<_>>()
        };
        assert!(due(3_599).is_empty());
        assert_eq!(due(3_600), ["acme/gone"]);
        assert_eq!(due(86_400), ["acme/gone", "acme", "acme/widgets"], "the longest due first");
        let watch = plan(&link, at(200), &Settings::default()).unwrap();
        assert_eq!((watch.due_at, watch.reason), (at(3_600), Reason::Repositories));
    }

    #[test]
    fn new_target_is_due_at_once_if_sweeps_are_on() {
        let fresh = link(&["acme"], &[]);
        let off = Settings { sweep_seconds: 0, ..Settings::default() };
        assert_eq!(plan(&fresh, at(7), &Settings::default()).unwrap().due_at, at(7));
        assert_eq!(plan(&fresh, at(7), &off), None);
        assert_eq!(plan(&LinkState::default(), at(7), &Settings::default()), None);
    }
}
