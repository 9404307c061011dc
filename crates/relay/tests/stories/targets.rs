//! Sweep targets of a link: their names, and the times of their lookups.

use std::collections::BTreeSet;

use jiff::Timestamp;
use relay::observation::LinkObservation;
use relay::schedule::due_targets;
use relay::state::{LookupResult, MAX_REPOSITORIES, MAX_WORKSPACES, TargetLookup};
use relay::{
    LinkState, Observation, Reason, Settings, Subject, SubjectState, SweepTarget, SweepTargets, fold,
};

use crate::world::link;

fn targets(texts: &[&str]) -> SweepTargets {
    texts.iter().map(|text| text.parse().unwrap()).collect::<BTreeSet<SweepTarget>>().try_into().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Folds one observation of a link at a second.
fn folded(state: SubjectState, second: i64, observation: LinkObservation) -> SubjectState {
    let observation = Observation::Link(observation);
    fold(state, &link(), &Subject::Link, &observation, at(second), &Settings::default()).state
}

/// Returns a link with these targets and lookups.
fn configured(texts: &[&str], lookups: &[(&str, i64, LookupResult)]) -> SubjectState {
    let lookups = lookups.iter().map(|(target, second, result)| {
        (target.parse().unwrap(), TargetLookup { at: at(*second), result: *result })
    });
    let state = folded(SubjectState::default(), 0, LinkObservation::Configured(targets(texts)));
    folded(state, 200, LinkObservation::LookedUp(lookups.collect()))
}

fn due(state: &SubjectState, second: i64) -> Vec<String> {
    due_targets(state.link().unwrap(), at(second)).iter().map(ToString::to_string).collect()
}

#[test]
fn target_is_read_back_and_stays_in_its_path() {
    for text in ["acme", "acme/widgets", "{ab-1}/{cd-2}"] {
        assert_eq!(text.parse::<SweepTarget>().unwrap().to_string(), text);
    }
    assert_eq!("Acme/Widgets".parse::<SweepTarget>().unwrap().to_string(), "acme/widgets");
    for bad in ["", "/", "acme/", "../user", "a/b/c", "acme/..", "a b", "acme?x", &"a".repeat(63)] {
        assert!(bad.parse::<SweepTarget>().is_err(), "{bad:?}");
    }
}

#[test]
fn number_of_targets_is_limited() {
    let is_allowed = |count: usize, name: fn(usize) -> String| {
        let targets: BTreeSet<SweepTarget> = (0..count).map(|number| name(number).parse().unwrap()).collect();
        SweepTargets::try_from(targets).is_ok()
    };
    assert!(is_allowed(MAX_REPOSITORIES, |number| format!("acme/{number}")));
    assert!(!is_allowed(MAX_REPOSITORIES + 1, |number| format!("acme/{number}")));
    assert!(is_allowed(MAX_WORKSPACES, |number| format!("acme-{number}")));
    assert!(!is_allowed(MAX_WORKSPACES + 1, |number| format!("acme-{number}")));
    let both = |number: usize| if number < 5 { format!("acme-{number}") } else { format!("acme/{number}") };
    assert!(is_allowed(MAX_REPOSITORIES + 5, both));
    assert!(!is_allowed(MAX_REPOSITORIES + 6, both));
}

#[test]
fn targets_are_stored_as_their_names() {
    let stored = serde_json::to_value(targets(&["acme/widgets", "globex"])).unwrap();
    assert_eq!(stored, serde_json::json!(["globex", "acme/widgets"]));
    assert_eq!(serde_json::from_value::<SweepTargets>(stored).unwrap(), targets(&["acme/widgets", "globex"]));
    assert!(targets(&[]).is_empty() && !targets(&["globex"]).is_empty());
}

#[test]
fn targets_concern_a_link_if_they_change_something() {
    let concerns = |state: &SubjectState, texts: &[&str]| {
        Observation::Link(LinkObservation::Configured(targets(texts))).concerns(state)
    };
    let unknown = SubjectState::default();
    assert!(!concerns(&unknown, &[]));
    assert!(concerns(&unknown, &["acme"]));
    let known = configured(&["acme"], &[]);
    assert!(!concerns(&known, &["acme"]));
    assert!(concerns(&known, &["globex"]) && concerns(&known, &[]));
}

#[test]
fn targets_are_looked_up_hourly_or_daily() {
    let one = LookupResult::Repositories(1);
    let lookups = [("acme", 100, one), ("acme/gone", 0, LookupResult::NotFound), ("acme/widgets", 0, one)];
    let state = configured(&["acme", "acme/gone", "acme/widgets"], &lookups);
    assert!(due(&state, 3_599).is_empty());
    assert_eq!(due(&state, 3_600), ["acme/gone"]);
    assert_eq!(due(&state, 86_400), ["acme/gone", "acme", "acme/widgets"], "the longest due first");
    let watch = state.watch.unwrap();
    assert_eq!((watch.due_at, watch.reason), (at(3_600), Reason::Repositories));
}

#[test]
fn new_target_is_due_at_once_if_sweeps_are_on() {
    let configure = |texts: &[&str], settings: &Settings| {
        let observation = Observation::Link(LinkObservation::Configured(targets(texts)));
        fold(SubjectState::default(), &link(), &Subject::Link, &observation, at(7), settings).state.watch
    };
    let off = Settings { sweep_seconds: 0, ..Settings::default() };
    assert_eq!(configure(&["acme"], &Settings::default()).unwrap().due_at, at(7));
    assert_eq!(configure(&["acme"], &off), None);
    assert_eq!(configure(&[], &Settings::default()), None);
}

#[test]
fn new_target_is_due_and_kept_ones_are_not() {
    let lookups = [
        ("acme/gears", 0, LookupResult::NotFound),
        ("acme/widgets", 9, LookupResult::Repositories(1)),
        ("other", 9, LookupResult::Repositories(3)),
    ];
    let state = configured(&["acme/gears", "acme/widgets"], &lookups);
    let LinkState { lookups, .. } = state.link().unwrap();
    assert_eq!(lookups.len(), 2, "the other target is not configured");
    let state = folded(state, 10, LinkObservation::Configured(targets(&["acme", "acme/widgets"])));
    assert_eq!(due(&state, 10), ["acme"]);
}
