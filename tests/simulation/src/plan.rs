//! The circumstances of a history, drawn from its seed.

use http::StatusCode;
use poller::PollerSettings;
use relay::Settings;
use simulator::{Rules, Side};

use crate::dice::Dice;
use crate::time::Second;
use crate::wrong_answers::Refusals;

/// People act before this second.
pub const LIVELY: Second = 2_400;

/// The margin after a window. It is as long as two clocks may differ.
pub const MARGIN: Second = 60;

/// The most seconds that a clock is ahead of Bitbucket's, or behind it.
const SKEW: u64 = 30;

/// Histories of 1,000 with a burst: 30 to 60 deliveries in one moment.
const BURSTS: u64 = 20;

/// Histories of 1,000 with comments of 300 KiB to 1.1 MiB, or with hundreds of comments. They take the longest.
const OVERSIZE: u64 = 5;

/// The most seconds until the next poll of a subject that was refused for up to 15 minutes.
const LONGEST_PAUSE: Second = 300;

/// The circumstances of a history.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub struct Plan {
    /// Bitrelay's settings.
    pub settings: Settings,
    /// The poller's limits.
    pub limits: PollerSettings,
    /// Bitbucket's behaviour where nothing documents it.
    pub rules: Rules,
    /// Seconds by which the clock of each poller is ahead of Bitbucket's.
    pub poller_skews: Vec<Second>,
    /// Second of the minute in which the rule of each poller fires.
    pub phases: Vec<Second>,
    /// True if every poller gets every lease: leases are for economy only.
    pub without_leases: bool,
    /// Seconds by which the clock of the webhook function is ahead.
    pub webhook_skew: Second,
    /// Times without a poller: from, until.
    pub outages: Vec<(Second, Second)>,
    /// Invocations of 100 that crash at one of their I/O calls.
    pub crashes: u64,
    /// I/O calls of 1,000 that fail.
    pub failing_calls: u64,
    /// Age of the copy of Bitbucket that answers half of the calls; at most the grace period. Then all pollers have one
    /// clock.
    pub lag_seconds: Second,
    /// Times in which Bitbucket refuses every read.
    pub refusals: Vec<Refusals>,
    /// True if many builds start and many comments are made in one moment.
    pub has_burst: bool,
    /// True if there are comments of 300 KiB and more, or hundreds of them.
    pub has_oversize: bool,
    /// True if a second hook reports everything too.
    pub two_hooks: bool,
    /// True if the tail is on. It finds what windows miss, so some histories do without it. In those nothing happens
    /// that only the tail can find: no task, no end, no lost report of a change that moves no counter.
    pub has_tail: bool,
}

impl Plan {
    /// Draws the circumstances.
    pub fn draw(dice: &Dice) -> Self {
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
            full_read_seconds: *dice.pick(&[0, 0, 1_800]).unwrap_or(&0),
            ..Settings::default()
        };
        let other_text_form =
            *dice.pick(&[None, None, Some(Side::Webhooks), Some(Side::Answers)]).unwrap_or(&None);
        let rules = Rules {
            silent_edit_moves_updated_on: dice.percent(70),
            edit_moves_pull_request: dice.percent(50),
            task_moves_pull_request: dice.percent(30),
            deletion_moves_comment: dice.percent(50),
            resolution_moves_updated_on: dice.percent(50),
            deleted_comments_stay_readable: dice.percent(50),
            drafts_keep_times: dice.percent(50),
            webhooks_show_resolutions: dice.percent(50),
            comments_sort_by_time: dice.percent(80),
            queued_is_a_state: dice.percent(30),
            other_text_form,
            ..Rules::default()
        };
        let limits = PollerSettings {
            calls_per_hour: *dice.pick(&[60, 200, 400, 900, 5_000, 5_000]).unwrap_or(&900),
            read_heads: dice.percent(20),
            ..PollerSettings::default()
        };
        let grace = Second::from(settings.grace_seconds);
        let pollers = if dice.percent(30) { 2 } else { 1 };
        let lag_seconds = *dice.pick(&[0, 0, 2, grace / 2, grace]).unwrap_or(&0);
        let skew = || whole(dice.below(2 * SKEW + 1)) - whole(SKEW);
        // Two looks of one poller are a grace period apart. By two clocks that differ, nobody can tell, and two old
        // answers may look as if they were.
        let common = skew();
        let poller_skews = (0..pollers).map(|_| if lag_seconds > 0 { common } else { skew() }).collect();
        let outages = (0..dice.below(3)).map(|_| {
            let from = whole(dice.below(LIVELY.cast_unsigned()));
            (from, from + whole(dice.between(30, 1_200)))
        });
        let refusals = (0..dice.below(8).saturating_sub(5)).map(|_| {
            let from = whole(dice.below(LIVELY.cast_unsigned()));
            let status = if dice.percent(50) { StatusCode::FORBIDDEN } else { StatusCode::NOT_FOUND };
            Refusals { from, until: from + whole(dice.between(20, 900)), status }
        });
        let refusals = refusals.collect();
        Self {
            settings,
            limits,
            rules,
            refusals,
            has_burst: dice.permille(BURSTS),
            has_oversize: dice.permille(OVERSIZE),
            outages: outages.collect(),
            poller_skews,
            phases: (0..pollers).map(|_| whole(dice.below(60))).collect(),
            without_leases: dice.percent(50),
            webhook_skew: skew(),
            crashes: *dice.pick(&[0, 3, 10]).unwrap_or(&0),
            failing_calls: *dice.pick(&[0, 0, 2, 20]).unwrap_or(&0),
            lag_seconds,
            two_hooks: dice.percent(20),
            has_tail,
        }
    }

    /// True if all comments and tasks are listed again after the last wrong answer: by the last check of the tail, or
    /// by a full read.
    pub const fn lists_everything_late(&self) -> bool {
        self.has_tail || self.settings.full_read_seconds > 0
    }

    /// True if no call fails and no invocation crashes.
    pub const fn works(&self) -> bool {
        self.crashes == 0 && self.failing_calls == 0
    }

    /// True if every deadline must be met: calls suffice, and hardly anything fails.
    pub const fn is_ample(&self) -> bool {
        self.limits.calls_per_hour >= 5_000 && self.crashes <= 3 && self.failing_calls == 0
    }

    /// True if a report with this key may get lost. Without the tail only reports may that a sweep makes up for.
    pub fn may_lose(&self, key: &str) -> bool {
        self.has_tail
            || !matches!(
                key,
                "pullrequest:comment_updated"
                    | "pullrequest:comment_resolved"
                    | "pullrequest:comment_reopened"
            )
    }

    /// True if no poller runs.
    pub fn is_down(&self, now: Second) -> bool {
        self.outages.iter().any(|(from, until)| (*from..*until).contains(&now))
    }

    /// True if a poller ran all the time, and Bitbucket refused nothing.
    pub fn was_up(&self, from: Second, until: Second) -> bool {
        let refused = self.refusals.iter().map(|refusals| (refusals.from, refusals.until + LONGEST_PAUSE));
        let mut down = self.outages.iter().copied().chain(refused);
        down.all(|(down, up)| up + 60 <= from || until < down)
    }
}

fn whole(value: u64) -> Second {
    Second::try_from(value).unwrap_or_default()
}
