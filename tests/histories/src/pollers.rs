//! A poller as the real one behaves: runs once a minute, passes in them, polls one after the other, each with several calls
//! between which other things happen. The lease is left out: it is for economy, and two pollers at once are what is tested.

use std::collections::BTreeMap;

use bitbucket::PullRequestId;
use bitbucket::payload::{Comment, Document, PullRequest, Task};
use jiff::{SignedDuration, Timestamp};
use relay::budget::Reservation;
use relay::observation::Sweep;
use relay::observation::{
    Listing, Observation, PullRequestObservation, PullRequestPoll, RepositoryObservation,
};
use relay::polling::Needs;
use relay::polling::{is_unexplained, moved};
use relay::polling::{notice, unlisted_comments, unlisted_tasks};
use relay::state::Listed;
use relay::{Subject, SubjectState};

use crate::history::{History, Next};
use crate::hub::{Pull, Second, repository as repository_object, time};
use crate::table::{pull_request, repository};

const RUN_SECONDS: Second = 55;
const SPACING_SECONDS: Second = 2;
const PAUSE_SECONDS: Second = 5;
const HOUR: Second = 3_600;

/// How long a pull request waits for a run that has calls enough to read all of it.
const LONG_OVERDUE: SignedDuration = SignedDuration::from_mins(20);

/// The most comments, and tasks, that one poll asks for by id.
const MAX_LOOKUPS: usize = 20;

/// The number of a run of one poller.
pub(crate) type RunNumber = u64;

/// What a run does next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// Looks for what is due.
    Pass,
    /// Reads the tasks.
    ReadTasks,
    /// Reads the comments, and what is missing.
    ReadComments,
    /// Stores the poll.
    Store,
}

/// One poller, between and during its runs.
#[derive(Debug)]
pub struct Poller {
    skew: Second,
    run: Option<Run>,
    runs: RunNumber,
    /// What is left alone until when, by this poller's clock.
    pauses: BTreeMap<Subject, Second>,
}

#[derive(Debug)]
struct Run {
    ends: Second,
    /// The calls of this run; `None` before the first is needed.
    reserved: Option<Reservation>,
    left: u32,
    poll: Option<Reading>,
}

/// A poll on its way.
#[derive(Debug)]
struct Reading {
    subject: Subject,
    pull: u64,
    state: SubjectState,
    started_at: Timestamp,
    tasks_wanted: bool,
    pull_request: Option<Document<PullRequest>>,
    tasks: Option<Vec<Document<Task>>>,
    poll: Option<PullRequestPoll>,
}

impl Poller {
    /// One that has just begun to be.
    pub const fn new(skew: Second) -> Self {
        Self { skew, run: None, runs: 0, pauses: BTreeMap::new() }
    }
}

impl History {
    fn clock(&self, poller: usize) -> Timestamp {
        time(self.now + self.pollers.get(poller).map_or(0, |poller| poller.skew))
    }

    fn run_of(&mut self, poller: usize) -> Option<&mut Run> {
        self.pollers.get_mut(poller)?.run.as_mut()
    }

    pub(crate) fn is_running(&self, poller: usize, run: RunNumber) -> bool {
        self.pollers.get(poller).is_some_and(|poller| poller.run.is_some() && poller.runs == run)
    }

    /// Plans the next step of the present run.
    fn plan_step(&mut self, poller: usize, at: Second, step: Step) {
        let run = self.pollers.get(poller).map_or(0, |poller| poller.runs);
        self.schedule(at, Next::Step(poller, step, run));
    }

    pub(crate) fn step(&mut self, poller: usize, step: Step) -> Result<(), String> {
        match step {
            Step::Pass => return self.pass(poller),
            Step::ReadTasks => self.read_tasks(poller),
            Step::ReadComments => self.read_comments(poller),
            Step::Store => return self.store(poller),
        }
        Ok(())
    }

