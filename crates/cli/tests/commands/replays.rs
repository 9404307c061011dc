//! `replay`: its selection, its questions, and a bus that fails.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::amazon::Amazon;
use crate::days::events;
use crate::library::{Folder, Library};
use crate::terminal::Script;
use crate::typing::{START, Shell, time};

/// A log in front of a bus, and a shell for both.
struct Stage {
    library: Library,
    amazon: Amazon,
    shell: Shell,
    _folder: Folder,
}

impl Stage {
    async fn around(library: Library, name: &str) -> Self {
        let (amazon, folder) = (Amazon::before(&library.shell).await, Folder::new(name));
        let shell = amazon.shell(&library.shell, folder.path());
        Self { library, amazon, shell, _folder: folder }
    }

    /// Two pull requests with four events.
    async fn furnished(name: &str) -> Self {
        let library = Library::furnished().await;
        library.after(1);
        Self::around(library, name).await
    }

    /// So many events within the last hour.
    async fn with_events(count: u32, name: &str) -> Self {
        let library = Library::empty().await;
        library.import(&events(time(START), 1, count, 1));
        library.after(3_600);
        Self::around(library, name).await
    }

    /// Sequences and keys on the bus.
    fn published(&self) -> Vec<(u64, String)> {
        let line = |detail: &Value| {
            (detail["sequence"].as_u64().unwrap(), detail["key"].as_str().unwrap().to_owned())
        };
        self.amazon.bus().details().iter().map(line).collect()
    }
}

#[tokio::test]
async fn replayed_event_keeps_id_and_sequence_and_names_its_replay() {
    let stage = Stage::furnished("replay-names").await;
    let shown = stage.shell.json("events list --source poll").await;
    let id = shown[0]["id"].as_str().unwrap();
    let outcome = stage.shell.types(&format!("replay --event {id} --name backfill")).await;
    assert_eq!((outcome.code, outcome.out.as_str()), (0, "replayed 1 events, as backfill\n"), "{outcome}");

    let mut detail = stage.amazon.bus().details().remove(0);
    let replay = detail.as_object_mut().unwrap().remove("replay").unwrap();
    assert_eq!(replay, json!({ "name": "backfill", "at": "2026-11-24T10:01:01Z" }));
    let mut first_time = stage.shell.json(&format!("events show {id}")).await;
    assert_eq!(detail, first_time.take());
    let entry = stage.amazon.bus().taken[0].clone();
    assert_eq!(
        (&entry["Source"], &entry["DetailType"]),
        (&json!("bitrelay"), &json!("pullrequest:comment_updated"))
    );
}

#[tokio::test]
async fn selection_follows_the_flags() {
    let stage = Stage::furnished("replay-flags").await;
    for (flags, expected) in [
        ("--pr acme/widgets 7", 3),
        ("--pr {0a1b} 7 --since 31s", 1),
        ("--since 1h", 4),
        ("--since 1h --until 2026-11-24T10:00:10Z", 1),
        ("--since 1h --key pullrequest:created", 2),
        ("--since 1h --source webhook", 3),
        ("--since 1h --repository acme/widgets", 4),
        ("--since 1h --repository acme/none", 0),
        ("--pr acme/none 7", 0),
        ("--since 2026-11-25", 0),
    ] {
        let counted = stage.shell.json(&format!("replay {flags} --dry-run")).await;
        assert_eq!(counted["count"], expected, "{flags}");
        assert_eq!(counted["first"].as_array().unwrap().len(), expected, "{flags}");
    }
    assert!(stage.published().is_empty());

    let outcome = stage.shell.types("replay --pr acme/widgets 7").await;
    assert_eq!(outcome.code, 0, "{outcome}");
    let keys: Vec<_> = stage.published().into_iter().map(|(sequence, _)| sequence).collect();
    assert_eq!(keys, [1, 2, 3]);
    assert_eq!(stage.shell.types("replay --since 2026-11-25").await.code, 3);
}

#[tokio::test]
async fn dry_run_shows_the_count_and_the_first_ten() {
    let stage = Stage::with_events(12, "replay-dry").await;
    assert_snapshot!(stage.shell.types("replay --since 2h --dry-run").await);
    assert!(stage.published().is_empty());
}

