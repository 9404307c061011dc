//! Postponement of the watch of a subject whose polls are refused.

use jiff::{SignedDuration, Timestamp};

use super::settings::later;
use crate::state::{Reason, Refusal, Watch};

/// Seconds since the first refused poll in which the answer counts as a slip of Bitbucket's: an hour.
const SLIP_SECONDS: i64 = 3_600;

/// Seconds to the next poll, by the age of the refusal in seconds: a wrong answer ends within moments, a changed
/// permission within hours, and a deleted repository never.
const STEPS: [(i64, u32); 3] = [(600, 60), (SLIP_SECONDS, 300), (30 * 86_400, 3_600)];

/// Seconds to the next poll of a subject that was refused for a month: a day.
const LONGEST_SECONDS: u32 = 86_400;

/// Postpones the watch of a refused subject. Its deadline stays for an hour, so that a slip delays no check; after that
/// the subject gives way to those that can be read.
pub(crate) fn postponed(watch: Watch, refusal: Refusal) -> Watch {
    let age = refusal.at.duration_since(refusal.since).as_secs();
    let pause = STEPS.iter().find(|(until, _)| age < *until).map_or(LONGEST_SECONDS, |(_, pause)| *pause);
    Watch {
        due_at: watch.due_at.max(later(refusal.at, pause)),
        reason: Reason::Refused,
        deadline: watch.deadline.filter(|_| age < SLIP_SECONDS),
    }
}

impl Refusal {
    /// A refusal at `now` that is no slip: its watch gives way at once. `since` is the time of the first one.
    pub(crate) fn lasting(since: Timestamp, now: Timestamp) -> Self {
        let slip_began_at = now.saturating_sub(SignedDuration::from_secs(SLIP_SECONDS)).unwrap_or(now);
        Self { since: since.min(slip_began_at), at: now }
    }

    /// True if it lasts too long for a slip.
    pub(crate) fn is_lasting(&self) -> bool {
        self.at.duration_since(self.since).as_secs() >= SLIP_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    #[test]
    fn refused_watch_is_postponed_by_minutes_then_hours_then_days() {
        let watch = Watch { due_at: at(5), reason: Reason::WindowOpen, deadline: Some(at(700)) };
        for (age, pause, keeps_deadline) in [
            (0, 60, true),
            (599, 60, true),
            (600, 300, true),
            (3_599, 300, true),
            (3_600, 3_600, false),
            (30 * 86_400 - 1, 3_600, false),
            (30 * 86_400, 86_400, false),
        ] {
            let postponed = postponed(watch, Refusal { since: at(10), at: at(10 + age) });
            assert_eq!(
                (postponed.due_at, postponed.reason),
                (at(10 + age + pause), Reason::Refused),
                "{age}"
            );
            assert_eq!(postponed.deadline, watch.deadline.filter(|_| keeps_deadline), "{age}");
        }
    }

    #[test]
    fn refusal_of_an_hour_is_no_slip() {
        let refused = |since, now| Refusal { since: at(since), at: at(now) };
        assert!(!refused(0, 3_599).is_lasting());
        assert!(refused(0, 3_600).is_lasting());
        assert!(Refusal::lasting(at(5_000), at(5_000)).is_lasting(), "its watch gives way at once");
    }

    #[test]
    fn watch_that_is_due_later_stays_so() {
        let watch = Watch { due_at: at(9_000), reason: Reason::Tail, deadline: None };
        assert_eq!(postponed(watch, Refusal { since: at(0), at: at(0) }).due_at, at(9_000));
    }
}
