//! Every interleaving of the small worlds. `make model` visits the larger ones.
#![allow(clippy::print_stdout, reason = "the figures")]

use model::{World, explore};

#[test]
fn no_interleaving_of_the_small_worlds_breaks_a_guarantee() {
    let mut seen = std::collections::BTreeSet::new();
    for world in World::small() {
        let report = explore(world, 2, |_, _| {});
        println!("{report}");
        assert_eq!(report.counterexample, None, "{}", report.world);
        seen.extend(report.seen.into_keys());
    }
    for needed in [
        "event parked",
        "invocation crashes",
        "poll finds events",
        "poller folds a kept delivery",
        "refused: another transaction changed the subject first",
        "refused: the delivery is stored already",
        "webhook function answers 200",
        "webhook function answers 202",
        "webhook function answers 503",
    ] {
        assert!(seen.contains(needed), "the worlds are too empty: no {needed} in {seen:?}");
    }
}

#[test]
fn table_without_its_version_condition_gives_a_story() {
    let report = explore(World::with_a_careless_table(), 1, |_, _| {});
    insta::assert_snapshot!(report.counterexample.unwrap_or_default());
}
