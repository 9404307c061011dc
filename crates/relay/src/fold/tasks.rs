//! Folding tasks. Bitbucket reports nothing about them, so everything comes from polls.

use bitbucket::payload::{Document, Task};
use bitbucket::{EventKey, TaskId};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::comment_events::existence;
use super::context::FoldContext;
use super::poll::PollContext;
use super::revisions::{Freshness, RevisionOrder, judge, seen};
use super::synthetic::{self, Item, Synthetic};
use crate::event::fact::Fact;
use crate::observation::Listing;
use crate::state::{Finding, LetGo, Resolved, Revision, TaskState};

/// Folds the tasks that a poll read.
pub(super) fn fold_listing(
    ctx: &mut FoldContext<'_>,
    poll: &mut PollContext,
    listing: &Listing<TaskId, Task>,
) {
    let mut shown: Vec<_> = listing.shown().collect();
    shown.sort_by_key(|task| (task.created_on, task.id()));
    for task in shown {
        if !ctx.has_room() {
            return;
        }
        observe(ctx, poll, task);
    }
    for id in listing.gone() {
        let task = ctx.state.pull_request().and_then(|pr| pr.tasks.get(&id));
        let Some(task) = task else { continue };
        if task.deleted {
            // The earlier poll that listed it read a copy that lags.
            if let Some(state) = state_of(ctx, id) {
                state.doubts.clear();
            }
            continue;
        }
        if Freshness::of_poll(poll.base_version, task.version) != Freshness::Newer {
            poll.recheck(ctx.now);
            continue;
        }
        poll.begin_item(&task.doubts);
        let is_confirmed = poll.confirms(Finding::Gone, ctx.settings);
        let doubts = poll.end_item();
        if let Some(state) = state_of(ctx, id) {
            state.doubts = doubts;
        }
        if is_confirmed && ctx.has_room() {
            deleted(ctx, id);
        }
    }
}

/// Folds one task that a poll read.
fn observe(ctx: &mut FoldContext<'_>, poll: &mut PollContext, task: &Document<Task>) {
    let Some(id) = task.id().filter(|_| !task.pending) else { return };
    let Some(pull_request) = ctx.state.pull_request() else { return };
    match pull_request.tasks.get(&id).cloned() {
        None => first_listed(ctx, id, task),
        Some(state) if state.deleted => revived(ctx, poll, id, task, &state),
        Some(state) => {
            let freshness = Freshness::of_poll(poll.base_version, state.version);
            poll.begin_item(&state.doubts);
            text(ctx, poll, id, task, &state, freshness);
            resolution(ctx, poll, id, task, &state, freshness);
            let doubts = poll.end_item();
            if let Some(state) = state_of(ctx, id) {
                state.doubts = doubts;
            }
        }
    }
}

/// Folds a task that a poll lists and the state has deleted: two wrong answers made that, or this copy lags. So two
/// looks, a grace period apart, have to show it.
fn revived(
    ctx: &mut FoldContext<'_>,
    poll: &mut PollContext,
    id: TaskId,
    task: &Document<Task>,
    before: &TaskState,
) {
    let text = seen(task.text(), task.updated_on);
    let is_older = text.updated_on.is_some() && text.updated_on < before.revision.updated_on;
    if is_older || Freshness::of_poll(poll.base_version, before.version) != Freshness::Newer {
        return;
    }
    poll.begin_item(&before.doubts);
    if poll.confirms(Finding::Exists, ctx.settings) {
        let (version, revived) = (ctx.version(), before.revived.saturating_add(1));
        if let Some(state) = state_of(ctx, id) {
            (state.deleted, state.revived, state.version, state.revision) = (false, revived, version, text);
        }
        let fact = existence(ctx.fact(&EventKey::TaskCreated).part(id), revived).id();
        let event = Synthetic { actor: task.raw.get("creator").cloned(), ..Synthetic::default() };
        synthetic::emit(ctx, fact, &EventKey::TaskCreated, event, Item::Task(task.raw.clone()));
        resolution(ctx, poll, id, task, before, Freshness::Newer);
    }
    let doubts = poll.end_item();
    if let Some(state) = state_of(ctx, id) {
        state.doubts = doubts;
    }
}

/// Folds a task that is not in the state. Of a task that the state has let go of, it publishes what changed since.
fn first_listed(ctx: &mut FoldContext<'_>, id: TaskId, task: &Document<Task>) {
    let (version, settings) = (ctx.version(), ctx.settings);
    let Some(pull_request) = ctx.state.pull_request_mut() else { return };
    let let_go = pull_request.let_go.filter(|let_go| let_go.covers_task(id, task));
    if let_go.is_some_and(|let_go| let_go.is_unchanged([task.updated_on, task.resolved_on])) {
        return;
    }
    let baseline = settings.baseline(pull_request.first_seen_at);
    let old_news = !pull_request.tasks_read && task.created_on.is_some_and(|created| created < baseline);
    let resolution = task.resolved().then_some(Resolved::new(task.resolved_on));
    let revision = seen(task.text(), task.updated_on);
    let state = TaskState {
        version,
        revision: revision.clone(),
        resolution,
        lifted: None,
        doubts: Vec::new(),
        deleted: false,
        revived: 0,
    };
    pull_request.tasks.insert(id, state);
    let is_since = |at: Option<Timestamp>, let_go: LetGo| !let_go.is_unchanged([at]);
    match let_go {
        Some(let_go) if is_since(task.updated_on, let_go) => emit_updated(ctx, id, task, &revision),
        Some(_) => {}
        None if old_news => {}
        None => {
            let actor = task.raw.get("creator").cloned();
            emit(ctx, &EventKey::TaskCreated, task, task.created_on, actor, &[id.to_string()]);
        }
    }
    let is_news = |resolved: Resolved| match let_go {
        Some(let_go) => is_since(resolved.at, let_go),
        None => !old_news || resolved.at.is_some_and(|at| at >= baseline),
    };
    if let Some(resolved) = resolution.filter(|resolved| is_news(*resolved)) {
        emit_resolved(ctx, id, task, resolved);
    }
}