    /// The rule fires.
    pub(crate) fn start(&mut self, poller: usize) {
        self.schedule(self.now + 60, Next::Start(poller));
        let (ends, is_down) = (self.now + RUN_SECONDS, self.plan.is_down(self.now));
        let Some(poller_state) = self.pollers.get_mut(poller) else { return };
        // A run that hangs over is cut off.
        poller_state.runs += 1;
        poller_state.run = (!is_down).then_some(Run { ends, reserved: None, left: 0, poll: None });
        if !is_down {
            self.plan_step(poller, self.now, Step::Pass);
        }
    }

    /// Polls what is due first, or waits for the next pass, or ends the run.
    fn pass(&mut self, poller: usize) -> Result<(), String> {
        let (now, clock) = (self.now, self.clock(poller));
        let Some((ends, busy)) = self.run_of(poller).map(|run| (run.ends, run.poll.is_some())) else {
            return Ok(());
        };
        if busy {
            return Ok(());
        }
        if now >= ends || self.plan.is_down(now) {
            self.end_run(poller);
            return Ok(());
        }
        let (mut ready, mut later) = (Vec::new(), false);
        let deadline = time(ends + self.pollers.get(poller).map_or(0, |poller| poller.skew));
        for (subject, watch) in self.table.watches() {
            let pause = self.pollers.get(poller).and_then(|poller| poller.pauses.get(subject)).copied();
            let from = pause.map_or(watch.due_at, |pause| watch.due_at.max(time(pause)));
            if from <= clock {
                ready.push((watch.urgency(clock), subject.clone()));
            } else {
                later |= from < deadline;
            }
        }
        ready.sort();
        match ready.into_iter().next() {
            Some((_, subject)) => self.begin_poll(poller, subject),
            None if later => {
                self.plan_step(poller, now + SPACING_SECONDS, Step::Pass);
                Ok(())
            }
            None => {
                self.end_run(poller);
                Ok(())
            }
        }
    }

    /// Gives back what was not used, unless that crashes.
    fn end_run(&mut self, poller: usize) {
        let crashes = self.dice.percent(self.plan.crashes);
        let run = self.pollers.get_mut(poller).and_then(|poller| poller.run.take());
        let Some((reserved, left)) = run.and_then(|run| Some((run.reserved?, run.left))) else { return };
        if !crashes && left > 0 {
            self.table.budget.give_back(Reservation { calls: left, ..reserved });
        }
    }

    fn begin_poll(&mut self, poller: usize, subject: Subject) -> Result<(), String> {
        let (clock, limit, most) = (self.clock(poller), self.plan.limit, self.plan.most_calls);
        let is_first = self.run_of(poller).is_some_and(|run| run.reserved.is_none());
        if is_first {
            let reserved = self.table.budget.reserve(clock, limit, most);
            let spent = self.table.budget.spent(clock);
            self.tell(|| format!("  poller {poller} may make {} calls; {spent} are spent", reserved.calls));
            if let Some(run) = self.run_of(poller) {
                (run.reserved, run.left) = (Some(reserved), reserved.calls);
            }
        }
        let state = self.table.read(&subject);
        if matches!(subject, Subject::Repository { .. }) {
            return self.sweep(poller, &subject, &state);
        }
        let (Some(known), Some(pull)) = (state.pull_request(), self.number_of(&subject)) else {
            return Err(format!("a watch on {subject}, of which nothing is known"));
        };
        if self.table.read(&repository()).repository().is_none() {
            self.table.learns(
                &repository(),
                &Observation::Repository(RepositoryObservation::Active(repository_object())),
                clock,
            )?;
        }
        let left = self.run_of(poller).map_or(0, |run| run.left);
        let reserved = self.run_of(poller).and_then(|run| run.reserved);
        let granted = reserved.map_or(0, |reserved| reserved.calls);
        let is_short_of_calls = reserved.is_none_or(|reserved| reserved.is_short_of(most));
        let needs = Needs::new(known, clock, &self.plan.settings, is_short_of_calls);
        let calls = 1 + u32::from(needs.tasks) + u32::from(needs.pull_request);
        let is_long_overdue =
            state.watch.is_some_and(|watch| clock.duration_since(watch.due_at) > LONG_OVERDUE);
        let suffices = left >= calls;
        if left == 0 || (!suffices && (left < granted || !is_long_overdue)) {
            self.end_run(poller);
            return Ok(());
        }
        let needs =
            Needs { pull_request: needs.pull_request && suffices, tasks: needs.tasks && suffices, ..needs };
        let shown = if needs.pull_request { self.read_pull_request(poller, pull) } else { None };
        let reading = Reading {
            subject,
            pull,
            started_at: clock,
            tasks_wanted: needs.tasks,
            pull_request: shown,
            tasks: None,
            poll: None,
            state,
        };
        if let Some(run) = self.run_of(poller) {
            run.poll = Some(reading);
        }
        let takes = self.call_seconds();
        self.plan_step(poller, self.now + takes, Step::ReadTasks);
        Ok(())
    }

