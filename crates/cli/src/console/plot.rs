//! Scales of plots for lengths of time: logarithmic, from a tenth of a second to a month. Pure.

use jiff::SignedDuration;

/// The marks of the scale, in seconds, with their names.
const MARKS: [(f64, &str); 9] = [
    (0.1, "0.1 s"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3_600.0, "1 h"),
    (21_600.0, "6 h"),
    (86_400.0, "1 d"),
    (604_800.0, "1 week"),
];

/// A vertical, logarithmic scale that covers some lengths of time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    top: f64,
    bottom: f64,
}

impl Scale {
    /// Makes a scale whose ends are marks around all of these times.
    pub(super) fn around(times: impl IntoIterator<Item = SignedDuration>, top: f64, bottom: f64) -> Self {
        let seconds: Vec<f64> = times.into_iter().map(|time| time.as_secs_f64()).collect();
        let least = seconds.iter().copied().fold(f64::INFINITY, f64::min);
        let most = seconds.iter().copied().fold(0.0, f64::max);
        let low = MARKS.iter().rev().find(|(mark, _)| *mark <= least).map_or(0.1, |(mark, _)| *mark);
        let high = MARKS
            .iter()
            .find(|(mark, _)| *mark >= most && *mark > low)
            .map_or(2_678_400.0, |(mark, _)| *mark);
        Self { low: if low < high { low } else { 0.1 }, high, top, bottom }
    }

    /// Returns the place of a time.
    pub(super) fn place(&self, time: SignedDuration) -> f64 {
        self.at(time.as_secs_f64())
    }

    fn at(&self, seconds: f64) -> f64 {
        let part = (seconds.clamp(self.low, self.high) / self.low).ln() / (self.high / self.low).ln();
        self.bottom - (self.bottom - self.top) * part
    }

    /// Returns the marks on the scale, with their places.
    pub(super) fn marks(&self) -> impl Iterator<Item = (f64, &'static str)> {
        let inside = MARKS.iter().filter(|(mark, _)| (self.low..=self.high).contains(mark));
        inside.map(|(mark, name)| (self.at(*mark), *name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_covers_the_times_from_mark_to_mark() {
        let scale = Scale::around([2, 50].map(SignedDuration::from_secs), 0.0, 100.0);
        let names: Vec<_> = scale.marks().map(|(_, name)| name).collect();
        assert_eq!(names, ["1 s", "10 s", "1 min"]);
        let places = [0, 1, 60, 3_600].map(|seconds| scale.place(SignedDuration::from_secs(seconds)));
        assert_eq!(places.map(|place| format!("{place:.0}")), ["100", "100", "0", "0"]);
    }
}
