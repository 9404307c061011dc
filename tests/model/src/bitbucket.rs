//! A simulated Bitbucket, at each moment of a fixed history: the webhooks that it sends, and the answers of its API.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bitbucket::client::Api;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use relay::Subject;
use serde_json::Value;
use simulator::world::{
    self, BuildState, ContentInput, Done, EndpointInput, HookInput, NewComment, NewPullRequest, NewTask,
    Refusal, SecretInput, StatusInput, Webhook, World, pull_request_events,
};
use simulator::{ClockStart, InProcess};

/// Second 0 of every history.
const START: &str = "2026-11-24T10:00:00Z";

/// The secret of every webhook.
pub(crate) const SECRET: &str = "a secret of the model";

const REPOSITORY: &str = "widgets";

/// Largest answer that is carried.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Something that a person or a build server does. Comments are numbered in their order, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Opens the pull request.
    Open,
    /// Comments on it.
    Comment(&'static str),
    /// Edits a comment.
    Edit(usize, &'static str),
    /// Deletes a comment.
    Delete(usize),
    /// Adds a task.
    AddTask(&'static str),
    /// Reports that a build of its head was successful.
    Build,
}

/// An act, and its second.
pub type Timed = (i64, Act);

/// The time of a second.
pub(crate) fn time(second: i64) -> Timestamp {
    let start: Timestamp = START.parse().unwrap();
    start.saturating_add(SignedDuration::from_secs(second)).unwrap()
}

/// One webhook, as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// The number of the act that it reports.
    pub(crate) act: usize,
    /// The number of the hook, from 0.
    pub(crate) hook: usize,
    pub(crate) webhook: Webhook,
}

impl Sent {
    /// `comment_created`.
    pub(crate) fn short_key(&self) -> &'static str {
        self.webhook.event_key.split_once(':').map_or(self.webhook.event_key, |(_, short)| short)
    }
}

/// One answer of the API.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl From<Answered> for http::Response<Vec<u8>> {
    fn from(answered: Answered) -> Self {
        let mut response = Self::new(answered.body);
        (*response.status_mut(), *response.headers_mut()) = (answered.status, answered.headers);
        response
    }
}

/// A comment as Bitbucket shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) id: u64,
    pub(crate) text: String,
    pub(crate) deleted: bool,
}

/// A Bitbucket after each of its last acts.
#[derive(Debug)]
pub(crate) struct Bitbucket {
    /// The number of acts before the first of `moments`.
    first: usize,
    moments: Vec<InProcess>,
    answers: Mutex<HashMap<(usize, String), Answered>>,
    pub(crate) webhooks: Vec<Sent>,
    pub(crate) api: Api,
}

impl Bitbucket {
    /// A Bitbucket in which people act. It can be asked as it was after `first` acts, and after each later one.
    pub(crate) fn new(acts: &[Timed], first: usize, hooks: usize, window_seconds: u32) -> Self {
        let mut all_webhooks = Vec::new();
        let moments = (first..=acts.len()).map(|count| {
            let (bitbucket, webhooks) = after(acts.get(..count).unwrap(), hooks, window_seconds);
            all_webhooks = webhooks;
            bitbucket
        });
        let moments = moments.collect();
        let api = Api::new(&InProcess::api_url()).unwrap();
        Self { first, moments, answers: Mutex::default(), webhooks: all_webhooks, api }
    }

    fn moment(&self, acts: usize) -> &InProcess {
        &self.moments[acts - self.first]
    }

