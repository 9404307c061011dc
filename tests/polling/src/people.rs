//! The people of a workload, at work on the simulator over its REST API.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use simulator::{Person, Simulator};

use crate::stage;
use crate::workload::{Act, Item, Pr, What, Workload, text};

/// How long webhooks may be on their way.
const SETTLE: Duration = Duration::from_secs(10);

/// Everybody.
#[derive(Debug)]
pub struct People {
    simulator: Arc<Simulator>,
    persons: Vec<Person>,
    /// Where each pull request is: the repository's uuid and slug, and its number there.
    prs: Vec<(String, String, u64)>,
    ids: BTreeMap<Item, u64>,
}

impl People {
    /// Everybody arrives and opens the pull requests.
    ///
    /// # Errors
    ///
    /// What the simulator refuses.
    pub async fn arrive(simulator: &Arc<Simulator>, workload: &Workload) -> anyhow::Result<Self> {
        let persons = (0..workload.people).map(|number| simulator.person(&stage::person(number)));
        let (persons, ids) = (persons.collect::<anyhow::Result<Vec<_>>>()?, BTreeMap::new());
        let mut people = Self { simulator: Arc::clone(simulator), persons, prs: Vec::new(), ids };
        for (number, repository) in workload.prs.iter().enumerate() {
            let slug = stage::repository(*repository);
            let shown = people.call(0, Method::Get, &people.api(&slug, ""), Value::Null).await?;
            let uuid =
                shown.get("uuid").and_then(Value::as_str).context("a repository without a uuid")?.to_owned();
            let number = people.opens(&slug, &stage::branch(number)).await?;
            people.prs.push((uuid, slug, number));
        }
        Ok(people)
    }

    /// One more pull request is opened in each repository, in which nothing ever happens: from its webhook on the
    /// repository is known, as after some hours of use all are.
    ///
    /// # Errors
    ///
    /// What the simulator refuses.
    pub async fn open_one_each(&self, workload: &Workload) -> anyhow::Result<()> {
        for number in 0..workload.repositories {
            self.opens(&stage::repository(number), "quiet").await?;
        }
        self.simulator.settle(SETTLE).await
    }

    async fn opens(&self, slug: &str, branch: &str) -> anyhow::Result<u64> {
        let body = json!({ "title": branch, "source": { "branch": { "name": branch } } });
        id(&self.call(0, Method::Post, &self.api(slug, "/pullrequests"), body).await?)
    }

    /// Registers a hook on the workspace.
    ///
    /// # Errors
    ///
    /// Where the simulator refuses it.
    pub async fn hook(&self, url: &str, events: &[&str], secret: &str) -> anyhow::Result<()> {
        let hooks = format!("{}/2.0/workspaces/acme/hooks", self.simulator.url());
        let body = json!({ "url": url, "events": events, "secret": secret });
        self.call(0, Method::Post, &hooks, body).await.map(drop)
    }

    /// The comments and tasks by their ids in Bitbucket.
    pub fn ids(&self) -> impl Iterator<Item = (u64, Item)> {
        self.ids.iter().map(|(item, id)| (*id, *item))
    }

    /// The pull requests: the repository's uuid, and the number there.
    pub fn pull_requests(&self) -> impl Iterator<Item = (&str, u64)> {
        self.prs.iter().map(|(uuid, _, number)| (uuid.as_str(), *number))
    }

    /// Somebody does something, and its webhooks are sent.
    ///
    /// # Errors
    ///
    /// What the simulator refuses, which no workload should ask for.
    pub async fn act(&mut self, act: &Act) -> anyhow::Result<()> {
        let content = |version| json!({ "content": { "raw": text(act.item, version) } });
        let (method, kind, body) = match act.what {
            What::Comment => (Method::Post, "comments", content(0)),
            What::Edit(version) => (Method::Put, "comments", content(version)),
            What::AddTask => (Method::Post, "tasks", content(0)),
            What::EditTask(version) => (Method::Put, "tasks", content(version)),
            What::ResolveTask => (Method::Put, "tasks", json!({ "state": "RESOLVED" })),
            What::ReopenTask => (Method::Put, "tasks", json!({ "state": "UNRESOLVED" })),
            What::DeleteTask => (Method::Delete, "tasks", Value::Null),
        };
        let url = self.url(act.pr, kind)?;
        if method == Method::Post {
            let made = self.call(act.who, method, &url, body).await?;
            self.ids.insert(act.item, id(&made)?);
        } else {
            let id = self.ids.get(&act.item).context("the workload changes what is not there yet")?;
            self.call(act.who, method, &format!("{url}/{id}"), body).await?;
        }
        self.simulator.settle(SETTLE).await
    }

    fn url(&self, pr: Pr, kind: &str) -> anyhow::Result<String> {
        let (_, slug, number) = self.prs.get(pr.0).context("a pull request that is not there")?;
        Ok(self.api(slug, &format!("/pullrequests/{number}/{kind}")))
    }

    fn api(&self, slug: &str, path: &str) -> String {
        format!("{}/2.0/repositories/acme/{slug}{path}", self.simulator.url())
    }

    async fn call(&self, who: usize, method: Method, url: &str, body: Value) -> anyhow::Result<Value> {
        let person = self.persons.get(who).context("nobody has this number")?;
        let (status, answer) = match method {
            Method::Get => person.get(url).await?,
            Method::Post => person.post(url, body).await?,
            Method::Put => person.put(url, body).await?,
            Method::Delete => person.delete(url).await?,
        };
        ensure!((200..300).contains(&status), "{url} was answered {status}: {answer}");
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
    answer.get("id").and_then(Value::as_u64).context("an answer without an id")
}
