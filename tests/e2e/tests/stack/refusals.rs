//! Pull requests that Bitbucket refuses for a moment, as if they were deleted or hidden.

use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::stack::Stack;
use serde_json::{Value, json};

use crate::support::{about, create_pull_request, lines, made, person};

/// Calls of a poll that is refused: builds and commits may be missing, a refused listing of tasks ends it.
const CALLS: usize = 3;

/// Pull requests for each status: more than ten wrong answers.
const PULL_REQUESTS: usize = 4;

/// Time from a refused poll to the next one.
const PAUSE: Duration = Duration::from_mins(1);

const WAIT: Duration = Duration::from_mins(3);

pub(crate) async fn edits_after_wrong_refusals_reach_the_subscriber(stack: Arc<Stack>) {
    let (alice, bob) = (person(&stack, "alice"), person(&stack, "bob"));
    let mut comments = Vec::new();
    for status in [403, 404] {
        for number in 1..=PULL_REQUESTS {
            let id = create_pull_request(&alice, &format!("Refused {status} {number}")).await;
            refuse_next_poll(&stack, id, status).await;
            let path = format!("/pullrequests/{id}/comments");
            let comment = made(bob.post(&path, json!({ "content": { "raw": "First" } })).await);
            comments.push((id, format!("{path}/{}", comment["id"])));
        }
    }
    wait_until_all_are_refused(&stack).await;
    // The windows are still open, so no webhook reports these.
    for (_, comment) in &comments {
        made(bob.put(comment, json!({ "content": { "raw": "Second" } })).await);
    }

    let (happened_at, promised) = (Instant::now(), stack.outputs.pace.edit() + PAUSE);
    for (id, _) in comments {
        let received = stack.subscriber.wait(WAIT, about(id), |received| received.len() >= 3).await;
        assert_eq!(lines(&received)[2], "3 pullrequest:comment_updated poll");
    }
    let took = happened_at.elapsed();
    println!(
        "edits after wrong refusals after {:.1} s; promised: {} s",
        took.as_secs_f64(),
        promised.as_secs()
    );
    assert!(took <= promised, "the edits arrived after {took:?}, promised: {promised:?}");
}

/// Lets Bitbucket refuse the next poll of a pull request. The poller calls as carol.
async fn refuse_next_poll(stack: &Stack, id: u64, status: u16) {
    let fault = json!({
        "api_status_next": { "status": status, "count": CALLS },
        "only_for": "carol",
        "only_under": format!("pullrequests/{id}"),
    });
    made(person(stack, "carol").post(&faults_url(stack), fault).await);
}

async fn wait_until_all_are_refused(stack: &Stack) {
    let waiting = Instant::now();
    loop {
        let pending: Value = reqwest::get(faults_url(stack)).await.unwrap().json().await.unwrap();
        if pending["api"] == json!([]) {
            return;
        }
        assert!(waiting.elapsed() < WAIT, "not refused: {pending}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn faults_url(stack: &Stack) -> String {
    format!("{}/_control/faults", stack.outputs.simulator_url)
}
