//! One run of a target with one input. A panic is caught, also one that the product catches itself.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::target::Target;
use crate::traits::Traits;

/// Longest time of one input, in the unoptimised build too. Most take less than a millisecond.
const LONGEST: Duration = Duration::from_secs(20);

/// A failure of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Place of the panic in the code; tells two failures apart.
    pub place: String,
    /// Message of the panic.
    pub message: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.message, self.place)
    }
}

thread_local! {
    /// The panics of the run on this thread, at most the first; `None` outside a run.
    static RUN: RefCell<Option<Vec<Failure>>> = const { RefCell::new(None) };
}

/// Runs a target with one input. After a failure the target is not to be used again.
pub fn attempt(target: &mut dyn Target, input: &Value) -> Result<Traits, Failure> {
    watch_panics();
    RUN.set(Some(Vec::new()));
    let begun = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| target.run(input)));
    let took = begun.elapsed();
    // The product turns a panic of the fold into an error. It is a defect nevertheless.
    if let Some(failure) = RUN.take().and_then(|panics| panics.into_iter().next()) {
        return Err(failure);
    }
    if took > LONGEST {
        return Err(Failure { place: "time".to_owned(), message: format!("it took {took:?}") });
    }
    outcome
        .map_err(|_| Failure { place: "unknown".to_owned(), message: "a panic without a message".to_owned() })
}

/// Makes panics during a run silent and keeps the first; all others are printed as before.
fn watch_panics() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let printed = take_hook();
        set_hook(Box::new(move |panic| {
            let is_in_run = RUN.with_borrow_mut(|run| {
                let Some(panics) = run else { return false };
                if panics.is_empty() {
                    panics.push(Failure {
                        place: panic.location().map(ToString::to_string).unwrap_or_default(),
                        message: message(panic.payload()),
                    });
                }
                true
            });
            if !is_in_run {
                printed(panic);
            }
        }));
    });
}

fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message").to_owned()
}