#[tokio::test]
async fn more_than_a_hundred_events_need_an_answer() {
    let stage = Stage::with_events(101, "replay-asks").await;
    let outcome = stage.shell.types("replay --since 2h").await;
    assert_eq!(outcome.code, 2, "{outcome}");
    assert!(outcome.err.contains("101 events match; --yes"), "{outcome}");

    let mut script = Script::answering(&["no", "yes"]);
    let refused = stage.shell.types_to("replay --since 2h", &mut script).await;
    assert_eq!((refused.code, refused.err.as_str()), (0, "nothing was published\n"), "{refused}");
    assert!(stage.published().is_empty());

    let done = stage.shell.types_to("replay --since 2h --per-second 10000", &mut script).await;
    assert_eq!((done.code, stage.published().len()), (0, 101), "{done}");
    assert_eq!(script.asked[0], "publish 101 events again on the bus bitrelay? (yes or no)");

    let few = stage.shell.types("replay --since 1h --until 2026-11-24T10:10:00Z").await;
    assert_eq!(few.code, 0, "a hundred or fewer are published without asking: {few}");
}

#[tokio::test]
async fn entry_refused_inside_a_200_is_sent_again() {
    let stage = Stage::with_events(12, "replay-again").await;
    stage.amazon.bus().refused.push_back((r#""number":3}"#.to_owned(), "ThrottlingException"));
    let outcome = stage.shell.types("replay --since 2h").await;
    assert_eq!((outcome.code, stage.published().len()), (0, 12), "{outcome}");
}

#[tokio::test]
async fn entry_refused_for_good_is_named_and_the_others_are_published() {
    let stage = Stage::with_events(12, "replay-refused").await;
    stage.amazon.bus().refused.push_back((r#""number":3}"#.to_owned(), "MalformedDetail"));
    let outcome = stage.shell.types("replay --since 2h --name again").await;
    assert_snapshot!(outcome);
    assert_eq!(stage.published().len(), 11);
    assert_eq!(stage.shell.types("replay --resume").await.code, 3, "it is done");
}

#[tokio::test]
async fn bus_outage_stops_a_replay_and_resume_publishes_the_rest() {
    let stage = Stage::with_events(45, "replay-outage").await;
    stage.amazon.bus().down_after = Some(20);
    let stopped = stage.shell.types("replay --since 2h --name backfill").await;
    assert_snapshot!("outage", stopped);
    // It is looked at, and not published, while another one waits.
    let second = stage.shell.types("replay --pr acme/widgets 7").await;
    assert_snapshot!("second_replay", second);
    assert_eq!(stage.shell.json("replay --since 2h --dry-run").await["count"], 45);

    // New events are no part of it.
    stage.library.import(&events(time("2026-11-24T11:00:00Z"), 1, 5, 500));
    stage.amazon.bus().down_after = None;
    let resumed = stage.shell.types("replay --resume").await;
    assert_snapshot!("resumed", resumed);
    let mut published: Vec<_> = stage
        .amazon
        .bus()
        .details()
        .iter()
        .map(|detail| detail["payload"]["number"].as_u64().unwrap())
        .collect();
    published.sort_unstable();
    assert_eq!(published, (0..45).collect::<Vec<_>>());
}

#[tokio::test]
async fn stopped_replay_can_be_forgotten() {
    let stage = Stage::with_events(45, "replay-forgotten").await;
    stage.amazon.bus().down_after = Some(0);
    let stopped = stage.shell.types("replay --since 2h --name backfill").await;
    assert_eq!(stopped.code, 5, "{stopped}");
    let forgot = stage.shell.types("replay --forget").await;
    assert_eq!(forgot.out, "forgot the replay backfill after 0 of 45 events\n", "{forgot}");
    assert_eq!(stage.shell.types("replay --resume").await.code, 3);
    assert_eq!(stage.shell.types("replay --forget").await.code, 0);
}

#[tokio::test]
async fn rate_is_kept() {
    let stage = Stage::with_events(25, "replay-rate").await;
    let started = std::time::Instant::now();
    let outcome = stage.shell.types("replay --since 2h --per-second 50").await;
    assert_eq!(outcome.code, 0, "{outcome}");
    // Three batches: the third starts when twenty events are due.
    assert!(started.elapsed() >= std::time::Duration::from_millis(400), "{:?}", started.elapsed());
}

#[tokio::test]
async fn replay_needs_a_selection() {
    let shell = Shell::at("http://127.0.0.1:9").with("BITRELAY_TABLE", "bitrelay");
    for wrong in [
        "replay",
        "replay --yes",
        "replay --event 12",
        "replay --pr acme/widgets",
        "replay --pr acme/widgets seven",
        "replay --since 1h --pr acme/widgets 7 --repository acme/widgets",
        "replay --resume --since 1h",
        "replay --since 1h --per-second 0",
        "replay --since 1h --name two_words!",
        "dlq redrive",
        "dlq redrive some-id --all",
    ] {
        let outcome = shell.clone().with("BITRELAY_LINK", "acme").types(wrong).await;
        assert_eq!(outcome.code, 2, "{wrong}: {outcome}");
    }
}
