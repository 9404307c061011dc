//! What a history is like, drawn from its seed.

use bitbucket::EventKey;
use relay::Settings;

use crate::dice::Dice;
use crate::hub::{Rules, Second};

/// Acts begin before this second.
pub const LIVELY: Second = 2_400;

/// The margin, which has to be as long as two clocks may differ.
pub const MARGIN: Second = 60;

/// How far a clock may be from Bitbucket's, either way.
const SKEW: u64 = 30;

/// What a history is like.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Bitrelay's settings.
    pub settings: Settings,
    /// What Bitbucket is like.
    pub rules: Rules,
    /// By how much each poller's clock is ahead of Bitbucket's.
    pub poller_skews: Vec<Second>,
    /// When in the minute each of them begins.
    pub phases: Vec<Second>,
    /// By how much the webhook function's clock is ahead.
    pub webhook_skew: Second,
    /// Calls an hour.
    pub limit: u32,
    /// Calls a run.
    pub most_calls: u32,
    /// When no poller is up: from and until.
    pub outages: Vec<(Second, Second)>,
    /// How many of a hundred polls break off before they are stored.
    pub crashes: u64,
    /// Whether a second hook reports everything too.
    pub two_hooks: bool,
    /// Whether later looks follow the last window. They find what windows overlook, so some histories do without: in those
    /// nothing happens that only a later look can find: no task, no merge, no lost report of what moves no counter.
    pub has_tail: bool,
}

impl Plan {
    /// Draws one.
    pub fn draw(dice: &mut Dice) -> Self {
        let has_tail = dice.percent(60);
        let window_seconds = *dice.pick(&[60, 60, 120, 120, 600]).unwrap_or(&60);
        let settings = Settings {
            window_seconds,
            margin_seconds: u32::try_from(MARGIN).unwrap_or_default(),
            poll_interval_seconds: 15,
            grace_seconds: *dice.pick(&[5, 10, 30]).unwrap_or(&30),
            tail_seconds: if has_tail { [600, 3_600, 0] } else { [0; 3] },
            task_interval_seconds: *dice.pick(&[0, 60]).unwrap_or(&60),
            sweep_seconds: 300,
        };
        let rules = Rules {
            window_seconds: window_seconds.into(),
            silent_edit_moves_comment: dice.percent(70),
            edit_moves_pull_request: dice.percent(50),
            task_moves_pull_request: dice.percent(30),
            deleted_comments_stay_readable: dice.percent(50),
        };
        let pollers = if dice.percent(30) { 2 } else { 1 };
        let second = |value: u64| Second::try_from(value).unwrap_or_default();
        let skew = |dice: &mut Dice| second(dice.below(2 * SKEW + 1)) - second(SKEW);
        let outages = (0..dice.below(3)).map(|_| {
            let from = second(dice.below(second_count()));
            (from, from + second(dice.between(30, 1_200)))
        });
        Self {
            settings,
            rules,
            outages: outages.collect(),
            poller_skews: (0..pollers).map(|_| skew(dice)).collect(),
            phases: (0..pollers).map(|_| second(dice.below(60))).collect(),
            webhook_skew: skew(dice),
            limit: *dice.pick(&[60, 200, 400, 900, 5_000, 5_000]).unwrap_or(&900),
            most_calls: 120,
            crashes: *dice.pick(&[0, 3, 10]).unwrap_or(&0),
            two_hooks: dice.percent(20),
            has_tail,
        }
    }

    /// Whether every deadline must be met: calls suffice, and polls rarely break off.
    pub const fn is_ample(&self) -> bool {
        self.limit >= 5_000 && self.crashes <= 3
    }

    /// Whether a report may get lost. Without later looks only those may that a sweep of the open pull requests makes up for.
    pub const fn may_lose(&self, key: &EventKey) -> bool {
        match key {
            EventKey::CommentUpdated | EventKey::CommentResolved | EventKey::CommentReopened => self.has_tail,
            _ => true,
        }
    }

    /// Whether no poller is up.
    pub fn is_down(&self, now: Second) -> bool {
        self.outages.iter().any(|(from, until)| (*from..*until).contains(&now))
    }

    /// Whether some poller was up all the time.
    pub fn was_up(&self, from: Second, until: Second) -> bool {
        self.outages.iter().all(|(down, up)| *up + 60 <= from || until < *down)
    }
}

const fn second_count() -> u64 {
    LIVELY.cast_unsigned()
}
