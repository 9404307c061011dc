//! The weight of a state: an upper bound of the bytes that it takes in the table.
//!
//! The store compresses a state. What the weight of an item counts, and what a random item takes at most, is measured:
//! a test of the store compares both.

use std::io;

use bitbucket::{CommentId, TaskId};
use serde::Serialize;

use super::comment::CommentState;
use super::doubt::Doubt;
use super::revision::{Resolved, Revision};
use super::subject::{Known, SubjectState};
use super::task::TaskState;

/// Largest weight of a state, in bytes. DynamoDB accepts 400 KB per item
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>), and the store 380 KB.
pub const MAX_STATE_WEIGHT: usize = 370 * 1024;

/// Weight of an item without its parts: its id, its version, a time and its flags.
const ITEM: usize = 32;
/// Weight of a revision: a hash of 16 bytes, a time and a number.
const REVISION: usize = 38;
/// Weight of a resolution.
const RESOLUTION: usize = 18;
/// Weight of a finding that a second poll has to confirm.
const DOUBT: usize = 36;
/// Weight of times, numbers and names of fields.
const FRAME: usize = 4 * 1024;

/// An item of a state that can be let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ItemId {
    /// A comment.
    Comment(CommentId),
    /// A task.
    Task(TaskId),
}

impl SubjectState {
    /// The weight of the state: more bytes than it takes in the table.
    pub fn weight(&self) -> usize {
        let own = FRAME + json_bytes(&self.recent_facts) + json_bytes(&self.repeats);
        own + match &self.known {
            Some(Known::PullRequest(pr)) => {
                let parts = json_bytes(&pr.snapshot) + json_bytes(&pr.repository);
                let facts = json_bytes(&pr.published) + json_bytes(&pr.head);
                let comments: usize = pr.comments.values().map(CommentState::weight).sum();
                let tasks: usize = pr.tasks.values().map(TaskState::weight).sum();
                parts + facts + comments + tasks
            }
            Some(Known::Commit(commit)) => {
                let parts = json_bytes(&commit.commit) + json_bytes(&commit.repository);
                parts + commit.comments.values().map(CommentState::weight).sum::<usize>()
            }
            // The lists of repositories and links have limits of their own.
            None | Some(Known::Repository(_) | Known::Link(_)) => 0,
        }
    }
}

impl CommentState {
    /// The weight of the comment.
    pub(crate) fn weight(&self) -> usize {
        ITEM + REVISION * self.revisions.len()
            + resolutions(self.resolution, self.lifted)
            + doubts(&self.doubts)
    }
}

impl TaskState {
    /// The weight of the task.
    pub(crate) fn weight(&self) -> usize {
        let revision = if self.revision == Revision::default() { 0 } else { REVISION };
        ITEM + revision + resolutions(self.resolution, self.lifted) + doubts(&self.doubts)
    }
}

fn resolutions(standing: Option<Resolved>, lifted: Option<Resolved>) -> usize {
    RESOLUTION * (usize::from(standing.is_some()) + usize::from(lifted.is_some()))
}

fn doubts(doubts: &[Doubt]) -> usize {
    DOUBT * doubts.len()
}

/// The bytes of a value as JSON.
pub(crate) fn json_bytes(value: &impl Serialize) -> usize {
    let mut counter = Counter(0);
    // Neither the counter nor a value of a state can fail.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

/// Counts the bytes that are written to it.
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
