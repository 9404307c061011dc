//! The state after a step.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use publisher::Outcome;
use store::memory::StreamRecord;

use crate::actions::Action;
use crate::bitbucket::{Act, time};
use crate::drive::{Step, Stopped, Surroundings, advance};
use crate::explored::Explored;
use crate::functions::{Ended, Input, Records};
use crate::gate::Fate;
use crate::outside::Subscriber;
use crate::script::{Noted, digest};
use crate::state::{Doing, Durable, Running, State, Who};
use crate::world::Tick;

/// The part of a step that depends only on what is durable and on the invocation that makes it. The same part is met in
/// many states, which differ in other invocations; it is made once.
#[derive(Debug)]
pub(crate) struct Made {
    /// The invocation after the step.
    running: Option<Arc<Running>>,
    /// The durable state, if the call may have changed it.
    durable: Option<Arc<Durable>>,
    line: Arc<str>,
    /// The table's refusal, in words.
    refused: Option<String>,
}

impl Made {
    fn applied(&self, state: &State, place: usize) -> State {
        let mut next = State { line: Arc::clone(&self.line), ..state.clone() };
        if let Some(running) = &self.running {
            next.doings[place] = Doing::Runs(Arc::clone(running));
        }
        if let Some(durable) = &self.durable {
            next.durable = Arc::clone(durable);
        }
        next
    }
}

impl Explored {
    /// The state after a step.
    pub(crate) fn step(&self, state: &State, action: &Action) -> State {
        match action {
            Action::Begin(place) => self.begin(state, *place),
            Action::Call(place, number, fate) => self.call(state, *place, *number, *fate),
            Action::Hear(place) => self.hear(state, *place),
            Action::Crash(place) => self.crash(state, *place),
            Action::Tick => self.tick(state),
        }
    }

    /// Who does it, in words.
    fn name(&self, place: usize, number: u32) -> String {
        match self.who[place] {
            Who::Webhook(webhook) => {
                let sent = &self.deployment.bitbucket.webhooks[webhook];
                format!("{} of hook {}, attempt {number}", sent.short_key(), sent.hook + 1)
            }
            Who::Poller(poller) if self.world.runs > 1 => format!("poller {}, run {number}", poller + 1),
            Who::Poller(poller) => format!("poller {}", poller + 1),
            Who::Publisher => "publisher".to_owned(),
        }
    }

    fn surroundings(&self, state: &State, copies: bool) -> Surroundings {
        let table = &state.durable.table;
        Surroundings {
            table: if copies { table.copy() } else { table.clone() },
            subscriber: Subscriber::with(state.durable.received.clone()),
            acts: state.durable.acts,
            at_rest: !self.world.agenda.contains(&Tick::Act),
            now: state.durable.now,
            bug: self.world.bug,
        }
    }

    fn begin(&self, state: &State, place: usize) -> State {
        let Doing::Waits(before) = state.doings[place] else { unreachable!("it does not wait") };
        let number = before + 1;
        let known = (place, number, "begins", state.durable.hash);
        let made = self.made(&known, || {
            let input = Arc::new(self.input(state, place, number));
            let began = state.durable.now;
            let surroundings = self.surroundings(state, false);
            let stopped = advance(&self.deployment, &input, began, &[], None, &surroundings);
            let mut hasher = DefaultHasher::new();
            (began, records(&input, state)).hash(&mut hasher);
            let hash = hasher.finish();
            let (past, waiting, ended) = (Vec::new(), Vec::new(), None);
            let running = Running { number, input, began, past, hash, waiting, ended };
            Made {
                running: Some(Arc::new(continued(running, stopped))),
                durable: None,
                line: format!("{} begins", self.name(place, number)).into(),
                refused: None,
            }
        });
        made.applied(state, place)
    }

