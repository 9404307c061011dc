//! A small world: what happened before, who acts now, and how much may go wrong.

use jiff::SignedDuration;
use poller::PollerSettings;
use relay::Settings;

use crate::bitbucket::{Act, Timed};
use crate::gate::{Failure, Fate};
use crate::table::TableBug;

/// A small world, all of whose interleavings are visited.
#[derive(Debug, Clone, Copy)]
pub struct World {
    /// Its name.
    pub name: &'static str,
    /// Its beginning, in words.
    pub about: &'static str,
    /// Everything that people do in Bitbucket, in order; the last acts may be on the agenda.
    pub acts: &'static [Timed],
    /// Number of hooks that report it.
    pub hooks: usize,
    /// Numbers of the webhooks that are on their way when the world begins. Those before them have arrived.
    pub in_flight: &'static [usize],
    /// Second in which the world begins.
    pub begins: i64,
    /// Second in which a poll read the pull request before. Without one, the first poll is due.
    pub polled: Option<i64>,
    /// The other happenings, in this order, each at any moment. Nothing else lets time pass.
    pub agenda: &'static [Tick],
    /// Attempts that Bitbucket makes with each webhook.
    pub attempts: u32,
    /// True if a resend has a request id of its own.
    pub new_request_ids: bool,
    /// Number of pollers.
    pub pollers: usize,
    /// Runs of each poller.
    pub runs: u32,
    /// True if a poller respects the lease of another; false if every lease has run out.
    pub leases: bool,
    /// True if a publisher reads the stream.
    pub publishes: bool,
    /// Number of invocations that may crash. A lost answer of a function counts as one.
    pub crashes: u8,
    /// Number of I/O calls that may fail.
    pub faults: u8,
    /// The ways in which a call may fail, as far as they fit it.
    pub fates: &'static [Fate],
    /// A bug of the table, to see that it is found.
    pub bug: Option<TableBug>,
}

/// One entry of the agenda.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// The next act in Bitbucket.
    Act,
    /// Time passes, until this second.
    Until(i64),
}

/// The pull request is known, and the watch of its first poll is due.
const OPENED: Timed = (-60, Act::Open);

const UNREACHABLE: Fate = Fate::Fails(Failure::Unavailable);
const TOO_LARGE: Fate = Fate::Fails(Failure::TooLarge);

/// The most that is needed: worlds differ from it.
const PLAIN: World = World {
    name: "",
    about: "",
    acts: &[OPENED, (-40, Act::Comment("Is it oiled?"))],
    hooks: 1,
    in_flight: &[1],
    begins: 0,
    polled: None,
    agenda: &[],
    attempts: 2,
    new_request_ids: false,
    pollers: 0,
    runs: 1,
    leases: false,
    publishes: true,
    crashes: 1,
    faults: 1,
    fates: &[UNREACHABLE, Fate::AnswerLost],
    bug: None,
};

impl World {
    /// Number of acts before the world begins.
    pub(crate) fn acts_before(&self) -> usize {
        self.acts.len() - self.agenda.iter().filter(|tick| **tick == Tick::Act).count()
    }

    /// Number of acts before the poll that came before, if there was one.
    pub(crate) fn acts_polled(&self) -> usize {
        let before = |second| self.acts.iter().take_while(|(at, _)| *at <= second).count();
        self.polled.map_or(self.acts_before(), before)
    }

    /// Windows and intervals: the default ones, without sweeps and the tail. Each comment without a webhook is left to
    /// the windows and the full read, an hour later.
    pub(crate) fn settings() -> Settings {
        Settings {
            tail_seconds: [0; 3],
            task_interval_seconds: 0,
            sweep_seconds: 0,
            full_read_seconds: 3_600,
            ..Settings::default()
        }
    }

    pub(crate) fn limits() -> PollerSettings {
        PollerSettings {
            calls_per_hour: 1_000_000,
            max_calls_per_run: 1_000,
            read_heads: false,
            pass_spacing: SignedDuration::from_millis(2),
            ..PollerSettings::default()
        }
    }

    /// True if a delivery may be kept. It is not for contention: that takes more writers than any of these worlds has.
    pub(crate) fn may_keep(&self) -> bool {
        self.fates.contains(&TOO_LARGE)
    }

