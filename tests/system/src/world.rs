//! Starting it all, time, polling, the log and the state.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitbucket::client::Api;
use jiff::{SignedDuration, Timestamp};
use poller::{Poller, PollerSettings, Summary};
use relay::state::PullRequestState;
use relay::{Event, LinkId, Settings, Subject, SubjectState};
use serde_json::{Value, json};
use simulator::{ClockStart, FaultRequest, Person, Rules, Sending, Simulator, User};
use store::Table;
use store::links::CachedLinks;
use store::memory::{MemoryLinks, MemoryTable};
use webhook::{App, router};

use crate::clock::SimulatedClock;
use crate::mailbox::{Letter, Mailbox};
use crate::person::Member;
use crate::table::Unleased;

const SECRET: &str = "a secret of these tests";

/// How long webhooks may be on their way, in real time.
const SETTLE: Duration = Duration::from_secs(10);

/// The most events of one pull request that a test reads.
const MAX_EVENTS: usize = 10_000;

/// What a hook of these tests hears of.
const HEARD: [&str; 14] = [
    "pullrequest:created",
    "pullrequest:updated",
    "pullrequest:push",
    "pullrequest:approved",
    "pullrequest:unapproved",
    "pullrequest:changes_request_created",
    "pullrequest:changes_request_removed",
    "pullrequest:fulfilled",
    "pullrequest:rejected",
    "pullrequest:comment_created",
    "pullrequest:comment_updated",
    "pullrequest:comment_deleted",
    "pullrequest:comment_resolved",
    "pullrequest:comment_reopened",
];

/// The poller as these tests run it.
pub type TestPoller<T> = Poller<T, Arc<MemoryLinks>, SimulatedClock>;

/// Where a pull request is. Each repository has a link with a credential of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repo {
    /// `acme/widgets`, link `widgets`, polled as `bot`.
    Widgets,
    /// `acme/gadgets`, link `gadgets`, polled as `spare`.
    Gadgets,
}

impl Repo {
    /// Its slug, which is its link's id too.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Widgets => "widgets",
            Self::Gadgets => "gadgets",
        }
    }

    /// Who polls it.
    pub const fn bot(self) -> &'static str {
        match self {
            Self::Widgets => "bot",
            Self::Gadgets => "spare",
        }
    }

    /// Its link.
    pub fn link(self) -> LinkId {
        self.slug().parse().unwrap()
    }
}

/// A pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pr {
    /// Where.
    pub repo: Repo,
    /// Its number there.
    pub id: u64,
}

/// How a world starts.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// What is not known about Bitbucket.
    pub rules: Rules,
    /// Windows and intervals. The simulator's window is the same.
    pub settings: Settings,
    /// What a run of the poller may spend.
    pub limits: PollerSettings,
    /// Whether hooks are registered at the start.
    pub hooked: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let limits = PollerSettings {
            max_calls_per_run: 1_000,
            pass_spacing: SignedDuration::from_millis(1),
            overtime: SignedDuration::from_secs(5),
            ..PollerSettings::default()
        };
        Self { rules: Rules::default(), settings: Settings::default(), limits, hooked: true }
    }
}

/// Everything.
#[derive(Debug)]
pub struct World {
    /// Bitbucket.
    pub simulator: Arc<Simulator>,
    /// The table.
    pub table: Arc<MemoryTable>,
    /// The links.
    pub links: Arc<MemoryLinks>,
    /// How it was started.
    pub setup: Setup,
    mailbox: Arc<Mailbox>,
    mailbox_url: String,
    poller: TestPoller<Arc<MemoryTable>>,
    repositories: [String; 2],
    people: Mutex<HashMap<String, Person>>,
}

