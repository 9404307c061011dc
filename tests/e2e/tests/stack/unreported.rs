//! Changes that Bitbucket does not report, and lost webhooks: each becomes an event within the delay in README.md.

use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::stack::Stack;
use serde_json::{Value, json};

use crate::support::{about, create_pull_request, lines, made, person};

/// Longest wait for an event. It exceeds the promised delays, so that a failure can print the real delay.
const THREE_MINUTES: Duration = Duration::from_mins(3);

/// Time that the promise does not include: a poll's own calls, and the emulator's stream, bus and queue.
const TRANSIT: Duration = Duration::from_secs(10);

/// Waits until the subscriber has so many events of a pull request.
async fn receive(stack: &Stack, id: u64, count: usize) -> Vec<Value> {
    stack.subscriber.wait(THREE_MINUTES, about(id), |received| received.len() >= count).await
}

/// Waits for the last of so many events, whose cause happened now, and checks its delay.
async fn receive_within(stack: &Stack, id: u64, count: usize, promised: Duration) -> Vec<Value> {
    let happened_at = Instant::now();
    let received = receive(stack, id, count).await;
    assert_in_time(received[count - 1]["detail-type"].as_str().unwrap(), happened_at, promised);
    received
}

/// Checks the delay of an event that has just arrived.
fn assert_in_time(event: &str, happened_at: Instant, promised: Duration) {
    let took = happened_at.elapsed();
    println!("{event} after {:.1} s; promised: {} s", took.as_secs_f64(), promised.as_secs());
    assert!(took <= promised + TRANSIT, "{event} arrived after {took:?}, promised: {promised:?}");
}

/// Loses all webhooks about actions of carol from now on. No other story has her do anything.
async fn lose_webhooks_of_carol(stack: &Stack) {
    let control = format!("{}/_control/faults", stack.outputs.simulator_url);
    made(person(stack, "carol").post(&control, json!({ "lose_all_of": "carol" })).await);
}

/// Waits until the poller has listed the open pull requests of the repository once.
async fn wait_for_sweep(stack: &Stack) {
    let waiting = Instant::now();
    let calls = format!("{}/_control/calls", stack.outputs.simulator_url);
    // The link `demo` polls as carol, with the UUIDs of repositories.
    let is_ours = |call: &Value| {
        let path = call["path"].as_str().unwrap();
        call["user"] == "carol" && call["status"] == 200 && path.contains("/pullrequests?state=OPEN")
    };
    loop {
        let made: Value = reqwest::get(&calls).await.unwrap().json().await.unwrap();
        if made["calls"].as_array().unwrap().iter().any(is_ours) {
            return;
        }
        assert!(waiting.elapsed() < THREE_MINUTES, "no sweep within {THREE_MINUTES:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

pub(crate) async fn unreported_changes_reach_the_subscriber(stack: Arc<Stack>) {
    let (alice, bob, pace) = (person(&stack, "alice"), person(&stack, "bob"), stack.outputs.pace);
    let id = create_pull_request(&alice, "Unreported changes").await;
    let here = format!("/pullrequests/{id}");
    let comment =
        made(bob.post(&format!("{here}/comments"), json!({ "content": { "raw": "Looks good" } })).await);
    receive(&stack, id, 2).await;

    // Inside the window Bitbucket reports none of the following changes.
    let edited = json!({ "content": { "raw": "Looks good, but see line 3" } });
    made(bob.put(&format!("{here}/comments/{}", comment["id"]), edited).await);
    receive_within(&stack, id, 3, pace.edit()).await;
    let task = made(bob.post(&format!("{here}/tasks"), json!({ "content": { "raw": "Fix line 3" } })).await);
    let task = format!("{here}/tasks/{}", task["id"]);
    receive_within(&stack, id, 4, pace.task()).await;
    made(bob.put(&task, json!({ "content": { "raw": "Fix lines 3 and 4" } })).await);
    receive_within(&stack, id, 5, pace.task()).await;
    made(alice.put(&task, json!({ "state": "RESOLVED" })).await);
    receive_within(&stack, id, 6, pace.task()).await;
    made(alice.post(&format!("{here}/merge"), json!({})).await);

    let received = receive(&stack, id, 7).await;
    assert_eq!(
        lines(&received),
        [
            "1 pullrequest:created webhook",
            "2 pullrequest:comment_created webhook",
            "3 pullrequest:comment_updated poll",
            "4 pullrequest:task_created poll",
            "5 pullrequest:task_updated poll",
            "6 pullrequest:task_resolved poll",
            "7 pullrequest:fulfilled webhook",
        ]
    );
    let edit = &received[2]["detail"];
    assert_eq!(edit["payload"]["comment"]["content"]["raw"], "Looks good, but see line 3");
    assert_eq!(edit["actor"]["display_name"], edit["payload"]["comment"]["user"]["display_name"]);
    assert_eq!(edit["payload"]["pullrequest"]["id"], id);
}

pub(crate) async fn comment_with_a_lost_webhook_reaches_the_subscriber(stack: Arc<Stack>) {
    let (alice, carol) = (person(&stack, "alice"), person(&stack, "carol"));
    lose_webhooks_of_carol(&stack).await;
    let id = create_pull_request(&alice, "A lost webhook").await;
    receive(&stack, id, 1).await;
    made(carol.post(&format!("/pullrequests/{id}/comments"), json!({ "content": { "raw": "Lost" } })).await);

    let received = receive_within(&stack, id, 2, stack.outputs.pace.lost_webhook()).await;
    assert_eq!(lines(&received), ["1 pullrequest:created webhook", "2 pullrequest:comment_created poll"]);
}

pub(crate) async fn unreported_pull_request_reaches_the_subscriber(stack: Arc<Stack>) {
    let (alice, carol) = (person(&stack, "alice"), person(&stack, "carol"));
    lose_webhooks_of_carol(&stack).await;
    // A webhook of another pull request announces the repository. Pull requests that its first sweep finds count as
    // existing, and no event is published for them.
    let reported = create_pull_request(&alice, "A pull request that is reported").await;
    receive(&stack, reported, 1).await;
    wait_for_sweep(&stack).await;
    let id = create_pull_request(&carol, "A pull request that is not reported").await;
    made(
        carol.post(&format!("/pullrequests/{id}/comments"), json!({ "content": { "raw": "Hello?" } })).await,
    );

    let (happened_at, promised) = (Instant::now(), stack.outputs.pace.lost_webhook());
    // A sweep may fall between the two actions. Then two polls find them, and the second also reports a changed
    // counter.
    let wanted = ["pullrequest:created", "pullrequest:comment_created"];
    let all = |received: &[Value]| {
        wanted.iter().all(|key| received.iter().any(|entry| entry["detail-type"] == *key))
    };
    let received = stack.subscriber.wait(THREE_MINUTES, about(id), all).await;
    assert_in_time("the events of an unreported pull request", happened_at, promised);
    assert!(received.iter().all(|entry| entry["detail"]["source"] == "poll"), "{received:?}");
}
