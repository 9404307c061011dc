//! The changes of a workload that Bitbucket does not report, and which of them a policy found.

use std::collections::BTreeMap;

use crate::workload::{Act, Action, Item, Second, Workload, text};

/// Bitbucket does not report edits that come sooner after a comment's creation or last change
/// (<https://developer.atlassian.com/platform/forge/events-reference/bitbucket/>).
pub const WINDOW: Second = 600;

/// A change counts as lost only if it stood for this long: the window and margin of bitrelay's defaults. No poll is
/// guaranteed to see a change that the next one overtakes sooner.
const STANDS: Second = WINDOW + 60;

/// A fact that a policy can report about a comment or task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// It exists.
    Created,
    /// It has this text.
    Text(String),
    /// The task is resolved.
    Resolved,
    /// The task is open again.
    Reopened,
    /// It was deleted.
    Deleted,
}

/// A fact that a policy reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The comment or task.
    pub item: Item,
    /// The fact.
    pub fact: Fact,
    /// Time of the report, in seconds since the beginning.
    pub at: f64,
}

/// The kind of a silent change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An edit of a comment inside its window.
    Edit,
    /// Any change of a task.
    Task,
}

/// A silent change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The comment or task.
    pub item: Item,
    /// An edit of a comment, or a change of a task.
    pub kind: Kind,
    /// Time of the change.
    pub at: Second,
    /// Time of the next change with the same fact, if there is one. A later report belongs to that change.
    until: Option<Second>,
    /// True if it stood long enough that a policy must find it.
    pub must_be_found: bool,
    fact: Fact,
}

/// Lists every silent change of a workload, in order.
pub fn silent(workload: &Workload) -> Vec<Change> {
    let mut by_item: BTreeMap<Item, Vec<&Act>> = BTreeMap::new();
    for act in &workload.acts {
        by_item.entry(act.item).or_default().push(act);
    }
    let mut changes: Vec<Change> =
        by_item.values().flat_map(|acts| silent_of(acts, workload.seconds)).collect();
    changes.sort_by_key(|change| (change.at, change.item));
    changes
}

/// Lists the silent changes of one comment or task.
fn silent_of(acts: &[&Act], end: Second) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut moved: Option<Second> = None;
    for (place, act) in acts.iter().enumerate() {
        let since = moved.replace(act.at).map_or(Second::MAX, |moved| act.at - moved);
        let Some((kind, fact)) = silent_fact(act, since) else { continue };
        let later = acts.get(place + 1..).unwrap_or_default();
        let overtaken = later.iter().find(|later| undoes(later.action, act.action)).map(|later| later.at);
        let until = later.iter().find(|later| is_same(later.action, act.action)).map(|later| later.at);
        let stood = overtaken.unwrap_or(end).saturating_sub(act.at);
        let earlier = acts.get(..place).unwrap_or_default();
        let undone = earlier.iter().rfind(|earlier| takes_back(act.action, earlier.action));
        let was_seen = undone.is_none_or(|undone| act.at - undone.at >= STANDS);
        let must_be_found = stood >= STANDS && was_seen;
        changes.push(Change { item: act.item, kind, at: act.at, until, must_be_found, fact });
    }
    changes
}

/// Returns the fact of an action that Bitbucket does not report; `None` if Bitbucket reports it. `since` is the time
/// since the item's last change.
fn silent_fact(act: &Act, since: Second) -> Option<(Kind, Fact)> {
    match act.action {
        Action::Edit(version) if since < WINDOW => Some((Kind::Edit, Fact::Text(text(act.item, version)))),
        Action::Comment | Action::Edit(_) => None,
        Action::AddTask => Some((Kind::Task, Fact::Created)),
        Action::EditTask(version) => Some((Kind::Task, Fact::Text(text(act.item, version)))),
        Action::ResolveTask => Some((Kind::Task, Fact::Resolved)),
        Action::ReopenTask => Some((Kind::Task, Fact::Reopened)),
        Action::DeleteTask => Some((Kind::Task, Fact::Deleted)),
    }
}

/// True if a later action hides an earlier one.
const fn undoes(later: Action, act: Action) -> bool {
    matches!(
        (later, act),
        (Action::DeleteTask, _)
            | (Action::Edit(_), Action::Edit(_))
            | (Action::EditTask(_), Action::EditTask(_))
            | (Action::ReopenTask, Action::ResolveTask)
            | (Action::ResolveTask, Action::ReopenTask)
    )
}

/// True if an action restores what an earlier one changed. If no poll saw the earlier one, none sees a difference now.
const fn takes_back(act: Action, earlier: Action) -> bool {
    matches!(
        (act, earlier),
        (Action::DeleteTask, Action::AddTask)
            | (Action::ReopenTask, Action::ResolveTask)
            | (Action::ResolveTask, Action::ReopenTask)
    )
}

/// True if both actions have the same fact.
const fn is_same(later: Action, act: Action) -> bool {
    matches!(
        (later, act),
        (Action::ResolveTask, Action::ResolveTask) | (Action::ReopenTask, Action::ReopenTask)
    )
}

/// Pairs each change with the time of its first report; `None` if there is none.
pub fn found<'c>(changes: &'c [Change], reports: &[Report]) -> Vec<(&'c Change, Option<f64>)> {
    let mut by_item: BTreeMap<Item, Vec<&Report>> = BTreeMap::new();
    for report in reports {
        by_item.entry(report.item).or_default().push(report);
    }
    let first_report = |change: &Change| {
        let reports = by_item.get(&change.item).into_iter().flatten();
        let mut times: Vec<f64> = reports
            .filter(|report| report.fact == change.fact && report.at >= f64::from(change.at))
            .filter(|report| change.until.is_none_or(|until| report.at < f64::from(until)))
            .map(|report| report.at)
            .collect();
        times.sort_by(f64::total_cmp);
        times.first().copied()
    };
    changes.iter().map(|change| (change, first_report(change))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Arrival, Pr};

    fn act(at: Second, action: Action) -> Act {
        Act { at, pr: Pr(0), person: 0, item: Item(1), action, webhook: Arrival::OnTime }
    }

    #[test]
    fn edit_inside_the_last_window_is_silent() {
        let acts = [
            act(0, Action::Comment),
            act(500, Action::Edit(1)),
            act(1_099, Action::Edit(2)),
            act(1_699, Action::Edit(3)),
        ];
        let changes = silent_of(&acts.iter().collect::<Vec<_>>(), 9_999);
        let seen: Vec<_> = changes.iter().map(|change| (change.at, change.must_be_found)).collect();
        assert_eq!(seen, [(500, false), (1_099, false)], "the third edit is made after its window");
    }

    #[test]
    fn task_change_must_be_found_if_it_stands() {
        let acts = [
            act(0, Action::AddTask),
            act(50, Action::ResolveTask),
            act(60, Action::ReopenTask),
            act(900, Action::ResolveTask),
        ];
        let changes = silent_of(&acts.iter().collect::<Vec<_>>(), 9_999);
        assert_eq!(
            changes.iter().map(|change| change.must_be_found).collect::<Vec<_>>(),
            [true, false, false, true]
        );
        let report = |fact, at| Report { item: Item(1), fact, at };
        let reports =
            [report(Fact::Created, 30.0), report(Fact::Resolved, 950.0), report(Fact::Resolved, 40.0)];
        let times: Vec<_> = found(&changes, &reports).into_iter().map(|(_, at)| at).collect();
        assert_eq!(
            times,
            [Some(30.0), None, None, Some(950.0)],
            "a later report belongs to the later change"
        );
    }
}
