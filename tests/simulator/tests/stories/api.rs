//! Credentials, paths, pages, fields and filters.

use crate::stage::{Stage, content, expect, settings};
use serde_json::{Value, json};
use simulator::{Person, Settings, User};

fn as_user(stage: &Stage, user: &User) -> Person {
    Person::new(stage.simulator.url(), "acme/widgets", user).unwrap()
}

#[tokio::test]
async fn only_known_credentials_are_accepted() {
    let stage = Stage::open().await;
    let wrong = |change: fn(&mut User)| {
        let mut user = User::person("alice");
        change(&mut user);
        as_user(&stage, &user)
    };
    let nobody = wrong(|user| (user.api_token, user.access_token) = (None, None));
    let mistyped = wrong(|user| user.api_token = Some("guess".to_owned()));
    let by_name = wrong(|user| user.email = "alice".to_owned());
    let bad_bearer = wrong(|user| (user.api_token, user.access_token) = (None, Some("guess".to_owned())));
    for stranger in [&nobody, &mistyped, &by_name, &bad_bearer] {
        let body = expect(401, stranger.get("/pullrequests").await.unwrap());
        assert_eq!(body["type"], "error");
    }
    let body = expect(401, mistyped.get("/pullrequests").await.unwrap());
    let expected = "Token is invalid, expired, or not supported for this endpoint.";
    assert_eq!(body["error"]["message"], expected);
    let by_access_token = wrong(|user| user.api_token = None);
    expect(200, by_access_token.get("/pullrequests").await.unwrap());
}

#[tokio::test]
async fn a_bot_acts_under_its_access_token() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let bot = stage.simulator.person("bot").unwrap();
    expect(201, bot.post(&format!("{path}/comments"), content("beep")).await.unwrap());
    let payload = stage.last("pullrequest:comment_created").await;
    assert_eq!(payload["actor"]["type"], "app_user");
    assert_eq!(payload["actor"].get("nickname"), None);
}

#[tokio::test]
async fn a_repository_is_found_by_slug_and_by_uuid() {
    let stage = Stage::open().await;
    let repository = stage.read("").await;
    let encoded = |uuid: &Value| uuid.as_str().unwrap().replace('{', "%7B").replace('}', "%7D");
    let (workspace, uuid) = (encoded(&repository["workspace"]["uuid"]), encoded(&repository["uuid"]));
    let url = format!("{}/2.0/repositories/{workspace}/{uuid}", stage.simulator.url());
    assert_eq!(expect(200, stage.alice.get(&url).await.unwrap()), repository);
    for lost in ["acme/gadgets", "emca/widgets", "acme/%7B1%7D"] {
        let url = format!("{}/2.0/repositories/{lost}", stage.simulator.url());
        expect(404, stage.alice.get(&url).await.unwrap());
    }
    expect(404, stage.alice.get("/pullrequests/9").await.unwrap());
    expect(404, stage.alice.get("/pullrequests/first").await.unwrap());
    expect(404, stage.alice.get("/nothing/here").await.unwrap());
    expect(405, stage.alice.delete("/pullrequests").await.unwrap());
}

#[tokio::test]
async fn a_page_of_pull_requests_has_at_most_fifty() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    let body = expect(400, stage.alice.get("/pullrequests?pagelen=51").await.unwrap());
    assert_eq!(body["error"]["message"], "Invalid pagelen");
    expect(400, stage.alice.get("/pullrequests?pagelen=0").await.unwrap());
    expect(200, stage.alice.get("/pullrequests?pagelen=50").await.unwrap());
    expect(200, stage.alice.get(&format!("{path}/comments?pagelen=100")).await.unwrap());
    expect(400, stage.alice.get(&format!("{path}/comments?pagelen=101")).await.unwrap());
    expect(400, stage.alice.get(&format!("{path}/tasks?pagelen=101")).await.unwrap());
}

#[tokio::test]
async fn following_next_reads_everything_once() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    for number in 0..25 {
        stage.pass(1);
        stage.comment(&path, content(&number.to_string())).await;
    }
    let mut next = format!("{path}/comments?sort=-updated_on&pagelen=10");
    let (mut texts, mut pages) = (Vec::new(), 0);
    loop {
        let page = stage.read(&next).await;
        pages += 1;
        let values = page["values"].as_array().unwrap().clone();
        texts.extend(values.iter().map(|value| value["content"]["raw"].as_str().unwrap().to_owned()));
        assert_eq!(page["size"], 25);
        assert_eq!(page["page"], pages);
        match page.get("next") {
            Some(link) => link.as_str().unwrap().clone_into(&mut next),
            None => break,
        }
        assert!(next.starts_with(stage.simulator.url()), "{next}");
    }
    let newest_first: Vec<String> = (0..25).rev().map(|number| number.to_string()).collect();
    assert_eq!((texts, pages), (newest_first, 3));
    let second = stage.read(&format!("{path}/comments?page=2")).await;
    assert_eq!(second["values"][0]["content"]["raw"], "10");
    expect(404, stage.alice.get(&format!("{path}/comments?page=x")).await.unwrap());
    expect(400, stage.alice.get(&format!("{path}/comments?sort=color")).await.unwrap());
}

