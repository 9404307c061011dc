//! The changes of a workload that Bitbucket tells nobody about, and which of them a policy found.

use std::collections::BTreeMap;

use crate::workload::{Act, Item, Second, What, Workload, text};

/// Bitbucket is silent about edits that come sooner after a comment's creation or last change
/// (<https://developer.atlassian.com/platform/forge/events-reference/bitbucket/>).
pub const WINDOW: Second = 600;

/// A change that was overtaken by the next one within this time was never promised to be found: nobody who asks now and
/// then can see it for sure. It is the window and the margin of bitrelay's defaults.
const STANDS: Second = WINDOW + 60;

/// What a policy can tell of a comment or task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// It is there.
    Created,
    /// It says this.
    Text(String),
    /// The task is resolved.
    Resolved,
    /// The task is open again.
    Reopened,
    /// It is gone.
    Deleted,
}

/// One thing that a policy told, and when it knew it.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// About what.
    pub item: Item,
    /// What.
    pub told: Told,
    /// When, in seconds since the beginning.
    pub at: f64,
}

/// Whether a silent change is one of a comment or of a task.
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
    /// Of what.
    pub item: Item,
    /// A comment or a task.
    pub kind: Kind,
    /// When it was made.
    pub at: Second,
    /// When the same is told of the next change, if there is one; what is told later is that one.
    until: Option<Second>,
    /// Whether it stood for long enough that it must be found.
    pub must_be_found: bool,
    told: Told,
}

/// Every silent change of a workload, in order.
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

/// The silent changes of one comment or task.
fn silent_of(acts: &[&Act], end: Second) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut moved: Option<Second> = None;
    for (place, act) in acts.iter().enumerate() {
        let since = moved.replace(act.at).map_or(Second::MAX, |moved| act.at - moved);
        let Some((kind, told)) = told_by(act, since) else { continue };
        let later = acts.get(place + 1..).unwrap_or_default();
        let overtaken = later.iter().find(|later| undoes(later.what, act.what)).map(|later| later.at);
        let until = later.iter().find(|later| is_same(later.what, act.what)).map(|later| later.at);
        let stood = overtaken.unwrap_or(end).saturating_sub(act.at);
        let earlier = acts.get(..place).unwrap_or_default();
        let undone = earlier.iter().rfind(|earlier| takes_back(act.what, earlier.what));
        let was_seen = undone.is_none_or(|undone| act.at - undone.at >= STANDS);
        let must_be_found = stood >= STANDS && was_seen;
        changes.push(Change { item: act.item, kind, at: act.at, until, must_be_found, told });
    }
    changes
}

/// What a policy has to tell of an act that Bitbucket tells nothing of. `since` is the time since the item's last change.
fn told_by(act: &Act, since: Second) -> Option<(Kind, Told)> {
    match act.what {
        What::Edit(version) if since < WINDOW => Some((Kind::Edit, Told::Text(text(act.item, version)))),
        What::Comment | What::Edit(_) => None,
        What::AddTask => Some((Kind::Task, Told::Created)),
        What::EditTask(version) => Some((Kind::Task, Told::Text(text(act.item, version)))),
        What::ResolveTask => Some((Kind::Task, Told::Resolved)),
        What::ReopenTask => Some((Kind::Task, Told::Reopened)),
        What::DeleteTask => Some((Kind::Task, Told::Deleted)),
    }
}

/// Whether nothing is to be seen any more of an act after a later one.
const fn undoes(later: What, act: What) -> bool {
    matches!(
        (later, act),
        (What::DeleteTask, _)
            | (What::Edit(_), What::Edit(_))
            | (What::EditTask(_), What::EditTask(_))
            | (What::ReopenTask, What::ResolveTask)
            | (What::ResolveTask, What::ReopenTask)
    )
}

/// Whether an act leaves things as if an earlier one had not been. Where that was not to be seen for long, there may be nothing to
/// tell of either.
const fn takes_back(act: What, earlier: What) -> bool {
    matches!(
        (act, earlier),
        (What::DeleteTask, What::AddTask)
            | (What::ReopenTask, What::ResolveTask)
            | (What::ResolveTask, What::ReopenTask)
    )
}

/// Whether a later act is told in the same words.
const fn is_same(later: What, act: What) -> bool {
    matches!((later, act), (What::ResolveTask, What::ResolveTask) | (What::ReopenTask, What::ReopenTask))
}

/// When each change was found, if it was.
pub fn found<'c>(changes: &'c [Change], reports: &[Report]) -> Vec<(&'c Change, Option<f64>)> {
    let mut by_item: BTreeMap<Item, Vec<&Report>> = BTreeMap::new();
    for report in reports {
        by_item.entry(report.item).or_default().push(report);
    }
    let of = |change: &Change| {
        let told = by_item.get(&change.item).into_iter().flatten();
        let mut times: Vec<f64> = told
            .filter(|report| report.told == change.told && report.at >= f64::from(change.at))
            .filter(|report| change.until.is_none_or(|until| report.at < f64::from(until)))
            .map(|report| report.at)
            .collect();
        times.sort_by(f64::total_cmp);
        times.first().copied()
    };
    changes.iter().map(|change| (change, of(change))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Post, Pr};

    fn act(at: Second, what: What) -> Act {
        Act { at, pr: Pr(0), who: 0, item: Item(1), what, post: Post::OnTime }
    }

    #[test]
    fn an_edit_is_silent_inside_the_window_that_the_last_change_opened() {
        let acts = [
            act(0, What::Comment),
            act(500, What::Edit(1)),
            act(1_099, What::Edit(2)),
            act(1_699, What::Edit(3)),
        ];
        let changes = silent_of(&acts.iter().collect::<Vec<_>>(), 9_999);
        let seen: Vec<_> = changes.iter().map(|change| (change.at, change.must_be_found)).collect();
        assert_eq!(seen, [(500, false), (1_099, false)], "the third comes when the window is over");
    }

    #[test]
    fn a_change_of_a_task_is_silent_and_must_be_found_if_it_stands_for_long() {
        let acts = [
            act(0, What::AddTask),
            act(50, What::ResolveTask),
            act(60, What::ReopenTask),
            act(900, What::ResolveTask),
        ];
        let changes = silent_of(&acts.iter().collect::<Vec<_>>(), 9_999);
        assert_eq!(
            changes.iter().map(|change| change.must_be_found).collect::<Vec<_>>(),
            [true, false, false, true]
        );
        let report = |told, at| Report { item: Item(1), told, at };
        let reports =
            [report(Told::Created, 30.0), report(Told::Resolved, 950.0), report(Told::Resolved, 40.0)];
        let times: Vec<_> = found(&changes, &reports).into_iter().map(|(_, at)| at).collect();
        assert_eq!(times, [Some(30.0), None, None, Some(950.0)], "what is told later is the later change");
    }
}
