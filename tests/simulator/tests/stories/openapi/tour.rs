//! A walk through every call the simulator serves, good ones and refused ones.

use crate::stage::{Stage, content, expect, inline, settings};
use serde_json::{Value, json};
use simulator::Person;

pub(super) const PULL_REQUESTS: &str = "/repositories/{workspace}/{repo_slug}/pullrequests";
const PULL_REQUEST: &str = "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}";

/// One answer and the call it was for.
pub(super) struct Answered {
    pub(super) method: &'static str,
    /// The path as the OpenAPI file writes it.
    pub(super) template: &'static str,
    pub(super) status: u16,
    pub(super) body: Value,
}

struct Tour {
    stage: Stage,
    answers: Vec<Answered>,
}

pub(super) async fn of_every_call() -> Vec<Answered> {
    let stage = Stage::without_hook(settings()).await;
    let mut tour = Tour { stage, answers: Vec::new() };
    tour.accounts_and_hooks().await;
    tour.pull_requests().await;
    tour.comments().await;
    tour.tasks().await;
    tour.commits().await;
    tour.closing().await;
    tour.answers
}

impl Tour {
    /// Makes a call as alice and keeps the answer. `path` fills the template's braces in order.
    async fn alice(
        &mut self,
        method: &'static str,
        template: &'static str,
        path: &[&str],
        body: Value,
        status: u16,
    ) -> Value {
        let alice = self.stage.alice.clone();
        self.call(&alice, method, template, path, body, status).await
    }

    async fn call(
        &mut self,
        who: &Person,
        method: &'static str,
        template: &'static str,
        path: &[&str],
        body: Value,
        status: u16,
    ) -> Value {
        let mut filled = String::new();
        let mut values = ["acme", "widgets"].iter().chain(path);
        let is_workspace = template.starts_with("/workspaces");
        for segment in template.split('/').skip(1) {
            let value = if segment.starts_with('{') { values.next().unwrap() } else { segment };
            if is_workspace && segment == "{workspace}" {
                values.next();
            }
            filled.push('/');
            filled.push_str(value);
        }
        // The remaining value is a query.
        filled.extend(values.map(|rest| (*rest).to_owned()));
        let url = format!("{}/2.0{filled}", self.stage.simulator.url());
        let answer = match method {
            "GET" => who.get(&url).await,
            "POST" => who.post(&url, body).await,
            "PUT" => who.put(&url, body).await,
            "DELETE" => who.delete(&url).await,
            other => panic!("{other}"),
        };
        let body = expect(status, answer.unwrap());
        self.answers.push(Answered { method, template, status, body: body.clone() });
        body
    }

    async fn accounts_and_hooks(&mut self) {
        const REPOSITORY: &str = "/repositories/{workspace}/{repo_slug}";
        self.alice("GET", REPOSITORY, &[], json!(null), 200).await;
        for name in ["alice", "bot"] {
            let person = self.stage.simulator.person(name).unwrap();
            let url = format!("{}/2.0/user", self.stage.simulator.url());
            let body = expect(200, person.get(&url).await.unwrap());
            self.answers.push(Answered { method: "GET", template: "/user", status: 200, body });
        }
        for (template, path) in [
            ("/hook_events", "hook_events"),
            ("/hook_events/{subject_type}", "hook_events/repository?pagelen=5"),
            ("/user/workspaces", "user/workspaces"),
            ("/workspaces/{workspace}", "workspaces/acme"),
        ] {
            let url = format!("{}/2.0/{path}", self.stage.simulator.url());
            let body = expect(200, self.stage.alice.get(&url).await.unwrap());
            self.answers.push(Answered { method: "GET", template, status: 200, body });
        }
        let all = [
            (
                "/repositories/{workspace}/{repo_slug}/hooks",
                "/repositories/{workspace}/{repo_slug}/hooks/{uid}",
            ),
            ("/workspaces/{workspace}/hooks", "/workspaces/{workspace}/hooks/{uid}"),
        ];
        for (hooks, hook) in all {
            let new = json!({ "url": "http://127.0.0.1:9/", "events": ["repo:push"], "secret": "s" });
            let created = self.alice("POST", hooks, &[], new, 201).await;
            let uid = created["uuid"].as_str().unwrap().replace('{', "%7B").replace('}', "%7D");
            self.alice("POST", hooks, &[], json!({ "url": "?" }), 400).await;
            self.alice("GET", hooks, &[], json!(null), 200).await;
            self.alice("GET", hook, &[&uid], json!(null), 200).await;
            self.alice("PUT", hook, &[&uid], json!({ "description": "d", "active": false }), 200).await;
            self.alice("DELETE", hook, &[&uid], json!(null), 204).await;
            self.alice("GET", hook, &[&uid], json!(null), 404).await;
        }
    }

