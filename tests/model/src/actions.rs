//! The steps that a state allows.
//!
//! A step that touches nothing that anybody else may touch is made at once, before all others: every order with it
//! later comes to the same. That is a partial-order reduction; it leaves states out and loses no outcome.

use crate::call::Call;
use crate::gate::{Failure, Fate};
use crate::state::{Doing, State, Who};
use crate::world::World;

/// One step. Numbers are places in the list of those who invoke functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// An invocation begins.
    Begin(usize),
    /// A call of an invocation goes this way.
    Call(usize, u32, Fate),
    /// The answer of an invocation is heard.
    Hear(usize),
    /// The invocation crashes, or nobody hears its answer.
    Crash(usize),
    /// The next entry of the agenda.
    Tick,
}

/// The steps that a state allows.
pub(crate) fn actions(world: &World, who: &[Who], state: &State, actions: &mut Vec<Action>) {
    if state.broken.is_some() {
        return;
    }
    let agenda_left = state.tick < world.agenda.len();
    let running = || {
        state.doings.iter().enumerate().filter_map(|(place, doing)| match doing {
            Doing::Runs(running) => Some((place, running)),
            Doing::Waits(_) | Doing::Done => None,
        })
    };
    let begins = || {
        let waits = |place: &usize| matches!(state.doings[*place], Doing::Waits(_));
        (0..who.len()).filter(waits).filter(|place| match who[*place] {
            Who::Publisher => state.durable.is_behind,
            Who::Webhook(_) | Who::Poller(_) => true,
        })
    };
    // Until its first call, an invocation only reads its clock.
    let is_private = |place: &usize| who[*place] != Who::Publisher && !agenda_left;
    if let Some(place) = begins().find(is_private) {
        return actions.push(Action::Begin(place));
    }
    if let Some((place, _)) = running().find(|(_, running)| running.ended.is_some()) {
        actions.push(Action::Hear(place));
        if state.crashes_left > 0 && !matches!(who[place], Who::Poller(_)) {
            actions.push(Action::Crash(place));
        }
        return;
    }
    if !agenda_left {
        for (place, running) in running() {
            if let Some((number, call)) =
                running.waiting.iter().find(|(_, call)| touches_nothing(world, call))
            {
                of_call(world, state, place, *number, call, actions);
                return crash(state, place, actions);
            }
        }
    }
    for (place, running) in running() {
        for (number, call) in &running.waiting {
            of_call(world, state, place, *number, call, actions);
        }
        crash(state, place, actions);
    }
    actions.extend(begins().map(Action::Begin));
    if agenda_left {
        actions.push(Action::Tick);
    }
}

fn crash(state: &State, place: usize, actions: &mut Vec<Action>) {
    if state.crashes_left > 0 {
        actions.push(Action::Crash(place));
    }
}

/// The ways that a call may go.
fn of_call(world: &World, state: &State, place: usize, number: u32, call: &Call, actions: &mut Vec<Action>) {
    let mut push = |fate| actions.push(Action::Call(place, number, fate));
    push(Fate::Works);
    if state.faults_left == 0 {
        return;
    }
    for fate in world.fates {
        let concerned = match fate {
            Fate::Fails(Failure::Unavailable) => true,
            Fate::Fails(Failure::Busy | Failure::TooLarge) => matches!(call, Call::Commit { .. }),
            Fate::Fails(Failure::Refused | Failure::Invalid) => matches!(call, Call::PutEvents(_)),
            // A read whose answer is lost is a read that failed.
            Fate::AnswerLost => call.is_write(),
            Fate::Works | Fate::TimesOut { .. } | Fate::Crashes { .. } => false,
        };
        if concerned {
            push(*fate);
        }
    }
}

/// True if nobody else touches what the call touches, while Bitbucket and the clock stand still.
fn touches_nothing(world: &World, call: &Call) -> bool {
    match call {
        Call::Lease | Call::Release => world.pollers < 2,
        // There is one publisher, and nobody else reads the bus.
        Call::Api(_) | Call::PutEvents(_) | Call::Park => true,
        // Without failures that keep a delivery, the list is always empty; `Explored::check` sees to it.
        Call::KeptDeliveries(_) => !world.may_keep(),
        _ => false,
    }
}
