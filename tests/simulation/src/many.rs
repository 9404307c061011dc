//! Many histories on all processors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use bitbucket::client::Api;

use crate::history::{Summary, live as live_one, shared_api};

/// The numbers of many histories.
#[derive(Debug, Default)]
pub struct Lived {
    /// Acts of people.
    pub acts: usize,
    /// Events in the logs.
    pub events: usize,
    /// Comments and tasks that were published again after their deletion was.
    pub again: usize,
    /// Calls of Bitbucket's API.
    pub calls: usize,
    /// The seeds that broke a guarantee, in order, each with what was broken.
    pub broken: Vec<(u64, String)>,
}

/// Runs the histories of `count` seeds from `first` on. `progress` is called with the number of those that ended.
///
/// # Errors
///
/// A failure to make the API client.
pub fn live(first: u64, count: u64, progress: impl Fn(u64) + Sync) -> anyhow::Result<Lived> {
    let (next, ended) = (AtomicU64::new(0), AtomicU64::new(0));
    let lived = Mutex::new(Lived::default());
    let api = shared_api()?;
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let seed = first.wrapping_add(number);
                    let outcome = live_or_panic(seed, &api);
                    lived.lock().unwrap_or_else(PoisonError::into_inner).add(seed, outcome);
                    progress(ended.fetch_add(1, Ordering::Relaxed) + 1);
                }
            });
        }
    });
    let mut lived = lived.into_inner().unwrap_or_else(PoisonError::into_inner);
    lived.broken.sort();
    Ok(lived)
}

/// A panic is a broken guarantee too, and its seed must be known.
fn live_or_panic(seed: u64, api: &Api) -> Result<Summary, String> {
    catch_unwind(AssertUnwindSafe(|| live_one(seed, api))).unwrap_or_else(|_| Err("it panicked".to_owned()))
}

impl Lived {
    fn add(&mut self, seed: u64, outcome: Result<Summary, String>) {
        match outcome {
            Ok(Summary { acts, events, again, calls }) => {
                self.acts += acts;
                self.events += events;
                self.again += again;
                self.calls += calls;
            }
            Err(broken) => self.broken.push((seed, broken)),
        }
    }
}
