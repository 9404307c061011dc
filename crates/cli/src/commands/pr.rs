//! `pr show`.

use bitbucket::PullRequestId;
use jiff::{SignedDuration, Timestamp};
use relay::state::PullRequestState;
use relay::{Counters, Settings, Subject, SubjectState};
use serde_json::{Value, json};
use store::SubjectLog;
use store::reading::RepositoryFilter;

use crate::Error;
use crate::output::{Report, distance, fields, number_or_dash, plain, table, time};
use crate::session::Session;

/// An edit window without a poll after its end.
struct Window {
    comment: u64,
    changed_at: Timestamp,
    closes_at: Timestamp,
}

/// Shows a pull request's stored state.
pub(crate) async fn show(
    session: &mut Session<'_, '_>,
    repository: &RepositoryFilter,
    number: PullRequestId,
) -> Result<(), Error> {
    let link = session.link()?;
    let missing = |what: String| Error::NotFound {
        message: format!("no {what} in the log of link {link}"),
        advice: format!("`bitrelay events list --link {link}` shows the events that were received"),
    };
    let (id, name) = match repository {
        RepositoryFilter::Id(id) => (id.clone(), id.as_str()),
        RepositoryFilter::FullName(name) => {
            let found = session.reader().await?.repository_id(std::slice::from_ref(&link), name).await?;
            (found.ok_or_else(|| missing(format!("repository {name}")))?, name.as_str())
        }
    };
    let subject = Subject::PullRequest { repository: id, id: number };
    let state = session.table().await?.read(&link, &subject).await?;
    let Some(pr) = state.pull_request() else {
        return Err(missing(format!("pull request {number} of {name}")));
    };
    let settings = session.settings().await?;
    let windows = windows(pr, &settings);
    let report = Report {
        text: text(&state, pr, &windows, session.now()),
        json: json(&state, pr, &windows, &subject),
    };
    session.show(&report);
    Ok(())
}

/// Returns the windows that still need a poll, sorted by their end.
fn windows(pr: &PullRequestState, settings: &Settings) -> Vec<Window> {
    let length = settings.window_seconds.saturating_add(settings.margin_seconds);
    let length = SignedDuration::from_secs(i64::from(length));
    let present = pr.comments.iter().filter(|(_, comment)| !comment.deleted);
    let all = present.map(|(id, comment)| Window {
        comment: id.0,
        changed_at: comment.changed_at,
        closes_at: comment.changed_at.saturating_add(length).unwrap_or(Timestamp::MAX),
    });
    let unpolled = |window: &Window| pr.polled_at.is_none_or(|polled| polled < window.closes_at);
    let mut open: Vec<_> = all.filter(unpolled).collect();
    open.sort_by_key(|window| (window.closes_at, window.comment));
    open
}

fn text(state: &SubjectState, pr: &PullRequestState, windows: &[Window], now: Timestamp) -> String {
    let field = |pointer: &str| plain(pr.snapshot.pointer(pointer).and_then(Value::as_str).unwrap_or("-"));
    let name = pr.repository.get("full_name").and_then(Value::as_str).unwrap_or("-");
    let next = state.watch.map_or_else(
        || "none".to_owned(),
        |watch| {
            format!("{} ({}), {}", time(watch.due_at), distance(watch.due_at, now), watch.reason.as_str())
        },
    );
    let polled =
        pr.polled_at.map_or_else(|| "never".to_owned(), |at| format!("{} ({})", time(at), distance(at, now)));
    let refused = state.refusal.map_or_else(
        || "no".to_owned(),
        |refusal| {
            format!(
                "since {}: Bitbucket answers that it does not exist or may not be read",
                time(refusal.since)
            )
        },
    );
    let counters = pr.counters.clone().unwrap_or_default();
    let mut text = fields(&[
        ("title", field("/title")),
        ("state", field("/state")),
        ("repository", plain(name)),
        ("author", field("/author/display_name")),
        ("branches", format!("{} -> {}", field("/source/branch/name"), field("/destination/branch/name"))),
        ("events", state.sequence.to_string()),
        ("last poll", polled),
        ("next poll", next),
        ("refused", refused),
        ("counters", counted(&counters)),
    ]);
    if !windows.is_empty() {
        let row = |window: &Window| {
            [window.comment.to_string(), time(window.changed_at), distance(window.closes_at, now)]
        };
        let rows: Vec<_> = windows.iter().map(row).collect();
        text.push_str("\n\nopen windows\n");
        text.push_str(&table(["COMMENT", "CHANGED", "CLOSES"], &rows));
    }
    text
}

fn counted(counters: &Counters) -> String {
    let numbers = [
        ("reviewers", counters.reviewers),
        ("approvals", counters.approvals),
        ("changes requested", counters.changes_requested),
        ("comments", counters.comments),
        ("unresolved threads", counters.unresolved_threads),
        ("tasks open", counters.tasks_open),
        ("tasks resolved", counters.tasks_resolved),
    ];
    numbers.map(|(name, number)| format!("{name} {}", number_or_dash(number))).join(", ")
}

fn json(state: &SubjectState, pr: &PullRequestState, windows: &[Window], subject: &Subject) -> Value {
    let windows = windows.iter().map(|window| {
        json!({ "comment": window.comment, "changed_at": window.changed_at, "closes_at": window.closes_at })
    });
    json!({
        "subject": subject.to_string(),
        "repository": pr.repository.get("full_name"),
        "version": state.version,
        "sequence": state.sequence,
        "counters": pr.counters,
        "polled_at": pr.polled_at,
        "refused_since": state.refusal.map(|refusal| refusal.since),
        "next_poll": state.watch,
        "windows": windows.collect::<Value>(),
        "snapshot": pr.snapshot,
    })
}
