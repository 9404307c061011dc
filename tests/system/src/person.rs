//! People who act on Bitbucket. Each act waits until its webhooks have arrived.

use serde_json::{Value, json};
use simulator::Person;

use crate::setup::{Pr, Repo};
use crate::world::World;

/// A person who works on a repository.
#[derive(Debug)]
pub struct Member<'w> {
    world: &'w World,
    person: Person,
    repo: Repo,
}

impl<'w> Member<'w> {
    pub(crate) fn new(world: &'w World, name: &str, repo: Repo) -> Self {
        Self { world, person: world.person(name), repo }
    }

    async fn did(&self, (status, answer): (u16, Value)) -> Value {
        assert!((200..300).contains(&status), "{status}: {answer}");
        self.world.settle().await;
        answer
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.world.api(self.repo))
    }

    async fn posts(&self, path: &str, body: Value) -> Value {
        self.did(self.person.post(&self.url(path), body).await.unwrap()).await
    }

    async fn puts(&self, path: &str, body: Value) {
        self.did(self.person.put(&self.url(path), body).await.unwrap()).await;
    }

    async fn removes(&self, path: &str) {
        self.did(self.person.delete(&self.url(path)).await.unwrap()).await;
    }

    /// Opens a pull request from a new branch.
    pub async fn opens(&self, branch: &str) -> Pr {
        let body = json!({ "title": branch, "source": { "branch": { "name": branch } } });
        Pr { repo: self.repo, id: id(&self.posts("/pullrequests", body).await) }
    }

    /// Pushes a commit to a pull request's source branch.
    pub async fn pushes(&self, _: Pr, branch: &str) {
        self.did(self.person.push(branch, "more").await.unwrap()).await;
    }

    /// Sets a build of a commit, as a build server does.
    pub async fn builds(&self, repo: Repo, commit: &str, key: &str, state: &str) {
        let body = json!({ "key": key, "state": state, "url": "https://ci.example.com/1" });
        let url = format!("{}/commit/{commit}/statuses/build", self.world.api(repo));
        self.did(self.person.post(&url, body).await.unwrap()).await;
    }

    /// Comments on a commit.
    pub async fn comments_on_commit(&self, hash: &str, text: &str) -> u64 {
        id(&self.posts(&commit_comments(hash), content(text)).await)
    }

    /// Answers a comment on a commit.
    pub async fn replies_on_commit(&self, hash: &str, parent: u64, text: &str) -> u64 {
        let mut body = content(text);
        body["parent"] = json!({ "id": parent });
        id(&self.posts(&commit_comments(hash), body).await)
    }

    /// Edits a comment on a commit.
    pub async fn edits_on_commit(&self, hash: &str, comment: u64, text: &str) {
        self.puts(&format!("{}/{comment}", commit_comments(hash)), content(text)).await;
    }

    /// Deletes a comment on a commit.
    pub async fn deletes_on_commit(&self, hash: &str, comment: u64) {
        self.removes(&format!("{}/{comment}", commit_comments(hash))).await;
    }

    /// Full hash of the commit at the head of a pull request.
    pub async fn head_of(&self, pr: Pr) -> String {
        let commits = self.reads_all(pr, "commits").await;
        commits[0]["hash"].as_str().unwrap().to_owned()
    }

    /// Changes fields of a pull request.
    pub async fn changes(&self, pr: Pr, changes: Value) {
        self.puts(&format!("/pullrequests/{}", pr.id), changes).await;
    }

    /// Reads a pull request from Bitbucket.
    pub async fn reads(&self, pr: Pr) -> Value {
        let url = self.url(&format!("/pullrequests/{}", pr.id));
        let (status, shown) = self.person.get(&url).await.unwrap();
        assert_eq!(status, 200, "{shown}");
        shown
    }

    /// Changes the title of a pull request.
    pub async fn retitles(&self, pr: Pr, title: &str) {
        self.changes(pr, json!({ "title": title })).await;
    }

    /// Comments on a pull request.
    pub async fn comments(&self, pr: Pr, text: &str) -> u64 {
        id(&self.posts(&comments(pr), content(text)).await)
    }

    /// Comments on a line of the diff; only such a comment can be resolved.
    pub async fn comments_inline(&self, pr: Pr, text: &str) -> u64 {
        let mut body = content(text);
        body["inline"] = json!({ "path": "gear.rs", "to": 3 });
        id(&self.posts(&comments(pr), body).await)
    }

    /// Answers a comment.
    pub async fn replies(&self, pr: Pr, parent: u64, text: &str) -> u64 {
        let mut body = content(text);
        body["parent"] = json!({ "id": parent });
        id(&self.posts(&comments(pr), body).await)
    }

    /// Edits a comment.
    pub async fn edits(&self, pr: Pr, comment: u64, text: &str) {
        self.puts(&format!("{}/{comment}", comments(pr)), content(text)).await;
    }

    /// Deletes a comment.
    pub async fn deletes(&self, pr: Pr, comment: u64) {
        self.removes(&format!("{}/{comment}", comments(pr))).await;
    }

    /// Resolves a comment's thread.
    pub async fn resolves(&self, pr: Pr, comment: u64) {
        self.posts(&format!("{}/{comment}/resolve", comments(pr)), json!({})).await;
    }

    /// Reopens a comment's thread.
    pub async fn reopens(&self, pr: Pr, comment: u64) {
        self.removes(&format!("{}/{comment}/resolve", comments(pr))).await;
    }

    /// Adds a task.
    pub async fn adds_task(&self, pr: Pr, text: &str) -> u64 {
        id(&self.posts(&tasks(pr), content(text)).await)
    }

    /// Edits a task.
    pub async fn edits_task(&self, pr: Pr, task: u64, text: &str) {
        self.puts(&format!("{}/{task}", tasks(pr)), content(text)).await;
    }

    /// Resolves a task.
    pub async fn resolves_task(&self, pr: Pr, task: u64) {
        self.puts(&format!("{}/{task}", tasks(pr)), json!({ "state": "RESOLVED" })).await;
    }

    /// Reopens a task.
    pub async fn reopens_task(&self, pr: Pr, task: u64) {
        self.puts(&format!("{}/{task}", tasks(pr)), json!({ "state": "UNRESOLVED" })).await;
    }

    /// Deletes a task.
    pub async fn deletes_task(&self, pr: Pr, task: u64) {
        self.removes(&format!("{}/{task}", tasks(pr))).await;
    }

    /// Approves a pull request.
    pub async fn approves(&self, pr: Pr) {
        self.posts(&format!("/pullrequests/{}/approve", pr.id), json!({})).await;
    }

    /// Withdraws an approval.
    pub async fn unapproves(&self, pr: Pr) {
        self.removes(&format!("/pullrequests/{}/approve", pr.id)).await;
    }

    /// Requests changes of a pull request.
    pub async fn requests_changes(&self, pr: Pr) {
        self.posts(&format!("/pullrequests/{}/request-changes", pr.id), json!({})).await;
    }

    /// Withdraws a request for changes.
    pub async fn withdraws_changes_request(&self, pr: Pr) {
        self.removes(&format!("/pullrequests/{}/request-changes", pr.id)).await;
    }

    /// Declines a pull request.
    pub async fn declines(&self, pr: Pr) {
        self.posts(&format!("/pullrequests/{}/decline", pr.id), json!({})).await;
    }

    /// Merges a pull request.
    pub async fn merges(&self, pr: Pr) {
        self.posts(&format!("/pullrequests/{}/merge", pr.id), json!({})).await;
    }

    /// Adds a pull request to a merge queue, or takes it out; with a webhook if `webhook`.
    pub async fn queues(&self, pr: Pr, queued: bool, webhook: bool) {
        self.acts(pr, if queued { "queue" } else { "dequeue" }, webhook).await;
    }

    /// Ends a pull request as superseded, which no webhook reports.
    pub async fn supersedes(&self, pr: Pr) {
        self.acts(pr, "supersede", false).await;
    }

    async fn acts(&self, pr: Pr, act: &str, webhook: bool) {
        let url = format!("{}/_control/pull-requests", self.world.simulator.url());
        let repository = format!("acme/{}", pr.repo.slug());
        let body = json!({
            "user": "alice", "repository": repository, "pull_request": pr.id, "act": act, "webhook": webhook,
        });
        self.did(self.person.post(&url, body).await.unwrap()).await;
    }

    /// Reads every page of a listing below a pull request.
    pub(crate) async fn reads_all(&self, pr: Pr, listing: &str) -> Vec<Value> {
        let mut url = self.url(&format!("/pullrequests/{}/{listing}?pagelen=100", pr.id));
        let mut values = Vec::new();
        loop {
            let (status, mut page) = self.person.get(&url).await.unwrap();
            assert_eq!(status, 200, "{page}");
            values.extend(page["values"].take().as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut url),
                None => return values,
            }
        }
    }
}

fn comments(pr: Pr) -> String {
    format!("/pullrequests/{}/comments", pr.id)
}

fn commit_comments(hash: &str) -> String {
    format!("/commit/{hash}/comments")
}

fn tasks(pr: Pr) -> String {
    format!("/pullrequests/{}/tasks", pr.id)
}

fn content(text: &str) -> Value {
    json!({ "content": { "raw": text } })
}

fn id(answer: &Value) -> u64 {
    answer["id"].as_u64().unwrap()
}