    fn read_pull_request(&mut self, poller: usize, pull: u64) -> Option<Document<PullRequest>> {
        self.call(poller).then(|| self.hub.pulls.get(&pull).map(|pull| Document::new(pull.shown())))?
    }

    /// How long a call takes: mostly less than a second.
    fn call_seconds(&mut self) -> Second {
        if self.dice.percent(80) { 0 } else { 1 + self.second_below(2) }
    }

    /// Makes a call, if the run has one left.
    fn call(&mut self, poller: usize) -> bool {
        let Some(run) = self.run_of(poller).filter(|run| run.left > 0) else { return false };
        run.left -= 1;
        self.calls.push_back(self.now);
        self.all_calls += 1;
        true
    }

    fn read_tasks(&mut self, poller: usize) {
        let Some((pull, wanted)) =
            self.run_of(poller).and_then(|run| run.poll.as_ref()).map(|poll| (poll.pull, poll.tasks_wanted))
        else {
            return;
        };
        if wanted && self.call(poller) {
            let tasks = self.hub.pulls.get(&pull).map(|pull| pull.tasks.values().cloned().collect());
            if let Some(reading) = self.run_of(poller).and_then(|run| run.poll.as_mut()) {
                reading.tasks = tasks;
            }
        }
        let takes = self.call_seconds();
        self.plan_step(poller, self.now + takes, Step::ReadComments);
    }

    fn read_comments(&mut self, poller: usize) {
        if !self.call(poller) {
            self.break_off(poller);
            return;
        }
        let Some(mut reading) = self.run_of(poller).and_then(|run| run.poll.take()) else { return };
        let comments: Vec<Document<Comment>> =
            self.hub.pulls.get(&reading.pull).map(Pull::listed_comments).unwrap_or_default();
        let mut poll = PullRequestPoll {
            base_version: reading.state.version,
            started_at: reading.started_at,
            pull_request: reading.pull_request.take(),
            head: None,
            is_complete: true,
            comments: Listing::new(comments),
            tasks: reading.tasks.take().map(Listing::new),
        };
        if let Some(known) = reading.state.pull_request() {
            for id in unlisted_comments(&known.comments, &poll.comments).into_iter().take(MAX_LOOKUPS) {
                if self.call(poller) {
                    poll.comments.lookups.insert(id, self.hub.comment(reading.pull, id.0));
                }
            }
            if let Some(listing) = &mut poll.tasks {
                for id in unlisted_tasks(&known.tasks, listing).into_iter().take(MAX_LOOKUPS) {
                    if self.call(poller) {
                        listing.lookups.insert(id, self.hub.task(reading.pull, id.0));
                    }
                }
            }
        }
        reading.poll = Some(poll);
        if let Some(run) = self.run_of(poller) {
            run.poll = Some(reading);
        }
        let takes = self.call_seconds();
        self.plan_step(poller, self.now + takes, Step::Store);
    }