    async fn pull_requests(&mut self) {
        const APPROVE: &str = "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/approve";
        const CHANGES: &str =
            "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/request-changes";
        let bob = self.stage.bob.clone();
        let carol = self.stage.simulator.person("carol").unwrap();
        let user = format!("{}/2.0/user", self.stage.simulator.url());
        let uuid = expect(200, bob.get(&user).await.unwrap())["uuid"].clone();
        let new = json!({
            "title": "Add a gear", "description": "It *turns*.", "reviewers": [{ "uuid": uuid }],
            "source": { "branch": { "name": "gear" } },
        });
        self.alice("POST", PULL_REQUESTS, &[], new, 201).await;
        self.alice("POST", PULL_REQUESTS, &[], json!({}), 400).await;
        self.alice("GET", PULL_REQUESTS, &[], json!(null), 200).await;
        self.alice("GET", PULL_REQUESTS, &["?pagelen=51"], json!(null), 400).await;
        self.alice("PUT", PULL_REQUEST, &["1"], json!({ "title": "Add two gears" }), 200).await;
        self.alice("GET", PULL_REQUEST, &["1"], json!(null), 200).await;
        self.alice("GET", PULL_REQUEST, &["9"], json!(null), 404).await;
        for verdict in [APPROVE, CHANGES] {
            self.call(&bob, "POST", verdict, &["1"], json!({}), 200).await;
            self.call(&bob, "DELETE", verdict, &["1"], json!(null), 204).await;
            self.call(&bob, "DELETE", verdict, &["1"], json!(null), 404).await;
        }
        self.call(&carol, "POST", APPROVE, &["1"], json!({}), 200).await;
        self.call(&bob, "POST", CHANGES, &["1"], json!({}), 200).await;
        self.alice("GET", PULL_REQUEST, &["1"], json!(null), 200).await;
    }

    async fn comments(&mut self) {
        const COMMENTS: &str =
            "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/comments";
        const COMMENT: &str =
            "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/comments/{comment_id}";
        const RESOLVE: &str = "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/comments/{comment_id}/resolve";
        let bob = self.stage.bob.clone();
        self.alice("POST", COMMENTS, &["1"], content("well done"), 201).await;
        let thread = self.alice("POST", COMMENTS, &["1"], inline("a typo"), 201).await["id"].clone();
        let id = thread.to_string();
        let reply = json!({ "content": { "raw": "where?" }, "parent": { "id": thread } });
        let reply = self.alice("POST", COMMENTS, &["1"], reply, 201).await["id"].to_string();
        self.alice("PUT", COMMENT, &["1", &reply], content("there"), 200).await;
        self.alice("GET", COMMENT, &["1", &reply], json!(null), 200).await;
        self.call(&bob, "PUT", COMMENT, &["1", &reply], content("no"), 403).await;
        self.alice("POST", RESOLVE, &["1", &id], json!({}), 200).await;
        self.alice("POST", RESOLVE, &["1", &id], json!({}), 409).await;
        self.alice("GET", COMMENTS, &["1", "?pagelen=2&sort=-updated_on"], json!(null), 200).await;
        self.alice("DELETE", RESOLVE, &["1", &id], json!(null), 204).await;
        self.alice("DELETE", RESOLVE, &["1", &id], json!(null), 404).await;
        self.alice("POST", RESOLVE, &["1", &reply], json!({}), 403).await;
        self.alice("DELETE", COMMENT, &["1", &id], json!(null), 204).await;
        self.alice("GET", COMMENT, &["1", &id], json!(null), 200).await;
        self.alice("GET", COMMENTS, &["1"], json!(null), 200).await;
    }