    /// The worlds of every test run: seconds.
    pub const fn small() -> [Self; 4] {
        const STREAM_FATES: &[Fate] = &[UNREACHABLE, Fate::Fails(Failure::Invalid)];
        [
            Self { publishes: false, faults: 0, ..ONE_FACT },
            Self { publishes: false, pollers: 1, fates: &[TOO_LARGE], ..KEPT },
            Self { publishes: false, crashes: 0, faults: 0, ..TWO_POLLERS },
            Self { attempts: 1, crashes: 0, faults: 1, fates: STREAM_FATES, ..STREAM },
        ]
    }

    /// A world whose table lets a commit pass on top of any version. The webhook of a comment is on its way, and the
    /// poll leaves so young a comment to it.
    pub const fn with_a_careless_table() -> Self {
        Self {
            name: "a table without the version condition",
            about: "Alice commented 10 seconds ago. The webhook is on its way, and a poll is due.",
            acts: &[OPENED, (-10, Act::Comment("Is it oiled?"))],
            pollers: 1,
            publishes: false,
            crashes: 0,
            faults: 0,
            bug: Some(TableBug::NoVersionCondition),
            ..PLAIN
        }
    }

    /// The worlds of `make model`: minutes.
    pub const fn large() -> [Self; 7] {
        [ONE_FACT, RESEND, TWO_POLLERS, KEPT, KEPT_AND_POLLED, EDIT, STREAM]
    }
}

const ONE_FACT: World = World {
    name: "one fact, two hooks and a poll",
    about: "Alice commented 40 seconds ago. Two hooks report it; both webhooks are on their way, and a poll is due.",
    hooks: 2,
    in_flight: &[2, 3],
    pollers: 1,
    crashes: 1,
    faults: 1,
    ..PLAIN
};

const RESEND: World = World {
    name: "a resend under a new request id",
    about: "Alice commented and edited the comment at once. The webhook is sent up to three times, and a poll is due.",
    acts: &[OPENED, (-40, Act::Comment("Is it oiled?")), (-35, Act::Edit(0, "Is it well oiled?"))],
    attempts: 3,
    new_request_ids: true,
    pollers: 1,
    crashes: 2,
    faults: 1,
    ..PLAIN
};

const TWO_POLLERS: World = World {
    name: "two pollers at once",
    about: "Two pollers run at once, because a lease ran out. Alice's comment was edited in silence, and another \
            comment's webhook is on its way.",
    acts: &[
        OPENED,
        (-50, Act::Comment("Is it oiled?")),
        (-45, Act::Edit(0, "Is it well oiled?")),
        (-40, Act::Comment("It squeaks.")),
    ],
    in_flight: &[2],
    pollers: 2,
    crashes: 1,
    faults: 1,
    ..PLAIN
};

const KEPT: World = World {
    name: "a kept delivery and two pollers",
    about: "A webhook is on its way, and the table may refuse its state as too large. \
            Two pollers fold kept deliveries.",
    polled: Some(-50),
    pollers: 2,
    crashes: 1,
    faults: 1,
    fates: &[UNREACHABLE, Fate::AnswerLost, TOO_LARGE, Fate::Fails(Failure::Busy)],
    ..PLAIN
};

const KEPT_AND_POLLED: World = World {
    name: "a kept delivery and a poll",
    about: "A webhook is on its way, and the table may refuse its state as too large. \
            A poll of its pull request is due.",
    pollers: 1,
    crashes: 1,
    faults: 1,
    fates: &[UNREACHABLE, Fate::AnswerLost, TOO_LARGE],
    ..PLAIN
};

const EDIT: World = World {
    name: "an edit during a poll, and a lease that runs out",
    about: "A comment's webhook is on its way and a poll is due. Alice edits the comment, and a minute passes.",
    acts: &[OPENED, (-40, Act::Comment("Is it oiled?")), (0, Act::Edit(0, "Is it well oiled?"))],
    agenda: &[Tick::Act, Tick::Until(61)],
    pollers: 2,
    leases: true,
    publishes: false,
    crashes: 1,
    faults: 0,
    ..PLAIN
};

const STREAM: World = World {
    name: "the stream, the bus and the dead-letter queue",
    about: "Two webhooks are on their way. The bus may refuse events for now or for ever, and the stream hands records \
            over again.",
    acts: &[OPENED, (-40, Act::Comment("Is it oiled?")), (-30, Act::Comment("It squeaks."))],
    in_flight: &[1, 2],
    attempts: 2,
    crashes: 2,
    faults: 2,
    fates: &[UNREACHABLE, Fate::AnswerLost, Fate::Fails(Failure::Refused), Fate::Fails(Failure::Invalid)],
    ..PLAIN
};
