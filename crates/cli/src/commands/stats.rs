//! `stats reviews`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::reading::{EventFilter, RepositoryFilter};

use crate::Error;
use crate::args::{Format, Moment};
use crate::log::TableLog;
use crate::output::{Report, length, table};
use crate::session::Session;
use crate::stats::review::Review;
use crate::stats::weeks::{Spread, Week, weeks};
use crate::stats::{Limits, reviews};

/// Limits of one command; a warning names them.
const LIMITS: Limits = Limits { listed: 200_000, pull_requests: 5_000 };

/// The columns of the CSV: the fields of a pull request in JSON.
const COLUMNS: [&str; 12] = [
    "vcs.repository.name",
    "vcs.change.id",
    "vcs.change.state",
    "bitrelay.link",
    "bitrelay.change.opened_at",
    "vcs.change.duration",
    "vcs.change.time_to_approval",
    "vcs.change.time_to_merge",
    "bitrelay.change.time_to_first_review",
    "bitrelay.change.rounds",
    "bitrelay.change.turn",
    "bitrelay.change.turn_since",
];

/// Shows how long reviews take.
pub(crate) async fn show(
    session: &mut Session<'_, '_>,
    since: Moment,
    until: Option<Moment>,
    repository: Option<&RepositoryFilter>,
) -> Result<(), Error> {
    let now = session.now();
    let filter = EventFilter {
        link: session.config.link.clone(),
        repository: repository.cloned(),
        since: Some(since.resolve(now)),
        until: until.map(|until| until.resolve(now)),
        ..EventFilter::default()
    };
    let log = TableLog::open(session).await?;
    let found = reviews(&log, &filter, LIMITS).await?;
    if !found.complete {
        session.warn("warning: there are more pull requests than one command reads; choose a later --since");
    }
    if session.config.format == Format::Csv {
        session.environment.println(&csv(&found.reviews, now));
        return Ok(());
    }
    let weeks = weeks(&found.reviews);
    let report = Report {
        text: text(&weeks),
        json: json!({
            "changes": found.reviews.iter().map(|review| change(review, now)).collect::<Vec<_>>(),
            "weeks": weeks.iter().map(week).collect::<Vec<_>>(),
        }),
    };
    session.show(&report);
    Ok(())
}

fn text(weeks: &[Week]) -> String {
    let median = |spread: Spread| spread.p50.map_or_else(|| "-".to_owned(), length);
    let row = |week: &Week| {
        [
            week.monday.strftime("%Y-%m-%d").to_string(),
            week.repository.clone(),
            week.opened.to_string(),
            week.merged.to_string(),
            median(week.to_first_review),
            median(week.to_approval),
            median(week.to_merge),
            week.rounds.map_or_else(|| "-".to_owned(), |rounds| rounds.to_string()),
        ]
    };
    let rows: Vec<_> = weeks.iter().map(row).collect();
    let heads = ["WEEK OF", "REPOSITORY", "OPENED", "MERGED", "FIRST REVIEW", "APPROVAL", "MERGE", "ROUNDS"];
    table(heads, &rows)
}

/// Returns the figures of a pull request, in the order of [`COLUMNS`].
fn change(review: &Review, now: Timestamp) -> Value {
    let id = review.subject.to_string().rsplit('/').next().unwrap_or_default().to_owned();
    let values: [Value; COLUMNS.len()] = [
        review.repository.clone().into(),
        id.into(),
        review.state().into(),
        review.link.as_str().into(),
        review.opened_at.to_string().into(),
        seconds(Some(review.duration(now))),
        seconds(review.to_approval),
        seconds(review.to_merge()),
        seconds(review.to_first_review),
        review.rounds.into(),
        review.turn.as_str().into(),
        review.turn_since.to_string().into(),
    ];
    Value::Object(COLUMNS.iter().map(|name| (*name).to_owned()).zip(values).collect())
}

fn week(week: &Week) -> Value {
    json!({
        "vcs.repository.name": week.repository,
        "week": week.monday.strftime("%Y-%m-%d").to_string(),
        "vcs.change.count": week.opened,
        "merged": week.merged,
        "vcs.change.time_to_approval": spread(week.to_approval),
        "vcs.change.time_to_merge": spread(week.to_merge),
        "bitrelay.change.time_to_first_review": spread(week.to_first_review),
        "bitrelay.change.rounds": week.rounds,
    })
}

fn spread(spread: Spread) -> Value {
    json!({ "count": spread.count, "p50": seconds(spread.p50), "p90": seconds(spread.p90) })
}

/// OpenTelemetry counts these times in seconds.
fn seconds(time: Option<SignedDuration>) -> Value {
    time.map_or(Value::Null, |time| json!(time.as_millis().div_euclid(1_000)))
}

fn csv(reviews: &[Review], now: Timestamp) -> String {
    let line = |review: &Review| {
        let change = change(review, now);
        let cells = COLUMNS.iter().map(|name| match change.get(*name) {
            Some(Value::String(text)) => quoted(text),
            Some(Value::Null) | None => String::new(),
            Some(value) => value.to_string(),
        });
        cells.collect::<Vec<_>>().join(",")
    };
    std::iter::once(COLUMNS.join(",")).chain(reviews.iter().map(line)).collect::<Vec<_>>().join("\n")
}

/// Quotes a cell (RFC 4180).
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
