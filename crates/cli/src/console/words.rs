//! Events in words, for people. Pure.

use bitbucket::EventKey;
use jiff::SignedDuration;
use relay::{Change, Event, Subject};
use serde_json::Value;

use crate::output::{length, plain};

/// Longest quotation in a list, in characters.
const MAX_QUOTE_CHARS: usize = 160;

/// A fact that is known after less than this is known at once.
const AT_ONCE: SignedDuration = SignedDuration::from_millis(100);

/// An event in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// A person's act: the sentence after the name.
    pub(super) act: String,
    /// The text that it is about: of a comment, a task or a title.
    pub(super) quote: Option<String>,
}

/// Describes an event. `payload` is its parsed payload.
pub(super) fn describe(event: &Event, payload: &Value) -> Words {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(clean);
    let title = || text("/pullrequest/title");
    let raw = |thing: &str| text(&format!("/{thing}/content/raw"));
    let said = |act: &str, quote: Option<String>| Words { act: act.to_owned(), quote };
    match &event.key {
        EventKey::PullRequestCreated => said("opened the pull request", title()),
        EventKey::PullRequestUpdated | EventKey::PullRequestPush => {
            said(&changes(event).unwrap_or_else(|| plain_act(&event.key)), None)
        }
        EventKey::PullRequestFulfilled => {
            let into = text("/pullrequest/destination/branch/name");
            said(&into.map_or_else(|| "merged".to_owned(), |branch| format!("merged into {branch}")), None)
        }
        EventKey::CommentCreated | EventKey::CommitCommentCreated => {
            said(&commented(payload), raw("comment"))
        }
        EventKey::CommentUpdated | EventKey::CommitCommentUpdated => said("edited a comment", raw("comment")),
        EventKey::CommentResolved => said("resolved a thread", raw("comment")),
        EventKey::CommentReopened => said("reopened a thread", raw("comment")),
        EventKey::TaskCreated => said("added a task", raw("task")),
        EventKey::TaskUpdated => said("edited a task", raw("task")),
        EventKey::TaskResolved => said("finished a task", raw("task")),
        EventKey::TaskReopened => said("reopened a task", raw("task")),
        EventKey::TaskDeleted => said("deleted a task", raw("task")),
        EventKey::CommitStatusCreated | EventKey::CommitStatusUpdated => said(&build(payload), None),
        EventKey::RepositoryPush => {
            let branch = text("/push/changes/0/new/name").or_else(|| text("/push/changes/0/old/name"));
            said(&branch.map_or_else(|| "pushed".to_owned(), |branch| format!("pushed to {branch}")), None)
        }
        EventKey::IssueCreated => said("opened an issue", text("/issue/title")),
        EventKey::IssueUpdated => said("changed an issue", text("/issue/title")),
        EventKey::IssueCommentCreated => said("commented on an issue", raw("comment")),
        key => said(&plain_act(key), None),
    }
}

/// Describes the keys that need nothing of the payload.
fn plain_act(key: &EventKey) -> String {
    let act = match key {
        EventKey::PullRequestUpdated => "updated the pull request",
        EventKey::PullRequestPush => "pushed commits",
        EventKey::PullRequestApproved => "approved",
        EventKey::PullRequestUnapproved => "withdrew the approval",
        EventKey::ChangesRequestCreated => "requested changes",
        EventKey::ChangesRequestRemoved => "withdrew the request for changes",
        EventKey::PullRequestRejected => "declined",
        EventKey::CommentDeleted | EventKey::CommitCommentDeleted => "deleted a comment",
        EventKey::CountersChanged => "changed the counters",
        EventKey::RepositoryFork => "forked the repository",
        EventKey::RepositoryUpdated => "changed the repository",
        key => return format!("sent {key}"),
    };
    act.to_owned()
}

fn commented(payload: &Value) -> String {
    let path = payload.pointer("/comment/inline/path").and_then(Value::as_str).map(plain);
    let line = payload.pointer("/comment/inline/to").or_else(|| payload.pointer("/comment/inline/from"));
    let line = line.and_then(Value::as_u64).map(|line| format!(":{line}")).unwrap_or_default();
    match (payload.pointer("/comment/parent/id"), path) {
        (Some(_), _) => "replied".to_owned(),
        (None, Some(path)) => format!("commented on {path}{line}"),
        (None, None) => "commented".to_owned(),
    }
}

