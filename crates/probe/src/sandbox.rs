//! The sandbox repository: acts of a person, and cleaning up after them.

use bitbucket::EventKey;
use bitbucket::client::{Body, Client, HookPlace, HookSpec, Method, RepositoryPath};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::Error;

/// Description of the probe's hook, and title of its pull request: a later probe finds what an interrupted one left.
const NAME: &str = "bitrelay probe";

/// Prefix of its branches.
const BRANCH: &str = "bitrelay-probe-";

/// A file that each commit of the probe changes.
const FILE: &str = "bitrelay-probe.txt";

/// The sandbox, and a person who acts in it.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox {
    pub(crate) client: Client,
    pub(crate) repository: RepositoryPath,
}

/// The pull request of the probe.
#[derive(Debug, Clone)]
pub(crate) struct PullRequest {
    pub(crate) sandbox: Sandbox,
    id: String,
    branch: String,
}

/// Fails unless an act succeeded.
fn done(act: &'static str, (status, answer): (u16, Value)) -> Result<Value, Error> {
    if (200..300).contains(&status) { Ok(answer) } else { Err(refused(act, status, &answer)) }
}

/// The refusal of an act.
pub(crate) fn refused(act: &'static str, status: u16, answer: &Value) -> Error {
    let message = answer.pointer("/error/message").and_then(Value::as_str).unwrap_or_default().to_owned();
    bitbucket::Error::Api { operation: act, status, message, retry_after_seconds: None }.into()
}

fn raw(text: &str) -> Value {
    json!({ "content": { "raw": text } })
}

