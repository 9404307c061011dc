//! Folding a poll: everything that a pull request's comments and tasks show at once.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::draft::Draft;
use super::revisions::Freshness;
use super::{builds, comments, tasks, untold};
use crate::observation::{Poll, Suspects};
use crate::settings::Settings;
use crate::state::{PullRequestState, SubjectState};

/// What is collected while one poll is folded.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) base_version: u64,
    revisit_at: Option<Timestamp>,
}

impl Changes {
    pub(super) const fn of(poll: &Poll) -> Self {
        Self { base_version: poll.base_version, revisit_at: None }
    }

    /// Notes that something has to be looked at again.
    pub(super) fn revisit(&mut self, at: Timestamp) {
        self.revisit_at = Some(self.revisit_at.map_or(at, |other| other.min(at)));
    }

    /// When to look again after this poll, that is stored as `version`. `planned` is when that was before; `more` says that
    /// not all of it fitted.
    pub(super) fn revisit_after(
        &self,
        planned: Option<Timestamp>,
        poll: &Poll,
        version: u64,
        more: bool,
    ) -> Option<Timestamp> {
        if more {
            // What did not fit is folded next; should that never happen, the poll is due again at once.
            return Some(poll.started_at);
        }
        // What was to be looked at again by the time of this poll was looked at; what another one stored meanwhile was not.
        let others = planned.filter(|at| poll.base_version + 1 < version && *at > poll.started_at);
        [others, self.revisit_at].into_iter().flatten().min()
    }
}

pub(super) fn fold(draft: &mut Draft<'_>, poll: &Poll) {
    let mut changes = Changes::of(poll);
    pull_request_of(draft, poll);
    comments_of(draft, &mut changes, poll);
    if let Some(listed) = &poll.tasks {
        tasks_of(draft, &mut changes, poll, listed);
    }
    if is_cut_short(&draft.state, poll) {
        changes.revisit(draft.now);
    }
    put_tasks_off(draft, &mut changes, poll);
    let (now, version, more) = (draft.now, draft.version(), draft.more);
    let Some(pull_request) = draft.pull_request() else { return };
    pull_request.revisit_at = changes.revisit_after(pull_request.revisit_at, poll, version, more);
    if more {
        return;
    }
    pull_request.polled_at = pull_request.polled_at.max(Some(poll.started_at));
    pull_request.tasks_read |= poll.tasks.is_some();
    if changes.revisit_at.is_some() {
        // What could not be decided may be a task.
        pull_request.tasks_read_at = None;
    } else if poll.tasks.is_some() {
        pull_request.tasks_read_at = pull_request.tasks_read_at.max(Some(poll.started_at));
    }
    if poll.tasks.is_some() && pull_request.touched_at.is_some() {
        // What was stored while the poll was reading may have brought tasks that it did not see.
        pull_request.touched_at = (poll.base_version + 1 < version).then_some(now);
    }
}

/// Calls are short, and tasks were not read that an event may have brought, or that no other poll would look at: they are when
/// more time has gone by.
fn put_tasks_off(draft: &mut Draft<'_>, changes: &mut Changes, poll: &Poll) {
    let (now, settings) = (draft.now, draft.settings);
    let Some(known) = draft.pull_request() else { return };
    let is_due =
        known.touched_at.is_some_and(|touched| settings.tasks_due(touched, known.tasks_read_at) <= now);
    let is_last_look = known.is_quiet(poll.started_at, settings);
    if poll.tasks.is_none() && (is_due || is_last_look) {
        known.touched_at = None;
        let read_at = known.tasks_read_at.unwrap_or(now);
        changes.revisit(Settings::tasks_put_off(read_at).max(now));
    }
}

/// The pull request itself. A fold that goes on where another left off finds nothing new here.
fn pull_request_of(draft: &mut Draft<'_>, poll: &Poll) {
    let Some(known) = draft.pull_request() else { return };
    if poll.pull_request.is_some() {
        known.noticed = None;
    }
    if poll.pull_request.is_some() || !known.must_be_read() {
        known.refresh_at = known.refresh_at.filter(|at| *at > poll.started_at);
    }
    if let Some(seen) = &poll.pull_request {
        untold::refresh(draft, poll.base_version, seen);
    }
    if let Some(reading) = &poll.head {
        builds::read(draft, reading);
    }
}

