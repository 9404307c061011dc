//! Tasks. No change of a task is ever reported by a webhook; the open ones are counted in `task_count`.

use super::inputs::{NewTask, TaskChanges, TaskState};
use super::outcome::{Done, Outbox, Refusal, SilenceReason};
use super::state::Task;
use super::{Act, World, comments, not_blank, room};

impl World {
    /// Creates a task, on the pull request or on one of its comments, and returns its id.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for the pull request or the comment; [`Refusal::Invalid`] for a blank text.
    pub fn create_task(&mut self, act: &Act, id: u64, new: &NewTask) -> Result<Done<u64>, Refusal> {
        not_blank("content", &new.content.raw)?;
        let task_id = self.ids.number();
        let pull_request = self.pull_request_mut(act.repository, id)?;
        room(pull_request.tasks.len(), "tasks in a pull request")?;
        if let Some(comment) = new.comment {
            let found =
                pull_request.comments.get(&comment.id).filter(|comment| !comment.deleted && !comment.pending);
            found.ok_or_else(|| comments::no_comment(comment.id))?;
        }
        let task = Task {
            id: task_id,
            creator: act.actor.clone(),
            raw: new.content.raw.clone(),
            state: TaskState::Unresolved,
            comment: new.comment.map(|comment| comment.id),
            created_on: act.now,
            updated_on: act.now,
            resolved: None,
        };
        pull_request.tasks.insert(task_id, task);
        Ok(Done { value: task_id, outbox: self.after_task_change(act, id, &["task_created"])? })
    }

    /// Edits, resolves or reopens a task. Every account that can see the pull request may do so.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for a blank text or if nothing is to be changed.
    pub fn change_task(
        &mut self,
        act: &Act,
        id: u64,
        task_id: u64,
        changes: &TaskChanges,
    ) -> Result<Done<()>, Refusal> {
        if let Some(content) = &changes.content {
            not_blank("content", &content.raw)?;
        } else if changes.state.is_none() {
            let message = "Give content, state or both.".to_owned();
            return Err(Refusal::Invalid { field: None, message });
        }
        let tasks = &mut self.pull_request_mut(act.repository, id)?.tasks;
        let task = tasks.get_mut(&task_id).ok_or_else(|| no_task(task_id))?;
        let mut happened = Vec::new();
        if let Some(content) = &changes.content {
            task.raw.clone_from(&content.raw);
            happened.push("task_updated");
        }
        if let Some(state) = changes.state.filter(|state| *state != task.state) {
            task.state = state;
            let resolved = state == TaskState::Resolved;
            task.resolved = resolved.then(|| (act.actor.clone(), act.now));
            happened.push(if resolved { "task_resolved" } else { "task_reopened" });
        }
        if !happened.is_empty() {
            task.updated_on = task.updated_on.max(act.now);
        }
        Ok(Done { value: (), outbox: self.after_task_change(act, id, &happened)? })
    }

    /// Deletes a task completely.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn delete_task(&mut self, act: &Act, id: u64, task_id: u64) -> Result<Done<()>, Refusal> {
        let tasks = &mut self.pull_request_mut(act.repository, id)?.tasks;
        tasks.remove(&task_id).ok_or_else(|| no_task(task_id))?;
        Ok(Done { value: (), outbox: self.after_task_change(act, id, &["task_deleted"])? })
    }

    fn after_task_change(&mut self, act: &Act, id: u64, what: &[&'static str]) -> Result<Outbox, Refusal> {
        let mut outbox = Outbox::default();
        if self.rules.task_moves_pull_request && !what.is_empty() {
            self.pull_request_mut(act.repository, id)?.touch(act.now);
        }
        for what in what {
            self.stay_silent(act, id, what, SilenceReason::NoSuchEvent, &mut outbox)?;
        }
        Ok(outbox)
    }
}

pub(crate) fn no_task(id: u64) -> Refusal {
    Refusal::not_found(format!("Task {id} not found"))
}
