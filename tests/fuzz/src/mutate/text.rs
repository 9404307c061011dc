//! Random changes of texts.

use jiff::{SignedDuration, Timestamp};
use simulation::dice::Dice;

use super::{below, words};

/// Most repetitions of a text by one change.
const MOST_REPEATS: u64 = 2_000;

/// Returns a changed text.
pub(super) fn change(dice: &Dice, text: &str) -> String {
    if dice.percent(40)
        && let Ok(time) = text.parse::<Timestamp>()
    {
        return change_time(dice, time);
    }
    let chars: Vec<char> = text.chars().collect();
    let (one, other) = (below(dice, chars.len() + 1), below(dice, chars.len() + 1));
    let (from, to) = (one.min(other), one.max(other));
    let part = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
    let (before, within, after) = (part(0, from), part(from, to), part(to, chars.len()));
    match dice.below(10) {
        0 => words::text(dice).to_owned(),
        1 | 2 => format!("{before}{}{after}", words::text(dice)),
        3 => before + &after,
        4 => before,
        5 => format!("{before}{within}{within}{after}"),
        6 if dice.percent(20) => format!(
            "{before}{}{after}",
            within.repeat(repeats(dice).min(super::MOST_COPIED_BYTES / (within.len() + 1)))
        ),
        7 => format!("{before}{}{after}", within.to_uppercase()),
        8 => format!("{before}{}{after}", change_char(dice, &within)),
        _ => format!("{}{text}", words::text(dice)),
    }
}

fn repeats(dice: &Dice) -> usize {
    below(dice, usize::try_from(MOST_REPEATS).unwrap_or_default())
}

/// Changes the first character to another of any kind.
fn change_char(dice: &Dice, text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map_or(0, u32::from);
    let changed = match dice.below(3) {
        0 => first ^ (1 << dice.below(7)),
        1 => first.wrapping_add(1),
        _ => u32::try_from(dice.below(0x11_0000)).unwrap_or_default(),
    };
    char::from_u32(changed).into_iter().chain(chars).collect()
}

/// Moves a time: mostly by seconds or minutes, sometimes by years or out of all ranges.
fn change_time(dice: &Dice, time: Timestamp) -> String {
    let seconds = match dice.below(5) {
        0 => dice.below(120),
        1 => dice.below(1_200),
        2 => dice.below(200_000),
        3 => dice.below(10_000_000_000),
        _ => return words::text(dice).to_owned(),
    };
    let seconds = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or_default());
    let moved = if dice.percent(50) { time.saturating_add(seconds) } else { time.saturating_sub(seconds) };
    moved.unwrap_or(time).to_string()
}
