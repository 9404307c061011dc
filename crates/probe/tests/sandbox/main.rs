//! The probe in a simulated Bitbucket, in virtual time: it finds whatever the simulator is set to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod virtual_time;

use std::cell::RefCell;
use std::time::Duration;

use bitbucket::Credential;
use bitbucket::client::{Api, Client, RepositoryPath};
use probe::{Answer, Findings, Listener, Probe, Question, Setup, Time};
use serde_json::{Value, json};
use simulator::{
    ClockStart, FaultRequest, Rules, Sending, Settings, Side, Simulator, StaleReads, StatusFault,
};
use virtual_time::Virtual;

const SETUP: Setup = Setup { window_seconds: 600, margin_seconds: 60, grace_seconds: 30 };

async fn bitbucket(rules: Rules, window_seconds: u64) -> Simulator {
    let settings = Settings {
        rules,
        window_seconds,
        clock: ClockStart::Manual("2026-11-24T08:00:00Z".parse().unwrap()),
        sending: Sending { resend_after: Duration::from_millis(20), ..Sending::default() },
        ..Settings::default()
    };
    Simulator::start(settings).await.unwrap()
}

fn client(simulator: &Simulator, name: &str) -> Client {
    let credential = Credential::Basic {
        username: format!("{name}@example.com"),
        password: format!("{name}-api-token").into(),
    };
    Api::new(&format!("{}/2.0", simulator.url())).unwrap().client(credential, 500)
}

async fn a_probe<'p>(simulator: &Simulator, time: &'p dyn Time, progress: &'p dyn Fn(&str)) -> Probe<'p> {
    let listener = Listener::open("127.0.0.1:0".parse().unwrap()).await.unwrap();
    Probe {
        author: client(simulator, "alice"),
        reviewer: Some(client(simulator, "bob")),
        repository: RepositoryPath { workspace: "acme".to_owned(), repository: "widgets".to_owned() },
        public_url: format!("http://{}/", listener.address()).parse().unwrap(),
        listener,
        setup: SETUP,
        time,
        progress,
        findings: RefCell::default(),
    }
}

async fn findings(simulator: &Simulator) -> Findings {
    let time = Virtual(simulator);
    let probe = a_probe(simulator, &time, &|_| ()).await;
    probe.measure().await.unwrap();
    probe.clean_up().await.unwrap();
    probe.conclude("the probe ended")
}

/// The value of each question by its name.
fn values(findings: &Findings) -> Value {
    Question::ALL.iter().map(|question| (question.id().to_owned(), findings.value(*question))).collect()
}

/// The answers where the simulator has its defaults.
fn by_default() -> Value {
    json!({
        "signature_headers": ["x-hub-signature"],
        "lag_seconds": 0,
        "text_form": true,
        "resend_keeps_request_id": true,
        "attempts": 3,
        "comments_sort_by_time": true,
        "comments_filter_by_time": true,
        "queued_is_a_state": false,
        "webhooks_show_resolutions": false,
        "resolution_moves_comment": false,
        "deleted_comments_stay_readable": true,
        "deleted_comments_stay_listed": false,
        "deletion_moves_comment": false,
        "task_webhooks": [],
        "task_moves_pull_request": false,
        "push_withdraws_approvals": false,
        "silent_edit_seconds": { "silent_until": 590, "reported_from": 610 },
        "silent_edit_restarts_window": true,
        "silent_edit_moves_comment": true,
        "silent_edit_moves_pull_request": false,
    })
}

#[tokio::test]
async fn probe_finds_what_the_simulator_is_set_to() {
    let simulator = bitbucket(Rules::default(), 600).await;
    assert_eq!(values(&findings(&simulator).await), by_default());
}

/// Probes a Bitbucket with one other rule, and expects one other answer.
async fn one_other_answer(other: impl FnOnce(&mut Rules), question: &str, answer: Value) {
    let mut rules = Rules::default();
    other(&mut rules);
    let simulator = bitbucket(rules, 600).await;
    let mut expected = by_default();
    expected[question] = answer;
    assert_eq!(values(&findings(&simulator).await), expected, "{question}");
}

