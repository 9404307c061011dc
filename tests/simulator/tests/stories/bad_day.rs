//! Bitbucket on a bad day: answers that lag, lie or lack something, and webhooks in another form or order.

use crate::stage::{Stage, content, expect, inline, settings};
use serde_json::{Value, json};
use simulator::{FaultRequest, Omission, Rules, Settings, Side, StaleReads, StatusFault};

fn ids(listing: &Value) -> Vec<u64> {
    listing["values"].as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()).collect()
}

fn number(path: &str) -> u64 {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn wrong_refusals_can_hit_reads_only() {
    let stage = Stage::open().await;
    let pr = stage.pull_request().await;
    let api_status_next = Some(StatusFault { status: 403, count: 2 });
    let only_for = Some("alice".to_owned());
    let fault = FaultRequest { api_status_next, reads_only: true, only_for, ..FaultRequest::default() };
    stage.simulator.fault(fault).unwrap();
    stage.comment(&pr, content("written meanwhile")).await;
    for status in [403, 403, 200] {
        expect(status, stage.alice.get(&pr).await.unwrap());
    }
}

#[tokio::test]
async fn reads_of_one_account_can_lag() {
    let stage = Stage::open().await;
    let pr = stage.pull_request().await;
    let stale_reads = Some(StaleReads { account: "alice".to_owned(), seconds: 20 });
    stage.simulator.fault(FaultRequest { stale_reads, ..FaultRequest::default() }).unwrap();
    stage.pass(60);
    let comment = stage.comment(&pr, content("new")).await;
    let comments = format!("{pr}/comments");
    assert_eq!(ids(&stage.read(&comments).await), [0; 0]);
    assert_eq!(ids(&expect(200, stage.bob.get(&comments).await.unwrap())), [number(&comment)]);
    stage.pass(21);
    assert_eq!(ids(&stage.read(&comments).await), [number(&comment)]);
}

#[tokio::test]
async fn listing_can_lack_an_item_that_exists() {
    let stage = Stage::open().await;
    let pr = stage.pull_request().await;
    let comment = stage.comment(&pr, content("here")).await;
    let task = expect(201, stage.alice.post(&format!("{pr}/tasks"), content("do it")).await.unwrap());
    let task_id = task["id"].as_u64().unwrap();
    let items = [
        (format!("{pr}/comments"), number(&comment)),
        (format!("{pr}/tasks"), task_id),
        ("/pullrequests".to_owned(), number(&pr)),
    ];
    for (listing, id) in items {
        let omit = Some(Omission { id, count: 2, by_id: false });
        stage.simulator.fault(FaultRequest { omit, ..FaultRequest::default() }).unwrap();
        for shown in [false, false, true] {
            assert_eq!(ids(&stage.read(&listing).await).contains(&id), shown, "{listing}");
            stage.read(&format!("{listing}/{id}")).await;
        }
    }
}

#[tokio::test]
async fn omitted_item_may_be_missing_by_its_id_too() {
    let stage = Stage::open().await;
    let pr = stage.pull_request().await;
    let comment = stage.comment(&pr, content("here")).await;
    let only_for = Some("bob".to_owned());
    let omit = Some(Omission { id: number(&comment), count: 2, by_id: true });
    stage.simulator.fault(FaultRequest { omit, only_for, ..FaultRequest::default() }).unwrap();
    stage.read(&comment).await;
    let listed = expect(200, stage.bob.get(&format!("{pr}/comments")).await.unwrap());
    assert_eq!((ids(&listed), &listed["size"]), (vec![], &json!(0)));
    expect(404, stage.bob.get(&comment).await.unwrap());
    expect(200, stage.bob.get(&comment).await.unwrap());
}

/// Alice begins a review with two comments, and publishes it a minute later.
async fn a_review(stage: &Stage, pr: &str) -> [String; 2] {
    let draft = |body: Value| {
        let mut body = body;
        body["pending"] = json!(true);
        body
    };
    let first = stage.comment(pr, draft(inline("first"))).await;
    let second = stage.comment(pr, draft(content("second"))).await;
    stage.pass(60);
    [first, second]
}

async fn publish(stage: &Stage, pr: &str) -> Value {
    let review = json!({ "user": "alice", "repository": "acme/widgets", "pull_request": number(pr) });
    expect(200, stage.control("reviews", review).await)
}

#[tokio::test]
async fn pending_comments_are_seen_by_their_author_only() {
    let stage = Stage::open().await;
    let pr = stage.pull_request().await;
    let before = stage.read(&pr).await;
    stage.forget().await;
    let [first, second] = a_review(&stage, &pr).await;
    stage.edit(&second, "second, edited").await;
    assert_eq!(stage.keys().await, [""; 0]);
    assert_eq!(stage.read(&first).await["pending"], true);
    assert_eq!(ids(&stage.read(&format!("{pr}/comments")).await), [number(&first), number(&second)]);
    let others = expect(200, stage.bob.get(&format!("{pr}/comments")).await.unwrap());
    assert_eq!(ids(&others), [0; 0]);
    expect(404, stage.bob.get(&first).await.unwrap());
    let reply = json!({ "content": { "raw": "to nothing" }, "parent": { "id": number(&first) } });
    expect(404, stage.bob.post(&format!("{pr}/comments"), reply).await.unwrap());
    assert_eq!(stage.read(&pr).await, before, "neither its count nor its time");
    expect(204, stage.alice.delete(&first).await.unwrap());
    expect(404, stage.alice.get(&first).await.unwrap());
    assert_eq!(stage.keys().await, [""; 0]);
}

#[tokio::test]
async fn published_review_reports_each_of_its_comments() {
    let stage = Stage::open().await;
    let pr = stage.pull_request().await;
    stage.forget().await;
    let [first, second] = a_review(&stage, &pr).await;
    assert_eq!(publish(&stage, &pr).await["comments"], json!([number(&first), number(&second)]));
    let received = stage.received().await;
    let reported: Vec<_> = received.iter().map(|one| one.body()["comment"]["id"].clone()).collect();
    assert_eq!(stage.keys().await, ["pullrequest:comment_created"; 2]);
    assert_eq!(reported, [json!(number(&first)), json!(number(&second))]);
    assert_eq!(received[0].body()["comment"]["pending"], false);
    let others = expect(200, stage.bob.get(&format!("{pr}/comments")).await.unwrap());
    assert_eq!(ids(&others).len(), 2);
    let again = json!({ "user": "alice", "repository": "acme/widgets", "pull_request": number(&pr) });
    expect(404, stage.control("reviews", again).await);
}

#[tokio::test]
async fn times_of_a_published_draft_are_a_setting() {
    for keeps in [false, true] {
        let rules = Rules { drafts_keep_times: keeps, ..Rules::default() };
        let stage = Stage::with(Settings { rules, ..settings() }).await;
        let pr = stage.pull_request().await;
        let [first, _] = a_review(&stage, &pr).await;
        let drafted = stage.read(&first).await;
        publish(&stage, &pr).await;
        let published = stage.read(&first).await;
        for time in ["created_on", "updated_on"] {
            assert_eq!(published[time] == drafted[time], keeps, "{time}");
        }
        let moved = stage.read(&pr).await["updated_on"].clone();
        assert_eq!(moved == published["updated_on"], !keeps, "the pull request moves at the publication");
    }
}

#[tokio::test]
async fn resolution_in_webhooks_is_a_setting() {
    for shows in [false, true] {
        let rules = Rules { webhooks_show_resolutions: shows, ..Rules::default() };
        let stage = Stage::with(Settings { rules, ..settings() }).await;
        let pr = stage.pull_request().await;
        let comment = stage.comment(&pr, inline("Is it oiled?")).await;
        expect(200, stage.bob.post(&format!("{comment}/resolve"), json!({})).await.unwrap());
        let payload = stage.last("pullrequest:comment_resolved").await;
        assert_eq!(payload["comment"].get("resolution").is_some(), shows);
        assert!(stage.read(&comment).await.get("resolution").is_some(), "the API always shows it");
    }
}

#[tokio::test]
async fn text_form_of_webhooks_and_answers_is_a_setting() {
    let (usual, other) = ("caf\u{e9}\nround", "cafe\u{301}\r\nround");
    let forms =
        [(None, usual, usual), (Some(Side::Webhooks), other, usual), (Some(Side::Answers), usual, other)];
    for (other_text_form, in_webhooks, in_answers) in forms {
        let rules = Rules { other_text_form, ..Rules::default() };
        let stage = Stage::with(Settings { rules, ..settings() }).await;
        let pr = stage.pull_request().await;
        let comment = stage.comment(&pr, content(usual)).await;
        let payload = stage.last("pullrequest:comment_created").await;
        assert_eq!(payload["comment"]["content"]["raw"], in_webhooks);
        assert_eq!(stage.read(&comment).await["content"]["raw"], in_answers);
        let changes = json!({ "title": "caf\u{e9}", "description": usual });
        expect(200, stage.alice.put(&pr, changes).await.unwrap());
        let payload = stage.last("pullrequest:updated").await;
        let shown = stage.read(&pr).await;
        for (shown, wanted) in [(&payload["pullrequest"], in_webhooks), (&shown, in_answers)] {
            assert_eq!(shown["description"], wanted);
            assert_eq!(shown["title"], wanted.lines().next().unwrap());
        }
    }
}

#[tokio::test]
async fn webhooks_of_one_act_can_leave_in_the_opposite_order() {
    let stage = Stage::open().await;
    let pr = stage.pull_request().await;
    stage.forget().await;
    stage.simulator.fault(FaultRequest { reverse_next: 1, ..FaultRequest::default() }).unwrap();
    stage.comment(&pr, content("one webhook has no order")).await;
    stage.forget().await;
    expect(200, stage.bob.post(&format!("{pr}/merge"), json!({})).await.unwrap());
    assert_eq!(stage.keys().await, ["pullrequest:fulfilled", "repo:push"]);
}

#[tokio::test]
async fn slash_at_the_end_of_a_path_changes_nothing() {
    let stage = Stage::open().await;
    let pr = stage.pull_request().await;
    for text in ["first", "second"] {
        expect(201, stage.alice.post(&format!("{pr}/comments/"), content(text)).await.unwrap());
    }
    assert_eq!(stage.read(&format!("{pr}/")).await, stage.read(&pr).await);
    let page = stage.read(&format!("{pr}/comments/?pagelen=1")).await;
    let next = stage.read(page["next"].as_str().unwrap()).await;
    assert_eq!((ids(&page).len(), ids(&next).len()), (1, 1));
    assert_ne!(ids(&page), ids(&next));
    let refused = expect(404, stage.alice.get("/nothing/").await.unwrap());
    assert_eq!(refused["type"], "error");
}

#[tokio::test]
async fn workspace_is_shown_and_the_list_of_all_is_gone() {
    let stage = Stage::open().await;
    let url = format!("{}/2.0", stage.simulator.url());
    let shown = stage.read(&format!("{url}/workspaces/acme")).await;
    assert_eq!((&shown["type"], &shown["slug"]), (&json!("workspace"), &json!("acme")));
    let repositories = stage.read(shown["links"]["repositories"]["href"].as_str().unwrap()).await;
    assert_eq!(repositories["values"][0]["full_name"], "acme/widgets");
    let mine = stage.read(&format!("{url}/user/workspaces")).await;
    assert_eq!(mine["values"][0]["workspace"]["uuid"], shown["uuid"]);
    expect(404, stage.alice.get(&format!("{url}/workspaces/other")).await.unwrap());
    expect(410, stage.alice.get(&format!("{url}/workspaces")).await.unwrap());
}

#[tokio::test]
async fn null_in_a_body_is_a_field_left_out() {
    let stage = Stage::open().await;
    let body = json!({
        "title": "Add a gear", "source": { "branch": { "name": "gear" } }, "description": null,
        "close_source_branch": null, "reviewers": null, "draft": null,
    });
    let shown = expect(201, stage.alice.post("/pullrequests", body).await.unwrap());
    assert_eq!((&shown["description"], &shown["close_source_branch"]), (&json!(""), &json!(false)));
}

/// Puts a pull request into a merge queue, takes it out, or supersedes it.
async fn acts(stage: &Stage, pr: &str, act: &str, webhook: bool) {
    let body = json!({
        "user": "bob", "repository": "acme/widgets", "pull_request": number(pr), "act": act, "webhook": webhook,
    });
    expect(204, stage.control("pull-requests", body).await);
}

#[tokio::test]
async fn pull_request_waits_in_a_merge_queue() {
    for is_a_state in [false, true] {
        let rules = Rules { queued_is_a_state: is_a_state, ..Rules::default() };
        let stage = Stage::with(Settings { rules, ..settings() }).await;
        let pr = stage.pull_request().await;
        stage.forget().await;
        acts(&stage, &pr, "queue", false).await;
        let shown = stage.read(&pr).await;
        assert_eq!(shown["queued"], true);
        assert_eq!(shown["state"], if is_a_state { "QUEUED" } else { "OPEN" });
        assert_eq!(stage.keys().await, [""; 0]);
        let queued = stage.alice.get("/pullrequests?state=QUEUED").await.unwrap();
        let listed = expect(if is_a_state { 200 } else { 400 }, queued);
        assert!(!is_a_state || ids(&listed) == [number(&pr)]);
        assert_eq!(ids(&stage.read("/pullrequests").await).is_empty(), is_a_state);
        acts(&stage, &pr, "dequeue", true).await;
        assert_eq!(stage.last("pullrequest:updated").await["pullrequest"]["queued"], false);
        acts(&stage, &pr, "queue", false).await;
        acts(&stage, &pr, "supersede", false).await;
        let shown = stage.read(&pr).await;
        assert_eq!((&shown["queued"], &shown["state"]), (&json!(false), &json!("SUPERSEDED")));
        assert_eq!(stage.keys().await.len(), 1, "no key reports that it was superseded");
    }
}

#[tokio::test]
async fn sort_of_comments_by_time_can_be_refused() {
    for sorts in [true, false] {
        let rules = Rules { comments_sort_by_time: sorts, ..Rules::default() };
        let stage = Stage::with(Settings { rules, ..settings() }).await;
        let pr = stage.pull_request().await;
        let sorted = stage.alice.get(&format!("{pr}/comments?sort=-updated_on")).await.unwrap();
        expect(if sorts { 200 } else { 400 }, sorted);
        stage.read(&format!("{pr}/comments")).await;
    }
}
