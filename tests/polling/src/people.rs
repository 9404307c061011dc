//! The people of a workload. They act on the simulator over its REST API.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use simulator::{Person, Simulator};

use crate::stage;
use crate::workload::{Act, Action, Item, Pr, Workload, text};

/// Longest wait for webhooks that are being sent.
const SETTLE: Duration = Duration::from_secs(10);

/// All people of a workload.
#[derive(Debug)]
pub struct People {
    simulator: Arc<Simulator>,
    persons: Vec<Person>,
    /// For each pull request its repository's uuid and slug, and its number there.
    prs: Vec<(String, String, u64)>,
    ids: BTreeMap<Item, u64>,
}

impl People {
    /// Creates the people and opens the pull requests.
    ///
    /// # Errors
    ///
    /// If the simulator refuses a request.
    pub async fn arrive(simulator: &Arc<Simulator>, workload: &Workload) -> anyhow::Result<Self> {
        let persons = (0..workload.people).map(|number| simulator.person(&stage::person(number)));
        let (persons, ids) = (persons.collect::<anyhow::Result<Vec<_>>>()?, BTreeMap::new());
        let mut people = Self { simulator: Arc::clone(simulator), persons, prs: Vec::new(), ids };
        for (number, repository) in workload.prs.iter().enumerate() {
            let slug = stage::repository(*repository);
            let answer = people.call(0, Method::Get, &people.api(&slug, ""), Value::Null).await?;
            let uuid = answer
                .get("uuid")
                .and_then(Value::as_str)
                .with_context(|| format!("the answer has no uuid: {answer}"))?
                .to_owned();
            let number = people.open(&slug, &stage::branch(number)).await?;
            people.prs.push((uuid, slug, number));
        }
        Ok(people)
    }

    /// Opens one more pull request in each repository, without any further action. Its webhook announces the repository
    /// to bitrelay, as happens to every repository within some hours of use.
    ///
    /// # Errors
    ///
    /// If the simulator refuses a request.
    pub async fn open_one_each(&self, workload: &Workload) -> anyhow::Result<()> {
        for number in 0..workload.repositories {
            self.open(&stage::repository(number), "quiet").await?;
        }
        self.simulator.settle(SETTLE).await
    }

    async fn open(&self, slug: &str, branch: &str) -> anyhow::Result<u64> {
        let body = json!({ "title": branch, "source": { "branch": { "name": branch } } });
        id(&self.call(0, Method::Post, &self.api(slug, "/pullrequests"), body).await?)
    }

    /// Registers a hook on the workspace.
    ///
    /// # Errors
    ///
    /// If the simulator refuses the request.
    pub async fn hook(&self, url: &str, events: &[&str], secret: &str) -> anyhow::Result<()> {
        let hooks = format!("{}/2.0/workspaces/acme/hooks", self.simulator.url());
        let body = json!({ "url": url, "events": events, "secret": secret });
        self.call(0, Method::Post, &hooks, body).await.map(drop)
    }

    /// Iterates over the comments and tasks with their ids in Bitbucket.
    pub fn ids(&self) -> impl Iterator<Item = (u64, Item)> {
        self.ids.iter().map(|(item, id)| (*id, *item))
    }

    /// Iterates over the pull requests: the repository's uuid, and the number there.
    pub fn pull_requests(&self) -> impl Iterator<Item = (&str, u64)> {
        self.prs.iter().map(|(uuid, _, number)| (uuid.as_str(), *number))
    }

    /// Performs an action and waits until its webhooks are sent.
    ///
    /// # Errors
    ///
    /// If the simulator refuses the request, which means a defect of the workload.
    pub async fn act(&mut self, act: &Act) -> anyhow::Result<()> {
        let content = |version| json!({ "content": { "raw": text(act.item, version) } });
        let (method, kind, body) = match act.action {
            Action::Comment => (Method::Post, "comments", content(0)),
            Action::Edit(version) => (Method::Put, "comments", content(version)),
            Action::AddTask => (Method::Post, "tasks", content(0)),
            Action::EditTask(version) => (Method::Put, "tasks", content(version)),
            Action::ResolveTask => (Method::Put, "tasks", json!({ "state": "RESOLVED" })),
            Action::ReopenTask => (Method::Put, "tasks", json!({ "state": "UNRESOLVED" })),
            Action::DeleteTask => (Method::Delete, "tasks", Value::Null),
        };
        let url = self.url(act.pr, kind)?;
        if method == Method::Post {
            let made = self.call(act.person, method, &url, body).await?;
            self.ids.insert(act.item, id(&made)?);
        } else {
            let id = self
                .ids
                .get(&act.item)
                .with_context(|| format!("the workload changes {:?} before it is created", act.item))?;
            self.call(act.person, method, &format!("{url}/{id}"), body).await?;
        }
        self.simulator.settle(SETTLE).await
    }

    fn url(&self, pr: Pr, kind: &str) -> anyhow::Result<String> {
        let (_, slug, number) = self.prs.get(pr.0).with_context(|| format!("the workload has no {pr:?}"))?;
        Ok(self.api(slug, &format!("/pullrequests/{number}/{kind}")))
    }

    fn api(&self, slug: &str, path: &str) -> String {
        format!("{}/2.0/repositories/acme/{slug}{path}", self.simulator.url())
    }

    async fn call(&self, person: usize, method: Method, url: &str, body: Value) -> anyhow::Result<Value> {
        let person =
            self.persons.get(person).with_context(|| format!("the workload has no person {person}"))?;
        let (status, answer) = match method {
            Method::Get => person.get(url).await?,
            Method::Post => person.post(url, body).await?,
            Method::Put => person.put(url, body).await?,
            Method::Delete => person.delete(url).await?,
        };
        ensure!((200..300).contains(&status), "{url} answered {status}: {answer}");
        Ok(answer)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Post,
    Put,
    Delete,
}

fn id(answer: &Value) -> anyhow::Result<u64> {
    answer.get("id").and_then(Value::as_u64).with_context(|| format!("the answer has no id: {answer}"))
}