impl World {
    /// A world with the usual settings, and a hook on each repository.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// A world with other settings.
    pub async fn with(setup: Setup) -> Self {
        let mut users = User::seeded();
        users.push(User::app("spare"));
        let settings = simulator::Settings {
            repositories: [Repo::Widgets, Repo::Gadgets].map(|repo| repo.slug().to_owned()).to_vec(),
            users,
            clock: ClockStart::Manual("2026-11-24T10:00:00Z".parse().unwrap()),
            window_seconds: setup.settings.window_seconds.into(),
            rules: setup.rules,
            sending: Sending { resend_after: Duration::from_millis(5), ..Sending::default() },
            ..simulator::Settings::default()
        };
        let simulator = Arc::new(Simulator::start(settings).await.unwrap());
        let (table, links) = (Arc::new(MemoryTable::default()), Arc::new(MemoryLinks::default()));
        let app = App {
            table: Arc::clone(&table),
            links: CachedLinks::new(Arc::clone(&links)),
            clock: SimulatedClock(Arc::clone(&simulator)),
            settings: setup.settings,
        };
        let (mailbox, mailbox_url) = Mailbox::open(router(Arc::new(app))).await;
        let poller = Poller::new(
            Arc::clone(&table),
            CachedLinks::new(Arc::clone(&links)),
            Api::new(&format!("{}/2.0", simulator.url())).unwrap(),
            SimulatedClock(Arc::clone(&simulator)),
            setup.settings,
            setup.limits,
        );
        let repositories = [String::new(), String::new()];
        let people = Mutex::default();
        let mut world =
            Self { simulator, table, links, setup, mailbox, mailbox_url, poller, repositories, people };
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

    /// Registers a hook on the workspace, which reports to a link; a common mistake beside one on the repository.
    pub async fn hook_workspace(&self, repo: Repo) {
        self.register(&format!("{}/2.0/workspaces/acme/hooks", self.simulator.url()), repo).await;
    }

    async fn register(&self, url_of_hooks: &str, repo: Repo) {
        let url = format!("{}/webhook/{}", self.mailbox_url, repo.slug());
        let hook = json!({ "url": url, "events": HEARD, "secret": SECRET });
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

    /// Somebody at a keyboard; kept, because making an HTTP client takes longer than most stories.
    pub(crate) fn person(&self, name: &str) -> Person {
        let mut people = self.people.lock().unwrap();
        let person = people.entry(name.to_owned()).or_insert_with(|| self.simulator.person(name).unwrap());
        person.clone()
    }

    /// The root of a repository's REST API.
    pub(crate) fn api(&self, repo: Repo) -> String {
        format!("{}/2.0/repositories/acme/{}", self.simulator.url(), repo.slug())
    }

    /// Alice, on `widgets`.
    pub fn alice(&self) -> Member<'_> {
        self.member("alice", Repo::Widgets)
    }

    /// Bob, on `widgets`.
    pub fn bob(&self) -> Member<'_> {
        self.member("bob", Repo::Widgets)
    }

