//! Answers of Bitbucket that are wrong for a while: refusals of every read, and copies that lack an item.

use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use simulator::Lack;

use crate::time::Second;

/// A time in which every read is refused, although nothing is wrong with the credential.
#[derive(Debug, Clone, Copy)]
pub struct Refusals {
    /// First second.
    pub from: Second,
    /// First second after it.
    pub until: Second,
    /// 403 or 404.
    pub status: StatusCode,
}

/// The wrong answers of a history.
#[derive(Debug, Default)]
pub struct WrongAnswers {
    refusals: Vec<Refusals>,
    lacking: Mutex<Vec<(Second, Lack)>>,
}

impl WrongAnswers {
    /// Wrong answers with these refusals.
    pub const fn new(refusals: Vec<Refusals>) -> Self {
        Self { refusals, lacking: Mutex::new(Vec::new()) }
    }

    /// From now until second `until`, answers lack an item.
    pub(crate) fn hide(&self, lack: Lack, until: Second) {
        self.lacking.lock().unwrap_or_else(PoisonError::into_inner).push((until, lack));
    }

    /// The status that every read is answered with.
    pub(crate) fn refusal(&self, now: Second) -> Option<StatusCode> {
        let refusal = self.refusals.iter().find(|refusal| (refusal.from..refusal.until).contains(&now));
        refusal.map(|refusal| refusal.status)
    }

    /// The items that answers lack.
    pub(crate) fn lacks(&self, now: Second) -> Vec<Lack> {
        let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        lacking.retain(|(until, _)| *until > now);
        lacking.iter().map(|(_, lack)| *lack).collect()
    }
}