    fn input(&self, state: &State, place: usize, number: u32) -> Input {
        match self.who[place] {
            Who::Webhook(webhook) => {
                let request = (self.world.new_request_ids && number > 1).then_some("another-request");
                Input::Deliver { webhook, attempt: number, request }
            }
            Who::Poller(poller) => Input::Poll { holder: format!("poller-{poller}-{number}") },
            Who::Publisher => Input::Publish(Records::new(&state.durable.unread(), state.durable.now)),
        }
    }

    fn call(&self, state: &State, place: usize, number: u32, fate: Fate) -> State {
        let running = self.running(state, place);
        let known = (place, running.number, running.hash, number, fate, state.durable.hash);
        let made = self.made(&known, || self.make_call(state, place, number, fate));
        if let Some(refused) = &made.refused {
            self.see(refused.clone());
        }
        let mut next = made.applied(state, place);
        next.faults_left -= u8::from(fate != Fate::Works);
        self.checked(next, state)
    }

    fn make_call(&self, state: &State, place: usize, number: u32, fate: Fate) -> Made {
        let running = self.running(state, place);
        let (_, call) = running.waiting.iter().find(|(waiting, _)| *waiting == number).unwrap();
        let surroundings = self.surroundings(state, call.is_write());
        let next_step = Some((number, fate));
        let Running { input, began, past, .. } = &**running;
        let mut stopped = advance(&self.deployment, input, *began, past, next_step, &surroundings);
        let noted = stopped.noted.take().unwrap();
        let how = match fate {
            Fate::Works => noted.said.clone(),
            Fate::AnswerLost => "done, but the answer is lost".to_owned(),
            _ => format!("fails: {}", noted.said),
        };
        let line = format!("{} {call}: {how}", self.name(place, running.number));
        let is_refused = noted.said.starts_with("refused: ") && fate == Fate::Works;
        let durable = call.is_write().then(|| {
            let (table, received) = (surroundings.table, surroundings.subscriber.received());
            Arc::new(Durable { table, received, ..Durable::clone(&state.durable) }.hashed())
        });
        Made {
            refused: is_refused.then(|| noted.said.clone()),
            running: Some(Arc::new(continued(remembering(Running::clone(running), noted, state), stopped))),
            durable,
            line: line.into(),
        }
    }

