//! Every interleaving of the small worlds. `make model` visits the larger ones.
#![allow(clippy::print_stdout, reason = "the figures")]

use model::{World, explore};

#[test]
fn no_interleaving_of_the_small_worlds_breaks_a_guarantee() {
    for world in World::small() {
        println!("begin {}", world.name);
        let report = explore(world, 2, |states, steps| println!("{states} states, {steps} steps"));
        println!("{report}");
        assert_eq!(report.counterexample, None, "{}", report.world);
    }
}
