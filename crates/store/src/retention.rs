//! The time that events are kept.

use jiff::{SignedDuration, Timestamp};

use crate::Error;

/// The time that events, their parts and their facts are kept. The default keeps them for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    days: Option<u32>,
}

impl Retention {
    /// Name of the environment variable.
    const VARIABLE: &'static str = "BITRELAY_EVENT_DAYS";

    /// Shortest retention, in days. *Safety* for "one fact, one event": until then the fact itself refuses a second
    /// event. Marks of deliveries live two weeks, and a message of the dead-letter queue as long, so a redrive finds
    /// its event.
    pub const LOWEST_DAYS: u32 = 30;

    /// Longest retention, in days.
    pub const HIGHEST_DAYS: u32 = 9_999;

    /// Reads `BITRELAY_EVENT_DAYS` through `lookup`; 0 or nothing means for ever.
    ///
    /// # Errors
    ///
    /// [`Error::RetentionInvalid`].
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let Some(given) = lookup(Self::VARIABLE) else { return Ok(Self::default()) };
        match given.parse() {
            Ok(0) => Ok(Self::default()),
            Ok(days) if (Self::LOWEST_DAYS..=Self::HIGHEST_DAYS).contains(&days) => {
                Ok(Self { days: Some(days) })
            }
            _ => {
                let (lowest, highest) = (Self::LOWEST_DAYS, Self::HIGHEST_DAYS);
                Err(Error::RetentionInvalid { lowest, highest, given })
            }
        }
    }

    /// Time after which DynamoDB may delete what was observed at a time, in seconds since 1970; `None` for never.
    pub(crate) fn expires_at(self, observed_at: Timestamp) -> Option<i64> {
        let length = SignedDuration::from_hours(24 * i64::from(self.days?));
        Some(observed_at.saturating_add(length).unwrap_or(Timestamp::MAX).as_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &str) -> Result<Retention, Error> {
        Retention::from_environment(|_| Some(given.to_owned()))
    }

    #[test]
    fn zero_or_nothing_keeps_events_for_ever() {
        assert_eq!(Retention::from_environment(|_| None).unwrap(), Retention::default());
        assert_eq!(read("0").unwrap().expires_at(Timestamp::UNIX_EPOCH), None);
        assert_eq!(read("30").unwrap().expires_at(Timestamp::UNIX_EPOCH), Some(30 * 86_400));
        assert_eq!(read("9999").unwrap().expires_at(Timestamp::MAX), Some(Timestamp::MAX.as_second()));
    }

    #[test]
    fn retention_below_a_month_is_refused() {
        for bad in ["1", "29", "10000", "-1", "for ever", ""] {
            let error = read(bad).unwrap_err().to_string();
            assert!(error.contains("must be 0 or between 30 and 9999") && error.contains(bad), "{error}");
        }
    }
}