    fn running<'s>(&self, state: &'s State, place: usize) -> &'s Arc<Running> {
        match &state.doings[place] {
            Doing::Runs(running) => running,
            Doing::Waits(_) | Doing::Done => unreachable!("{:?} does not run", self.who[place]),
        }
    }

    /// Checks a state if it differs in anything that the checks read.
    fn checked(&self, mut next: State, before: &State) -> State {
        if next.durable.hash != before.durable.hash || next.acknowledged != before.acknowledged {
            next.broken = self.check(&next.durable, &next.acknowledged);
        }
        next
    }

    fn hear(&self, state: &State, place: usize) -> State {
        let running = self.running(state, place);
        let (number, ended) = (running.number, running.ended.clone().unwrap());
        let line = format!("{} ends: {ended}", self.name(place, number)).into();
        let mut next = State { line, ..state.clone() };
        next.doings[place] = self.after(place, number);
        match ended {
            Ended::Answered(status) => {
                self.see(format!("webhook function answers {}", status.as_u16()));
                if status.is_success() {
                    let Who::Webhook(webhook) = self.who[place] else { unreachable!("no webhook") };
                    next.acknowledged.insert(webhook);
                    next.doings[place] = Doing::Done;
                }
            }
            Ended::Polled(Ok(summary)) => {
                if summary.events > 0 {
                    self.see("poll finds events");
                }
                if summary.folded > 0 {
                    self.see("poller folds a kept delivery");
                }
            }
            Ended::Polled(Err(_)) => self.see("poller's run fails"),
            Ended::Published(outcomes) => self.published(state, running, &outcomes, &mut next),
        }
        self.checked(next, state)
    }

    fn published(&self, state: &State, running: &Running, outcomes: &[Outcome], next: &mut State) {
        for (outcome, what) in
            [(Outcome::Parked, "event parked"), (Outcome::Failed, "event handed over again")]
        {
            if outcomes.contains(&outcome) {
                self.see(what);
            }
        }
        let Input::Publish(records) = &*running.input else { unreachable!("no records") };
        let known = ("published", outcomes.iter().map(|outcome| *outcome as u8).collect::<Vec<_>>());
        let made = self.made(&(known, running.hash, state.durable.hash), || Made {
            running: None,
            durable: Some(Arc::new(
                Durable { position: records.goes_on_at(outcomes), ..Durable::clone(&state.durable) }.hashed(),
            )),
            line: Arc::clone(&next.line),
            refused: None,
        });
        next.durable = Arc::clone(made.durable.as_ref().unwrap());
    }

    /// The doing of somebody after an invocation.
    fn after(&self, place: usize, number: u32) -> Doing {
        let most = match self.who[place] {
            Who::Webhook(_) => self.world.attempts,
            Who::Poller(_) => self.world.runs,
            Who::Publisher => u32::MAX,
        };
        // The invocations of the publisher are not counted: each is like any other.
        let number = if self.who[place] == Who::Publisher { 0 } else { number };
        if number < most { Doing::Waits(number) } else { Doing::Done }
    }

    fn crash(&self, state: &State, place: usize) -> State {
        let running = self.running(state, place);
        let (name, number) = (self.name(place, running.number), running.number);
        let line = match &running.ended {
            None => format!("{name} crashes"),
            Some(ended) => format!("{name} ends: {ended}, but nobody hears it"),
        };
        self.see("invocation crashes");
        let line = line.into();
        let mut next = State { line, crashes_left: state.crashes_left - 1, ..state.clone() };
        next.doings[place] = self.after(place, number);
        next
    }

    fn tick(&self, state: &State) -> State {
        let mut durable = Durable::clone(&state.durable);
        let line = match self.world.agenda[state.tick] {
            Tick::Act => {
                let (_, act) = self.world.acts[durable.acts];
                durable.acts += 1;
                described(act)
            }
            Tick::Until(second) => {
                durable.now = time(second);
                format!("time passes until second {second}")
            }
        };
        let durable = Arc::new(durable.hashed());
        let next = State { durable, tick: state.tick + 1, line: line.into(), ..state.clone() };
        self.checked(next, state)
    }
}

fn described(act: Act) -> String {
    match act {
        Act::Open => "Alice opens the pull request".to_owned(),
        Act::Comment(text) => format!("Alice comments {text:?}"),
        Act::Edit(_, text) => format!("Alice edits a comment to {text:?}"),
        Act::Delete(_) => "Alice deletes a comment".to_owned(),
        Act::AddTask(text) => format!("Alice adds the task {text:?}"),
        Act::Build => "a build reports success".to_owned(),
    }
}

/// The keys of the records that an invocation received: they are part of its input.
fn records(input: &Input, state: &State) -> Vec<(String, String)> {
    let keys = |(_, record): (usize, StreamRecord)| (record.pk, record.sk);
    match input {
        Input::Publish(_) => state.durable.unread().into_iter().map(keys).collect(),
        Input::Deliver { .. } | Input::Poll { .. } => Vec::new(),
    }
}

/// An invocation that has received one more answer.
fn remembering(mut running: Running, noted: Noted, state: &State) -> Running {
    let mut hasher = DefaultHasher::new();
    (running.hash, noted.number, noted.digest, state.durable.now).hash(&mut hasher);
    running.hash = hasher.finish();
    let Noted { number, answer, .. } = noted;
    running.past.push(Step { number, answer, at: state.durable.now });
    running
}

/// An invocation that has gone on to its next calls, or to its end.
fn continued(running: Running, stopped: Stopped) -> Running {
    let Stopped { waiting, ended, .. } = stopped;
    if ended.is_some() {
        return Running { waiting, past: Vec::new(), hash: digest(&ended), ended, ..running };
    }
    Running { waiting, ended, ..running }
}
