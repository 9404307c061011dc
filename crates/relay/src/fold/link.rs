//! Folding observations of a link: its sweep targets, and their lookups.

use std::collections::BTreeMap;

use super::context::FoldContext;
use crate::observation::LinkObservation;
use crate::state::{Known, LinkState, SweepTarget, SweepTargets, TargetLookup};

pub(super) fn fold(ctx: &mut FoldContext<'_>, observation: &LinkObservation) {
    let mut link = match ctx.state.known.take() {
        Some(Known::Link(link)) => link,
        _ => LinkState::default(),
    };
    match observation {
        LinkObservation::Configured(targets) => configure(&mut link, targets),
        LinkObservation::LookedUp(lookups) => record(&mut link, lookups),
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