    fn store(&mut self, poller: usize) -> Result<(), String> {
        if self.dice.percent(self.plan.crashes) {
            self.break_off(poller);
            return Ok(());
        }
        let Some(reading) = self.run_of(poller).and_then(|run| run.poll.take()) else { return Ok(()) };
        let clock = self.clock(poller);
        let Some(poll) = reading.poll else {
            self.pause(poller, reading.subject);
            return Ok(());
        };
        let (told, read_all) = (self.table.told.len(), poll.pull_request.is_some());
        self.table.learns(
            &reading.subject,
            &Observation::PullRequest(PullRequestObservation::Poll(poll)),
            clock,
        )?;
        let (news, watch) = (self.table.told.len() - told, self.table.read(&reading.subject).watch);
        self.tell(|| {
            let due = watch.map(|watch| (watch.due_at.duration_since(time(0)).as_secs(), watch.reason));
            format!(
                "  poller {poller} polls {} (itself: {read_all}): {news} events, next {due:?}",
                reading.pull
            )
        });
        self.plan_step(poller, self.now, Step::Pass);
        self.check_hour()
    }

    /// Nothing of the poll is stored; it is made again after a pause.
    fn break_off(&mut self, poller: usize) {
        if let Some(reading) = self.run_of(poller).and_then(|run| run.poll.take()) {
            self.pause(poller, reading.subject);
        }
    }

    fn pause(&mut self, poller: usize, subject: Subject) {
        let now = self.now;
        if let Some(poller) = self.pollers.get_mut(poller) {
            poller.pauses.insert(subject, now + poller.skew + PAUSE_SECONDS);
        }
        self.plan_step(poller, now, Step::Pass);
    }

    /// One repository: notes with each pull request what moved, and with the repository last. May break off in between.
    fn sweep(&mut self, poller: usize, subject: &Subject, state: &SubjectState) -> Result<(), String> {
        if !self.call(poller) {
            self.end_run(poller);
            return Ok(());
        }
        let clock = self.clock(poller);
        let sweep = Sweep { started_at: clock, open: self.hub.open(), complete: true };
        for id in moved(state, &sweep) {
            if self.dice.percent(self.plan.crashes) {
                self.pause(poller, subject.clone());
                return Ok(());
            }
            self.compare(state, &sweep, id, clock)?;
        }
        self.table.learns(subject, &Observation::Repository(RepositoryObservation::Swept(sweep)), clock)?;
        self.plan_step(poller, self.now, Step::Pass);
        self.check_hour()
    }

    fn compare(
        &mut self,
        state: &SubjectState,
        sweep: &Sweep,
        id: PullRequestId,
        clock: Timestamp,
    ) -> Result<(), String> {
        let Some(known_repository) = state.repository() else { return Ok(()) };
        let subject = pull_request(id.0);
        let known = self.table.read(&subject);
        if known.pull_request().is_none() && known_repository.first_swept_at.is_none() {
            return Ok(());
        }
        let shown = sweep.open.iter().find(|shown| shown.id() == Some(id)).map(Listed::from_listing);
        if !is_unexplained(&known, shown.as_ref()) {
            return Ok(());
        }
        self.tell(|| format!("  a sweep notices {id}"));
        let notice = Observation::PullRequest(PullRequestObservation::SeenInSweep(notice(
            known_repository,
            sweep,
            id,
        )));
        self.table.learns(&subject, &notice, clock)
    }

    /// G8: in no rolling hour are more calls made than the limit allows.
    fn check_hour(&mut self) -> Result<(), String> {
        while self.calls.front().is_some_and(|first| self.now - first >= HOUR) {
            self.calls.pop_front();
        }
        let limit = usize::try_from(self.plan.limit).unwrap_or(usize::MAX);
        if self.calls.len() <= limit {
            return Ok(());
        }
        Err(format!(
            "G8: {} calls in the hour before second {}\n  {:?}",
            self.calls.len(),
            self.now,
            self.plan
        ))
    }
}
