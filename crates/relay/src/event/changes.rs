//! Changes between two snapshots of a pull request. Bitbucket's `pullrequest:updated` does not list them.

use std::collections::BTreeSet;

use bitbucket::payload::Account;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fact;

/// Longest description that a change repeats; the payload has longer ones.
const MAX_DESCRIPTION_BYTES: usize = 8 * 1024;

/// One change. In JSON: `{"type": "title", "from": …, "to": …}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub enum Change {
    /// The title.
    Title {
        /// The value before.
        from: String,
        /// The value now.
        to: String,
    },
    /// The description. `None` for a text of more than 8 KiB; the payload has it.
    Description {
        /// The value before.
        from: Option<String>,
        /// The value now.
        to: Option<String>,
    },
    /// True if it is a draft.
    Draft {
        /// The value before.
        from: bool,
        /// The value now.
        to: bool,
    },
    /// True if it waits in a merge queue.
    Queued {
        /// The value before.
        from: bool,
        /// The value now.
        to: bool,
    },
    /// `OPEN`, `MERGED`, `DECLINED`, `SUPERSEDED`; others may come.
    State {
        /// The value before.
        from: String,
        /// The value now.
        to: String,
    },
    /// The source branch.
    Source {
        /// The value before.
        from: String,
        /// The value now.
        to: String,
    },
    /// The destination branch: the pull request was retargeted.
    Destination {
        /// The value before.
        from: String,
        /// The value now.
        to: String,
    },
    /// The head of the source branch: commits were pushed.
    Commits {
        /// The hash before, as long as in Bitbucket's payload.
        from: String,
        /// The hash now.
        to: String,
    },
    /// A reviewer was added.
    ReviewerAdded {
        /// The reviewer's account.
        reviewer: Account,
    },
    /// A reviewer was removed.
    ReviewerRemoved {
        /// The reviewer's account.
        reviewer: Account,
    },
}

/// Compares two `pullrequest` objects. A field that one of them lacks is no change: nothing is invented.
pub(crate) fn between(old: &Value, new: &Value) -> Vec<Change> {
    let texts = |pointer: &str| moved(text(old, pointer), text(new, pointer));
    let is_new = |(from, to): &(String, String)| fact::comparable(from) != fact::comparable(to);
    let titles = texts("/title").filter(is_new);
    let descriptions = moved(description(old), description(new)).filter(is_new);
    let flags = moved(old.get("draft").and_then(Value::as_bool), new.get("draft").and_then(Value::as_bool));
    let short = |text: String| (text.len() <= MAX_DESCRIPTION_BYTES).then_some(text);
    let changes = [
        titles.map(|(from, to)| Change::Title { from, to }),
        descriptions.map(|(from, to)| Change::Description { from: short(from), to: short(to) }),
        flags.map(|(from, to)| Change::Draft { from, to }),
        queue_moved(old, new).map(|(from, to)| Change::Queued { from, to }),
        texts("/state").map(|(from, to)| Change::State { from, to }),
        texts("/source/branch/name").map(|(from, to)| Change::Source { from, to }),
        texts("/destination/branch/name").map(|(from, to)| Change::Destination { from, to }),
        texts("/source/commit/hash")
            .filter(|(from, to)| !from.starts_with(to.as_str()) && !to.starts_with(from.as_str()))
            .map(|(from, to)| Change::Commits { from, to }),
    ];
    changes.into_iter().flatten().chain(reviewers_between(old, new)).collect()
}

fn moved<T: PartialEq>(from: Option<T>, to: Option<T>) -> Option<(T, T)> {
    from.zip(to).filter(|(from, to)| from != to)
}

fn text(snapshot: &Value, pointer: &str) -> Option<String> {
    snapshot.pointer(pointer)?.as_str().map(str::to_owned)
}

/// True if a pull request waits in a merge queue, by its field `queued` or by its state. Merge queues are in beta, and
/// Bitbucket's specification has had both forms.
pub(crate) fn is_queued(snapshot: &Value) -> bool {
    has_queued_state(snapshot) || snapshot.get("queued") == Some(&Value::Bool(true))
}

fn has_queued_state(snapshot: &Value) -> bool {
    snapshot.get("state").is_some_and(|state| state == "QUEUED")
}

/// Without the state `QUEUED`, both snapshots need the field.
fn queue_moved(old: &Value, new: &Value) -> Option<(bool, bool)> {
    let has_field = |snapshot: &Value| snapshot.get("queued").is_some_and(Value::is_boolean);
    let is_shown = has_queued_state(old) || has_queued_state(new) || (has_field(old) && has_field(new));
    moved(Some(is_queued(old)), Some(is_queued(new))).filter(|_| is_shown)
}

/// Old payloads have the description in `summary` only.
fn description(snapshot: &Value) -> Option<String> {
    text(snapshot, "/description").or_else(|| text(snapshot, "/summary/raw"))
}

fn reviewers_between(old: &Value, new: &Value) -> Vec<Change> {
    let (Some(old), Some(new)) = (reviewers(old), reviewers(new)) else { return Vec::new() };
    let uuids =
        |accounts: &[Account]| -> BTreeSet<_> { accounts.iter().map(|one| one.uuid.clone()).collect() };
    let (before, now) = (uuids(&old), uuids(&new));
    let removed = old.iter().filter(|who| !now.contains(&who.uuid));
    let added = new.iter().filter(|who| !before.contains(&who.uuid));
    let removed = removed.map(|reviewer| Change::ReviewerRemoved { reviewer: reviewer.clone() });
    removed.chain(added.map(|reviewer| Change::ReviewerAdded { reviewer: reviewer.clone() })).collect()
}

/// The reviewers that have a UUID: an account that was deleted may be null.
fn reviewers(snapshot: &Value) -> Option<Vec<Account>> {
    let listed = snapshot.get("reviewers")?.as_array()?.iter();
    let accounts =
        listed.filter(|account| account.is_object()).filter_map(|account| Account::deserialize(account).ok());
    Some(accounts.filter(|account| account.uuid.is_some()).collect())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::*;

    fn reviewed_by(who: &str, count: usize) -> Value {
        json!({ "reviewers": (0..count).map(|n| json!({ "uuid": format!("{{{who} {n}}}") })).collect::<Vec<_>>() })
    }

    /// The shortest of some runs. A busy machine makes each of them longer, and none shorter.
    fn shortest_time_of(count: usize, runs: usize) -> Duration {
        let (old, new) = (reviewed_by("old", count), reviewed_by("new", count));
        let run = |_| {
            let begun = Instant::now();
            assert_eq!(between(&old, &new).len(), 2 * count);
            begun.elapsed()
        };
        (0..runs).map(run).min().unwrap()
    }

    #[test]
    fn reviewers_are_compared_in_linear_time() {
        let (few, many) = (shortest_time_of(1_000, 3), shortest_time_of(16_000, 10));
        assert!(
            many < few * 80,
            "16 times as many take {many:?} instead of {few:?}; squared, it is 256 times"
        );
    }
}
