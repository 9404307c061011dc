//! How late each poll of a pull request begins: a poll reads what is known before it asks Bitbucket.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use relay::{Subject, SubjectState};
use system::table::Difference;

/// Notes it of what is read of a table.
#[derive(Debug, Default)]
pub struct Lateness(Mutex<Vec<SignedDuration>>);

impl Lateness {
    /// How late each poll began since this was asked last.
    pub fn take(&self) -> Vec<SignedDuration> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Difference for Lateness {
    fn has_read(&self, subject: &Subject, state: &SubjectState) {
        let now = Timestamp::now();
        let due_at = state.watch.map(|watch| watch.due_at).filter(|due_at| *due_at <= now);
        if let (Subject::PullRequest { .. }, Some(due_at)) = (subject, due_at) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(now.duration_since(due_at));
        }
    }
}
