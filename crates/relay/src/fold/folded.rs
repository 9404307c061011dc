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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_was_let_go_of_only_if_each_number_is_0() {
        assert!(LetGoCounts::default().is_empty());
        for (comments, tasks, deleted) in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
            assert!(!LetGoCounts { comments, tasks, deleted }.is_empty());
        }
    }

    #[test]
    fn head_moves_if_it_is_another_one() {
        let head = |hash| ShortHash::new(hash);
        let (one, other) = (head("000000000000"), head("111111111111"));
        assert_eq!(HeadMoved::between(one.clone(), one.clone()), None);
        assert_eq!(HeadMoved::between(None, None), None);
        for (from, to) in [(one.clone(), other.clone()), (None, one.clone()), (one, None)] {
            assert_eq!(HeadMoved::between(from.clone(), to.clone()), Some(HeadMoved { from, to }));
        }
    }
}
