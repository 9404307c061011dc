//! Lateness of each poll of a pull request. A poll reads the state from the table before its first call, so a read
//! marks its beginning.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use relay::{Subject, SubjectState};
use system::table::Difference;

/// Collects the lateness of polls from the reads of a table.
#[derive(Debug, Clone, Default)]
pub struct Lateness(Arc<Mutex<Vec<SignedDuration>>>);

impl Lateness {
    /// Returns the lateness of each poll since the last call, and forgets them.
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
