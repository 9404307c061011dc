//! The list of targets.

use serde_json::Value;

use crate::targets::{api, fold, gateway, items, next, oauth, signature, stream};
use crate::traits::Traits;

/// A part of the product that reads inputs from outside.
pub trait Target {
    /// Runs the product with one input. Panics if something does not hold that must.
    fn run(&mut self, input: &Value) -> Traits;
}

/// A target and its name.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its name, also of its folder in `corpus/`.
    pub name: &'static str,
    /// The input that it reads.
    pub reads: &'static str,
    /// Makes the target.
    pub make: fn() -> Box<dyn Target>,
}

/// All targets.
pub const ALL: [Kind; 8] = [
    Kind { name: "signature", reads: "signature headers, and bodies", make: signature::make },
    Kind { name: "gateway", reads: "events of API Gateway, up to the stored delivery", make: gateway::make },
    Kind { name: "oauth", reads: "queries of /start, /callback and /success", make: oauth::make },
    Kind {
        name: "fold",
        reads: "sequences of deliveries, polls and sweeps, folded over their states",
        make: fold::make,
    },
    Kind { name: "next", reads: "links to further pages", make: next::make },
    Kind {
        name: "api",
        reads: "answers of Bitbucket's API, through client, poller and fold",
        make: api::make,
    },
    Kind { name: "stream", reads: "records of the table's stream", make: stream::make },
    Kind { name: "items", reads: "stored items that are damaged, or of another version", make: items::make },
];

/// Returns a target by its name.
pub fn named(name: &str) -> Option<Kind> {
    ALL.into_iter().find(|kind| kind.name == name)
}
