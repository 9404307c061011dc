//! Tables for people, JSON for programs.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Result of a command, as text and as JSON.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) text: String,
    pub(crate) json: Value,
}

/// Formats a table with columns as wide as their widest cell. The last column is not padded.
pub(crate) fn table<const N: usize>(headers: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headers.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let body = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    std::iter::once(line(headers)).chain(body).collect::<Vec<_>>().join("\n")
}

/// Formats names and values, one pair per line.
pub(crate) fn fields(fields: &[(&str, String)]) -> String {
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines = fields.iter().map(|(name, value)| format!("{name:width$}  {value}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// Formats a time to the second.
pub(crate) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Formats the distance of a time from now: `in 40s`, `3m ago`.
pub(crate) fn distance(time: Timestamp, now: Timestamp) -> String {
    let seconds = time.duration_since(now).as_secs();
    let size = match seconds.unsigned_abs() {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..7_200 => format!("{}m", seconds / 60),
        seconds @ 7_200..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    };
    if seconds < 0 { format!("{size} ago") } else { format!("in {size}") }
}

/// Formats a length of time with one unit.
pub(crate) fn length(time: SignedDuration) -> String {
    let (seconds, tenths) = (time.as_secs(), time.subsec_millis() / 100);
    match seconds {
        ..10 => format!("{seconds}.{tenths} s"),
        10..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Formats a number; a missing one is a dash.
pub(crate) fn number_or_dash(number: Option<u64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

/// Returns foreign text on one line and without control characters. For safety: a title must not control the terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if controls(c) { ' ' } else { c }).collect()
}

/// Returns text of several lines without characters that control a terminal. For safety: every output passes through
/// it.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if controls(c) && c != '\n' { ' ' } else { c }).collect()
}

/// Formats JSON for people. Characters that control a terminal are escaped, which leaves the JSON's meaning.
pub(crate) fn pretty(value: &Value) -> String {
    escaped(&serde_json::to_string_pretty(value).unwrap_or_default())
}

/// Formats JSON on one line, with the same escapes.
pub(crate) fn one_line(value: &Value) -> String {
    escaped(&value.to_string())
}

/// Escapes the characters of JSON that control a terminal. A line break is layout: in a string it is escaped already.
fn escaped(json: &str) -> String {
    let shown = |c: char| {
        if controls(c) && c != '\n' { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    };
    json.chars().map(shown).collect()
}

/// True for control characters, and for those that reorder or hide text
/// (<https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>).
fn controls(c: char) -> bool {
    let reorders = '\u{202a}'..='\u{202e}';
    let isolates = '\u{2066}'..='\u{2069}';
    c.is_control()
        || reorders.contains(&c)
        || isolates.contains(&c)
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_control_the_terminal() {
        let hostile = serde_json::json!({ "title": "a\u{1b}[2J\u{9b}\u{202e}b\nc" });
        let shown = pretty(&hostile);
        assert_eq!(shown, "{\n  \"title\": \"a\\u001b[2J\\u009b\\u202eb\\nc\"\n}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), hostile);
        assert_eq!(one_line(&hostile), r#"{"title":"a\u001b[2J\u009b\u202eb\nc"}"#);
    }

    #[test]
    fn columns_fit_their_widest_cell() {
        let rows = [["a".to_owned(), "1".to_owned()], ["längere".to_owned(), "2".to_owned()]];
        assert_eq!(table(["NAME", "N"], &rows), "NAME     N\na        1\nlängere  2");
    }

    #[test]
    fn a_distance_has_one_unit() {
        let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
        for (seconds, expected) in [(40, "in 40s"), (-200, "3m ago"), (7_300, "in 2h"), (-200_000, "2d ago")]
        {
            assert_eq!(distance(at(seconds), at(0)), expected);
        }
    }

    #[test]
    fn length_has_one_unit() {
        for (millis, expected) in [
            (0, "0.0 s"),
            (940, "0.9 s"),
            (58_100, "58 s"),
            (130_000, "2 min"),
            (7_300_000, "2 h"),
            (200_000_000, "2 d"),
        ] {
            assert_eq!(length(SignedDuration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn foreign_text_cannot_control_the_terminal() {
        assert_eq!(plain("a\u{1b}[31m\nb"), "a [31m b");
        assert_eq!(printable("a\u{1b}[31m\r\nb\u{202e}\u{9b}"), "a [31m \nb  ");
    }
}
