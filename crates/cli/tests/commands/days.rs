//! A long log: a command about one day reads that day, however long the log is.

use std::collections::BTreeSet;

use bitbucket::EventKey;
use jiff::SignedDuration;
use relay::{Event, EventId, Source};
use serde_json::{Value, json};

use crate::amazon::Amazon;
use crate::library::{Folder, Library};
use crate::typing::{START, time};

/// Events of the day, and pull requests that they are spread over.
const EVENTS: u32 = 10_000;
const PULL_REQUESTS: u32 = 300;

/// Events of each other day, and their number.
const EVENTS_BEFORE: u32 = 500;
const DAYS_BEFORE: i64 = 6;

/// A log with ten thousand events on the day before [`START`]'s.
pub(crate) struct LongLog {
    pub(crate) library: Library,
    pub(crate) amazon: Amazon,
    pub(crate) folder: Folder,
}

impl LongLog {
    pub(crate) async fn open(name: &str) -> Self {
        let library = Library::empty().await;
        let midnight = |days: i64| time(START) - SignedDuration::from_hours(10 + 24 * days);
        for days in 2..2 + DAYS_BEFORE {
            library.import(&events(midnight(days), 24, EVENTS_BEFORE, days.cast_unsigned() * 1_000));
        }
        library.import(&events(midnight(1), 24, EVENTS, 0));
        library.import(&events(midnight(0), 10, EVENTS_BEFORE, 500));
        let amazon = Amazon::before(&library.shell).await;
        Self { library, amazon, folder: Folder::new(name) }
    }
}

