//! Comparing a text with the current revision and with older ones.

use jiff::Timestamp;

use crate::event::fact::content_hash;
use crate::state::{CommentState, Revision};

/// Certainty that an observation is newer than the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// It was made after the state was stored.
    Newer,
    /// It may be older: the state was stored while it was being made. Bitbucket's times decide, if they can.
    Unsure,
    /// Bitbucket reported it as a change. Its times decide; if they cannot, it is taken as newer.
    Reported,
}

impl Freshness {
    /// Freshness of a poll based on `base_version`, for an item that last changed in `version`.
    pub(super) const fn of_poll(base_version: u64, version: u64) -> Self {
        if version <= base_version { Self::Newer } else { Self::Unsure }
    }
}

/// Order of a text and its time, compared with the current revision.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RevisionOrder {
    /// The text is the current one.
    Standing,
    /// The text is a new revision.
    New(Revision),
    /// The text is an older revision.
    Old(Revision),
    /// The order is unknown; poll again.
    Undecided,
}

/// The revision that a comment or task shows.
pub(super) fn seen(text: Option<&str>, updated_on: Option<Timestamp>) -> Revision {
    Revision { hash: text.map(content_hash), updated_on, ordinal: 0, found: false }
}

/// Compares a seen revision with the recorded ones. Times are never compared with `created_on`: they differ by
/// microseconds on a comment that nobody edited.
pub(super) fn judge<'r>(
    mut revisions: impl DoubleEndedIterator<Item = &'r Revision>,
    seen: Revision,
    freshness: Freshness,
) -> RevisionOrder {
    let Some(standing) = revisions.next_back() else { return RevisionOrder::New(seen) };
    if seen.hash.is_none() || seen.hash == standing.hash {
        return RevisionOrder::Standing;
    }
    let next = |seen: Revision| {
        let moved = seen.updated_on.is_some() && seen.updated_on > standing.updated_on;
        RevisionOrder::New(Revision {
            ordinal: if moved { 0 } else { standing.ordinal.saturating_add(1) },
            ..seen
        })
    };
    // Times never run backwards, so an answer with an older time comes from a copy that lags behind.
    let is_older = seen.updated_on.is_some() && seen.updated_on < standing.updated_on;
    if freshness == Freshness::Newer && !is_older {
        return next(seen);
    }
    let mut recorded =
        || revisions.rfind(|old| old.hash == seen.hash && old.updated_on == seen.updated_on).cloned();
    match (seen.updated_on, standing.updated_on) {
        (Some(seen_on), Some(standing_on)) if seen_on > standing_on => next(seen),
        // With its recorded ordinal: a poll may have counted it among others of the same time.
        (Some(seen_on), Some(standing_on)) if seen_on < standing_on => {
            RevisionOrder::Old(recorded().unwrap_or(seen))
        }
        _ if freshness == Freshness::Unsure => RevisionOrder::Undecided,
        _ => recorded().map_or_else(|| next(seen), RevisionOrder::Old),
    }
}

/// Time of an edit: its `updated_on` if that is later than before, else now.
pub(super) fn change_time(state: &CommentState, revision: &Revision, now: Timestamp) -> Timestamp {
    let moved = revision.updated_on > state.standing().and_then(|standing| standing.updated_on);
    let time = revision.updated_on.filter(|_| moved).unwrap_or(now);
    time.max(state.changed_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    fn revision(text: &str, second: i64, ordinal: u32) -> Revision {
        Revision { ordinal, ..seen(Some(text), at(second)) }
    }

    fn compare(revisions: &[Revision], text: &str, second: i64, freshness: Freshness) -> RevisionOrder {
        judge(revisions.iter(), seen(Some(text), at(second)), freshness)
    }

    #[test]
    fn same_text_with_newer_time_is_no_new_revision() {
        assert_eq!(compare(&[revision("a", 1, 0)], "a", 9, Freshness::Newer), RevisionOrder::Standing);
    }

    #[test]
    fn edit_with_unchanged_time_is_a_new_revision() {
        let revisions = [revision("a", 1, 0)];
        assert_eq!(compare(&revisions, "b", 1, Freshness::Newer), RevisionOrder::New(revision("b", 1, 1)));
        let revisions = [revision("a", 1, 0), revision("b", 1, 1)];
        assert_eq!(compare(&revisions, "a", 1, Freshness::Newer), RevisionOrder::New(revision("a", 1, 2)));
    }

    #[test]
    fn late_older_revision_does_not_become_standing() {
        let revisions = [revision("a", 1, 0), revision("c", 3, 0)];
        assert_eq!(compare(&revisions, "b", 2, Freshness::Reported), RevisionOrder::Old(revision("b", 2, 0)));
    }

    #[test]
    fn late_report_of_a_found_revision_is_that_revision() {
        let revisions = [revision("a", 1, 0), revision("b", 1, 1), revision("c", 1, 2)];
        assert_eq!(compare(&revisions, "b", 1, Freshness::Reported), RevisionOrder::Old(revision("b", 1, 1)));
    }

    #[test]
    fn unsure_poll_without_times_is_undecided() {
        let revisions = [revision("b", 1, 0)];
        assert_eq!(compare(&revisions, "a", 1, Freshness::Unsure), RevisionOrder::Undecided);
        assert_eq!(compare(&revisions, "a", 0, Freshness::Unsure), RevisionOrder::Old(revision("a", 0, 0)));
        assert_eq!(compare(&revisions, "c", 2, Freshness::Unsure), RevisionOrder::New(revision("c", 2, 0)));
    }
}