    /// The answer to a request after a number of acts.
    pub(crate) async fn answer(&self, acts: usize, request: &reqwest::Request) -> Answered {
        let url = request.url();
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let key = (acts, path.clone());
        if let Some(answered) = self.answers().get(&key) {
            return answered.clone();
        }
        let mut carried = http::Request::new(Body::empty());
        *carried.uri_mut() = path.parse().unwrap();
        *carried.headers_mut() = request.headers().clone();
        let (parts, body) = self.moment(acts).call(carried).await.into_parts();
        let body = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await.unwrap().to_vec();
        let answered = Answered { status: parts.status, headers: parts.headers, body };
        self.answers().insert(key, answered.clone());
        answered
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, HashMap<(usize, String), Answered>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The part of a path that matters in a story: `pullrequests/1/comments`. Hashes are left out.
    pub(crate) fn short_path(path: &str) -> String {
        let path = path.split(':').next().unwrap_or(path);
        path.split('/').skip(5).collect::<Vec<_>>().join("/")
    }

    /// The request of an attempt to deliver a webhook.
    pub(crate) fn delivery(&self, sent: &Sent, attempt: u32) -> http::Request<Body> {
        self.moments[0].delivery(&sent.webhook, attempt).unwrap()
    }

    /// The subject of the pull request.
    pub(crate) fn pull_request(&self) -> Subject {
        let uuid = self.moments[0].with_world(|world| {
            let repository = world.find_repository("acme", REPOSITORY).unwrap();
            world.read_repository(repository).unwrap()["uuid"].as_str().unwrap().to_owned()
        });
        format!("pullrequest/{}/1", uuid.trim_matches(['{', '}'])).parse().unwrap()
    }

    /// The comments after a number of acts.
    pub(crate) fn comments(&self, acts: usize) -> Vec<Shown> {
        let comments = self.moment(acts).with_world(|world| {
            let repository = world.find_repository("acme", REPOSITORY).unwrap();
            world.read_comments(repository, 1).unwrap()
        });
        comments.iter().map(shown).collect()
    }
}

fn shown(comment: &Value) -> Shown {
    Shown {
        id: comment["id"].as_u64().unwrap(),
        text: comment["content"]["raw"].as_str().unwrap_or_default().to_owned(),
        deleted: comment["deleted"] == true,
    }
}

/// A Bitbucket after these acts, and the webhooks that it sent. Equal acts give an equal Bitbucket.
fn after(acts: &[Timed], hooks: usize, window_seconds: u32) -> (InProcess, Vec<Sent>) {
    let begin = acts.first().map_or(0, |(second, _)| *second);
    let settings = simulator::Settings {
        seed: Some(1),
        clock: ClockStart::Manual(time(begin)),
        window_seconds: window_seconds.into(),
        ..simulator::Settings::default()
    };
    let bitbucket = InProcess::new(&settings).unwrap();
    let events: Vec<_> = pull_request_events().chain(["repo:commit_status_created"]).collect();
    let hooks: Vec<_> = (0..hooks)
        .map(|_| {
            let secret = SecretInput::Set(SECRET.to_owned());
            let hook = HookInput { secret, ..HookInput::to("http://localhost/webhook/acme", &events) };
            bitbucket.create_hook(REPOSITORY, &hook).unwrap()
        })
        .collect();
    let (mut now, mut comments, mut sent) = (begin, Vec::new(), Vec::new());
    for (number, (second, act)) in acts.iter().enumerate() {
        bitbucket.clock().advance(Duration::from_secs(u64::try_from(second - now).unwrap()));
        now = *second;
        let webhooks = carry_out(&bitbucket, *act, &mut comments);
        sent.extend(webhooks.into_iter().map(|webhook| {
            let hook = hooks.iter().position(|hook| *hook == webhook.hook_uuid).unwrap();
            Sent { act: number, hook, webhook }
        }));
    }
    (bitbucket, sent)
}

type Outcome<T> = Result<Done<T>, Refusal>;

fn carry_out(bitbucket: &InProcess, act: Act, comments: &mut Vec<u64>) -> Vec<Webhook> {
    match act {
        Act::Open => {
            let new = NewPullRequest {
                source: EndpointInput::branch("gear"),
                ..NewPullRequest::of("The gear", "gear")
            };
            done(bitbucket, |world, act| world.create_pull_request(act, &new)).1
        }
        Act::Comment(text) => {
            let new = NewComment::text(text);
            let (id, webhooks) = done(bitbucket, |world, act| world.create_comment(act, 1, &new));
            comments.push(id);
            webhooks
        }
        Act::Edit(comment, text) => {
            done(bitbucket, |world, act| world.edit_comment(act, 1, comments[comment], text)).1
        }
        Act::Delete(comment) => {
            done(bitbucket, |world, act| world.delete_comment(act, 1, comments[comment])).1
        }
        Act::AddTask(text) => {
            let new = NewTask { content: ContentInput { raw: text.to_owned() }, comment: None };
            done(bitbucket, |world, act| world.create_task(act, 1, &new)).1
        }
        Act::Build => {
            let hash = bitbucket.with_world(|world| {
                let repository = world.find_repository("acme", REPOSITORY).unwrap();
                let pr = world.read_pull_request(repository, 1).unwrap();
                pr["source"]["commit"]["hash"].as_str().unwrap().to_owned()
            });
            let status = StatusInput {
                key: Some("unit".to_owned()),
                state: Some(BuildState::Successful),
                url: Some("https://ci.example.com/1".to_owned()),
                ..StatusInput::default()
            };
            done(bitbucket, |world, act| world.set_status(act, &hash, &status)).1
        }
    }
}

fn done<T>(
    bitbucket: &InProcess,
    act: impl FnOnce(&mut World, &world::Act) -> Outcome<T>,
) -> (T, Vec<Webhook>) {
    bitbucket.act("alice", REPOSITORY, act).unwrap()
}
