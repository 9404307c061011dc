//! Drives one invocation: repeats the calls that were answered before, makes the next one, and stops where it waits for
//! another.
//!
//! A function cannot be copied in the middle of its work. So its place is the list of answers that it has received, and
//! every step begins the invocation anew and repeats them. That is the same work, because the functions do nothing that
//! does not follow from their input, their clock and these answers.

use std::cell::OnceCell;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use jiff::Timestamp;
use store::Shard;
use store::memory::MemoryTable;
use tokio::runtime::{Builder, Runtime};

use crate::call::Call;
use crate::functions::{Deployment, Ended, Input, Reach, SetClock};
use crate::gate::{Answer, Fate, Gate};
use crate::outside::Subscriber;
use crate::script::{Constants, Noted, Order, Script};
use crate::table::TableBug;

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// Runs a future in paused time on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.with(|runtime| {
        let new = || Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.get_or_init(new).block_on(future)
    })
}

/// One call that was answered, and the time after it.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) number: u32,
    pub(crate) answer: Answer,
    pub(crate) at: Timestamp,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Step").field("number", &self.number).field("at", &self.at).finish_non_exhaustive()
    }
}

/// The world as a step finds it.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) table: MemoryTable,
    pub(crate) subscriber: Subscriber,
    pub(crate) acts: usize,
    /// True if nobody acts in Bitbucket while the world lasts.
    pub(crate) at_rest: bool,
    pub(crate) now: Timestamp,
    pub(crate) bug: Option<TableBug>,
}

/// An invocation after a step.
pub(crate) struct Stopped {
    /// The step that was made, if one was.
    pub(crate) noted: Option<Noted>,
    /// The calls that wait for their turn, by number.
    pub(crate) waiting: Vec<(u32, Call)>,
    /// The end, if it came.
    pub(crate) ended: Option<Ended>,
}

/// Repeats an invocation that began at `began`, makes one more step if one is given, and goes on to the next calls.
pub(crate) fn advance(
    deployment: &Deployment,
    input: &Input,
    began: Timestamp,
    past: &[Step],
    next: Option<(u32, Fate)>,
    surroundings: &Surroundings,
) -> Stopped {
    let script = Arc::new(Script::new(Constants {
        shard: Shard::of(&deployment.link),
        leases: deployment.gives_every_lease,
        api: surroundings.at_rest,
    }));
    let clock = SetClock::at(began);
    let reach = Reach {
        table: surroundings.table.clone(),
        subscriber: surroundings.subscriber.clone(),
        clock: clock.clone(),
        acts: surroundings.acts,
        gate: Gate::Stepped(Arc::clone(&script)),
        bug: surroundings.bug,
    };
    block_on(async {
        let mut invocation = Box::pin(reach.invoke(deployment, input));
        let mut until_quiet = async || {
            poll_fn(|context| match invocation.as_mut().poll(context) {
                Poll::Ready(ended) => Poll::Ready(Some(ended)),
                Poll::Pending if script.is_quiet() => Poll::Ready(None),
                // It waits for the end of a pause; no call takes as long.
                Poll::Pending => Poll::Pending,
            })
            .await
        };
        let mut ended = until_quiet().await;
        for step in past {
            clock.set(step.at);
            script.order(step.number, Order::Repeat(Arc::clone(&step.answer)));
            ended = until_quiet().await;
        }
        if let Some((number, fate)) = next {
            clock.set(surroundings.now);
            script.order(number, Order::Carry(fate));
            ended = until_quiet().await;
        }
        Stopped { noted: script.take_noted(), waiting: script.waiting(), ended }
    })
}
