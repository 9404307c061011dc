//! A table that holds a log, as the functions write it.

use bitbucket::payload::Document;
use bitbucket::{EventKey, Payload};
use jiff::SignedDuration;
use relay::observation::{Listing, Observation, PullRequestObservation, PullRequestPoll, Report};
use relay::{Event, LinkId, Settings, Subject};
use serde_json::{Value, json};
use store::codec::encode_event;
use store::{Clock, DeliveryMark, DynamoTable, Recorder, SubjectLog, sha256_hex};

use crate::hosts::schema;
use crate::typing::{Shell, time};

/// A table, and a shell that is configured for it.
pub(crate) struct Library {
    pub(crate) table: DynamoTable,
    pub(crate) shell: Shell,
    pub(crate) link: LinkId,
    database: dynoxide::Database,
}

impl Library {
    pub(crate) async fn empty() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        let config = schema::config(port).await;
        schema::create(&aws_sdk_dynamodb::Client::new(&config), "bitrelay").await;
        let shell = Shell::at(&format!("http://127.0.0.1:{port}"));
        let shell = shell.with("BITRELAY_TABLE", "bitrelay").with("BITRELAY_LINK", "acme");
        let table = DynamoTable::connect(&config, "bitrelay");
        Self { table, shell, link: "acme".parse().unwrap(), database }
    }

    /// Returns a log of two pull requests. The first has a comment with a silent edit, which a poll found.
    pub(crate) async fn furnished() -> Self {
        let library = Self::empty().await;
        library.deliver("pullrequest:created", &pull_request(7, "Add a gear")).await;
        library.after(10);
        let mut body = pull_request(7, "Add a gear");
        body["comment"] = comment(1, "Which gear?", "2026-11-24T10:00:10Z");
        library.deliver("pullrequest:comment_created", &body).await;
        library.after(20);
        library.poll(7, &[comment(1, "Which gear, please?", "2026-11-24T10:00:25Z")]).await;
        library.after(30);
        library.deliver("pullrequest:created", &pull_request(8, "Oil\u{1b}[31m it")).await;
        library
    }

    pub(crate) fn after(&self, seconds: i64) {
        self.shell.clock.advance_seconds(seconds);
    }

    /// Records a delivery as the webhook function does.
    pub(crate) async fn deliver(&self, key: &str, body: &Value) {
        let body = body.to_string().into_bytes();
        let key = EventKey::parse(key).unwrap();
        let payload = Payload::parse(&body).unwrap();
        let subject = Subject::from_payload(&payload);
        let request = format!("request-{}", sha256_hex(&body));
        let mark = DeliveryMark {
            hook: "hook".to_owned(),
            request: request.clone(),
            key: key.clone(),
            body_sha256: sha256_hex(&body),
            attempt: 1,
        };
        let report = Report { signed: true, key, payload, body, hook: "hook".to_owned(), delivery: request };
        let observation = Observation::Delivery(report);
        let (table, clock, settings) = (&self.table, &*self.shell.clock, &Settings::default());
        let recorder = Recorder { table, clock, settings };
        recorder.record_delivery(&self.link, &subject, &observation, &mark).await.unwrap();
    }

    /// Imports events without folding them, which would take minutes for thousands.
    pub(crate) fn import(&self, events: &[Event]) {
        let item = |event: &Event| {
            let item = encode_event(&format!("{}#{}", event.link, event.subject), event).unwrap().remove(0);
            serde_json::from_value(serde_json::to_value(item).unwrap()).unwrap()
        };
        let items = events.iter().map(item).collect();
        self.database.import_items("bitrelay", items, dynoxide::ImportOptions::default()).unwrap();
    }

    /// Records the comments of a poll as the poller does.
    pub(crate) async fn poll(&self, id: u64, comments: &[Value]) {
        let subject: Subject = format!("pullrequest/0a1b/{id}").parse().unwrap();
        let state = self.table.read(&self.link, &subject).await.unwrap();
        let observation = Observation::PullRequest(PullRequestObservation::Poll(PullRequestPoll {
            repository: None,
            base_version: state.version,
            started_at: self.shell.clock.now().saturating_sub(SignedDuration::from_secs(1)).unwrap(),
            pull_request: None,
            head: None,
            comments: Listing::new(comments.iter().cloned().map(Document::new).collect(), true),
            tasks: Some(Listing::new(Vec::new(), true)),
        }));
        let (table, clock, settings) = (&self.table, &*self.shell.clock, &Settings::default());
        let recorder = Recorder { table, clock, settings };
        recorder.record_on(state, &self.link, &subject, &observation).await.unwrap();
    }
}

pub(crate) fn pull_request(id: u64, title: &str) -> Value {
    let alice = json!({ "display_name": "alice", "uuid": "{a11ce}" });
    json!({
        "actor": alice,
        "repository": { "uuid": "{0a1b}", "full_name": "acme/widgets", "workspace": { "slug": "acme" } },
        "pullrequest": {
            "id": id, "title": title, "state": "OPEN", "author": alice,
            "source": { "branch": { "name": "gear" } }, "destination": { "branch": { "name": "main" } },
            "reviewers": [], "participants": [],
            "created_on": time("2026-11-24T10:00:00Z"), "updated_on": time("2026-11-24T10:00:00Z"),
        },
    })
}

pub(crate) fn comment(id: u64, text: &str, updated_on: &str) -> Value {
    json!({
        "id": id, "content": { "raw": text }, "user": { "display_name": "bob" },
        "created_on": "2026-11-24T10:00:10Z", "updated_on": updated_on,
    })
}

/// A folder of one test. It is deleted with it.
pub(crate) struct Folder(std::path::PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("bitrelay-{name}-{}", std::process::id())))
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