fn text(
    ctx: &mut FoldContext<'_>,
    poll: &mut PollContext,
    id: TaskId,
    task: &Document<Task>,
    before: &TaskState,
    freshness: Freshness,
) {
    let (now, version, settings) = (ctx.now, ctx.version(), ctx.settings);
    match judge(std::iter::once(&before.revision), seen(task.text(), task.updated_on), freshness) {
        RevisionOrder::Standing => {}
        RevisionOrder::Old(revision) => {
            poll.remember(Finding::OldText(revision.hash.unwrap_or_default()), settings);
        }
        RevisionOrder::Undecided => poll.recheck(now),
        // A state has no older texts of a task, so each text whose time did not move may be an older one.
        RevisionOrder::New(Revision { hash, ordinal: 1.., .. })
            if !poll.confirms(Finding::OldText(hash.clone().unwrap_or_default()), settings) => {}
        RevisionOrder::New(revision) => {
            if let Some(state) = state_of(ctx, id) {
                state.revision = revision.clone();
                state.version = version;
            }
            emit_updated(ctx, id, task, &revision);
        }
    }
}

fn emit_updated(ctx: &mut FoldContext<'_>, id: TaskId, task: &Document<Task>, revision: &Revision) {
    let occurred_at = revision.updated_on.filter(|_| revision.ordinal == 0);
    let identity = [
        id.to_string(),
        revision.hash.clone().unwrap_or_default(),
        revision.updated_on.map(|time| time.to_string()).unwrap_or_default(),
        revision.ordinal.to_string(),
    ];
    // Bitbucket does not name the editor of a task.
    emit(ctx, &EventKey::TaskUpdated, task, occurred_at, None, &identity);
}

fn resolution(
    ctx: &mut FoldContext<'_>,
    poll: &mut PollContext,
    id: TaskId,
    task: &Document<Task>,
    before: &TaskState,
    freshness: Freshness,
) {
    let seen = task.resolved().then_some(Resolved::new(task.resolved_on));
    if seen == before.resolution {
        return;
    }
    if freshness != Freshness::Newer {
        poll.recheck(ctx.now);
        return;
    }
    let doubt = match (before.resolution, seen) {
        (Some(_), None) => Some(Finding::Reopened),
        (None, Some(seen)) if before.lifted == Some(seen) => Some(Finding::StillResolved),
        _ => None,
    };
    let is_older =
        |(last, seen): (Resolved, Resolved)| last.at.zip(seen.at).is_some_and(|(last, seen)| seen < last);
    if before.resolution.zip(seen).is_some_and(is_older) {
        return;
    }
    if doubt.is_some_and(|finding| !poll.confirms(finding, ctx.settings)) {
        return;
    }
    if before.resolution.is_some() {
        emit_reopened(ctx, id, task);
    }
    if let Some(resolved) = seen {
        emit_resolved(ctx, id, task, resolved);
    }
}

fn emit_resolved(ctx: &mut FoldContext<'_>, id: TaskId, task: &Document<Task>, resolved: Resolved) {
    let version = ctx.version();
    if let Some(state) = state_of(ctx, id) {
        state.resolution = Some(resolved);
        state.version = version;
    }
    let actor = task.raw.get("resolved_by").filter(|actor| !actor.is_null()).cloned();
    let identity = [id.to_string(), version.to_string()];
    emit(ctx, &EventKey::TaskResolved, task, resolved.at, actor, &identity);
}

fn emit_reopened(ctx: &mut FoldContext<'_>, id: TaskId, task: &Document<Task>) {
    let version = ctx.version();
    if let Some(state) = state_of(ctx, id) {
        state.lifted = state.resolution.take();
        state.version = version;
    }
    emit(ctx, &EventKey::TaskReopened, task, None, None, &[id.to_string(), version.to_string()]);
}

/// Publishes a deletion: Bitbucket keeps nothing of the task but its id.
fn deleted(ctx: &mut FoldContext<'_>, id: TaskId) {
    let version = ctx.version();
    let mut revived = 0;
    if let Some(state) = state_of(ctx, id) {
        state.deleted = true;
        state.version = version;
        revived = state.revived;
    }
    let fact = existence(ctx.fact(&EventKey::TaskDeleted).part(id), revived).id();
    let item = Item::Task(json!({ "type": "pullrequest_task", "id": id }));
    synthetic::emit(ctx, fact, &EventKey::TaskDeleted, Synthetic::default(), item);
}

fn emit(
    ctx: &mut FoldContext<'_>,
    key: &EventKey,
    task: &Document<Task>,
    occurred_at: Option<Timestamp>,
    actor: Option<Value>,
    identity: &[String],
) {
    let fact = identity.iter().fold(ctx.fact(key), Fact::part).id();
    let event = Synthetic { occurred_at, actor, ..Synthetic::default() };
    synthetic::emit(ctx, fact, key, event, Item::Task(task.raw.clone()));
}

fn state_of<'d>(ctx: &'d mut FoldContext<'_>, id: TaskId) -> Option<&'d mut TaskState> {
    ctx.state.pull_request_mut()?.tasks.get_mut(&id)
}