#[tokio::test]
async fn probe_finds_each_rule_of_comments() {
    tokio::join!(
        one_other_answer(|rules| rules.comments_sort_by_time = false, "comments_sort_by_time", false.into()),
        one_other_answer(
            |rules| rules.webhooks_show_resolutions = true,
            "webhooks_show_resolutions",
            true.into()
        ),
        one_other_answer(
            |rules| rules.resolution_moves_updated_on = true,
            "resolution_moves_comment",
            true.into()
        ),
        one_other_answer(|rules| rules.deletion_moves_comment = true, "deletion_moves_comment", true.into()),
        one_other_answer(
            |rules| rules.silent_edit_moves_updated_on = false,
            "silent_edit_moves_comment",
            false.into()
        ),
        one_other_answer(
            |rules| rules.silent_edit_restarts_window = false,
            "silent_edit_restarts_window",
            false.into()
        ),
        one_other_answer(|rules| rules.other_text_form = Some(Side::Webhooks), "text_form", false.into()),
        one_other_answer(|rules| rules.other_text_form = Some(Side::Answers), "text_form", false.into()),
    );
}

#[tokio::test]
async fn probe_finds_each_rule_of_pull_requests() {
    tokio::join!(
        one_other_answer(|rules| rules.queued_is_a_state = true, "queued_is_a_state", true.into()),
        one_other_answer(
            |rules| rules.task_moves_pull_request = true,
            "task_moves_pull_request",
            true.into()
        ),
        one_other_answer(
            |rules| rules.push_withdraws_approvals = true,
            "push_withdraws_approvals",
            true.into()
        ),
        one_other_answer(
            |rules| rules.edit_moves_pull_request = true,
            "silent_edit_moves_pull_request",
            true.into()
        ),
    );
}

#[tokio::test]
async fn answer_that_no_answer_can_show_is_not_measured() {
    let rules = Rules { deleted_comments_stay_readable: false, ..Rules::default() };
    let findings = findings(&bitbucket(rules, 600).await).await;
    assert_eq!(findings.value(Question::DeletedReadable), false);
    let reason = "no answer shows the deleted comment".to_owned();
    assert_eq!(findings.answer(Question::DeletionMoves), Answer::Unmeasured(reason));
    assert_eq!(findings.unmeasured(), 1);
}

#[tokio::test]
async fn probe_finds_the_window_and_says_what_to_set() {
    for (seconds, silent, reported, set) in [
        (60, 30, 60, "WindowSeconds=60"),
        (300, 240, 420, "WindowSeconds=420"),
        (650, 630, 660, "WindowSeconds=660"),
    ] {
        let findings = findings(&bitbucket(Rules::default(), seconds).await).await;
        let Answer::Seen { value, advice, .. } = findings.answer(Question::Window) else { unreachable!() };
        assert_eq!(value, json!({ "silent_until": silent, "reported_from": reported }));
        assert_eq!(advice.as_deref(), Some(set));
        assert_eq!(findings.value(Question::Restart), true);
    }
}

#[tokio::test]
async fn window_that_never_ends_is_said_so() {
    let findings = findings(&bitbucket(Rules::default(), 100_000).await).await;
    let Answer::Seen { text, advice, .. } = findings.answer(Question::Window) else { unreachable!() };
    assert_eq!((text.as_str(), advice.as_deref()), ("more than 720 s", Some("WindowSeconds=1440, or more")));
    assert_eq!(findings.value(Question::Restart), Value::Null);
}

#[tokio::test]
async fn probe_finds_another_request_id_of_each_attempt() {
    let simulator = bitbucket(Rules::default(), 600).await;
    let own = FaultRequest { new_request_uuid_each_attempt: Some(true), ..FaultRequest::default() };
    simulator.fault(own).unwrap();
    let findings = findings(&simulator).await;
    assert_eq!(findings.value(Question::ResendId), false);
    assert_eq!(findings.value(Question::Attempts), 3);
}

#[tokio::test]
async fn probe_finds_the_lag_and_reads_nothing_too_early() {
    let simulator = bitbucket(Rules::default(), 600).await;
    let stale_reads = Some(StaleReads { account: "alice".to_owned(), seconds: 42 });
    simulator.fault(FaultRequest { stale_reads, ..FaultRequest::default() }).unwrap();
    let found = findings(&simulator).await;
    let mut expected = by_default();
    expected["lag_seconds"] = 45.into();
    // The first edits wait for answers that show everything before.
    assert_eq!(values(&found), expected);
    let Answer::Seen { advice, .. } = found.answer(Question::Lag) else { unreachable!() };
    assert_eq!(advice.as_deref(), Some("GraceSeconds=50 and WindowMarginSeconds=50, or more"));
}