fn build(payload: &Value) -> String {
    let text = |field: &str| payload.pointer(&format!("/commit_status/{field}")).and_then(Value::as_str);
    let name = text("name").or_else(|| text("key")).map_or_else(|| "a build".to_owned(), plain);
    let state = match text("state") {
        Some("SUCCESSFUL") => "succeeded".to_owned(),
        Some("FAILED") => "failed".to_owned(),
        Some("INPROGRESS") => "started".to_owned(),
        Some("STOPPED") => "was stopped".to_owned(),
        state => format!("changed to {}", plain(state.unwrap_or("an unknown state"))),
    };
    format!("reported that {name} {state}")
}

/// Describes the changes of a pull request; `None` if the event has none.
fn changes(event: &Event) -> Option<String> {
    let changes = event.changes.as_deref().filter(|changes| !changes.is_empty())?;
    let parts: Vec<_> = changes.iter().map(change).collect();
    Some(parts.join(", "))
}

fn change(change: &Change) -> String {
    let name = |account: &bitbucket::payload::Account| {
        plain(account.display_name.as_deref().or(account.nickname.as_deref()).unwrap_or("somebody"))
    };
    match change {
        Change::Title { .. } => "changed the title".to_owned(),
        Change::Description { .. } => "changed the description".to_owned(),
        Change::Draft { to: true, .. } => "made it a draft".to_owned(),
        Change::Draft { .. } => "made it ready for review".to_owned(),
        Change::Queued { to: true, .. } => "put it into the merge queue".to_owned(),
        Change::Queued { .. } => "took it out of the merge queue".to_owned(),
        Change::State { to, .. } => format!("set its state to {}", plain(to)),
        Change::Source { to, .. } => format!("changed its source to {}", plain(to)),
        Change::Destination { to, .. } => format!("retargeted it to {}", plain(to)),
        Change::Commits { to, .. } => format!("pushed commits up to {}", short_hash(to)),
        Change::ReviewerAdded { reviewer } => format!("asked {} to review", name(reviewer)),
        Change::ReviewerRemoved { reviewer } => format!("removed {} from the reviewers", name(reviewer)),
    }
}

pub(super) fn short_hash(hash: &str) -> String {
    plain(hash).chars().take(8).collect()
}

/// Returns the name of an account; `None` if it has none.
pub(super) fn name(account: Option<&Value>) -> Option<String> {
    let account = account?;
    ["display_name", "nickname"].iter().find_map(|field| account.get(field)?.as_str()).map(plain)
}

/// Returns the name of the repository of an event, else its id.
pub(super) fn repository(subject: &Subject, name: Option<&str>) -> String {
    name.map(plain).or_else(|| subject.repository().map(ToString::to_string)).unwrap_or_default()
}

/// Returns a subject for people, such as `acme/widgets#7`.
pub(super) fn subject(subject: &Subject, repository_name: Option<&str>) -> String {
    let repository = repository(subject, repository_name);
    match subject {
        Subject::PullRequest { id, .. } => format!("{repository}#{id}"),
        Subject::Issue { id, .. } => format!("{repository} issue {id}"),
        Subject::Commit { hash, .. } => format!("{repository}@{}", short_hash(hash)),
        Subject::Repository { .. } => repository,
        Subject::Link => "the link".to_owned(),
    }
}

/// Shortens a text to one line.
pub(super) fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_QUOTE_CHARS {
        return line;
    }
    let kept: String = line.chars().take(MAX_QUOTE_CHARS).collect();
    format!("{}…", kept.trim_end())
}

/// Removes characters that reorder or hide text, and keeps line breaks.
pub(super) fn clean(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// Returns the time from a fact to its observation; `None` if Bitbucket gives no time.
pub(super) fn lateness(event: &Event) -> Option<SignedDuration> {
    let late = event.observed_at.duration_since(event.occurred_at?);
    // Bitbucket's clock and ours differ a little.
    Some(late.max(SignedDuration::ZERO))
}

/// True if a fact was known at once.
pub(super) fn is_at_once(late: SignedDuration) -> bool {
    late < AT_ONCE
}

/// Formats the lateness of an event for a list.
pub(super) fn late(late: SignedDuration) -> String {
    if is_at_once(late) { "at once".to_owned() } else { format!("{} late", length(late)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_shortened_to_one_line() {
        assert_eq!(short(" a\n\n b "), "a b");
        assert_eq!(short(&"x".repeat(400)).chars().count(), MAX_QUOTE_CHARS + 1);
    }

    #[test]
    fn foreign_text_cannot_reorder_the_page() {
        assert_eq!(clean("a\u{202e}b\r\nc\u{1b}d"), "a b\nc d");
    }
}
