//! Sequences of deliveries, polls and sweeps, folded over the states of their subjects by the real `relay::fold`.
//!
//! Whatever comes: no panic; the sequence has no gap (G6), no id is there twice (G5), the version rises by one, a state
//! and a payload read back as they were stored.

mod observe;
mod world;

use serde_json::Value;

use super::support::list;
use crate::target::Target;
use crate::traits::Traits;

#[derive(Debug)]
struct Sequences;

/// Makes the target. An input is a list of steps, in `"steps"` or by itself. Each may set the clock (`"at"`: a time, or
/// `"after"`: seconds) and then does one of these:
///
/// - `"deliver"`: the body of a delivery, with `"key"`, `"hook"` and `"request"`,
/// - `"poll"`: the comments, tasks and pull request that Bitbucket shows of the last subject,
/// - `"sweep"`: the open pull requests of its repository,
/// - `"refused"`: Bitbucket refuses a poll of it,
/// - `"configure"`: the sweep targets of the link.
pub fn make() -> Box<dyn Target> {
    Box::new(Sequences)
}

impl Target for Sequences {
    fn run(&mut self, input: &Value) -> Traits {
        let mut world = world::World::new();
        for step in list(input, "steps") {
            observe::take(&mut world, step);
        }
        world.traits
    }
}
