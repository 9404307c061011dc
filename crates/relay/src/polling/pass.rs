//! One pass over the due watches of all links: what is polled now, and which link goes first.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The time at which a run polls a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// In this pass.
    Now,
    /// In a later pass of this run.
    Later,
    /// In another run: it is not due, or still paused, at the deadline of this one.
    NextRun,
}

impl Turn {
    /// The turn of a watch that is due at `due_at` and not to be polled before `paused_until`, in a run that ends at
    /// `deadline`.
    pub fn new(due_at: Timestamp, paused_until: Timestamp, now: Timestamp, deadline: Timestamp) -> Self {
        match due_at.max(paused_until) {
            from if from <= now => Self::Now,
            from if from < deadline => Self::Later,
            _ => Self::NextRun,
        }
    }
}

/// Links in the order in which they get one of the run's places and, if they share a budget, its calls: the link with
/// the most urgent watch goes first. Each link comes with its `most` most urgent watches, in their order.
pub fn most_urgent_first<K: Ord, W, U: Ord>(
    ready: BTreeMap<K, Vec<W>>,
    most: usize,
    urgency: impl Fn(&W) -> U,
) -> Vec<(K, Vec<W>)> {
    let mut ready: Vec<_> = ready.into_iter().collect();
    for (_, watches) in &mut ready {
        watches.sort_by_key(&urgency);
        watches.truncate(most);
    }
    ready.sort_by_key(|(_, watches)| watches.first().map(&urgency));
    ready
}
