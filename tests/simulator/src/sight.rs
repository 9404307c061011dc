//! The copy of Bitbucket that answers one request. It may lag, and it may lack an item that exists.

use crate::world::Refusal;
use jiff::SignedDuration;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

tokio::task_local! {
    static SIGHT: Sight;
}

/// The copy of Bitbucket that answers one request.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// Age of the copy.
    lag: Option<SignedDuration>,
    /// The items that it lacks.
    lacks: Vec<Lack>,
    missed: Arc<Mutex<Vec<u64>>>,
}

/// An item that a copy lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lack {
    /// Id of a comment, a task or a pull request.
    pub id: u64,
    /// True if it is not found by its id either.
    pub by_id: bool,
}

impl Sight {
    /// A copy of this age that lacks these items.
    pub fn new(lag: Option<SignedDuration>, lacks: Vec<Lack>) -> Self {
        Self { lag, lacks, missed: Arc::default() }
    }

    /// Lets this copy answer a request.
    pub(crate) async fn scope<F: Future>(&self, answer: F) -> F::Output {
        SIGHT.scope(self.clone(), answer).await
    }

    /// The items that an answer would have had.
    pub(crate) fn missed(&self) -> Vec<u64> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn misses(&self, id: u64, is_lookup: bool) -> bool {
        let is_missed = self.lacks.iter().any(|lack| lack.id == id && (lack.by_id || !is_lookup));
        if is_missed {
            self.missed.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        }
        is_missed
    }
}

/// Age of the copy that answers the present request.
pub(crate) fn lag() -> Option<SignedDuration> {
    SIGHT.try_with(|sight| sight.lag).ok().flatten()
}

/// True if the listing of the present request lacks the item with this id.
pub(crate) fn omits(id: Option<&Value>) -> bool {
    let misses = |sight: &Sight| id.and_then(Value::as_u64).is_some_and(|id| sight.misses(id, false));
    SIGHT.try_with(misses).unwrap_or(false)
}

/// The id of an item that the present request asks for.
///
/// # Errors
/// [`Refusal::NotFound`] if the copy lacks it.
pub(crate) fn found(id: u64, of: &str) -> Result<u64, Refusal> {
    let is_missed = SIGHT.try_with(|sight| sight.misses(id, true)).unwrap_or(false);
    if is_missed { Err(Refusal::not_found(format!("{of} {id} not found"))) } else { Ok(id) }
}
