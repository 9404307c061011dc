//! Many rounds on all processors.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

use crate::corpus;
use crate::round::{self, Round};
use crate::target::Kind;

/// Inputs of one round. A longer round finds more, because each finding is the base of further inputs; a shorter one is
/// sooner run again.
pub const ROUND_INPUTS: u64 = 5_000;

/// The result for one target.
#[derive(Debug, Clone, Default)]
pub struct Result {
    /// Inputs that ran.
    pub inputs: u64,
    /// Processor time of all rounds together.
    pub took: Duration,
    /// Inputs that showed something new within their round.
    pub kept: Vec<Value>,
    /// Rounds that failed: their seeds, inputs and failures.
    pub failed: Vec<(u64, Round)>,
}

/// Runs `inputs` inputs, shared among the targets, in rounds from seed `first` on. Calls `progress` after each round,
/// with the number of inputs so far.
pub fn run(
    kinds: &[Kind],
    first: u64,
    inputs: u64,
    progress: impl Fn(u64) + Sync,
) -> anyhow::Result<BTreeMap<&'static str, Result>> {
    let corpora = kinds.iter().map(|kind| Ok((*kind, corpus::load(kind)?)));
    let corpora: Vec<_> = corpora.collect::<anyhow::Result<_>>()?;
    let each = inputs.div_ceil(u64::try_from(kinds.len()).context("too many targets")?.max(1));
    let rounds = each.div_ceil(ROUND_INPUTS);
    let jobs: Vec<_> =
        (0..rounds).flat_map(|round| corpora.iter().map(move |corpus| (round, corpus))).collect();
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let results = Mutex::new(BTreeMap::<&'static str, Result>::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((round, (kind, corpus))) = take(&jobs, &next) {
                    let size = ROUND_INPUTS.min(each - round * ROUND_INPUTS);
                    let (begun, used) = (Instant::now(), cpu_used());
                    let seed = first.wrapping_add(*round);
                    let ran = round::run(kind, corpus, seed, size);
                    let used = cpu_used().zip(used).map(|(after, before)| after.saturating_sub(before));
                    let took = used.unwrap_or_else(|| begun.elapsed());
                    progress(done.fetch_add(ran.inputs, Ordering::Relaxed) + ran.inputs);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    results.entry(kind.name).or_default().add(seed, ran, took);
                }
            });
        }
    });
    Ok(results.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Processor time of this thread, where the system gives it (Linux). Other programs then do not change the rates.
fn cpu_used() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

fn take<'j, J>(jobs: &'j [J], next: &AtomicU64) -> Option<&'j J> {
    jobs.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).ok()?)
}

impl Result {
    fn add(&mut self, seed: u64, round: Round, took: Duration) {
        self.inputs += round.inputs;
        self.took += took;
        self.kept.extend(round.kept.iter().cloned());
        if round.failed.is_some() {
            self.failed.push((seed, round));
        }
    }
}