    async fn tasks(&mut self) {
        const TASKS: &str = "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/tasks";
        const TASK: &str =
            "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/tasks/{task_id}";
        let comment = self.stage.comment("/pullrequests/1", content("oil")).await;
        let comment = self.stage.read(&comment).await["id"].clone();
        let new = json!({ "content": { "raw": "oil it" }, "comment": { "id": comment } });
        let task = self.alice("POST", TASKS, &["1"], new, 201).await["id"].to_string();
        self.alice("POST", TASKS, &["1"], content("paint it"), 201).await;
        self.alice("POST", TASKS, &["1"], content(""), 400).await;
        self.alice("PUT", TASK, &["1", &task], json!({ "state": "RESOLVED" }), 200).await;
        self.alice("GET", TASK, &["1", &task], json!(null), 200).await;
        self.alice("GET", TASKS, &["1", "?pagelen=1"], json!(null), 200).await;
        self.alice("GET", TASKS, &["1", "?q=nonsense"], json!(null), 400).await;
        self.alice("DELETE", TASK, &["1", &task], json!(null), 204).await;
        self.alice("GET", TASK, &["1", &task], json!(null), 404).await;
    }

    async fn commits(&mut self) {
        const COMMIT: &str = "/repositories/{workspace}/{repo_slug}/commit/{commit}";
        const COMMENTS: &str = "/repositories/{workspace}/{repo_slug}/commit/{commit}/comments";
        const COMMENT: &str = "/repositories/{workspace}/{repo_slug}/commit/{commit}/comments/{comment_id}";
        const STATUSES: &str = "/repositories/{workspace}/{repo_slug}/commit/{commit}/statuses";
        const BUILD: &str = "/repositories/{workspace}/{repo_slug}/commit/{commit}/statuses/build";
        const KEY: &str = "/repositories/{workspace}/{repo_slug}/commit/{commit}/statuses/build/{key}";
        const OF_PULL_REQUEST: &str =
            "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/statuses";
        let shown = self.stage.read("/pullrequests/1").await;
        let hash = shown["source"]["commit"]["hash"].as_str().unwrap();
        self.alice("GET", COMMIT, &[hash], json!(null), 200).await;
        self.alice("GET", COMMIT, &["0000000"], json!(null), 404).await;
        let comment = self.alice("POST", COMMENTS, &[hash], inline("hm"), 201).await["id"].to_string();
        self.alice("PUT", COMMENT, &[hash, &comment], content("ah"), 201).await;
        self.alice("GET", COMMENT, &[hash, &comment], json!(null), 200).await;
        self.alice("GET", COMMENTS, &[hash], json!(null), 200).await;
        self.alice("DELETE", COMMENT, &[hash, &comment], json!(null), 204).await;
        let new = json!({ "key": "CI", "state": "INPROGRESS", "url": "http://ci.example.com/1" });
        self.alice("POST", BUILD, &[hash], new, 201).await;
        self.alice("PUT", KEY, &[hash, "CI"], json!({ "state": "SUCCESSFUL", "refname": "gear" }), 200).await;
        self.alice("GET", KEY, &[hash, "CI"], json!(null), 200).await;
        self.alice("GET", STATUSES, &[hash], json!(null), 200).await;
        self.alice("GET", OF_PULL_REQUEST, &["1"], json!(null), 200).await;
    }

    async fn closing(&mut self) {
        const MERGE: &str = "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/merge";
        const DECLINE: &str = "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/decline";
        self.alice("POST", MERGE, &["1"], json!({ "type": "merge" }), 200).await;
        self.alice("POST", MERGE, &["1"], json!({ "type": "merge" }), 400).await;
        let second = self.stage.pull_request().await;
        assert_eq!(second, "/pullrequests/2");
        self.alice("POST", DECLINE, &["2"], json!({ "reason": "no" }), 200).await;
        self.alice("GET", PULL_REQUESTS, &["?state=MERGED&state=DECLINED"], json!(null), 200).await;
    }
}
