//! Delays of the last day by hour and source. Pure.

use jiff::{SignedDuration, Timestamp};
use relay::Source;
use store::reading::EventSummary;

use crate::stats::weeks::percentile;

const HOUR_SECONDS: i64 = 3_600;

/// Number of hours of a day, the current one included.
pub(super) const HOURS: usize = 24;

/// The delays of an hour's events from one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hour {
    /// Begin of the hour.
    pub(super) at: Timestamp,
    pub(super) source: Source,
    pub(super) count: usize,
    pub(super) p50: SignedDuration,
    pub(super) p95: SignedDuration,
}

/// Returns the begin of the first of the 24 hours up to `now`.
pub(super) fn first_hour(now: Timestamp) -> Timestamp {
    let hour = now.as_second().div_euclid(HOUR_SECONDS) - i64::try_from(HOURS).unwrap_or(24) + 1;
    Timestamp::from_second(hour * HOUR_SECONDS).unwrap_or(now)
}

/// Returns the number of an hour since the first one.
pub(super) fn number(hour: Timestamp, first: Timestamp) -> i64 {
    hour.duration_since(first).as_secs().div_euclid(HOUR_SECONDS)
}

/// Groups delays by the hour of observation and by source. An event without a time of its fact has no delay.
pub(super) fn by_hour(events: &[EventSummary], now: Timestamp) -> Vec<Hour> {
    let first = first_hour(now);
    let mut hours = Vec::new();
    for source in [Source::Webhook, Source::Poll] {
        for number in 0..i64::try_from(HOURS).unwrap_or(24) {
            let Ok(at) = Timestamp::from_second(first.as_second() + number * HOUR_SECONDS) else { continue };
            let of_hour = events
                .iter()
                .filter(|event| event.source == source && self::number(event.observed_at, first) == number);
            hours.extend(hour(at, source, of_hour.filter_map(delay).collect()));
        }
    }
    hours
}

/// Returns the delays of all events of a source.
pub(super) fn of_source(events: &[EventSummary], source: Source, now: Timestamp) -> Option<Hour> {
    let of_source = events.iter().filter(|event| event.source == source);
    hour(first_hour(now), source, of_source.filter_map(delay).collect())
}

fn hour(at: Timestamp, source: Source, mut delays: Vec<SignedDuration>) -> Option<Hour> {
    delays.sort();
    let (p50, p95) = (percentile(&delays, 50)?, percentile(&delays, 95)?);
    Some(Hour { at, source, count: delays.len(), p50, p95 })
}

fn delay(event: &EventSummary) -> Option<SignedDuration> {
    Some(event.observed_at.duration_since(event.occurred_at?).max(SignedDuration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay::EventId;

    fn event(source: Source, observed: &str, delay: i64) -> EventSummary {
        let observed_at: Timestamp = observed.parse().unwrap();
        EventSummary {
            id: EventId::stored("0"),
            key: bitbucket::EventKey::CommentUpdated,
            source,
            link: "acme".parse().unwrap(),
            subject: relay::Subject::Link,
            repository_name: None,
            sequence: 1,
            occurred_at: Some(observed_at - SignedDuration::from_secs(delay)),
            observed_at,
            actor: None,
        }
    }

    #[test]
    fn delays_are_grouped_by_hour_and_source() {
        let now = "2026-11-24T10:30:00Z".parse().unwrap();
        let mut events: Vec<_> =
            (1..=20).map(|delay| event(Source::Poll, "2026-11-24T10:10:00Z", delay)).collect();
        events.push(event(Source::Webhook, "2026-11-23T11:00:00Z", -2));
        let hours = by_hour(&events, now);
        let seconds: Vec<_> = hours
            .iter()
            .map(|hour| {
                (number(hour.at, first_hour(now)), hour.count, hour.p50.as_secs(), hour.p95.as_secs())
            })
            .collect();
        assert_eq!(seconds, [(0, 1, 0, 0), (23, 20, 10, 19)]);
    }
}
