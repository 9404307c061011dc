//! Folding tasks. Bitbucket reports nothing about them, so all that is known of them comes from polls.

use bitbucket::payload::{Document, Task};
use bitbucket::{EventKey, TaskId};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::draft::Draft;
use super::poll::Changes;
use super::revisions::{Freshness, Verdict, judge, seen};
use super::synthetic::{self, Item, Synthetic};
use crate::fact::Fact;
use crate::state::{Resolved, TaskState};

/// Folds what a poll shows of one task.
pub(super) fn observe(draft: &mut Draft<'_>, changes: &mut Changes, task: &Document<Task>) {
    let Some(id) = task.id().filter(|_| !task.pending) else { return };
    let Some(pull_request) = draft.state.pull_request.as_ref() else { return };
    match pull_request.tasks.get(&id).cloned() {
        None => first_listed(draft, id, task),
        Some(known) if known.deleted => {}
        Some(known) => {
            let freshness = Freshness::of_poll(changes.base_version, known.version);
            text(draft, changes, id, task, &known, freshness);
            resolution(draft, changes, id, task, &known, freshness);
        }
    }
}

fn first_listed(draft: &mut Draft<'_>, id: TaskId, task: &Document<Task>) {
    let (version, settings) = (draft.version(), draft.settings);
    let Some(pull_request) = draft.pull_request() else { return };
    let baseline = settings.baseline(pull_request.first_seen_at);
    let old_news = !pull_request.tasks_read && task.created_on.is_some_and(|created| created < baseline);
    let resolution = task.resolved().then_some(Resolved::new(task.resolved_on));
    let state = TaskState {
        version,
        revision: seen(task.text(), task.updated_on),
        resolution,
        lifted: None,
        deleted: false,
    };
    pull_request.tasks.insert(id, state);
    if !old_news {
        let actor = task.raw.get("creator").cloned();
        emit(draft, &EventKey::TaskCreated, task, task.created_on, actor, &[id.to_string()]);
    }
    let resolved_late = resolution.is_some_and(|resolved| resolved.at.is_some_and(|at| at >= baseline));
    if let Some(resolved) = resolution.filter(|_| !old_news || resolved_late) {
        emit_resolved(draft, id, task, resolved);
    }
}

fn text(
    draft: &mut Draft<'_>,
    changes: &mut Changes,
    id: TaskId,
    task: &Document<Task>,
    known: &TaskState,
    freshness: Freshness,
) {
    let (now, version) = (draft.now, draft.version());
    match judge(std::iter::once(&known.revision), seen(task.text(), task.updated_on), freshness) {
        Verdict::Standing | Verdict::Old(_) => {}
        Verdict::Undecided => changes.revisit(now),
        Verdict::New(revision) => {
            let occurred_at = revision.updated_on.filter(|_| revision.ordinal == 0);
            let identity = [
                id.to_string(),
                revision.hash.clone().unwrap_or_default(),
                revision.updated_on.map(|time| time.to_string()).unwrap_or_default(),
                revision.ordinal.to_string(),
            ];
            if let Some(state) = state_of(draft, id) {
                state.revision = revision;
                state.version = version;
            }
            // Bitbucket does not say who edited a task.
            emit(draft, &EventKey::TaskUpdated, task, occurred_at, None, &identity);
        }
    }
}

fn resolution(
    draft: &mut Draft<'_>,
    changes: &mut Changes,
    id: TaskId,
    task: &Document<Task>,
    known: &TaskState,
    freshness: Freshness,
) {
    let seen = task.resolved().then_some(Resolved::new(task.resolved_on));
    if seen == known.resolution {
        return;
    }
    if freshness != Freshness::Newer {
        changes.revisit(draft.now);
        return;
    }
    if let Some(undone) = known.resolution {
        emit_reopened(draft, id, task, undone);
    }
    if let Some(resolved) = seen {
        emit_resolved(draft, id, task, resolved);
    }
}

fn emit_resolved(draft: &mut Draft<'_>, id: TaskId, task: &Document<Task>, resolved: Resolved) {
    let version = draft.version();
    if let Some(state) = state_of(draft, id) {
        state.resolution = Some(resolved);
        state.version = version;
    }
    let actor = task.raw.get("resolved_by").filter(|actor| !actor.is_null()).cloned();
    let identity = [id.to_string(), version.to_string()];
    emit(draft, &EventKey::TaskResolved, task, resolved.at, actor, &identity);
}

fn emit_reopened(draft: &mut Draft<'_>, id: TaskId, task: &Document<Task>, undone: Resolved) {
    let version = draft.version();
    if let Some(state) = state_of(draft, id) {
        state.resolution = None;
        state.lifted = Some(undone);
        state.version = version;
    }
    emit(draft, &EventKey::TaskReopened, task, None, None, &[id.to_string(), version.to_string()]);
}

/// Notes a deletion: nothing of the task is left in Bitbucket but its id.
pub(super) fn deleted(draft: &mut Draft<'_>, id: TaskId) {
    let version = draft.version();
    if let Some(state) = state_of(draft, id) {
        state.deleted = true;
        state.version = version;
    }
    let fact = draft.fact(&EventKey::TaskDeleted).part(id).id();
    let item = Item::Task(json!({ "type": "pullrequest_task", "id": id }));
    synthetic::emit(draft, fact, &EventKey::TaskDeleted, Synthetic::default(), &item);
}

fn emit(
    draft: &mut Draft<'_>,
    key: &EventKey,
    task: &Document<Task>,
    occurred_at: Option<Timestamp>,
    actor: Option<Value>,
    identity: &[String],
) {
    let fact = identity.iter().fold(draft.fact(key), Fact::part).id();
    let event = Synthetic { occurred_at, actor, changes: None };
    synthetic::emit(draft, fact, key, event, &Item::Task(task.raw.clone()));
}

fn state_of<'d>(draft: &'d mut Draft<'_>, id: TaskId) -> Option<&'d mut TaskState> {
    draft.pull_request()?.tasks.get_mut(&id)
}
