//! Folding observations of a link: its sweep targets, and their lookups.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::context::FoldContext;
use crate::observation::LinkObservation;
use crate::schedule::due_targets;
use crate::state::{Known, LinkState, LookupResult, SweepTarget, SweepTargets, TargetLookup};

pub(super) fn fold(ctx: &mut FoldContext<'_>, observation: &LinkObservation) {
    let mut link = match ctx.state.known.take() {
        Some(Known::Link(link)) => link,
        _ => LinkState::default(),
    };
    match observation {
        LinkObservation::Configured(targets) => configure(&mut link, targets),
        LinkObservation::LookedUp(lookups) => record(&mut link, lookups),
        LinkObservation::Unreachable => postpone(&mut link, ctx.now),
    }
    ctx.state.known = (!link.targets.is_empty()).then_some(Known::Link(link));
}

/// Replaces the targets. Lookups of targets that stay remain valid.
fn configure(link: &mut LinkState, targets: &SweepTargets) {
    link.targets = targets.clone();
    link.lookups.retain(|target, _| targets.contains(target));
}

/// Records lookups, except those of targets that are not configured any more.
fn record(link: &mut LinkState, lookups: &BTreeMap<SweepTarget, TargetLookup>) {
    let wanted = lookups.iter().filter(|(target, _)| link.targets.contains(target));
    link.lookups.extend(wanted.map(|(target, lookup)| (target.clone(), *lookup)));
}

/// Postpones the due targets: the link cannot be used, and nothing says when it can be again.
fn postpone(link: &mut LinkState, now: Timestamp) {
    for target in due_targets(link, now) {
        link.lookups.insert(target, TargetLookup { at: now, result: LookupResult::NotFound });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn targets(texts: &[&str]) -> SweepTargets {
        let targets = texts.iter().map(|text| text.parse().unwrap());
        targets.collect::<BTreeSet<SweepTarget>>().try_into().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const fn lookup(at: Timestamp, result: LookupResult) -> TargetLookup {
        TargetLookup { at, result }
    }

    #[test]
    fn new_target_is_due_and_kept_ones_are_not() {
        let mut link = LinkState::default();
        configure(&mut link, &targets(&["acme/gears", "acme/widgets"]));
        record(
            &mut link,
            &BTreeMap::from([
                ("acme/gears".parse().unwrap(), lookup(at(0), LookupResult::NotFound)),
                ("acme/widgets".parse().unwrap(), lookup(at(9), LookupResult::Repositories(1))),
                ("other".parse().unwrap(), lookup(at(9), LookupResult::Repositories(3))),
            ]),
        );
        assert_eq!(link.lookups.len(), 2, "the other target is not configured");
        configure(&mut link, &targets(&["acme", "acme/widgets"]));
        assert_eq!(due_targets(&link, at(10)), ["acme".parse().unwrap()]);
        postpone(&mut link, at(10));
        assert!(due_targets(&link, at(3_609)).is_empty());
        assert_eq!(due_targets(&link, at(3_610)), ["acme".parse().unwrap()]);
    }
}
