//! Many histories at once.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::history::{Summary, live as live_one};

/// What many histories came to.
#[derive(Debug, Default)]
pub struct Lived {
    /// Acts of all.
    pub acts: usize,
    /// What the logs tell of comments and tasks.
    pub told: usize,
    /// Calls of all.
    pub calls: usize,
    /// The seeds of those that broke a guarantee, and what was wrong, in order.
    pub broken: Vec<(u64, String)>,
}

/// Lives through the histories of `count` seeds from `first` on, on all processors.
pub fn live(first: u64, count: u64) -> Lived {
    let (next, lived) = (AtomicU64::new(0), Mutex::new(Lived::default()));
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
                    // A panic is a broken guarantee too, and its seed must be known.
                    let outcome = catch_unwind(|| live_one(seed));
                    let outcome = outcome.unwrap_or_else(|_| Err("it panicked".to_owned()));
                    lived.lock().unwrap_or_else(PoisonError::into_inner).add(seed, outcome);
                }
            });
        }
    });
    let mut lived = lived.into_inner().unwrap_or_else(PoisonError::into_inner);
    lived.broken.sort();
    lived
}

impl Lived {
    fn add(&mut self, seed: u64, outcome: Result<Summary, String>) {
        match outcome {
            Ok(Summary { acts, told, calls }) => {
                self.acts += acts;
                self.told += told;
                self.calls += calls;
            }
            Err(wrong) => self.broken.push((seed, wrong)),
        }
    }
}
