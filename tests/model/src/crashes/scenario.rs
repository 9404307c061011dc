//! The invocations that the table is about.

use relay::Settings;

use crate::bitbucket::{Act, Timed};
use crate::call::Call;
use crate::gate::{Failure, Fate};
use crate::plan::Rule;

/// One step before the invocation that is disturbed, or after it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// A webhook arrives, by its number.
    Deliver(usize),
    /// A webhook arrives while the state of its pull request is too large to be stored.
    Keep(usize),
    /// The webhook is sent again.
    Resend(usize),
    /// The poller runs.
    Poll,
    /// The stream hands its records over.
    Publish,
}

/// One invocation, each of whose calls goes wrong in turn.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Heading of its table.
    pub title: &'static str,
    /// The situation, in words.
    pub about: &'static str,
    /// Everything that happens in Bitbucket.
    pub(crate) acts: &'static [Timed],
    /// The steps before, each with its second.
    pub(crate) before: &'static [(i64, Step)],
    /// The invocation itself, and its second.
    pub(crate) invoked: (i64, Step),
    /// The calls of the invoked function that go wrong in any case, also when it is invoked again to heal.
    pub(crate) rule: Option<Rule>,
    /// The steps that heal it: second, step and name.
    pub(crate) healed_by: &'static [(i64, Step, &'static str)],
    /// Seconds between sweeps; 0 for none.
    pub(crate) sweep_seconds: u32,
}

impl Scenario {
    /// Windows and intervals.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            tail_seconds: [0; 3],
            sweep_seconds: self.sweep_seconds,
            full_read_seconds: 3_600,
            ..Settings::default()
        }
    }

    /// The rule, if it concerns this healing step: it is another attempt of the same function.
    pub(crate) const fn rule_in(&self, healing: Step) -> Option<Rule> {
        match (self.invoked.1, healing) {
            (Step::Deliver(_), Step::Resend(_)) | (Step::Publish, Step::Publish) => self.rule,
            _ => None,
        }
    }

    /// True if the invocation calls the table. The publisher only reads records of its stream.
    pub fn uses_table(&self) -> bool {
        !matches!(self.invoked.1, Step::Publish)
    }
}

const OPENED: Timed = (-100, Act::Open);
const COMMENTED: Timed = (-20, Act::Comment("Is it oiled?"));

const fn is_commit(call: &Call) -> bool {
    matches!(call, Call::Commit { .. })
}

const fn is_put(call: &Call) -> bool {
    matches!(call, Call::PutEvents(_))
}

/// Names of the next two runs.
const FIRST: &str = "next run";
const SECOND: &str = "second run";

/// Healing of a webhook.
const RESENT: &[(i64, Step, &str)] = &[(5, Step::Resend(1), "resend"), (66, Step::Poll, FIRST)];
/// Healing of a run.
const NEXT_RUN: &[(i64, Step, &str)] = &[(60, Step::Poll, FIRST), (120, Step::Poll, SECOND)];
/// Healing of a batch.
const NEXT_ATTEMPT: &[(i64, Step, &str)] =
    &[(1, Step::Publish, "next attempt"), (2, Step::Publish, "second attempt")];

/// All scenarios.
pub fn scenarios() -> [Scenario; 7] {
    [
        Scenario {
            title: "The webhook function: a comment",
            about: "A comment was made on a known pull request, and its webhook arrives.",
            acts: &[OPENED, COMMENTED],
            before: &[(-100, Step::Deliver(0))],
            invoked: (0, Step::Deliver(1)),
            rule: None,
            healed_by: RESENT,
            sweep_seconds: 0,
        },
        Scenario {
            title: "The webhook function: a delivery that is kept",
            about: "The same, while the table refuses the state as too large. The delivery is kept, and the \
                    poller folds it.",
            acts: &[OPENED, COMMENTED],
            before: &[(-100, Step::Deliver(0))],
            invoked: (0, Step::Deliver(1)),
            rule: Some((is_commit, Fate::Fails(Failure::TooLarge))),
            healed_by: RESENT,
            sweep_seconds: 0,
        },
        Scenario {
            title: "The webhook function: a build",
            about: "A build of the head of an open pull request is reported. It is stored in two logs: of \
                    the pull request, and of the commit.",
            acts: &[OPENED, (-20, Act::Build)],
            before: &[(-100, Step::Deliver(0))],
            invoked: (0, Step::Deliver(1)),
            rule: None,
            healed_by: RESENT,
            sweep_seconds: 0,
        },
        Scenario {
            title: "The poller: a pull request and a kept delivery",
            about: "A comment was edited without a webhook, another one was deleted and its webhook was \
                    lost. A task was added, a build ended, and the delivery of a third comment is kept. A \
                    run lists the kept deliveries of eight shards one by one; the link is in one of them.",
            acts: &[
                OPENED,
                (-90, Act::Comment("Is it oiled?")),
                (-80, Act::Comment("It squeaks.")),
                (-60, Act::Edit(0, "Is it well oiled?")),
                (-55, Act::Delete(1)),
                (-50, Act::AddTask("Oil it")),
                (-45, Act::Build),
                (-20, Act::Comment("Now it runs.")),
            ],
            before: &[
                (-100, Step::Deliver(0)),
                (-90, Step::Deliver(1)),
                (-80, Step::Deliver(2)),
                (-20, Step::Keep(5)),
            ],
            invoked: (0, Step::Poll),
            rule: None,
            healed_by: NEXT_RUN,
            sweep_seconds: 0,
        },
        Scenario {
            title: "The poller: a sweep",
            about: "The webhook of a comment was lost, and no poll of the pull request is due. The sweep \
                    makes one due; the next run makes it.",
            acts: &[OPENED, (-20, Act::Comment("Is it oiled?"))],
            before: &[(-100, Step::Deliver(0)), (-90, Step::Poll), (-60, Step::Poll)],
            invoked: (900, Step::Poll),
            rule: None,
            healed_by: &[
                (960, Step::Poll, FIRST),
                (1_020, Step::Poll, SECOND),
                (1_080, Step::Poll, "third run"),
            ],
            sweep_seconds: 300,
        },
        Scenario {
            title: "The publisher: two events",
            about: "The stream hands two new events over.",
            acts: &[OPENED, COMMENTED],
            before: &[(-100, Step::Deliver(0)), (-10, Step::Deliver(1))],
            invoked: (0, Step::Publish),
            rule: None,
            healed_by: NEXT_ATTEMPT,
            sweep_seconds: 0,
        },
        Scenario {
            title: "The publisher: an event that the bus never accepts",
            about: "The stream hands one event over, which the bus calls malformed. It goes to the \
                    dead-letter queue.",
            acts: &[OPENED],
            before: &[(-100, Step::Deliver(0))],
            invoked: (0, Step::Publish),
            rule: Some((is_put, Fate::Fails(Failure::Invalid))),
            healed_by: NEXT_ATTEMPT,
            sweep_seconds: 0,
        },
    ]
}
