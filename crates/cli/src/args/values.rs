//! Values of flags: moments and lengths of time.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

const MAX_SECONDS: i64 = 10 * 366 * 86_400;

/// A length of time: a number with `s`, `m`, `h` or `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub SignedDuration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a length of time such as 90s, 15m, 24h or 7d");
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(wrong()),
        };
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let seconds = i64::from(number) * seconds;
        if seconds > MAX_SECONDS { Err(wrong()) } else { Ok(Self(SignedDuration::from_secs(seconds))) }
    }
}

/// A moment: a time, or an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// `2026-11-24T10:00:00Z`, or a day: its beginning, UTC.
    At(Timestamp),
    /// An age such as `2h`: that long before now.
    Ago(Span),
}

impl Moment {
    /// Returns the moment as a time.
    pub fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(Span(length)) => now.saturating_sub(length).unwrap_or(Timestamp::MIN),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(span) = text.parse() {
            return Ok(Self::Ago(span));
        }
        let day = format!("{text}T00:00:00Z");
        let time = text.parse::<Timestamp>().or_else(|_| day.parse());
        time.map(Self::At).map_err(|_| {
            format!(
                "{text:?} is neither a time such as 2026-11-24T10:00:00Z or 2026-11-24, nor an age such as 2h"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_a_day_or_an_age() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2h", "2026-11-24T08:00:00Z"),
            ("90s", "2026-11-24T09:58:30Z"),
            ("7d", "2026-11-17T10:00:00Z"),
            ("2026-11-24", "2026-11-24T00:00:00Z"),
            ("2026-11-24T09:30:00+01:00", "2026-11-24T08:30:00Z"),
        ] {
            assert_eq!(text.parse::<Moment>().unwrap().resolve(now), expected.parse().unwrap(), "{text}");
        }
        for bad in ["", "h", "-2h", "2w", "soon", "9999999999d", "4000000000d", "é"] {
            assert!(bad.parse::<Moment>().is_err(), "{bad:?}");
        }
    }
}
