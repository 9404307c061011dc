//! The world of a test, and starting it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitbucket::client::Api;
use bitbucket::oauth::OAuth;
use poller::Poller;
use serde_json::{Value, json};
use simulator::world::{RepositoryId, pull_request_events};
use simulator::{ClockStart, Person, Sending, Simulator, User};
use store::links::CachedLinks;
use store::links::tokens::Tokens;
use store::memory::{MemoryGrants, MemoryLinks, MemoryTable};
use webhook::{App, router};

use crate::clock::SimulatedClock;
use crate::mailbox::Mailbox;
use crate::person::Member;
use crate::setup::{Repo, Setup};

const SECRET: &str = "a secret of these tests";

/// Events besides those of pull requests that a hook of these tests subscribes to.
const COMMIT_EVENTS: [&str; 3] =
    ["repo:commit_comment_created", "repo:commit_status_created", "repo:commit_status_updated"];

/// The poller as these tests run it.
pub type TestPoller<T> = Poller<T, MemoryLinks, SimulatedClock>;

/// Bitbucket, the table, the links and the poller of one test.
#[derive(Debug)]
pub struct World {
    /// The simulated Bitbucket.
    pub simulator: Arc<Simulator>,
    /// The table.
    pub table: MemoryTable,
    /// The links.
    pub links: MemoryLinks,
    /// The grants of links with an OAuth consumer.
    pub grants: MemoryGrants,
    /// Its settings.
    pub setup: Setup,
    pub(crate) mailbox: Arc<Mailbox>,
    mailbox_url: String,
    pub(crate) poller: TestPoller<MemoryTable>,
    pub(crate) repositories: [String; 2],
    people: Mutex<HashMap<String, Person>>,
    /// Paths by which people call the repositories.
    paths: Mutex<[String; 2]>,
}

impl World {
    /// Starts a world with the usual settings and a hook on each repository.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// Starts a world with other settings.
    pub async fn with(setup: Setup) -> Self {
        let mut users = User::seeded();
        users.push(User::app("spare"));
        let quiet = (0..setup.quiet_repositories).map(|number| format!("quiet-{number}"));
        let settings = simulator::Settings {
            repositories: [Repo::Widgets, Repo::Gadgets]
                .map(|repo| repo.slug().to_owned())
                .into_iter()
                .chain(quiet)
                .collect(),
            users,
            clock: ClockStart::Manual("2026-11-24T10:00:00Z".parse().unwrap()),
            window_seconds: setup.settings.window_seconds.into(),
            rules: setup.rules,
            sending: Sending { resend_after: Duration::from_millis(5), ..Sending::default() },
            ..simulator::Settings::default()
        };
        let simulator = Arc::new(Simulator::start(settings).await.unwrap());
        let (table, links) = (MemoryTable::with_stream(), MemoryLinks::default());
        let app = App {
            table: table.clone(),
            links: CachedLinks::bounded(links.clone()),
            clock: SimulatedClock(Arc::clone(&simulator)),
            settings: setup.settings,
        };
        let (mailbox, mailbox_url) = Mailbox::open(router(Arc::new(app))).await;
        let poller = Poller::new(
            table.clone(),
            CachedLinks::new(links.clone()),
            Api::new(&format!("{}/2.0", simulator.url())).unwrap(),
            SimulatedClock(Arc::clone(&simulator)),
            setup.settings,
            setup.limits,
        );
        let grants = MemoryGrants::default();
        let poller = poller.with_tokens(Arc::new(Tokens::new(
            OAuth::new(simulator.url()).unwrap(),
            table.clone(),
            grants.clone(),
            SimulatedClock(Arc::clone(&simulator)),
            "poller-1",
        )));
        let repositories = [String::new(), String::new()];
        let people = Mutex::default();
        let mut world = Self {
            simulator,
            table,
            links,
            grants,
            setup,
            mailbox,
            mailbox_url,
            poller,
            repositories,
            people,
            paths: Mutex::new([Repo::Widgets, Repo::Gadgets].map(|repo| format!("acme/{}", repo.slug()))),
        };
        for repo in [Repo::Widgets, Repo::Gadgets] {
            world.set_link(
                repo,
                Some(json!({ "type": "bearer", "token": format!("{}-access-token", repo.bot()) })),
            );
            let (_, repository) = world.person("alice").get(&world.api(repo)).await.unwrap();
            repository["uuid"].as_str().unwrap().clone_into(&mut world.repositories[repo as usize]);
            if setup.hooked {
                world.hook(repo).await;
            }
        }
        world
    }

