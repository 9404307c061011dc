//! One instance of a function. Every I/O call of its invocations goes through it, and it can fail any of them, or end
//! the invocation there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::dice::Dice;

/// Rates of faults. All instances of a history share them.
#[derive(Debug)]
pub struct Faults {
    pub(crate) dice: Dice,
    /// I/O calls of 1,000 that fail.
    pub(crate) failing_calls: u64,
    /// Invocations of 100 that crash at some I/O call.
    pub(crate) crashes: u64,
    ended: AtomicBool,
}

impl Faults {
    /// Faults at these rates.
    pub const fn new(dice: Dice, failing_calls: u64, crashes: u64) -> Self {
        Self { dice, failing_calls, crashes, ended: AtomicBool::new(false) }
    }

    /// From now on everything works.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    pub(crate) fn happens(&self, permille: u64) -> bool {
        !self.ended.load(Ordering::Relaxed) && self.dice.permille(permille)
    }

    fn crash_point(&self, longest: u64) -> Option<CrashPoint> {
        self.happens(10 * self.crashes)
            .then(|| CrashPoint { calls_left: self.dice.below(longest), is_done: self.dice.percent(50) })
    }
}

/// The I/O call at which an invocation ends.
#[derive(Debug, Clone, Copy)]
struct CrashPoint {
    calls_left: u64,
    /// True if the call is carried out first.
    is_done: bool,
}

/// The way one I/O call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Works,
    FailsBefore,
    AnswerLost,
}

/// An instance. Clones are the same instance.
#[derive(Debug, Clone)]
pub struct Instance(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    faults: Arc<Faults>,
    crash_point: Mutex<Option<CrashPoint>>,
    crashed: Notify,
}

impl Instance {
    /// A fresh instance.
    pub fn new(faults: Arc<Faults>) -> Self {
        Self(Arc::new(Inner { faults, crash_point: Mutex::default(), crashed: Notify::new() }))
    }

    /// One invocation; `None` if it crashed. `longest` is about the number of its I/O calls: a crash comes at one of
    /// them.
    pub async fn invoke<F: Future>(&self, longest: u64, work: F) -> Option<F::Output> {
        *self.crash_point() = self.0.faults.crash_point(longest);
        tokio::select! {
            biased;
            () = self.0.crashed.notified() => None,
            output = work => Some(output),
        }
    }

    /// One I/O call, which takes up to `longest_ms`. `failed` makes the error of a call that fails.
    ///
    /// # Errors
    ///
    /// The call's own, and an injected one.
    pub async fn io<R, E>(
        &self,
        longest_ms: u64,
        call: impl Future<Output = Result<R, E>>,
        failed: impl FnOnce() -> E,
    ) -> Result<R, E> {
        let faults = &self.0.faults;
        if longest_ms > 0 {
            tokio::time::sleep(Duration::from_millis(faults.dice.below(longest_ms))).await;
        }
        let crash = self.count_down();
        if crash.is_some_and(|crash| !crash.is_done) {
            self.crash().await;
        }
        let fate = self.draw_fate();
        if fate == Fate::FailsBefore {
            return Err(failed());
        }
        let answer = call.await;
        if crash.is_some() {
            self.crash().await;
        }
        if fate == Fate::AnswerLost { Err(failed()) } else { answer }
    }

    fn draw_fate(&self) -> Fate {
        let faults = &self.0.faults;
        match faults.happens(faults.failing_calls) {
            false => Fate::Works,
            true if faults.dice.percent(50) => Fate::FailsBefore,
            true => Fate::AnswerLost,
        }
    }

    /// Counts an I/O call. Gives the crash that is due at it.
    fn count_down(&self) -> Option<CrashPoint> {
        let mut point = self.crash_point();
        let crash = point.as_mut()?;
        if crash.calls_left > 0 {
            crash.calls_left -= 1;
            return None;
        }
        point.take()
    }

    /// Ends the invocation: the caller never gets control back, and [`Instance::invoke`] drops it.
    async fn crash(&self) {
        self.0.crashed.notify_one();
        std::future::pending::<()>().await;
    }

    fn crash_point(&self) -> std::sync::MutexGuard<'_, Option<CrashPoint>> {
        self.0.crash_point.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
