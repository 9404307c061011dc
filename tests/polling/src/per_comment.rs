//! The usual policy of bots that were written for this: a schedule for each comment. It reads that one comment every
//! 19 ± 4 seconds, until ten minutes and one interval have passed since its creation or since the last edit that it
//! found. The tasks of a pull request are read when a webhook about one of its comments arrives.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use simulation::dice::Dice;
use simulator::world::{
    Act as WorldAct, ContentInput, HookInput, NewComment, NewPullRequest, NewTask, Outbox, RepositoryId,
    TaskChanges, TaskState, World,
};

use crate::changes::{Fact, Report, WINDOW};
use crate::outcome::Outcome;
use crate::stage;
use crate::workload::{Act, Action, Arrival, Item, Pr, Second, Workload, text};

/// Seconds between two reads of a comment: 19 ± 4.
const LEAST_INTERVAL: u64 = 15;
const MOST_INTERVAL: u64 = 23;

/// Seconds from the last change that a schedule found to its end.
const DURATION: Second = WINDOW + 19;

const HOUR: Second = 3_600;

/// An entry of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// A webhook about a comment arrives. It starts or prolongs that comment's schedule.
    Webhook(Pr, Item),
    /// The schedule of a comment is due.
    Turn(Pr, Item),
}

#[derive(Debug)]
struct Run<'w> {
    workload: &'w Workload,
    world: World,
    prs: Vec<(RepositoryId, u64)>,
    ids: BTreeMap<Item, u64>,
    dice: Dice,
    /// Ordered by time, then by the number of the entry.
    queue: BTreeSet<(Second, u64, Next)>,
    planned: u64,
    /// End of each schedule, and the text that it read last.
    schedules: BTreeMap<Item, (Second, String)>,
    /// Text of each task as it was read last, and true if it was resolved.
    tasks: BTreeMap<Item, (String, bool)>,
    /// Times of the calls that were answered in the last hour.
    answered: VecDeque<Second>,
    outcome: Outcome,
}

/// Runs the schedules on a workload.
///
/// # Errors
///
/// If the simulator refuses a request, which means a defect of the workload.
pub fn run(workload: &Workload) -> anyhow::Result<Outcome> {
    let mut run = Run::begin(workload)?;
    let mut acts = workload.acts.iter().peekable();
    loop {
        let next_act = acts.peek().map(|act| act.at);
        let next_turn = run.queue.first().map(|(at, ..)| *at);
        match (next_act, next_turn) {
            (Some(act_at), turn) if turn.is_none_or(|turn| act_at <= turn) => {
                if let Some(act) = acts.next() {
                    run.act(act)?;
                }
            }
            (_, Some(at)) if at <= workload.seconds => {
                if let Some((at, _, next)) = run.queue.pop_first() {
                    run.turn(at, next)?;
                }
            }
            _ => return Ok(run.outcome),
        }
    }
}

impl<'w> Run<'w> {
    fn begin(workload: &'w Workload) -> anyhow::Result<Self> {
        let mut world =
            World::new(&stage::settings(workload), "https://bitbucket.invalid", 1, stage::start());
        let mut prs = Vec::new();
        for (number, repository) in workload.prs.iter().enumerate() {
            let repository = world.find_repository("acme", &stage::repository(*repository))?;
            let by = world_act(&world, repository, 0, 0)?;
            let new = NewPullRequest::of(&stage::branch(number), &stage::branch(number));
            prs.push((repository, world.create_pull_request(&by, &new)?.value));
        }
        for number in 0..workload.repositories {
            let repository = world.find_repository("acme", &stage::repository(number))?;
            let events = ["pullrequest:comment_created", "pullrequest:comment_updated"];
            world.subscribe(repository, &HookInput::to("https://bot.invalid", &events), stage::start())?;
        }
        Ok(Self {
            workload,
            world,
            prs,
            ids: BTreeMap::new(),
            dice: Dice::new(7),
            queue: BTreeSet::new(),
            planned: 0,
            schedules: BTreeMap::new(),
            tasks: BTreeMap::new(),
            answered: VecDeque::new(),
            outcome: Outcome::default(),
        })
    }

