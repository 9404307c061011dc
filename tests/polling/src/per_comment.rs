//! The usual way, as bots that were written for this do it: a schedule for each comment, which reads that one comment every
//! 19 ± 4 seconds for ten minutes and one interval after its creation and after each edit that it finds. Tasks are read when
//! something else of their pull request arrives.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::Context as _;
use histories::Dice;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use simulator::world::{
    Act as WorldAct, ContentInput, HookInput, NewComment, NewPullRequest, NewTask, Outbox, RepositoryId,
    TaskChanges, TaskState, World,
};

use crate::changes::{Report, Told, WINDOW};
use crate::outcome::Outcome;
use crate::stage;
use crate::workload::{Act, Item, Post, Pr, Second, What, Workload, text};

/// Seconds between two reads of a comment: 19 ± 4.
const LEAST_INTERVAL: u64 = 15;
const MOST_INTERVAL: u64 = 23;

/// How long a schedule goes on after the last change it saw.
const LASTS: Second = WINDOW + 19;

const HOUR: Second = 3_600;

/// What happens next, ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// A webhook about a comment arrives; it opens or prolongs that comment's schedule.
    Webhook(Pr, Item),
    /// A comment is read.
    Turn(Pr, Item),
}

#[derive(Debug)]
struct Run<'w> {
    workload: &'w Workload,
    world: World,
    prs: Vec<(RepositoryId, u64)>,
    ids: BTreeMap<Item, u64>,
    dice: Dice,
    /// Ordered by time, then by what was planned first.
    queue: BTreeSet<(Second, u64, Next)>,
    planned: u64,
    /// Comments that are watched, until when, and the text that was seen last.
    watched: BTreeMap<Item, (Second, String)>,
    tasks: BTreeMap<Item, (String, bool)>,
    /// The calls of the last hour that were answered.
    answered: VecDeque<Second>,
    outcome: Outcome,
}