    /// Registers a hook on a repository.
    pub async fn hook(&self, repo: Repo) {
        self.register(&format!("{}/hooks", self.api(repo)), repo).await;
    }

    /// Registers a hook on the workspace that reports to a repository's link. Beside the repository's own hook this is
    /// a common mistake.
    pub async fn hook_workspace(&self, repo: Repo) {
        self.register(&format!("{}/2.0/workspaces/acme/hooks", self.simulator.url()), repo).await;
    }

    async fn register(&self, url_of_hooks: &str, repo: Repo) {
        let url = format!("{}/webhook/{}", self.mailbox_url, repo.slug());
        let events: Vec<_> = COMMIT_EVENTS.into_iter().chain(pull_request_events()).collect();
        let hook = json!({ "url": url, "events": events, "secret": SECRET });
        let (status, answer) = self.person("alice").post(url_of_hooks, hook).await.unwrap();
        assert_eq!(status, 201, "{answer}");
    }

    /// Writes a repository's link, with this credential.
    pub fn set_link(&self, repo: Repo, credential: Option<Value>) {
        let mut link = json!({
            "version": 1,
            "template": "bitbucket-access-token",
            "webhook_secrets": [{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }],
        });
        if let Some(credential) = credential {
            link["credential"] = credential;
        }
        self.links.set(&repo.link(), link.to_string());
    }

    /// Writes a repository's link without webhook secrets, with these further fields and the credential of `bot`.
    pub fn set_unsigned(&self, repo: Repo, bot: Repo, fields: Value) {
        let mut link = json!({
            "version": 1, "template": "bitbucket-access-token", "unsigned": true,
            "credential": { "type": "bearer", "token": format!("{}-access-token", bot.bot()) },
        });
        let Value::Object(fields) = fields else { panic!("no object: {fields}") };
        link.as_object_mut().unwrap().extend(fields);
        self.links.set(&repo.link(), link.to_string());
    }

    /// A repository's UUID, with braces.
    pub fn uuid(&self, repo: Repo) -> &str {
        &self.repositories[repo as usize]
    }

    /// Names sweep targets in a repository's link.
    pub fn name_targets(&self, repo: Repo, targets: &[&str]) {
        let link = json!({
            "version": 1, "template": "bitbucket-access-token", "sweep": targets,
            "webhook_secrets": [{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }],
            "credential": { "type": "bearer", "token": format!("{}-access-token", repo.bot()) },
        });
        self.links.set(&repo.link(), link.to_string());
    }

    /// Returns a person's client. Clients are kept, because making one takes longer than most stories.
    pub(crate) fn person(&self, name: &str) -> Person {
        let mut people = self.people.lock().unwrap();
        let person = people.entry(name.to_owned()).or_insert_with(|| self.simulator.person(name).unwrap());
        person.clone()
    }

    /// The UUIDs of people, by name.
    pub async fn uuids<'n>(&self, names: &[&'n str]) -> std::collections::BTreeMap<&'n str, Value> {
        let mut uuids = std::collections::BTreeMap::new();
        for name in names {
            let url = format!("{}/2.0/user", self.simulator.url());
            let (_, user) = self.person(name).get(&url).await.unwrap();
            uuids.insert(*name, user["uuid"].clone());
        }
        uuids
    }

    /// The root of a repository's REST API.
    pub(crate) fn api(&self, repo: Repo) -> String {
        let path = &self.paths.lock().unwrap()[repo as usize];
        format!("{}/2.0/repositories/{path}", self.simulator.url())
    }

    /// Moves a repository at Bitbucket. From then on people call it by `path`.
    pub fn moves(
        &self,
        repo: Repo,
        path: &str,
        change: impl FnOnce(&mut simulator::world::World, RepositoryId),
    ) {
        let uuid = self.uuid(repo);
        self.simulator.change_world(|world| {
            let id = world.find_repository("{}", uuid).unwrap();
            change(world, id);
        });
        path.clone_into(&mut self.paths.lock().unwrap()[repo as usize]);
    }

    /// Alice, on `widgets`.
    pub fn alice(&self) -> Member<'_> {
        self.member("alice", Repo::Widgets)
    }

    /// Bob, on `widgets`.
    pub fn bob(&self) -> Member<'_> {
        self.member("bob", Repo::Widgets)
    }

    /// A person, on a repository.
    pub fn member(&self, name: &str, repo: Repo) -> Member<'_> {
        Member::new(self, name, repo)
    }
}
