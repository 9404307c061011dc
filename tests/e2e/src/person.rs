//! Somebody who works on the simulated Bitbucket through its REST API, as any client would.

use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Somebody with a credential, on one repository.
#[derive(Debug, Clone)]
pub struct Person {
    http: Client,
    repository_url: String,
    control_url: String,
    username: String,
    token: String,
}

impl Person {
    /// `repository` is `workspace/slug`.
    pub fn new(simulator_url: &str, repository: &str, username: &str, token: &str) -> Self {
        Self {
            http: Client::new(),
            repository_url: format!("{simulator_url}/2.0/repositories/{repository}"),
            control_url: format!("{simulator_url}/_control"),
            username: username.to_owned(),
            token: token.to_owned(),
        }
    }

    /// Calls the repository's API; the call must succeed.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/{path}", self.repository_url);
        let mut request =
            self.http.request(method.clone(), &url).basic_auth(&self.username, Some(&self.token));
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{method} {url}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Creates a pull request and gives its number.
    pub async fn create_pull_request(&self, title: &str) -> u64 {
        let source = title.to_lowercase().replace(' ', "-");
        let body = json!({ "title": title, "source": { "branch": { "name": source } }, "destination": { "branch": { "name": "main" } } });
        self.call(Method::POST, "pullrequests", &body).await["id"].as_u64().unwrap()
    }

    /// Writes a comment and gives its id.
    pub async fn comment(&self, pull_request: u64, text: &str) -> u64 {
        let path = format!("pullrequests/{pull_request}/comments");
        self.call(Method::POST, &path, &json!({ "content": { "raw": text } })).await["id"].as_u64().unwrap()
    }

    /// Edits a comment.
    pub async fn edit_comment(&self, pull_request: u64, comment: u64, text: &str) {
        let path = format!("pullrequests/{pull_request}/comments/{comment}");
        self.call(Method::PUT, &path, &json!({ "content": { "raw": text } })).await;
    }

    /// Deletes a comment.
    pub async fn delete_comment(&self, pull_request: u64, comment: u64) {
        self.call(Method::DELETE, &format!("pullrequests/{pull_request}/comments/{comment}"), &Value::Null)
            .await;
    }

    /// Creates a task and gives its id.
    pub async fn create_task(&self, pull_request: u64, text: &str) -> u64 {
        let path = format!("pullrequests/{pull_request}/tasks");
        self.call(Method::POST, &path, &json!({ "content": { "raw": text } })).await["id"].as_u64().unwrap()
    }

    /// Changes a task's text or state.
    pub async fn change_task(&self, pull_request: u64, task: u64, change: Value) {
        self.call(Method::PUT, &format!("pullrequests/{pull_request}/tasks/{task}"), &change).await;
    }

    /// Deletes a task.
    pub async fn delete_task(&self, pull_request: u64, task: u64) {
        self.call(Method::DELETE, &format!("pullrequests/{pull_request}/tasks/{task}"), &Value::Null).await;
    }

    /// Merges a pull request.
    pub async fn merge(&self, pull_request: u64) {
        self.call(Method::POST, &format!("pullrequests/{pull_request}/merge"), &json!({})).await;
    }

    /// Tells the simulator what REST has no call for.
    pub async fn control(&self, path: &str, body: &Value) {
        let url = format!("{}/{path}", self.control_url);
        let response = self.http.post(&url).json(body).send().await.unwrap();
        assert!(response.status().is_success(), "{url}: {}", response.status());
    }
}
