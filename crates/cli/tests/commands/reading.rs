//! `events`, `pr`, `watch` and `status`: their arguments and their output.

use insta::assert_snapshot;
use serde_json::Value;

use crate::library::{Library, comment, pull_request};
use crate::typing::START;

#[tokio::test]
async fn newest_events_are_listed() {
    let library = Library::furnished().await;
    assert_snapshot!(library.shell.types("events list").await);
}

#[tokio::test]
async fn filters_select_matching_events() {
    let library = Library::furnished().await;
    let count = async |filters: &str| {
        let listed = library.shell.json(&format!("events list {filters}")).await;
        listed.as_array().unwrap().len()
    };
    for (filters, expected) in [
        ("", 4),
        ("--limit 1", 1),
        ("--repository acme/widgets --pr 7", 3),
        ("--repository {0A1B} --pr #8", 1),
        ("--repository acme/none", 0),
        ("--key pullrequest:comment_updated", 1),
        ("--source poll", 1),
        ("--since 31s", 2),
        ("--until 2026-11-24T10:00:10Z", 1),
        ("--link other", 0),
    ] {
        assert_eq!(count(filters).await, expected, "{filters}");
    }
}

#[tokio::test]
async fn event_is_shown_with_its_payload() {
    let library = Library::furnished().await;
    let found = library.shell.json("events list --source poll").await;
    let id = found[0]["id"].as_str().unwrap();

    assert_snapshot!(library.shell.types(&format!("events show {id}")).await);

    let envelope = library.shell.json(&format!("events show {id}")).await;
    assert_eq!(envelope["payload"]["comment"]["content"]["raw"], "Which gear, please?");
}

#[tokio::test]
async fn missing_event_is_reported() {
    let library = Library::empty().await;
    let id = "0".repeat(32);
    assert_snapshot!(library.shell.types(&format!("events show {id}")).await);
    let outcome = library.shell.types("events show 12").await;
    assert_eq!(outcome.code, 2, "{outcome}");
}

#[tokio::test]
async fn pull_request_is_shown_with_windows_and_next_poll() {
    let library = Library::furnished().await;
    assert_snapshot!(library.shell.types("pr show acme/widgets 7").await);

    let by_id = library.shell.json("pr show {0a1b} 7").await;
    assert_eq!(by_id["windows"][0]["comment"], 1);
    assert_eq!(by_id["windows"][0]["closes_at"], "2026-11-24T10:11:25Z");
    assert_eq!(by_id["snapshot"]["title"], "Add a gear");
}

#[tokio::test]
async fn windows_have_the_functions_length() {
    let library = Library::furnished().await;
    let shell = library.shell.clone().with("BITRELAY_WINDOW_SECONDS", "20");
    let shown = shell.json("pr show acme/widgets 7").await;
    assert_eq!(shown["windows"][0]["closes_at"], "2026-11-24T10:01:45Z");
}

#[tokio::test]
async fn title_cannot_control_the_terminal() {
    let library = Library::furnished().await;
    let shown = library.shell.types("pr show acme/widgets 8").await;
    assert!(shown.out.contains("Oil [31m it"), "{shown}");
}

#[tokio::test]
async fn no_command_prints_what_controls_a_terminal() {
    let library = Library::furnished().await;
    let hostile = "a\u{1b}[2J\u{7}\u{9b}\u{202e}\u{2066}\r\nb";
    let mut body = pull_request(9, hostile);
    body["repository"]["full_name"] = format!("acme/{hostile}").into();
    body["actor"] = hostile.into();
    body["comment"] = comment(5, hostile, START);
    library.after(1);
    library.deliver("pullrequest:comment_created", &body).await;
    library.after(700);
    let listed = library.shell.json("events list --limit 1").await;
    let id = listed[0]["id"].as_str().unwrap();
    for command in [
        format!("events show {id}"),
        "events list".to_owned(),
        "pr show {0a1b} 9".to_owned(),
        "watch list".to_owned(),
        "status".to_owned(),
        format!("events list --since {hostile}"),
    ] {
        for format in ["table", "json"] {
            let shown = library.shell.types(&format!("{command} --format {format}")).await;
            for text in [&shown.out, &shown.err] {
                let controls = |c: &char| {
                    (c.is_control() && *c != '\n')
                        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                };
                assert_eq!(text.chars().find(controls), None, "{command} as {format}: {text:?}");
            }
        }
    }
    let refused = library.shell.types("events list --config /no-such\u{1b}[2J\u{202e}file").await;
    assert!(refused.err.contains("/no-such [2J file"), "{refused}");
    let shown = library.shell.json(&format!("events show {id}")).await;
    assert_eq!(shown["payload"]["comment"]["content"]["raw"], hostile, "the JSON means the same");
}

#[tokio::test]
async fn unknown_pull_request_or_repository_is_reported() {
    let library = Library::furnished().await;
    assert_snapshot!("unknown_pull_request", library.shell.types("pr show acme/widgets 99").await);
    assert_snapshot!("unknown_repository", library.shell.types("pr show acme/none 7").await);
}

#[tokio::test]
async fn watches_are_listed_most_urgent_first() {
    let library = Library::furnished().await;
    library.after(60);
    assert_snapshot!(library.shell.types("watch list").await);
    let one = library.shell.json("watch list --limit 1").await;
    assert_eq!(one.as_array().unwrap().len(), 1);
    let other = library.shell.json("watch list --link other").await;
    assert_eq!(other, Value::Array(Vec::new()));
}

#[tokio::test]
async fn status_without_accounts_shows_watches() {
    let library = Library::furnished().await;
    assert_snapshot!("status", library.shell.types("status").await);
    let shown = library.shell.json("status").await;
    assert_eq!(shown[0]["calls"]["used"], Value::Null);
}

#[tokio::test]
async fn tail_shows_new_events_up_to_its_limit() {
    let library = Library::furnished().await;
    let tail = library.shell.types("events tail --pr 9 --limit 1 --every 0s --format json");
    let write = async {
        // Deliver until the test ends, so that events arrive after the tail has opened the stream.
        for id in 100.. {
            let mut body = pull_request(id % 2 + 8, "Turn it");
            body["comment"] = comment(id, "Why?", START);
            library.deliver("pullrequest:comment_created", &body).await;
        }
    };
    let outcome = tokio::select! {
        outcome = tail => outcome,
        () = write => unreachable!(),
    };
    let lines: Vec<Value> = outcome.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((outcome.code, lines.len()), (0, 1), "{outcome}");
    assert_eq!(lines[0]["subject"], "pullrequest/0a1b/9");
}

#[tokio::test]
async fn missing_table_is_not_an_empty_log() {
    let library = Library::empty().await;
    assert_snapshot!(library.shell.types("events list --table elsewhere").await);
}

#[tokio::test]
async fn missing_settings_are_named() {
    let mut shell = Library::empty().await.shell;
    shell.variables.remove("BITRELAY_TABLE");
    assert_snapshot!("no_table", shell.types("status").await);
    let shell = Library::empty().await.shell.with("BITRELAY_LINK", "");
    assert_snapshot!("no_link", shell.types("pr show acme/widgets 7").await);
}
