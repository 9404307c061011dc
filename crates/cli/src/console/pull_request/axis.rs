//! The scale of a time axis on which long gaps take little room. Pure.

use jiff::{SignedDuration, Timestamp};

/// A gap up to this long is drawn to scale.
const TO_SCALE: f64 = 900.0;

/// A gap that is longer by a factor of e takes this much more room, in seconds of the scale.
const PER_FACTOR: f64 = 300.0;

/// A scale from times to places.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    /// Times in order, each with its place.
    stops: Vec<(Timestamp, f64)>,
}

/// A gap that is not drawn to scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gap {
    /// Place of its middle.
    pub(super) at: f64,
    pub(super) length: SignedDuration,
}

impl Scale {
    /// Makes a scale from `left` to `right` on which all these times have a place.
    pub(super) fn new(mut times: Vec<Timestamp>, left: f64, right: f64) -> Self {
        times.sort();
        times.dedup();
        let mut room = 0.0;
        let mut stops = Vec::new();
        let mut previous: Option<Timestamp> = None;
        for time in times {
            room += previous.map_or(0.0, |previous| shrunk(seconds(previous, time)));
            stops.push((time, room));
            previous = Some(time);
        }
        let unit = if room > 0.0 { (right - left) / room } else { 0.0 };
        for (_, place) in &mut stops {
            *place = left + *place * unit;
        }
        Self { stops }
    }

    /// Returns the place of a time. A time outside has the place of the nearest end.
    pub(super) fn place(&self, time: Timestamp) -> f64 {
        let after = self.stops.partition_point(|(stop, _)| *stop <= time);
        let stop = |at: usize| self.stops.get(at).copied();
        match (after.checked_sub(1).and_then(stop), stop(after)) {
            (Some((from, start)), Some((to, end))) => {
                start + (end - start) * seconds(from, time) / seconds(from, to)
            }
            (Some((_, place)), None) | (None, Some((_, place))) => place,
            (None, None) => 0.0,
        }
    }

    /// Returns the gaps that are not drawn to scale.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let pairs = self.stops.iter().zip(self.stops.iter().skip(1));
        let long = pairs.filter(|((from, _), (to, _))| seconds(*from, *to) > TO_SCALE);
        long.map(|((from, start), (to, end))| Gap {
            at: f64::midpoint(*start, *end),
            length: to.duration_since(*from),
        })
        .collect()
    }

    /// Returns the stops that are at least `apart` from each other, for marks: the first one, and no later one that
    /// would touch its predecessor.
    pub(super) fn marks(&self, apart: f64) -> Vec<(Timestamp, f64)> {
        let mut marks: Vec<(Timestamp, f64)> = Vec::new();
        for stop in &self.stops {
            if marks.last().is_none_or(|(_, place)| stop.1 - place >= apart) {
                marks.push(*stop);
            }
        }
        marks
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// Returns the room of a gap.
fn shrunk(seconds: f64) -> f64 {
    if seconds <= TO_SCALE { seconds } else { TO_SCALE + PER_FACTOR * (seconds / TO_SCALE).ln() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "each place is exact")]

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn short_gaps_are_drawn_to_scale() {
        let scale = Scale::new(vec![at(600), at(0), at(300)], 10.0, 70.0);
        let places = [0, 150, 300, 600, 900, -1].map(|second| scale.place(at(second)));
        assert_eq!(places, [10.0, 25.0, 40.0, 70.0, 70.0, 10.0]);
        assert_eq!(scale.gaps(), []);
    }

    #[test]
    fn long_gap_takes_little_room_and_is_named() {
        let day = 86_400;
        let scale = Scale::new(vec![at(0), at(900), at(900 + day), at(1_800 + day)], 0.0, 100.0);
        let gap = scale.place(at(900 + day)) - scale.place(at(900));
        assert!((20.0..60.0).contains(&gap), "{gap}");
        assert_eq!(scale.gaps().len(), 1);
        assert_eq!(scale.gaps()[0].length, SignedDuration::from_secs(day));
    }

    #[test]
    fn one_time_has_a_place() {
        assert_eq!(Scale::new(vec![at(5)], 3.0, 9.0).place(at(7)), 3.0);
        assert_eq!(Scale::new(Vec::new(), 3.0, 9.0).place(at(7)), 0.0);
    }
}