    fn place(&self, pr: Pr) -> anyhow::Result<(RepositoryId, u64)> {
        self.prs.get(pr.0).copied().with_context(|| format!("the workload has no {pr:?}"))
    }

    fn id(&self, item: Item) -> anyhow::Result<u64> {
        self.ids
            .get(&item)
            .copied()
            .with_context(|| format!("the workload changes {item:?} before it is created"))
    }

    /// Performs an action and queues its webhook, if Bitbucket sends one.
    fn act(&mut self, act: &Act) -> anyhow::Result<()> {
        let (repository, pr) = self.place(act.pr)?;
        let by = world_act(&self.world, repository, act.person, act.at)?;
        let resolve = |state| TaskChanges { state: Some(state), ..TaskChanges::default() };
        let outbox = match act.action {
            Action::Comment => {
                let done = self.world.create_comment(&by, pr, &NewComment::text(&text(act.item, 0)))?;
                self.ids.insert(act.item, done.value);
                done.outbox
            }
            Action::AddTask => {
                let content = ContentInput { raw: text(act.item, 0) };
                let done = self.world.create_task(&by, pr, &NewTask { content, comment: None })?;
                self.ids.insert(act.item, done.value);
                done.outbox
            }
            Action::Edit(version) => {
                self.world.edit_comment(&by, pr, self.id(act.item)?, &text(act.item, version))?.outbox
            }
            Action::EditTask(version) => {
                let content = Some(ContentInput { raw: text(act.item, version) });
                let changes = TaskChanges { content, state: None };
                self.world.change_task(&by, pr, self.id(act.item)?, &changes)?.outbox
            }
            Action::ResolveTask => {
                self.world.change_task(&by, pr, self.id(act.item)?, &resolve(TaskState::Resolved))?.outbox
            }
            Action::ReopenTask => {
                self.world.change_task(&by, pr, self.id(act.item)?, &resolve(TaskState::Unresolved))?.outbox
            }
            Action::DeleteTask => self.world.delete_task(&by, pr, self.id(act.item)?)?.outbox,
        };
        self.queue_webhook(act, &outbox);
        Ok(())
    }

    fn queue_webhook(&mut self, act: &Act, outbox: &Outbox) {
        if outbox.webhooks.is_empty() {
            return;
        }
        let webhook = Next::Webhook(act.pr, act.item);
        match act.webhook {
            Arrival::Lost => {}
            Arrival::OnTime | Arrival::Twice => self.plan(act.at, webhook),
            Arrival::Late(seconds) => self.plan(act.at + seconds, webhook),
        }
        if act.webhook == Arrival::Twice {
            self.plan(act.at, webhook);
        }
    }

    fn plan(&mut self, at: Second, next: Next) {
        self.planned += 1;
        self.queue.insert((at, self.planned, next));
    }

    fn plan_turn(&mut self, now: Second, pr: Pr, item: Item) {
        let interval = self.dice.between(LEAST_INTERVAL, MOST_INTERVAL);
        self.plan(now + Second::try_from(interval).unwrap_or(Second::MAX), Next::Turn(pr, item));
    }

    fn turn(&mut self, now: Second, next: Next) -> anyhow::Result<()> {
        match next {
            Next::Webhook(pr, item) => {
                self.read_tasks(now, pr)?;
                // The webhook carries the text, so this read is no call.
                let (repository, number) = self.place(pr)?;
                let text = raw(&self.world.read_comment(repository, number, self.id(item)?)?);
                self.report(item, Fact::Text(text.clone()), now);
                if self.schedules.insert(item, (now + DURATION, text)).is_none() {
                    self.plan_turn(now, pr, item);
                }
            }
            Next::Turn(pr, item) => self.read_comment(now, pr, item)?,
        }
        Ok(())
    }

