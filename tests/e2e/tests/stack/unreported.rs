use std::sync::Arc;
use std::time::Duration;

use e2e::stack::Stack;
use serde_json::json;

use crate::support::{about, create_pull_request, lines, made, person};

/// A run of the poller starts every minute; whatever it finds is there within two.
const TWO_MINUTES: Duration = Duration::from_mins(2);

pub(crate) async fn what_bitbucket_never_reports_reaches_the_subscriber(stack: Arc<Stack>) {
    let (alice, bob) = (person(&stack, "alice"), person(&stack, "bob"));
    let id = create_pull_request(&alice, "Unreported changes").await;
    let here = format!("/pullrequests/{id}");
    let comment =
        made(bob.post(&format!("{here}/comments"), json!({ "content": { "raw": "Looks good" } })).await);
    let hear = async |count: usize| {
        stack.subscriber.wait(TWO_MINUTES, about(id), |heard| heard.len() >= count).await
    };
    hear(2).await;

    // Inside the window: Bitbucket sends nothing of what follows.
    let edited = json!({ "content": { "raw": "Looks good, but see line 3" } });
    made(bob.put(&format!("{here}/comments/{}", comment["id"]), edited).await);
    hear(3).await;
    let task = made(bob.post(&format!("{here}/tasks"), json!({ "content": { "raw": "Fix line 3" } })).await);
    let task = format!("{here}/tasks/{}", task["id"]);
    hear(4).await;
    made(bob.put(&task, json!({ "content": { "raw": "Fix lines 3 and 4" } })).await);
    hear(5).await;
    made(alice.put(&task, json!({ "state": "RESOLVED" })).await);
    hear(6).await;
    made(alice.post(&format!("{here}/merge"), json!({})).await);

    let heard = hear(7).await;
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
    let alice = person(&stack, "alice");
    let id = create_pull_request(&alice, "A lost webhook").await;
    stack.subscriber.wait(TWO_MINUTES, about(id), |heard| heard.len() == 1).await;
    let control = format!("{}/_control/faults", stack.outputs.simulator_url);
    made(alice.post(&control, json!({ "lose_next": 1 })).await);
    made(alice.post(&format!("/pullrequests/{id}/comments"), json!({ "content": { "raw": "Lost" } })).await);
    // Something else happens on the pull request, or it would not be watched any more.
    made(alice.post(&format!("/pullrequests/{id}/approve"), json!({})).await);

    let heard = stack.subscriber.wait(TWO_MINUTES, about(id), |heard| heard.len() >= 3).await;
    let mut lines = lines(&heard);
    lines[1..].sort_by_key(|line| line.split_once(' ').unwrap().1.to_owned());
    assert_eq!(lines[0], "1 pullrequest:created webhook");
    assert!(
        lines[1].ends_with("pullrequest:approved webhook")
            && lines[2].ends_with("pullrequest:comment_created poll"),
        "{lines:?}"
    );
}
