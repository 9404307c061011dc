use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::stack::Stack;
use serde_json::{Value, json};

use crate::support::{about, create_pull_request, lines, made, person};

/// Longer than anything here may take: whether it came in time is asked afterwards, so that a failure says how late it was.
const THREE_MINUTES: Duration = Duration::from_mins(3);

/// What the promise leaves out: a poll's own calls, and the way through the emulator's stream, bus and queue.
const ON_THE_WAY: Duration = Duration::from_secs(10);

/// Waits until the subscriber has so many events of a pull request.
async fn hears(stack: &Stack, id: u64, count: usize) -> Vec<Value> {
    stack.subscriber.wait(THREE_MINUTES, about(id), |heard| heard.len() >= count).await
}

/// The same, for something that happened now; README.md names how long it may take.
async fn hears_within(stack: &Stack, id: u64, count: usize, promised: Duration) -> Vec<Value> {
    let happened = Instant::now();
    let heard = hears(stack, id, count).await;
    in_time(heard[count - 1]["detail-type"].as_str().unwrap(), happened, promised);
    heard
}

/// What has come by now came in time.
fn in_time(what: &str, happened: Instant, promised: Duration) {
    let took = happened.elapsed();
    println!("{what} after {:.1} s; promised: {} s", took.as_secs_f64(), promised.as_secs());
    assert!(took <= promised + ON_THE_WAY, "{what} came after {took:?}, promised: {promised:?}");
}

/// From now on nothing that carol does is reported. No other story has her do anything.
async fn nobody_hears_of_carol(stack: &Stack) {
    let control = format!("{}/_control/faults", stack.outputs.simulator_url);
    made(person(stack, "carol").post(&control, json!({ "lose_all_of": "carol" })).await);
}

/// Waits until the poller has listed the open pull requests of the repository once.
async fn is_swept(stack: &Stack) {
    let waiting = Instant::now();
    let calls = format!("{}/_control/calls", stack.outputs.simulator_url);
    // The link `demo` calls as carol, and names repositories by their UUIDs.
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

pub(crate) async fn what_bitbucket_never_reports_reaches_the_subscriber(stack: Arc<Stack>) {
    let (alice, bob, pace) = (person(&stack, "alice"), person(&stack, "bob"), stack.outputs.pace);
    let id = create_pull_request(&alice, "Unreported changes").await;
    let here = format!("/pullrequests/{id}");
    let comment =
        made(bob.post(&format!("{here}/comments"), json!({ "content": { "raw": "Looks good" } })).await);
    hears(&stack, id, 2).await;

    // Inside the window: Bitbucket sends nothing of what follows.
    let edited = json!({ "content": { "raw": "Looks good, but see line 3" } });
    made(bob.put(&format!("{here}/comments/{}", comment["id"]), edited).await);
    hears_within(&stack, id, 3, pace.edit()).await;
    let task = made(bob.post(&format!("{here}/tasks"), json!({ "content": { "raw": "Fix line 3" } })).await);
    let task = format!("{here}/tasks/{}", task["id"]);
    hears_within(&stack, id, 4, pace.task()).await;
    made(bob.put(&task, json!({ "content": { "raw": "Fix lines 3 and 4" } })).await);
    hears_within(&stack, id, 5, pace.task()).await;
    made(alice.put(&task, json!({ "state": "RESOLVED" })).await);
    hears_within(&stack, id, 6, pace.task()).await;
    made(alice.post(&format!("{here}/merge"), json!({})).await);

    let heard = hears(&stack, id, 7).await;
    assert_eq!(
        lines(&heard),
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
    let edit = &heard[2]["detail"];
    assert_eq!(edit["payload"]["comment"]["content"]["raw"], "Looks good, but see line 3");
    assert_eq!(edit["actor"]["display_name"], edit["payload"]["comment"]["user"]["display_name"]);
    assert_eq!(edit["payload"]["pullrequest"]["id"], id);
}

pub(crate) async fn a_comment_whose_webhook_was_lost_reaches_the_subscriber(stack: Arc<Stack>) {
    let (alice, carol) = (person(&stack, "alice"), person(&stack, "carol"));
    nobody_hears_of_carol(&stack).await;
    let id = create_pull_request(&alice, "A lost webhook").await;
    hears(&stack, id, 1).await;
    made(carol.post(&format!("/pullrequests/{id}/comments"), json!({ "content": { "raw": "Lost" } })).await);

    let heard = hears_within(&stack, id, 2, stack.outputs.pace.lost_webhook()).await;
    assert_eq!(lines(&heard), ["1 pullrequest:created webhook", "2 pullrequest:comment_created poll"]);
}

pub(crate) async fn a_pull_request_of_which_nothing_was_reported_reaches_the_subscriber(stack: Arc<Stack>) {
    let (alice, carol) = (person(&stack, "alice"), person(&stack, "carol"));
    nobody_hears_of_carol(&stack).await;
    // The repository is known by a webhook of another pull request. What its first sweep finds was there before anybody
    // listened, and is not told.
    let known = create_pull_request(&alice, "A pull request that is known").await;
    hears(&stack, known, 1).await;
    is_swept(&stack).await;
    let id = create_pull_request(&carol, "A pull request that nobody reported").await;
    made(
        carol.post(&format!("/pullrequests/{id}/comments"), json!({ "content": { "raw": "Hello?" } })).await,
    );

    let (happened, promised) = (Instant::now(), stack.outputs.pace.lost_webhook());
    // In one look or in two, where a sweep falls between them: the second then also tells that a counter has moved.
    let wanted = ["pullrequest:created", "pullrequest:comment_created"];
    let all =
        |heard: &[Value]| wanted.iter().all(|key| heard.iter().any(|entry| entry["detail-type"] == *key));
    let heard = stack.subscriber.wait(THREE_MINUTES, about(id), all).await;
    in_time("a pull request of which nothing was reported", happened, promised);
    assert!(heard.iter().all(|entry| entry["detail"]["source"] == "poll"), "{heard:?}");
}
