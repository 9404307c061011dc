//! Windows, margins and intervals. Reports about Bitbucket's silence conflict, so every number is a setting.

use jiff::{SignedDuration, Timestamp};

use crate::Error;
#[cfg(doc)]
use crate::state::SubjectState;
use crate::state::{Doubt, Finding, MAX_STATE_WEIGHT};

/// The times that decide when something is polled, and the limit of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The window: seconds in which Bitbucket sends nothing about a comment after its creation or last change. Default
    /// 600: "10 or more minutes after the comment was created or last updated"
    /// (<https://developer.atlassian.com/platform/forge/events-reference/bitbucket/>).
    pub window_seconds: u32,
    /// Seconds between the end of a window and its check, for differing clocks and late edits. Default 60.
    pub margin_seconds: u32,
    /// Seconds between polls of one pull request while a window of it is open. Default 15.
    pub poll_interval_seconds: u32,
    /// The grace period: seconds in which a fact is left to its webhook before a poll publishes it. Default 30.
    pub grace_seconds: u32,
    /// The tail: seconds between the last window's end and late checks, because Bitbucket also loses edits that it
    /// should report (<https://github.com/iterative/cml/issues/817>). 0 is no check. Default half an hour, two hours
    /// and a day.
    pub tail_seconds: [u32; TAIL_CHECKS],
    /// Seconds between reads of a pull request's tasks while a window is open. After each event they are read at once.
    /// Default 60.
    pub task_interval_seconds: u32,
    /// Seconds between sweeps of one repository's open pull requests; 0 is no sweep. Default 300.
    pub sweep_seconds: u32,
    /// Seconds after which the comments and tasks of an open pull request are read again, even if nothing showed a
    /// change: a lost webhook about an edit or a resolved thread moves nothing that a sweep compares. 0 is never.
    /// Default half a day.
    pub full_read_seconds: u32,
    /// Largest weight of the state of a pull request or commit (see [`SubjectState::weight`]). Always
    /// [`MAX_STATE_WEIGHT`], except in tests.
    pub max_state_weight: usize,
}

/// Maximum number of checks in a tail.
pub const TAIL_CHECKS: usize = 3;

/// Latest check of a tail: a month.
const MAX_TAIL_SECONDS: u32 = 31 * 86_400;

impl Default for Settings {
    fn default() -> Self {
        Self {
            window_seconds: 600,
            margin_seconds: 60,
            poll_interval_seconds: 15,
            grace_seconds: 30,
            tail_seconds: [1_800, 7_200, 86_400],
            task_interval_seconds: 60,
            sweep_seconds: 300,
            full_read_seconds: 43_200,
            max_state_weight: MAX_STATE_WEIGHT,
        }
    }
}

/// Seconds by which the reread of a changed pull request may be late.
const REFRESH_SLACK_SECONDS: u32 = 60;

/// Factor of the sweep interval for a quiet repository.
const QUIET_FACTOR: u32 = 12;

/// Longest sweep interval of a quiet repository, and of any: a day.
const MAX_QUIET_SWEEP_SECONDS: u32 = 86_400;

/// Seconds since the last read in which polls may skip the tasks while calls are short.
const SHORT_OF_CALLS_SECONDS: u32 = 600;

/// Seconds between an event and the read of the tasks: people often add a task right after a comment.
const TASK_DEBOUNCE_SECONDS: u32 = 2;

/// Seconds in which a window is fresh: most edits are made within two minutes.
const FRESH_SECONDS: u32 = 120;

/// Time in which a late webhook is expected: a day. Webhooks were hours late
/// (<https://github.com/Shippable/support/issues/1959>).
const LATE_WEBHOOK_SECONDS: u32 = 86_400;

/// Factor of the poll interval when no window is fresh.
const LATER_FACTOR: u32 = 2;