pub(super) fn comments_of(draft: &mut Draft<'_>, changes: &mut Changes, poll: &Poll) {
    let mut listed: Vec<_> = poll.comments.iter().collect();
    let asked_for = poll.comment_lookups.values().flatten();
    listed.extend(asked_for);
    listed.sort_by_key(|comment| (comment.updated_on.max(comment.created_on), comment.id()));
    for comment in listed {
        if !draft.has_room() {
            return;
        }
        comments::observe(draft, changes, comment);
    }
    let gone = poll.comment_lookups.iter().filter(|(_, found)| found.is_none()).map(|(id, _)| *id);
    for id in gone {
        let known = draft.state.comments().and_then(|known| known.get(&id));
        let Some(known) = known.filter(|known| !known.deleted) else { continue };
        if Freshness::of_poll(changes.base_version, known.version) != Freshness::Newer {
            changes.revisit(draft.now);
        } else if draft.has_room() {
            let kind = if draft.state.commit.is_some() { "commit_comment" } else { "pullrequest_comment" };
            let tombstone =
                json!({ "type": kind, "id": id, "deleted": true, "content": { "raw": "", "html": "" } });
            comments::deleted(draft, id, tombstone);
        }
    }
}

fn tasks_of(
    draft: &mut Draft<'_>,
    changes: &mut Changes,
    poll: &Poll,
    listed: &[bitbucket::payload::Document<bitbucket::payload::Task>],
) {
    let mut listed: Vec<_> = listed.iter().chain(poll.task_lookups.values().flatten()).collect();
    listed.sort_by_key(|task| (task.created_on, task.id()));
    for task in listed {
        if !draft.has_room() {
            return;
        }
        tasks::observe(draft, changes, task);
    }
    let gone = poll.task_lookups.iter().filter(|(_, found)| found.is_none()).map(|(id, _)| *id);
    for id in gone {
        let known = draft.pull_request().and_then(|known| known.tasks.get(&id));
        let Some(known) = known.filter(|known| !known.deleted) else { continue };
        if Freshness::of_poll(changes.base_version, known.version) != Freshness::Newer {
            changes.revisit(draft.now);
        } else if draft.has_room() {
            tasks::deleted(draft, id);
        }
    }
}

/// What is known to stand and is missing from complete listings. Ask Bitbucket for each by id, and put the answers into
/// [`Poll::comment_lookups`] and [`Poll::task_lookups`]. Of many, some will do: the fold has the pull request polled again for
/// the rest.
pub fn suspects(state: &SubjectState, poll: &Poll) -> Suspects {
    let Some(comments) = state.comments() else { return Suspects::default() };
    let listed: BTreeSet<_> = poll.comments.iter().filter_map(|comment| comment.id()).collect();
    let standing = comments.iter().filter(|(id, comment)| !comment.deleted && !listed.contains(id));
    let tasks = state.pull_request.as_ref().map(|known| missing_tasks(known, poll)).unwrap_or_default();
    Suspects { comments: standing.map(|(id, _)| *id).collect(), tasks }
}

/// Whether only a part of what is missing was asked for by id. What was stored while the poll was reading is not missing.
pub(super) fn is_cut_short(state: &SubjectState, poll: &Poll) -> bool {
    let comment_version = |id| state.comments()?.get(id).map(|comment| comment.version);
    let task_version = |id| state.pull_request.as_ref()?.tasks.get(id).map(|task| task.version);
    let missing = suspects(state, poll);
    let is_left = |version: Option<u64>| version.is_some_and(|version| version <= poll.base_version);
    let comments = missing.comments.iter().filter(|id| !poll.comment_lookups.contains_key(id));
    let tasks = missing.tasks.iter().filter(|id| !poll.task_lookups.contains_key(id));
    let mut comments = comments.map(comment_version);
    let mut tasks = tasks.map(task_version);
    poll.is_complete && (comments.any(is_left) || tasks.any(is_left))
}

fn missing_tasks(known: &PullRequestState, poll: &Poll) -> Vec<bitbucket::TaskId> {
    let Some(listed) = &poll.tasks else { return Vec::new() };
    let listed: BTreeSet<_> = listed.iter().filter_map(|task| task.id()).collect();
    let standing = known.tasks.iter().filter(|(id, task)| !task.deleted && !listed.contains(id));
    standing.map(|(id, _)| *id).collect()
}