/// Returns events that are spread evenly over so many hours.
pub(crate) fn events(from: jiff::Timestamp, hours: i64, count: u32, first_id: u64) -> Vec<Event> {
    let event = |number: u32| {
        let pull_request = first_id + u64::from(number % PULL_REQUESTS);
        Event {
            id: EventId::stored(format!("{:016x}{number:016x}", from.as_second())),
            key: if number.is_multiple_of(10) { EventKey::TaskCreated } else { EventKey::CommentCreated },
            source: if number.is_multiple_of(4) { Source::Poll } else { Source::Webhook },
            trusted: true,
            signed: true,
            link: "acme".parse().unwrap(),
            subject: format!("pullrequest/0a1b/{pull_request}").parse().unwrap(),
            repository_name: Some("acme/widgets".to_owned()),
            sequence: u64::from(number / PULL_REQUESTS) + 1,
            occurred_at: None,
            observed_at: from
                + SignedDuration::from_secs(i64::from(number) * 3_600 * hours / i64::from(count)),
            actor: Some(json!({ "display_name": "alice", "uuid": "{a11ce}" })),
            changes: None,
            counters: None,
            payload: format!(r#"{{"number":{number}}}"#).into_bytes(),
        }
    };
    (0..count).map(event).collect()
}

#[tokio::test]
async fn day_is_listed_and_followed_with_reads_of_that_day() {
    let LongLog { library, amazon, folder } = LongLog::open("listed").await;
    let shell = amazon.shell(&library.shell, folder.path());
    let listed = async |words: &str| {
        let listed = shell.json(&format!("events list {words}")).await;
        (listed.as_array().unwrap().len(), amazon.take_reads())
    };

    let (count, reads) = listed("--since 2026-11-23 --until 2026-11-24 --limit 10000").await;
    assert_eq!((count, reads.items), (10_000, 10_000), "{reads:?}");
    let (count, reads) = listed("--since 2026-11-23 --until 2026-11-24 --source poll --limit 10000").await;
    assert_eq!((count, reads.items), (2_500, 10_000), "{reads:?}");
    assert!(reads.calls["Query"] < 50, "{reads:?}");
    let (count, reads) =
        listed("--since 2026-11-23T11:00:00Z --until 2026-11-23T12:00:00Z --limit 10000").await;
    assert_eq!((count, reads.items), (416, 416), "{reads:?}");
    let (count, reads) = listed("").await;
    assert!(count == 20 && reads.items <= 400, "{reads:?}");
    // Each read of the tail goes one minute back.
    let tail = shell.types("events tail --limit 1 --every 0s --format json");
    let write = async {
        // The tail begins with one query for each partition.
        while amazon.queries() < 4 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        library.import(&events(time(START), 1, 1, 9_000));
        std::future::pending::<()>().await;
    };
    let tail = tokio::select! { tail = tail => tail, () = write => unreachable!() };
    let line: Value = serde_json::from_str(&tail.out).unwrap();
    assert_eq!(line["subject"], "pullrequest/0a1b/9000");
    let reads = amazon.take_reads();
    assert!(reads.items < 20, "{reads:?}");
    assert_eq!(reads.calls.keys().collect::<Vec<_>>(), ["Query"]);
}

const DAY: &str = "--since 2026-11-23 --until 2026-11-24 --per-second 10000";

#[tokio::test]
async fn replay_of_a_day_reads_that_day_and_publishes_each_event_once() {
    let LongLog { library, amazon, folder } = LongLog::open("replayed").await;
    let shell = amazon.shell(&library.shell, folder.path());
    let outcome = shell.types(&format!("replay {DAY} --yes --name backfill")).await;
    assert_eq!(outcome.code, 0, "{outcome}");
    assert_eq!(outcome.out, "replayed 10000 events, as backfill\n");
    assert!(outcome.err.contains("replayed 5000 of 10000 events"), "{outcome}");

    // The count, the list, and each event by its key.
    let reads = amazon.take_reads();
    assert_eq!(reads.items, 30_000, "{reads:?}");
    let details = amazon.bus().details();
    let ids: BTreeSet<_> = details.iter().map(|detail| detail["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((details.len(), ids.len()), (10_000, 10_000));
    assert!(details.iter().all(|detail| detail["replay"]["name"] == "backfill"));
    assert!(details.is_sorted_by_key(|detail| detail["observed_at"].as_str().unwrap().to_owned()));
}

#[tokio::test]
async fn interrupted_replay_resumes_and_publishes_each_event() {
    let LongLog { library, amazon, folder } = LongLog::open("interrupted").await;
    let shell = amazon.shell(&library.shell, folder.path());
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_bitrelay"))
        .args(format!("replay {DAY} --yes").split_whitespace())
        .env_clear()
        .envs(&shell.variables)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id().to_string();
    let ended = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
    while amazon.bus().taken.len() < 5_000 && !ended.is_finished() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let stopped = ended.await.unwrap();
    let before = amazon.bus().taken.len();
    let error = String::from_utf8(stopped.stderr).unwrap();
    assert_eq!(stopped.status.code(), Some(5), "{error}");
    assert!((5_000..9_000).contains(&before), "{before}");
    let expected = format!(
        "error: the replay stopped after {before} of 10000 events: interrupted\n  `bitrelay replay --resume` publishes the rest\n"
    );
    assert!(error.ends_with(&expected), "{error}");

    amazon.take_reads();
    let resumed = shell.types("replay --resume --per-second 10000").await;
    let rest = 10_000 - before;
    assert_eq!(resumed.code, 0, "{resumed}");
    let said = format!("replayed {rest} events, 10000 with those before the stop, as ");
    assert!(resumed.out.starts_with(&said), "{resumed}");
    // The list and each event by its key, from where it stopped.
    assert_eq!(amazon.take_reads().items, 2 * rest);
    let details = amazon.bus().details();
    let ids: BTreeSet<_> = details.iter().map(|detail| detail["id"].as_str().unwrap().to_owned()).collect();
    let names: BTreeSet<_> = details.iter().map(|detail| detail["replay"].to_string()).collect();
    assert_eq!((ids.len(), names.len()), (10_000, 1), "both parts are one replay");

    let again = shell.types("replay --resume").await;
    assert_eq!(again.code, 3, "{again}");
}