impl Settings {
    /// Reads `BITRELAY_WINDOW_SECONDS`, `BITRELAY_WINDOW_MARGIN_SECONDS`, `BITRELAY_POLL_INTERVAL_SECONDS`,
    /// `BITRELAY_GRACE_SECONDS`, `BITRELAY_TASK_INTERVAL_SECONDS`, `BITRELAY_SWEEP_SECONDS`,
    /// `BITRELAY_FULL_READ_SECONDS` and `BITRELAY_TAIL_SECONDS` (up to three numbers with commas between them) through
    /// `lookup`; what is missing keeps its default.
    ///
    /// # Errors
    ///
    /// [`Error::SettingInvalid`] and [`Error::TailInvalid`] for a value out of its bounds.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let read = |name, default, min, max| match lookup(name) {
            None => Ok(default),
            Some(given) => given
                .parse()
                .ok()
                .filter(|seconds| (min..=max).contains(seconds))
                .ok_or(Error::SettingInvalid { name, min, max, given }),
        };
        let default = Self::default();
        Ok(Self {
            window_seconds: read("BITRELAY_WINDOW_SECONDS", default.window_seconds, 1, 86_400)?,
            margin_seconds: read("BITRELAY_WINDOW_MARGIN_SECONDS", default.margin_seconds, 0, 3_600)?,
            poll_interval_seconds: read(
                "BITRELAY_POLL_INTERVAL_SECONDS",
                default.poll_interval_seconds,
                1,
                3_600,
            )?,
            grace_seconds: read("BITRELAY_GRACE_SECONDS", default.grace_seconds, 0, 3_600)?,
            tail_seconds: lookup("BITRELAY_TAIL_SECONDS")
                .map_or(Ok(default.tail_seconds), |given| tail(&given))?,
            task_interval_seconds: read(
                "BITRELAY_TASK_INTERVAL_SECONDS",
                default.task_interval_seconds,
                0,
                3_600,
            )?,
            sweep_seconds: read("BITRELAY_SWEEP_SECONDS", default.sweep_seconds, 0, 86_400)?,
            full_read_seconds: read(
                "BITRELAY_FULL_READ_SECONDS",
                default.full_read_seconds,
                0,
                MAX_TAIL_SECONDS,
            )?,
            max_state_weight: default.max_state_weight,
        })
    }

    /// Time when the window of a change at `changed_at` has surely ended.
    pub(crate) fn window_closes(&self, changed_at: Timestamp) -> Timestamp {
        later(changed_at, self.window_seconds.saturating_add(self.margin_seconds))
    }

    /// Time such that a window that opened before it was closed, with its tail, for long: at least a day.
    pub(crate) fn long_closed_before(&self, now: Timestamp) -> Timestamp {
        let tail = self.tail_seconds.into_iter().max().unwrap_or(0).max(LATE_WEBHOOK_SECONDS);
        let seconds = i64::from(self.window_seconds) + i64::from(self.margin_seconds) + i64::from(tail);
        now.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
    }

    /// Time of the next poll while a window is open. Most edits follow soon, so polls are closest after the newest
    /// change.
    pub(crate) fn next_poll(&self, polled_at: Timestamp, is_fresh: bool) -> Timestamp {
        let interval = self.poll_interval_seconds;
        later(polled_at, if is_fresh { interval } else { interval.saturating_mul(LATER_FACTOR) })
    }

    /// True if a poll came while the window of a change was fresh.
    pub(crate) fn is_fresh(polled_at: Timestamp, changed_at: Timestamp) -> bool {
        polled_at <= later(changed_at, FRESH_SECONDS)
    }

    /// Latest read of tasks after a read at `read_at` while calls are short.
    pub(crate) fn tasks_put_off(read_at: Timestamp) -> Timestamp {
        later(read_at, SHORT_OF_CALLS_SECONDS)
    }

    /// Seconds from one sweep of a repository to the next, if calls suffice.
    pub(crate) fn sweep_interval(&self, is_quiet: bool) -> u32 {
        let seldom = self.sweep_seconds.saturating_mul(QUIET_FACTOR).min(MAX_QUIET_SWEEP_SECONDS);
        if is_quiet { seldom } else { self.sweep_seconds }
    }

    /// Deadline of a reread: the changed pull request may have windows that the state lacks.
    pub(crate) fn refresh_deadline(due_at: Timestamp) -> Timestamp {
        later(due_at, REFRESH_SLACK_SECONDS)
    }

    /// True if the tasks were not read for an interval, so that any poll reads them.
    pub(crate) fn tasks_are_stale(&self, read_at: Option<Timestamp>, now: Timestamp) -> bool {
        read_at.is_none_or(|read_at| later(read_at, self.task_interval_seconds) <= now)
    }

    /// Time of the next full read of a pull request that was last read at `read_at`; `None` if there are none.
    pub(crate) fn full_read_due(&self, read_at: Timestamp) -> Option<Timestamp> {
        (self.full_read_seconds > 0).then(|| later(read_at, self.full_read_seconds))
    }

    /// Time of the first full read of a pull request that a repository's first sweep lists at `listed_at`; `None` if
    /// there are none. Its number spreads the reads over the interval, by multiplicative hashing.
    pub(crate) fn first_full_read(&self, listed_at: Timestamp, number: u64) -> Option<Timestamp> {
        const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;
        let spread = number.wrapping_mul(GOLDEN_RATIO) >> 32;
        let seconds = u32::try_from((spread * u64::from(self.full_read_seconds)) >> 32).ok()?;
        (self.full_read_seconds > 0).then(|| later(listed_at, seconds))
    }

    pub(crate) fn grace_ends(&self, happened_at: Timestamp) -> Timestamp {
        later(happened_at, self.grace_seconds)
    }

    /// Earliest start of a poll that confirms that an item does not exist; `None` if no poll found so yet.
    pub(crate) fn gone_confirmed_at(&self, doubts: &[Doubt]) -> Option<Timestamp> {
        let gone = doubts.iter().find(|doubt| doubt.finding == Finding::Gone)?;
        Some(self.grace_ends(gone.since))
    }

    /// Times of the tail's checks after the last window has closed.
    pub(crate) fn tail_checks(&self, closed_at: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.tail_seconds
            .into_iter()
            .filter(|seconds| *seconds > 0)
            .map(move |seconds| later(closed_at, seconds))
    }

    /// Time to read the tasks after an event: soon, and not more often than the interval.
    pub(crate) fn tasks_due(&self, tasks_dirty_since: Timestamp, read_at: Option<Timestamp>) -> Timestamp {
        let interval_ends = read_at.map(|read_at| later(read_at, self.task_interval_seconds));
        later(tasks_dirty_since, TASK_DEBOUNCE_SECONDS).max(interval_ends.unwrap_or(Timestamp::MIN))
    }

    /// Start of the time for which events are published, for a pull request first seen at `first_seen_at`.
    pub(crate) fn baseline(&self, first_seen_at: Timestamp) -> Timestamp {
        let seconds = i64::from(self.window_seconds.saturating_add(self.margin_seconds));
        first_seen_at.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
    }
}

/// Reads a tail such as `1800,7200,86400`.
fn tail(given: &str) -> Result<[u32; TAIL_CHECKS], Error> {
    let invalid = || Error::TailInvalid { given: given.to_owned() };
    let mut tail = [0; TAIL_CHECKS];
    let mut checks = tail.iter_mut();
    for text in given.split(',') {
        let seconds = text.trim().parse().ok().filter(|seconds| *seconds <= MAX_TAIL_SECONDS);
        *checks.next().ok_or_else(invalid)? = seconds.ok_or_else(invalid)?;
    }
    Ok(tail)
}

pub(crate) fn later(time: Timestamp, seconds: u32) -> Timestamp {
    time.saturating_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