#[tokio::test]
async fn comments_can_be_filtered_by_time() {
    let stage = Stage::open().await;
    let path = stage.pull_request().await;
    stage.comment(&path, content("early")).await;
    stage.pass(60);
    stage.comment(&path, content("late")).await;
    let found =
        stage.read(&format!("{path}/comments?q=updated_on%20%3E%202026-01-01T00%3A00%3A30%2B00%3A00")).await;
    assert_eq!(found["size"], 1);
    assert_eq!(found["values"][0]["content"]["raw"], "late");
    expect(400, stage.alice.get(&format!("{path}/comments?q=updated_on%20%3E%20yesterday")).await.unwrap());
}

#[tokio::test]
async fn listing_shows_open_pull_requests_without_people() {
    let stage = Stage::open().await;
    let first = stage.pull_request().await;
    stage.pull_request().await;
    expect(200, stage.bob.post(&format!("{first}/decline"), json!({})).await.unwrap());
    let ids = |list: &Value| {
        list["values"].as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let open = stage.read("/pullrequests").await;
    assert_eq!(ids(&open), [2]);
    assert_eq!((open["values"][0].get("participants"), open["values"][0].get("reviewers")), (None, None));
    assert_eq!(ids(&stage.read("/pullrequests?state=OPEN&state=DECLINED").await), [2, 1]);
    assert_eq!(ids(&stage.read("/pullrequests?q=state%20%3D%20%22DECLINED%22").await), [1]);
    let with_people = stage.read("/pullrequests?fields=%2Bvalues.participants,%2Bvalues.reviewers").await;
    assert!(with_people["values"][0]["participants"].is_array());
    let counters = stage.read("/pullrequests?fields=next,values.id,values.task_count").await;
    assert_eq!(counters, json!({ "values": [{ "id": 2, "task_count": 0 }] }));
    expect(400, stage.alice.get("/pullrequests?state=SLEEPING").await.unwrap());
}

#[tokio::test]
async fn calls_beyond_the_limit_are_refused_until_the_hour_ends() {
    let stage = Stage::without_hook(Settings { calls_per_hour: Some(2), ..settings() }).await;
    expect(200, stage.alice.get("").await.unwrap());
    expect(200, stage.alice.get("").await.unwrap());
    let body = expect(429, stage.alice.get("").await.unwrap());
    assert_eq!(body, "Rate limit for this resource has been exceeded");
    expect(200, stage.bob.get("").await.unwrap());
    stage.pass(3_600);
    expect(200, stage.alice.get("").await.unwrap());
    let counts = &stage.simulator.call_counts()["alice"];
    assert_eq!((counts.total, counts.rate_limited, counts.last_hour), (4, 1, 1));
}

#[tokio::test]
async fn answers_name_a_scaled_limit_and_nothing_else() {
    let stage = Stage::without_hook(settings()).await;
    let http = reqwest::Client::new();
    let get = async |path: &str| {
        let request = http.get(format!("{}/2.0/{path}", stage.simulator.url()));
        request.bearer_auth("bot-access-token").send().await.unwrap()
    };
    let limit_headers = async || {
        let answer = get("repositories/acme/widgets").await;
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let names = ["x-ratelimit-limit", "x-ratelimit-resource", "x-ratelimit-nearlimit"];
        (answer.status().as_u16(), names.map(header).map(Option::unwrap_or_default))
    };
    let expected = |status, near: &str| (status, ["5", "api", near].map(str::to_owned));
    let nothing = ["", "", ""].map(str::to_owned);
    assert_eq!(limit_headers().await, (200, nothing.clone()));
    let limit = json!({ "scaled_limit": { "account": "bot", "calls_per_hour": 5 } });
    expect(200, stage.control("faults", limit).await);
    assert_eq!(limit_headers().await, expected(200, "false"));
    assert_eq!(limit_headers().await, expected(200, "false"));
    assert_eq!(limit_headers().await, expected(200, "true"), "four of five");
    assert_eq!(limit_headers().await, expected(200, "true"));
    assert_eq!(limit_headers().await, (429, nothing), "a refusal has no headers");
    assert_eq!(get("user").await.status(), 200, "the limit is of repositories");
}

#[tokio::test]
async fn two_simulators_are_two_repositories() {
    let (one, other) = (Stage::without_hook(settings()).await, Stage::without_hook(settings()).await);
    assert_ne!(one.read("").await["uuid"], other.read("").await["uuid"]);
    let seeded = || Stage::without_hook(Settings { seed: Some(1), ..settings() });
    assert_eq!(seeded().await.read("").await["uuid"], seeded().await.read("").await["uuid"]);
}
