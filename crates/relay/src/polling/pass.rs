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

/// Links in the order in which they get one of the run's places and, if they share a budget, its calls: the link
/// whose oldest watch is due longest goes first.
pub fn longest_due_first<K: Ord, W>(
    ready: BTreeMap<K, Vec<W>>,
    due_at: impl Fn(&W) -> Timestamp,
) -> Vec<(K, Vec<W>)> {
    let mut ready: Vec<_> = ready.into_iter().collect();
    ready.sort_by_key(|(_, watches)| watches.iter().map(&due_at).min());
    ready
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn turn_depends_on_due_time_and_pause() {
        for (due_at, paused_until, turn) in [
            (1, 0, Turn::Now),
            (3, 3, Turn::Now),
            (4, 0, Turn::Later),
            (1, 4, Turn::Later),
            (8, 0, Turn::Later),
            (9, 0, Turn::NextRun),
            (1, 9, Turn::NextRun),
        ] {
            assert_eq!(
                Turn::new(at(due_at), at(paused_until), at(3), at(9)),
                turn,
                "{due_at} {paused_until}"
            );
        }
        assert_eq!(Turn::new(at(1), Timestamp::MAX, at(3), at(9)), Turn::NextRun);
    }

    #[test]
    fn link_that_waits_longest_goes_first() {
        let ready = BTreeMap::from([("a", vec![8, 3]), ("b", vec![6, 1]), ("c", vec![2, 7])]);
        let order: Vec<_> =
            longest_due_first(ready, |second| at(*second)).into_iter().map(|(link, _)| link).collect();
        assert_eq!(order, ["b", "c", "a"]);
    }
}