    /// Somebody, on a repository.
    pub fn member(&self, name: &str, repo: Repo) -> Member<'_> {
        Member::new(self, name, repo)
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.simulator.clock().now()
    }

    /// Sets the one clock forward.
    pub fn advance(&self, seconds: u64) {
        self.simulator.clock().advance(Duration::from_secs(seconds));
    }

    /// Waits until no webhook is on its way.
    pub async fn settle(&self) {
        self.simulator.settle(SETTLE).await.unwrap();
    }

    /// One run of the poller, for what is due now.
    pub async fn poll(&self) -> Summary {
        self.run(&self.poller, "poller-1").await
    }

    /// One run of a poller, for what is due now.
    pub async fn run<T: Table>(&self, poller: &TestPoller<T>, holder: &str) -> Summary {
        let deadline = self.now().saturating_add(SignedDuration::from_millis(1)).unwrap();
        poller.run(holder, deadline).await.unwrap()
    }

    /// Another poller on the same table, as a cold start would give.
    pub fn another_poller(&self) -> TestPoller<Unleased> {
        self.new_poller(Unleased(Arc::clone(&self.table)))
    }

    fn new_poller<T: Table>(&self, table: T) -> TestPoller<T> {
        let clock = SimulatedClock(Arc::clone(&self.simulator));
        let (api, links) = (self.poller.api.clone(), CachedLinks::new(Arc::clone(&self.links)));
        Poller::new(table, links, api, clock, self.setup.settings, self.setup.limits)
    }

    /// Lets time go by second by second, with a run of the poller whenever something is due.
    pub async fn run_for(&self, seconds: u64) {
        for _ in 0..seconds {
            self.advance(1);
            if !self.table.due(self.now(), 1).await.unwrap().is_empty() {
                self.poll().await;
            }
        }
    }

    /// Asks the simulator for trouble.
    pub fn fault(&self, request: FaultRequest) {
        self.simulator.fault(request).unwrap();
    }

    /// The next webhooks are never sent.
    pub fn lose_next(&self, count: u32) {
        self.fault(FaultRequest { lose_next: count, ..FaultRequest::default() });
    }

    /// The next webhooks are sent twice.
    pub fn double_next(&self, count: u32) {
        self.fault(FaultRequest { double_next: count, ..FaultRequest::default() });
    }

    /// From now on webhooks are held back.
    pub fn hold(&self) {
        self.mailbox.hold();
    }

    /// Webhooks go through again; gives those that were held back.
    pub fn stop_holding(&self) -> Vec<Letter> {
        self.mailbox.stop_holding()
    }

    /// Delivers webhooks that were held back, one after the other.
    pub async fn deliver(&self, letters: &[Letter]) {
        for letter in letters {
            let status = self.mailbox.deliver(letter).await;
            assert_eq!(status, 200, "{}", letter.key());
        }
    }

    /// Delivers what was held back, in order.
    pub async fn release(&self) {
        let letters = self.stop_holding();
        self.deliver(&letters).await;
    }

    /// Delivers what was held back, the last first.
    pub async fn release_reversed(&self) {
        let mut letters = self.stop_holding();
        letters.reverse();
        self.deliver(&letters).await;
    }

    /// What the table knows a pull request as.
    pub fn subject(&self, pr: Pr) -> Subject {
        let repository = self.repositories[pr.repo as usize].trim_matches(['{', '}']);
        format!("pullrequest/{repository}/{}", pr.id).parse().unwrap()
    }

    /// The log of a pull request.
    pub async fn log(&self, pr: Pr) -> Vec<Event> {
        self.table.events(&pr.repo.link(), &self.subject(pr), 0, MAX_EVENTS).await.unwrap()
    }

    /// The log of a pull request, a line an event: `3 pullrequest:comment_updated poll`.
    pub async fn events(&self, pr: Pr) -> Vec<String> {
        self.events_after(pr, 0).await
    }

    /// The same from the event after `sequence` on.
    pub async fn events_after(&self, pr: Pr, sequence: u64) -> Vec<String> {
        let log = self.log(pr).await.into_iter().filter(|event| event.sequence > sequence);
        log.map(|event| format!("{} {} {}", event.sequence, event.key, event.source.as_str())).collect()
    }

    /// The newest event of a pull request.
    pub async fn last_event(&self, pr: Pr) -> Event {
        self.log(pr).await.pop().unwrap()
    }

    /// What is known of a subject.
    pub async fn subject_state(&self, pr: Pr) -> SubjectState {
        self.table.read(&pr.repo.link(), &self.subject(pr)).await.unwrap()
    }

    /// What is known of a pull request.
    pub async fn state(&self, pr: Pr) -> PullRequestState {
        self.subject_state(pr).await.pull_request.unwrap()
    }

    /// Calls that were made to Bitbucket by a repository's poller so far.
    pub fn calls(&self, repo: Repo) -> u64 {
        self.simulator.call_counts().get(repo.bot()).map_or(0, |count| count.total)
    }
}

/// The text in an event's payload, of a comment or a task.
pub fn text_of(event: &Event) -> String {
    let payload: Value = serde_json::from_slice(&event.payload).unwrap();
    let text = |item: &str| payload.pointer(&format!("/{item}/content/raw"))?.as_str().map(str::to_owned);
    text("comment").or_else(|| text("task")).unwrap_or_default()
}

/// Who did it, by the event.
pub fn actor_of(event: &Event) -> Option<String> {
    Some(event.actor.as_ref()?.get("display_name")?.as_str()?.to_owned())
}
