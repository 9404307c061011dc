//! Figures of many reviews, by repository and by the week in which the pull requests were opened. Pure.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::review::Review;

const DAY_SECONDS: i64 = 86_400;
const WEEK_DAYS: i64 = 7;

/// Days from a Monday to the first day of the Unix epoch, a Thursday.
const EPOCH_WEEKDAY: i64 = 3;

/// The figures of a repository's pull requests of one week.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Week {
    pub(crate) repository: String,
    /// The week's Monday, 00:00 UTC.
    pub(crate) monday: Timestamp,
    /// Number of pull requests opened in this week.
    pub(crate) opened: usize,
    /// Number of them that were merged.
    pub(crate) merged: usize,
    pub(crate) to_first_review: Spread,
    pub(crate) to_approval: Spread,
    pub(crate) to_merge: Spread,
    /// Median number of rounds.
    pub(crate) rounds: Option<u32>,
}

/// The spread of a time among the pull requests that have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) count: usize,
    pub(crate) p50: Option<SignedDuration>,
    pub(crate) p90: Option<SignedDuration>,
}

impl Spread {
    pub(crate) fn of(times: impl IntoIterator<Item = SignedDuration>) -> Self {
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort();
        Self { count: times.len(), p50: percentile(&times, 50), p90: percentile(&times, 90) }
    }
}

/// Returns the smallest value that at least `percent` of the sorted values do not exceed: the nearest-rank percentile.
pub(crate) fn percentile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Groups reviews by repository and week; the newest week first.
pub(crate) fn weeks(reviews: &[Review]) -> Vec<Week> {
    let mut groups: BTreeMap<(Timestamp, &str), Vec<&Review>> = BTreeMap::new();
    for review in reviews {
        groups.entry((monday(review.opened_at), review.repository.as_str())).or_default().push(review);
    }
    let mut weeks: Vec<_> = groups
        .into_iter()
        .map(|((monday, repository), reviews)| week(repository, monday, &reviews))
        .collect();
    weeks.sort_by(|a, b| b.monday.cmp(&a.monday).then_with(|| a.repository.cmp(&b.repository)));
    weeks
}

/// Computes the figures of some reviews.
pub(crate) fn week(repository: &str, monday: Timestamp, reviews: &[&Review]) -> Week {
    let spread = |of: fn(&Review) -> Option<SignedDuration>| {
        Spread::of(reviews.iter().filter_map(|review| of(review)))
    };
    let mut rounds: Vec<_> =
        reviews.iter().filter(|review| review.rounds > 0).map(|review| review.rounds).collect();
    rounds.sort_unstable();
    let to_merge = spread(Review::to_merge);
    Week {
        repository: repository.to_owned(),
        monday,
        opened: reviews.len(),
        merged: to_merge.count,
        to_first_review: spread(|review| review.to_first_review),
        to_approval: spread(|review| review.to_approval),
        to_merge,
        rounds: percentile(&rounds, 50),
    }
}

/// Returns the Monday of a time's week, 00:00 UTC.
pub(crate) fn monday(time: Timestamp) -> Timestamp {
    let day = time.as_second().div_euclid(DAY_SECONDS);
    let monday = day - (day + EPOCH_WEEKDAY).rem_euclid(WEEK_DAYS);
    Timestamp::from_second(monday * DAY_SECONDS).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn week_begins_on_monday() {
        for (time, expected) in [
            ("2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z"),
            ("2026-11-29T23:59:59Z", "2026-11-23T00:00:00Z"),
            ("2026-11-30T00:00:00Z", "2026-11-30T00:00:00Z"),
            ("1970-01-01T00:00:00Z", "1969-12-29T00:00:00Z"),
        ] {
            assert_eq!(monday(time.parse().unwrap()), expected.parse().unwrap(), "{time}");
        }
    }

    #[test]
    fn percentile_is_a_value_that_occurs() {
        let values: Vec<_> = (1..=10).collect();
        assert_eq!(
            [50, 90, 95, 100].map(|percent| percentile(&values, percent)),
            [Some(5), Some(9), Some(10), Some(10)]
        );
        assert_eq!(percentile(&[7], 50), Some(7));
        assert_eq!(percentile::<u32>(&[], 50), None);
    }
}
