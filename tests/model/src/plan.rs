//! A plan for the calls of one invocation: one of them goes wrong, or none.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::unconstrained;

use crate::call::Call;
use crate::gate::Fate;

/// Calls that always go the same way, as a scenario needs it: all that this is true for have this fate.
pub(crate) type Rule = (fn(&Call) -> bool, Fate);

/// The calls of one invocation, one of which may go wrong.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The number of the call that goes wrong, from 0, and its fate.
    fault: Option<(usize, Fate)>,
    rule: Option<Rule>,
    /// The time that a client waits for an answer, if not its own.
    patience: Option<Duration>,
    calls: Mutex<Vec<Call>>,
    crashed: Notify,
}

impl Plan {
    /// Everything works.
    pub(crate) fn works() -> Self {
        Self::default()
    }

    /// The calls go as this rule says, and one of them may have another fate. If the rule lets that call fail, it is
    /// never carried out.
    pub(crate) fn new(rule: Option<Rule>, fault: Option<(usize, Fate)>) -> Self {
        Self { fault, rule, ..Self::default() }
    }

    /// The same with clients that wait only so long for an answer: for tests in real time.
    #[must_use]
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a call and decides its fate. After a crash no other part of the invocation makes a call.
    pub(crate) fn fate(&self, call: &Call) -> Fate {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(call.clone());
        let number = calls.len() - 1;
        let fault = match self.fault {
            Some((at, Fate::Crashes { .. })) if at < number => Some(Fate::Crashes { done: false }),
            Some((at, fate)) if at == number => Some(fate),
            _ => None,
        };
        let ruled = self.rule.filter(|(concerns, _)| concerns(call)).map(|(_, fate)| fate);
        match (fault, ruled) {
            (Some(fault), Some(_)) => fault.not_done(),
            (fault, ruled) => fault.or(ruled).unwrap_or(Fate::Works),
        }
    }

    /// The time that the client of a call waits for its answer.
    pub(crate) fn patience(&self, call: &Call) -> Duration {
        self.patience.unwrap_or(match call {
            // `CALL_TIMEOUT` of the REST client.
            Call::Api(_) => Duration::from_secs(10),
            // `store::aws::timeouts`, `publisher::bus::CALL_SECONDS` and `queue::SEND_SECONDS`.
            _ => Duration::from_secs(5),
        })
    }

    /// Carries a call out. In real time nothing else of the invocation goes on meanwhile, so concurrent calls come in
    /// the same order as over the table in memory, which answers at once. Without `unconstrained`, tokio would let the
    /// call wait for a turn of the outer task, which has none.
    pub(crate) async fn in_order<F: Future>(&self, work: F) -> F::Output {
        match self.patience {
            Some(_) => futures::executor::block_on(unconstrained(work)),
            None => work.await,
        }
    }

    /// Ends the invocation: the caller never gets control back.
    pub(crate) async fn crash<R>(&self) -> R {
        self.crashed.notify_one();
        std::future::pending().await
    }

    /// Runs an invocation to its end; `None` if it crashed.
    pub(crate) async fn invoke<F: Future>(&self, invocation: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            () = self.crashed.notified() => None,
            output = invocation => Some(output),
        }
    }
}