/// Lives through a workload.
///
/// # Errors
///
/// What the simulator refuses, which no workload should ask for.
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
            let act = act_of(&world, repository, 0, 0)?;
            let new = NewPullRequest::of(&stage::branch(number), &stage::branch(number));
            prs.push((repository, world.create_pull_request(&act, &new)?.value));
        }
        for number in 0..workload.repositories {
            let repository = world.find_repository("acme", &stage::repository(number))?;
            let heard = ["pullrequest:comment_created", "pullrequest:comment_updated"];
            world.subscribe(repository, &HookInput::to("https://bot.invalid", &heard), stage::start())?;
        }
        Ok(Self {
            workload,
            world,
            prs,
            ids: BTreeMap::new(),
            dice: Dice::new(7),
            queue: BTreeSet::new(),
            planned: 0,
            watched: BTreeMap::new(),
            tasks: BTreeMap::new(),
            answered: VecDeque::new(),
            outcome: Outcome::default(),
        })
    }

    fn place(&self, pr: Pr) -> anyhow::Result<(RepositoryId, u64)> {
        self.prs.get(pr.0).copied().context("the workload names a pull request that it has not")
    }

    fn id(&self, item: Item) -> anyhow::Result<u64> {
        self.ids.get(&item).copied().context("the workload changes what is not there yet")
    }

    /// Somebody does something, and a webhook may follow.
    fn act(&mut self, act: &Act) -> anyhow::Result<()> {
        let (repository, pr) = self.place(act.pr)?;
        let by = act_of(&self.world, repository, act.who, act.at)?;
        let resolve = |state| TaskChanges { state: Some(state), ..TaskChanges::default() };
        let outbox = match act.what {
            What::Comment => {
                let done = self.world.create_comment(&by, pr, &NewComment::text(&text(act.item, 0)))?;
                self.ids.insert(act.item, done.value);
                done.outbox
            }
            What::AddTask => {
                let content = ContentInput { raw: text(act.item, 0) };
                let done = self.world.create_task(&by, pr, &NewTask { content, comment: None })?;
                self.ids.insert(act.item, done.value);
                done.outbox
            }
            What::Edit(version) => {
                self.world.edit_comment(&by, pr, self.id(act.item)?, &text(act.item, version))?.outbox
            }
            What::EditTask(version) => {
                let content = Some(ContentInput { raw: text(act.item, version) });
                let changes = TaskChanges { content, state: None };
                self.world.change_task(&by, pr, self.id(act.item)?, &changes)?.outbox
            }
            What::ResolveTask => {
                self.world.change_task(&by, pr, self.id(act.item)?, &resolve(TaskState::Resolved))?.outbox
            }
            What::ReopenTask => {
                self.world.change_task(&by, pr, self.id(act.item)?, &resolve(TaskState::Unresolved))?.outbox
            }
            What::DeleteTask => self.world.delete_task(&by, pr, self.id(act.item)?)?.outbox,
        };
        self.post(act, &outbox);
        Ok(())
    }

    fn post(&mut self, act: &Act, outbox: &Outbox) {
        if outbox.webhooks.is_empty() {
            return;
        }
        let webhook = Next::Webhook(act.pr, act.item);
        match act.post {
            Post::Lost => {}
            Post::OnTime | Post::Twice => self.plan(act.at, webhook),
            Post::Late(seconds) => self.plan(act.at + seconds, webhook),
        }
        if act.post == Post::Twice {
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
                // The webhook carries the text.
                let (repository, number) = self.place(pr)?;
                let shown = raw(&self.world.read_comment(repository, number, self.id(item)?)?);
                self.report(item, Told::Text(shown.clone()), now);
                if self.watched.insert(item, (now + LASTS, shown)).is_none() {
                    self.plan_turn(now, pr, item);
                }
            }
            Next::Turn(pr, item) => self.read_comment(now, pr, item)?,
        }
        Ok(())
    }

    fn read_comment(&mut self, now: Second, pr: Pr, item: Item) -> anyhow::Result<()> {
        let Some((until, known)) = self.watched.get(&item).cloned() else { return Ok(()) };
        if now > until {
            self.watched.remove(&item);
            return Ok(());
        }
        if self.call(now) {
            let (repository, number) = self.place(pr)?;
            let shown = raw(&self.world.read_comment(repository, number, self.id(item)?)?);
            if shown != known {
                self.report(item, Told::Text(shown.clone()), now);
                self.watched.insert(item, (now + LASTS, shown));
            }
        }
        self.plan_turn(now, pr, item);
        Ok(())
    }

    /// Reads the tasks of a pull request and compares them with what was read last.
    fn read_tasks(&mut self, now: Second, pr: Pr) -> anyhow::Result<()> {
        if !self.call(now) {
            return Ok(());
        }
        let (repository, number) = self.place(pr)?;
        let listed = self.world.read_tasks(repository, number)?;
        let of_this = self.workload.acts.iter().filter(|act| act.pr == pr && act.what == What::AddTask);
        let items: Vec<(Item, u64)> =
            of_this.filter_map(|act| Some((act.item, *self.ids.get(&act.item)?))).collect();
        for (item, id) in items {
            let shown = listed.iter().find(|task| task["id"].as_u64() == Some(id));
            let shown = shown.map(|task| (raw(task), task["state"] == "RESOLVED"));
            let known = self.tasks.get(&item).cloned();
            for told in differences(known.as_ref(), shown.as_ref()) {
                self.report(item, told, now);
            }
            match shown {
                Some(shown) => drop(self.tasks.insert(item, shown)),
                None => drop(self.tasks.remove(&item)),
            }
        }
        Ok(())
    }

    /// Makes a call, which over the limit is refused.
    fn call(&mut self, now: Second) -> bool {
        while self.answered.front().is_some_and(|at| now - at >= HOUR) {
            self.answered.pop_front();
        }
        let limit = self.workload.limit.and_then(|limit| usize::try_from(limit).ok());
        let is_answered = limit.is_none_or(|limit| self.answered.len() < limit);
        self.outcome.calls.push(now);
        if is_answered {
            self.answered.push_back(now);
        } else {
            self.outcome.refused += 1;
        }
        is_answered
    }

    fn report(&mut self, item: Item, told: Told, now: Second) {
        self.outcome.reports.push(Report { item, told, at: now.into() });
    }
}

/// What is to be told of a task.
fn differences(known: Option<&(String, bool)>, shown: Option<&(String, bool)>) -> Vec<Told> {
    match (known, shown) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![Told::Deleted],
        (None, Some((text, resolved))) => {
            let resolved = resolved.then_some(Told::Resolved);
            [Told::Created, Told::Text(text.clone())].into_iter().chain(resolved).collect()
        }
        (Some((was, was_resolved)), Some((is, is_resolved))) => {
            let text = (was != is).then(|| Told::Text(is.clone()));
            let moved = (was_resolved != is_resolved).then_some(if *is_resolved {
                Told::Resolved
            } else {
                Told::Reopened
            });
            text.into_iter().chain(moved).collect()
        }
    }
}

fn act_of(world: &World, repository: RepositoryId, who: usize, at: Second) -> anyhow::Result<WorldAct> {
    let actor = world.account(&stage::person(who)).context("nobody has this number")?;
    Ok(WorldAct { actor, repository, now: time(at) })
}

fn time(at: Second) -> Timestamp {
    stage::start().saturating_add(SignedDuration::from_secs(at.into())).unwrap_or(Timestamp::MAX)
}

fn raw(item: &Value) -> String {
    item.pointer("/content/raw").and_then(Value::as_str).unwrap_or_default().to_owned()
}