/// The hooks and open pull requests of the sandbox.
async fn left(simulator: &Simulator) -> Value {
    let alice = simulator.person("alice").unwrap();
    let (_, hooks) = alice.get("/hooks").await.unwrap();
    let (_, open) = alice.get("/pullrequests?state=OPEN").await.unwrap();
    json!([hooks["values"], open["values"]])
}

#[tokio::test]
async fn two_probes_leave_nothing_behind() {
    let simulator = bitbucket(Rules::default(), 600).await;
    for _ in 0..2 {
        assert_eq!(findings(&simulator).await.unmeasured(), 0);
        assert_eq!(left(&simulator).await, json!([[], []]));
    }
    let calls = simulator.calls();
    let deletions =
        calls.iter().filter(|call| call.method == "DELETE" && call.path.contains("/refs/branches/"));
    assert_eq!(deletions.map(|call| call.status).collect::<Vec<_>>(), [204, 204]);
}

/// Probes until the measurement of deletions begins. Cleans up if asked to.
async fn interrupted(simulator: &Simulator, cleans_up: bool) -> Findings {
    let time = Virtual(simulator);
    let (sender, mut interrupt) = tokio::sync::mpsc::unbounded_channel();
    let progress = |line: &str| {
        if line.contains("deletion") {
            sender.send(()).unwrap();
        }
    };
    let probe = a_probe(simulator, &time, &progress).await;
    tokio::select! {
        biased;
        _ = interrupt.recv() => (),
        _ = probe.measure() => unreachable!("it is interrupted before"),
    }
    if cleans_up {
        probe.clean_up().await.unwrap();
    }
    probe.conclude("interrupted")
}

#[tokio::test]
async fn interrupted_probe_is_cleaned_up_and_keeps_its_answers() {
    let simulator = bitbucket(Rules::default(), 600).await;
    let findings = interrupted(&simulator, true).await;
    assert_eq!(left(&simulator).await, json!([[], []]));
    assert_eq!(findings.value(Question::SortByTime), true);
    assert_eq!(findings.answer(Question::Window), Answer::Unmeasured("interrupted".to_owned()));
}

#[tokio::test]
async fn probe_that_was_killed_is_cleaned_up_by_the_next() {
    let simulator = bitbucket(Rules::default(), 600).await;
    interrupted(&simulator, false).await;
    assert_ne!(left(&simulator).await, json!([[], []]));
    assert_eq!(findings(&simulator).await.unmeasured(), 0);
    assert_eq!(left(&simulator).await, json!([[], []]));
}

#[tokio::test]
async fn failure_in_the_middle_costs_only_its_answers() {
    let simulator = bitbucket(Rules::default(), 600).await;
    let time = Virtual(&simulator);
    let progress = |line: &str| {
        if line == "a task" {
            let api_status_next = Some(StatusFault { status: 503, count: 1 });
            simulator.fault(FaultRequest { api_status_next, ..FaultRequest::default() }).unwrap();
        }
    };
    let probe = a_probe(&simulator, &time, &progress).await;
    probe.measure().await.unwrap();
    let findings = probe.conclude("the probe ended");
    let reason =
        "Bitbucket answered 503 to read the pull request: The simulator was asked to fail this call."
            .to_owned();
    assert_eq!(findings.answer(Question::TaskMoves), Answer::Unmeasured(reason));
    assert_eq!(findings.unmeasured(), 2, "both questions about tasks");
}

#[tokio::test]
async fn sandbox_that_cannot_be_used_is_an_error() {
    let simulator = bitbucket(Rules::default(), 600).await;
    let time = Virtual(&simulator);
    let probe = Probe {
        repository: RepositoryPath { workspace: "acme".to_owned(), repository: "nowhere".to_owned() },
        ..a_probe(&simulator, &time, &|_| ()).await
    };
    let error = probe.measure().await.unwrap_err();
    assert_eq!((error.status(), error.retryable()), (503, false));
    assert!(error.to_string().contains("404"), "{error}");
}