/// The items of a page.
fn values(page: &Value) -> &[Value] {
    page.get("values").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(crate) fn id_of(item: &Value) -> Result<u64, Error> {
    item.get("id").and_then(Value::as_u64).ok_or(Error::Missing("id"))
}

impl Sandbox {
    async fn act(
        &self,
        act: &'static str,
        method: Method,
        path: &[&str],
        body: Option<Body>,
    ) -> Result<Value, Error> {
        done(act, self.client.act(&self.repository, method, path, &[], body).await?)
    }

    pub(crate) async fn list(&self, path: &[&str], query: &[(&str, &str)]) -> Result<(u16, Value), Error> {
        Ok(self.client.act(&self.repository, Method::GET, path, query, None).await?)
    }

    /// Adds a hook for everything about pull requests.
    pub(crate) async fn add_hook(&self, url: Url, secret: SecretString) -> Result<(), Error> {
        let wanted = |key: &&EventKey| key.is_reported() && key.as_str().starts_with("pullrequest:");
        let events = EventKey::KNOWN.iter().filter(wanted).cloned().collect();
        let spec = HookSpec { url, description: NAME.to_owned(), events, secret: Some(secret) };
        Ok(self.client.create_hook(&self.hooks(), &spec).await?)
    }

    fn hooks(&self) -> HookPlace {
        HookPlace::Repository(self.repository.clone())
    }

    /// Commits to a branch, which is made if it does not exist.
    async fn commit(&self, branch: &str, text: &str) -> Result<(), Error> {
        let fields = vec![
            ("branch", branch.to_owned()),
            ("message", "A change for the probe".to_owned()),
            (FILE, text.to_owned()),
        ];
        self.act("commit to a branch", Method::POST, &["src"], Some(Body::Form(fields))).await.map(drop)
    }

    /// Opens the pull request. `suffix` tells its branch from those of other probes.
    pub(crate) async fn open(&self, suffix: &str) -> Result<PullRequest, Error> {
        let branch = format!("{BRANCH}{suffix}");
        self.commit(&branch, "one\n").await?;
        let body = json!({ "title": NAME, "source": { "branch": { "name": branch } } });
        let opened =
            self.act("open a pull request", Method::POST, &["pullrequests"], Some(Body::Json(body))).await?;
        Ok(PullRequest { sandbox: self.clone(), id: id_of(&opened)?.to_string(), branch })
    }

    /// Removes what this probe made, and what an interrupted one left: hooks, open pull requests and branches.
    /// Bitbucket has no call that deletes a pull request, so they are declined.
    pub(crate) async fn clean_up(&self) -> Result<(), Error> {
        for hook in self.client.hooks(&self.hooks()).await? {
            if hook.description == NAME {
                self.client.delete_hook(&self.hooks(), &hook.uuid).await?;
            }
        }
        let query = [("state", "OPEN"), ("pagelen", "50"), ("q", "title = \"bitrelay probe\"")];
        let open = done("list pull requests", self.list(&["pullrequests"], &query).await?)?;
        let is_ours = |pr: &&Value| pr.get("title").and_then(Value::as_str) == Some(NAME);
        for pr in values(&open).iter().filter(is_ours) {
            let id = id_of(pr)?.to_string();
            self.act("decline a pull request", Method::POST, &["pullrequests", &id, "decline"], None).await?;
            let branch = pr.pointer("/source/branch/name").and_then(Value::as_str).unwrap_or_default();
            if branch.starts_with(BRANCH) {
                self.act("delete a branch", Method::DELETE, &["refs", "branches", branch], None).await?;
            }
        }
        Ok(())
    }
}

impl PullRequest {
    async fn act(
        &self,
        act: &'static str,
        method: Method,
        rest: &[&str],
        body: Option<Value>,
    ) -> Result<Value, Error> {
        let path: Vec<&str> = ["pullrequests", &self.id].into_iter().chain(rest.iter().copied()).collect();
        self.sandbox.act(act, method, &path, body.map(Body::Json)).await
    }

    /// The same pull request for another person.
    pub(crate) fn seen_by(&self, client: Client) -> Self {
        Self { sandbox: Sandbox { client, ..self.sandbox.clone() }, ..self.clone() }
    }

    pub(crate) async fn read(&self) -> Result<Value, Error> {
        self.act("read the pull request", Method::GET, &[], None).await
    }

    pub(crate) async fn comment(&self, text: &str) -> Result<Value, Error> {
        self.act("comment", Method::POST, &["comments"], Some(raw(text))).await
    }

    /// Comments on the first line of the changed file: such a thread can be resolved.
    pub(crate) async fn comment_on_line(&self, text: &str) -> Result<Value, Error> {
        let body = json!({ "content": { "raw": text }, "inline": { "path": FILE, "to": 1 } });
        self.act("comment on a line", Method::POST, &["comments"], Some(body)).await
    }

    pub(crate) async fn edit(&self, comment: u64, text: &str) -> Result<(), Error> {
        let path = ["comments", &comment.to_string()];
        self.act("edit a comment", Method::PUT, &path, Some(raw(text))).await.map(drop)
    }

    pub(crate) async fn resolve(&self, comment: u64) -> Result<(), Error> {
        let path = ["comments", &comment.to_string(), "resolve"];
        self.act("resolve a comment", Method::POST, &path, None).await.map(drop)
    }

    pub(crate) async fn delete(&self, comment: u64) -> Result<(), Error> {
        let path = ["comments", &comment.to_string()];
        self.act("delete a comment", Method::DELETE, &path, None).await.map(drop)
    }

    /// Reads a comment; `None` if it is not found.
    pub(crate) async fn read_comment(&self, comment: u64) -> Result<Option<Value>, Error> {
        let path = ["pullrequests", &self.id, "comments", &comment.to_string()];
        match self.sandbox.list(&path, &[]).await? {
            (404 | 410, _) => Ok(None),
            answer => done("read a comment", answer).map(Some),
        }
    }

    /// Lists comments, with the status of a refusal.
    pub(crate) async fn comments(&self, query: &[(&str, &str)]) -> Result<(u16, Vec<Value>), Error> {
        let (status, answer) = self.sandbox.list(&["pullrequests", &self.id, "comments"], query).await?;
        let answer = if status == 400 { answer } else { done("list comments", (status, answer))? };
        Ok((status, values(&answer).to_vec()))
    }

    pub(crate) async fn add_task(&self, text: &str) -> Result<u64, Error> {
        id_of(&self.act("add a task", Method::POST, &["tasks"], Some(raw(text))).await?)
    }

    pub(crate) async fn resolve_task(&self, task: u64) -> Result<(), Error> {
        let body = json!({ "state": "RESOLVED" });
        self.act("resolve a task", Method::PUT, &["tasks", &task.to_string()], Some(body)).await.map(drop)
    }

    pub(crate) async fn approve(&self) -> Result<(), Error> {
        self.act("approve", Method::POST, &["approve"], None).await.map(drop)
    }

    pub(crate) async fn push(&self) -> Result<(), Error> {
        self.sandbox.commit(&self.branch, "two\n").await
    }
}