    fn read_comment(&mut self, now: Second, pr: Pr, item: Item) -> anyhow::Result<()> {
        let Some((until, last_text)) = self.schedules.get(&item).cloned() else { return Ok(()) };
        if now > until {
            self.schedules.remove(&item);
            return Ok(());
        }
        if self.call(now) {
            let (repository, number) = self.place(pr)?;
            let text = raw(&self.world.read_comment(repository, number, self.id(item)?)?);
            if text != last_text {
                self.report(item, Fact::Text(text.clone()), now);
                self.schedules.insert(item, (now + DURATION, text));
            }
        }
        self.plan_turn(now, pr, item);
        Ok(())
    }

    /// Reads the tasks of a pull request and reports the differences from the last read.
    fn read_tasks(&mut self, now: Second, pr: Pr) -> anyhow::Result<()> {
        if !self.call(now) {
            return Ok(());
        }
        let (repository, number) = self.place(pr)?;
        let listed = self.world.read_tasks(repository, number)?;
        let added = self.workload.acts.iter().filter(|act| act.pr == pr && act.action == Action::AddTask);
        let items: Vec<(Item, u64)> =
            added.filter_map(|act| Some((act.item, *self.ids.get(&act.item)?))).collect();
        for (item, id) in items {
            let task = listed.iter().find(|task| task["id"].as_u64() == Some(id));
            let task = task.map(|task| (raw(task), task["state"] == "RESOLVED"));
            let last = self.tasks.get(&item).cloned();
            for fact in differences(last.as_ref(), task.as_ref()) {
                self.report(item, fact, now);
            }
            match task {
                Some(task) => drop(self.tasks.insert(item, task)),
                None => drop(self.tasks.remove(&item)),
            }
        }
        Ok(())
    }

    /// Counts a call. Returns false if it is over the limit and Bitbucket refuses it.
    fn call(&mut self, now: Second) -> bool {
        while self.answered.front().is_some_and(|at| now - at >= HOUR) {
            self.answered.pop_front();
        }
        let limit = self.workload.calls.of_bitbucket().and_then(|limit| usize::try_from(limit).ok());
        let is_answered = limit.is_none_or(|limit| self.answered.len() < limit);
        self.outcome.calls.push(now);
        if is_answered {
            self.answered.push_back(now);
        } else {
            self.outcome.refused += 1;
        }
        is_answered
    }

    fn report(&mut self, item: Item, fact: Fact, now: Second) {
        self.outcome.reports.push(Report { item, fact, at: now.into() });
    }
}

/// Lists the facts that two reads of a task show: its text, and true if it is resolved.
fn differences(before: Option<&(String, bool)>, after: Option<&(String, bool)>) -> Vec<Fact> {
    match (before, after) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![Fact::Deleted],
        (None, Some((text, resolved))) => {
            let resolved = resolved.then_some(Fact::Resolved);
            [Fact::Created, Fact::Text(text.clone())].into_iter().chain(resolved).collect()
        }
        (Some((was, was_resolved)), Some((is, is_resolved))) => {
            let text = (was != is).then(|| Fact::Text(is.clone()));
            let moved = (was_resolved != is_resolved).then_some(if *is_resolved {
                Fact::Resolved
            } else {
                Fact::Reopened
            });
            text.into_iter().chain(moved).collect()
        }
    }
}

fn world_act(world: &World, repository: RepositoryId, person: usize, at: Second) -> anyhow::Result<WorldAct> {
    let actor = world.account(&stage::person(person));
    let actor = actor.with_context(|| format!("the workload has no person {person}"))?;
    Ok(WorldAct { actor, repository, now: time(at) })
}

fn time(at: Second) -> Timestamp {
    stage::start().saturating_add(SignedDuration::from_secs(at.into())).unwrap_or(Timestamp::MAX)
}

fn raw(item: &Value) -> String {
    item.pointer("/content/raw").and_then(Value::as_str).unwrap_or_default().to_owned()
}
