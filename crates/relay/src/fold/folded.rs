//! The result of a fold.

use crate::event::{Event, EventId};
use crate::state::{ShortHash, SubjectState};

/// The result of a fold.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// The new state, one version further. Its `watch` has the time of the next poll.
    pub state: SubjectState,
    /// The new facts, in order.
    pub events: Vec<Event>,
    /// The facts that get an item of their own with this state, so that the table refuses them a second time.
    pub stored_facts: Vec<EventId>,
    /// True if the observation holds more than fitted: store this, then fold the same observation on top of it.
    pub more: bool,
    /// The change of the head of an open pull request, if it changed: builds name a commit, and are found by it.
    pub head: Option<HeadMoved>,
    /// Numbers of items that the state let go of, because it is at its limit.
    pub let_go: LetGoCounts,
}

/// Numbers of items that a state let go of in one fold. See [`LetGo`](crate::state::LetGo).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LetGoCounts {
    /// Comments that were not deleted.
    pub comments: u32,
    /// Tasks that were not deleted.
    pub tasks: u32,
    /// Comments and tasks that were deleted.
    pub deleted: u32,
}

impl LetGoCounts {
    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Change of the head of an open pull request: it moved, was found, or was lost because the pull request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadMoved {
    /// The head before.
    pub from: Option<ShortHash>,
    /// The head now.
    pub to: Option<ShortHash>,
}

impl HeadMoved {
    /// Compares two heads. `None` if they are the same.
    pub(crate) fn between(from: Option<ShortHash>, to: Option<ShortHash>) -> Option<Self> {
        (from != to).then_some(Self { from, to })
    }
}
