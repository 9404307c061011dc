//! `trigger`, `doctor` and `init`.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use store::Clock;

use crate::stage::Stage;
use crate::terminal::Script;
use crate::typing::Outcome;

/// Sets the stage's clock to the machine's, which the webhook function uses.
fn set_to_now(stage: &Stage) {
    let ahead = Timestamp::now().duration_since(stage.shell.clock.now());
    stage.shell.clock.advance_seconds(ahead.as_secs());
}

/// Returns the output without event ids and without the table's generated name.
fn steady(stage: &Stage, outcome: &Outcome) -> String {
    let text = stage.steady(outcome);
    let lines = text.lines().map(|line| {
        let line = line.split(" became event ").next().unwrap();
        if line.contains("the table ") { "ok    stack       the table can be read" } else { line }
    });
    lines.collect::<Vec<_>>().join("\n").replace(release::RELEASE, "RELEASE")
}

#[tokio::test]
async fn sample_of_each_reported_key_is_stored() {
    let stage = Stage::with_link("checks-samples").await;
    let keys = bitbucket::EventKey::KNOWN.iter().filter(|key| key.is_reported());
    let keys: BTreeSet<&str> = keys.map(bitbucket::EventKey::as_str).collect();
    for key in &keys {
        let outcome = stage.shell.types(&format!("trigger {key} --link acme")).await;
        assert_eq!(outcome.code, 0, "{outcome}");
    }
    // A build has events for its commit and for each pull request whose head is this commit.
    let events = stage.shell.json("events list --limit 100").await;
    let stored: BTreeSet<&str> =
        events.as_array().unwrap().iter().map(|event| event["key"].as_str().unwrap()).collect();
    assert_eq!(stored, keys);
}

#[tokio::test]
async fn unsigned_or_undeliverable_sample_fails() {
    let stage = Stage::with_link("checks-unsigned").await;
    let url = format!("{}acme", stage.webhook_url);
    let unsigned = stage.shell.types(&format!("trigger repo:push --unsigned --url {url}")).await;
    assert_snapshot!("unsigned_sample", stage.steady(&unsigned));
    let nowhere = stage.shell.types("trigger repo:push --unsigned --url http://127.0.0.1:9/").await;
    assert_eq!(nowhere.code, 5, "{nowhere}");
}

#[tokio::test]
async fn healthy_link_passes_all_checks() {
    let stage = Stage::with_link("checks-healthy").await;
    set_to_now(&stage);
    stage.shell.types("hooks sync --link acme --repository acme/widgets").await;
    stage.shell.types("trigger pullrequest:comment_created --link acme").await;
    assert_snapshot!("healthy", steady(&stage, &stage.shell.types("doctor --link acme").await));
}

#[tokio::test]
async fn unsigned_link_that_names_nothing_is_a_warning() {
    let stage = Stage::open("checks-nameless").await;
    let create = "link create acme --template bitbucket-user-token --unsigned --kv username=alice@example.com --kv password=alice-api-token";
    let created = stage.shell.types(create).await;
    assert!(created.err.contains("only repositories that it names are polled"), "{created}");
    let line = async || {
        let checked = stage.shell.types("doctor --link acme --no-delivery").await;
        checked.out.lines().find(|line| line.contains("link ")).unwrap().to_owned()
    };
    assert!(line().await.contains("its polls find nothing"), "{}", line().await);
    stage.shell.types("link sweep acme --add acme/widgets").await;
    assert!(
        line().await.ends_with("acme is unsigned: anybody who knows its URL can forge events"),
        "{}",
        line().await
    );
}

#[tokio::test]
async fn stack_of_another_release_is_a_warning() {
    let stage = Stage::of_release("checks-older", "0.0.9").await;
    let checked = stage.shell.types("doctor --link acme --no-delivery").await;
    let mut lines = checked.out.lines().skip_while(|line| !line.contains("release "));
    let found = format!("warn  release     the stack runs 0.0.9, this program is {}", release::RELEASE);
    assert_eq!(lines.next(), Some(found.as_str()), "{checked}");
    assert!(lines.next().unwrap().contains("-> deploy the release of this program"), "{checked}");
    let version = stage.shell.types("--version").await;
    assert_eq!(version.out.trim(), format!("bitrelay {}", release::RELEASE));
}

#[tokio::test]
async fn failed_checks_come_with_advice() {
    let stage = Stage::with_link("checks-failed").await;
    set_to_now(&stage);
    stage.shell.types("hooks sync --link acme --repository acme/widgets").await;
    stage.shell.types("trigger pullrequest:comment_created --link acme").await;
    for hook in stage.hooks().await {
        let uuid = hook["uuid"].as_str().unwrap();
        stage.simulator.person("alice").unwrap().delete(&format!("/hooks/{uuid}")).await.unwrap();
    }
    stage.shell.clock.advance_seconds(SignedDuration::from_hours(2).as_secs());
    let outcome = stage.shell.types("doctor --link acme").await;
    assert_eq!(outcome.code, 6, "{outcome}");
    for text in [
        "fail  hook        acme/widgets: no hook",
        "-> `bitrelay hooks sync --link acme` repairs it",
        "fail  poller      a poll has been overdue since",
        "warn  clock       this machine and AWS are 7",
        "! error: 2 of 9 checks failed",
    ] {
        assert!(outcome.to_string().contains(text), "{text}: {outcome}");
    }
}

#[tokio::test]
async fn refused_credential_does_not_hide_other_checks() {
    let stage = Stage::with_link("checks-refused").await;
    stage.shell.types("link set-creds acme --kv username=alice@example.com --kv password=wrong").await;
    assert_snapshot!("refused", steady(&stage, &stage.shell.types("doctor --link acme --no-delivery").await));
}

#[tokio::test]
async fn missing_table_or_link_skips_the_other_checks() {
    let stage = Stage::open("checks-nothing").await;
    assert_snapshot!("no_such_link", steady(&stage, &stage.shell.types("doctor --link acme").await));
    let outcome = stage.shell.types("doctor --link acme --table elsewhere").await;
    assert_eq!((outcome.code, outcome.out.lines().count()), (6, 2), "{outcome}");
}

#[tokio::test]
async fn init_creates_a_working_link_from_answers() {
    let stage = Stage::open("checks-init").await;
    set_to_now(&stage);
    let mut script = Script::answering(&[
        "Acme",
        "acme",
        "9",
        "3",
        "alice@example.com",
        "alice-api-token",
        "acme/widgets",
    ]);
    let outcome = stage.shell.types_to("init", &mut script).await;
    assert_eq!(outcome.code, 0, "{outcome}");
    assert!(script.answers.is_empty());
    for text in
        ["a link id has 1 to 64", "\"9\" is none of", "account  alice", "made  no hook", "ok    delivery"]
    {
        assert!(outcome.to_string().contains(text), "{text}: {outcome}");
    }
    assert_eq!(stage.hooks().await.len(), 1);
}

#[tokio::test]
async fn init_without_answers_fails() {
    let stage = Stage::open("checks-silent").await;
    let outcome = stage.shell.types("init").await;
    assert_eq!((outcome.code, stage.document("acme").await), (2, None), "{outcome}");
}
