//! The gate that every I/O call of a function passes. It decides the fate of the call, and, in the model, its turn.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use crate::call::Call;
use crate::plan::Plan;
use crate::script::{Order, Script};

/// The way one I/O call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fate {
    /// It is carried out and answered.
    Works,
    /// It fails at once.
    Fails(Failure),
    /// It is carried out, and an error comes instead of the answer.
    AnswerLost,
    /// No answer comes until the client gives up.
    TimesOut {
        /// True if it is carried out.
        done: bool,
    },
    /// The invocation ends at the call.
    Crashes {
        /// True if the call is carried out first.
        done: bool,
    },
}

impl Fate {
    /// The same without carrying the call out.
    pub(crate) const fn not_done(self) -> Self {
        match self {
            Self::Works | Self::AnswerLost => Self::Fails(Failure::Unavailable),
            Self::Fails(failure) => Self::Fails(failure),
            Self::TimesOut { .. } => Self::TimesOut { done: false },
            Self::Crashes { .. } => Self::Crashes { done: false },
        }
    }
}

/// The error of a call that is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Failure {
    /// Nobody answers.
    Unavailable,
    /// The table says that another transaction holds the item.
    Busy,
    /// The state is too large to be stored.
    TooLarge,
    /// The bus accepts no entry, and says so of each. It may accept them later.
    Refused,
    /// The bus says of each entry that it will never accept it.
    Invalid,
}

/// An answer, to be given again. It is a `Result<R, E>` of the call's types.
pub(crate) type Answer = Arc<dyn Any + Send + Sync>;

/// The calls of one invocation pass through it. Clones are the same gate.
#[derive(Debug, Clone)]
pub(crate) enum Gate {
    /// Each call waits until somebody decides its fate.
    Stepped(Arc<Script>),
    /// A plan decides.
    Planned(Arc<Plan>),
}

/// An outcome of a call, in words.
pub(crate) type Said<R, E> = fn(&Result<R, E>) -> String;

impl Gate {
    /// Lets a call pass. `failed` makes its error, `said` tells its outcome.
    pub(crate) async fn pass<R, E>(
        &self,
        call: Call,
        work: impl Future<Output = Result<R, E>> + Send,
        failed: impl Fn(Failure) -> E + Send,
        said: Said<R, E>,
    ) -> Result<R, E>
    where
        R: Clone + Debug + Send + Sync + 'static,
        E: Clone + Debug + Send + Sync + 'static,
    {
        match self {
            Self::Stepped(script) if script.is_constant(&call) => work.await,
            Self::Stepped(script) => {
                let number = script.wait(call);
                match script.turn(number).await {
                    Order::Repeat(answer) => answer.downcast_ref::<Result<R, E>>().unwrap().clone(),
                    Order::Carry(fate) => {
                        let answer = carry_out(fate, Duration::ZERO, work, failed).await;
                        script.note(number, Arc::new(answer.clone()), &answer, said(&answer));
                        answer
                    }
                }
            }
            Self::Planned(plan) => {
                let patience = plan.patience(&call);
                let work = plan.in_order(work);
                match plan.fate(&call) {
                    Fate::Crashes { done } => {
                        if done {
                            drop(work.await);
                        }
                        plan.crash().await
                    }
                    fate => carry_out(fate, patience, work, failed).await,
                }
            }
        }
    }
}

async fn carry_out<R, E>(
    fate: Fate,
    patience: Duration,
    work: impl Future<Output = Result<R, E>> + Send,
    failed: impl Fn(Failure) -> E + Send,
) -> Result<R, E> {
    let done = matches!(fate, Fate::AnswerLost | Fate::TimesOut { done: true });
    match fate {
        Fate::Works | Fate::Crashes { .. } => return work.await,
        Fate::Fails(failure) => return Err(failed(failure)),
        Fate::AnswerLost | Fate::TimesOut { .. } => {}
    }
    if done {
        drop(work.await);
    }
    if matches!(fate, Fate::TimesOut { .. }) {
        tokio::time::sleep(patience).await;
    }
    Err(failed(Failure::Unavailable))
}
