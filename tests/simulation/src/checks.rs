//! The guarantees, checked when a history is over: G2, G5 to G9. The ledger checks G3 and G4.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use relay::state::PullRequestState;
use relay::{Event, Subject};
use serde_json::Value;
use sha2::{Digest, Sha256};
use simulator::world::Refusal;
use store::SubjectLog as _;

use crate::ledger::{Published, name};
use crate::stage::{REPOSITORY, Stage};
use crate::time::{Second, second};

/// The most events of one subject that are read.
const MAX_EVENTS: usize = 10_000;

/// Comments or tasks by their ids: the hash of the text, and true if resolved.
type Items = BTreeMap<u64, (Option<String>, bool)>;

/// A pull request as Bitbucket shows it.
struct Truth {
    subject: Subject,
    shown: Value,
    comments: Items,
    tasks: Items,
}

/// Checks everything that must hold at the end. Gives the number of events in the log, and of comments and tasks that
/// were published again after their deletion was.
///
/// # Errors
///
/// The first guarantee that does not hold.
pub(crate) async fn check(stage: &Stage, end: Second) -> Result<(usize, usize), String> {
    if let Some(broken) = stage.broken() {
        return Err(broken);
    }
    check_hours(stage)?;
    check_acknowledged(stage)?;
    let mut events = Vec::new();
    let truths = read_truths(stage).map_err(|refusal| refusal.to_string())?;
    for truth in &truths {
        let log = stage.table.events(&stage.link, &truth.subject, 0, MAX_EVENTS).await;
        let log = log.map_err(|error| error.to_string())?;
        check_order(&truth.subject, &log)?;
        stage.story(|| format!("the log of {}", truth.subject));
        for event in &log {
            stage.story(|| line(event));
        }
        events.extend(log);
        let known = stage.table.read(&stage.link, &truth.subject).await.map_err(|error| error.to_string())?;
        let pr = known.pull_request().ok_or_else(|| format!("G9: no state of {}", truth.subject))?;
        check_state(pr, truth)?;
    }
    check_builds(stage, truths.first()).await?;
    check_published(stage, &events)?;
    let by_item = published_by_item(&events);
    stage.ledger().check(&by_item, &stage.plan, end)?;
    let created =
        |published: &&Vec<Published>| published.iter().filter(|one| one.what == "created").count() > 1;
    Ok((events.len(), by_item.values().filter(created).count()))
}

/// An event of the log as a line of the story.
fn line(event: &Event) -> String {
    let item =
        published(event).map(|(id, published)| format!(" {id} {:?}", published.text)).unwrap_or_default();
    let (sequence, key, source) = (event.sequence, event.key.as_str(), event.source);
    format!("  {sequence} {key}{item} {source:?}, observed at {}", second(event.observed_at))
}

/// G2: each build whose start was acknowledged is in the log of its commit.
async fn check_builds(stage: &Stage, any: Option<&Truth>) -> Result<(), String> {
    let builds = stage.ledger().builds().clone();
    let Some(repository) = any.and_then(|truth| truth.subject.repository()) else { return Ok(()) };
    let mut in_log = BTreeSet::new();
    for hash in builds.values().collect::<BTreeSet<_>>() {
        let subject = Subject::Commit { repository: repository.clone(), hash: hash.clone() };
        let log = stage.table.events(&stage.link, &subject, 0, MAX_EVENTS).await;
        let log = log.map_err(|error| error.to_string())?;
        check_order(&subject, &log)?;
        in_log.extend(log.iter().filter_map(|event| {
            let payload: Value = serde_json::from_slice(&event.payload).ok()?;
            payload["commit_status"]["key"].as_str().map(str::to_owned)
        }));
    }
    match builds.keys().find(|key| !in_log.contains(*key)) {
        Some(key) => Err(format!("G2: the start of build {key} was acknowledged and is not in the log")),
        None => Ok(()),
    }
}

/// G8: in no rolling hour are more calls made than the limit allows.
fn check_hours(stage: &Stage) -> Result<(), String> {
    let calls: Vec<_> = stage.bitbucket.calls().into_iter().map(|call| call.at).collect();
    let limit = usize::try_from(stage.plan.limits.calls_per_hour).unwrap_or(usize::MAX);
    let over = calls
        .iter()
        .zip(calls.iter().skip(limit))
        .find(|(first, last)| last.duration_since(**first) < SignedDuration::from_hours(1));
    match over {
        Some((first, last)) => {
            Err(format!("G8: more than {limit} calls from second {} to {}", second(*first), second(*last)))
        }
        None => Ok(()),
    }
}

/// G2: each delivery that was answered 2xx is in the table.
fn check_acknowledged(stage: &Stage) -> Result<(), String> {
    let mut stored = BTreeSet::new();
    for item in stage.table.items() {
        if let Some(serde_dynamo::AttributeValue::S(request)) = item.get("request") {
            stored.insert(request.clone());
        }
    }
    let acknowledged = stage.acknowledged.borrow();
    match acknowledged.iter().find(|requests| requests.is_disjoint(&stored)) {
        Some(requests) => Err(format!("G2: {requests:?} was acknowledged and is not stored")),
        None => Ok(()),
    }
}

/// G6: no gap; G5: no id twice.
fn check_order(subject: &Subject, log: &[Event]) -> Result<(), String> {
    for (place, event) in log.iter().enumerate() {
        if event.sequence != place as u64 + 1 {
            return Err(format!("G6: event {} of {subject} is at place {}", event.sequence, place + 1));
        }
    }
    let ids: BTreeSet<_> = log.iter().map(|event| &event.id).collect();
    if ids.len() == log.len() { Ok(()) } else { Err(format!("G5: an id is in the log of {subject} twice")) }
}

/// G7: each event in the log is on the bus or in the dead-letter queue.
fn check_published(stage: &Stage, events: &[Event]) -> Result<(), String> {
    let (published, parked) = stage.subscriber.ids();
    let out: BTreeSet<&str> = published.iter().chain(&parked).map(String::as_str).collect();
    match events.iter().find(|event| !out.contains(event.id.as_str())) {
        Some(event) => {
            Err(format!("G7: event {} ({}) is neither on the bus nor parked", event.sequence, event.key))
        }
        None => Ok(()),
    }
}

/// G9: the state equals Bitbucket's.
fn check_state(state: &PullRequestState, truth: &Truth) -> Result<(), String> {
    let differs = |what: &str, state: &dyn std::fmt::Debug, truth: &dyn std::fmt::Debug| {
        Err(format!("G9: {what}: the state has {state:?}, Bitbucket has {truth:?}"))
    };
    for pointer in ["/title", "/state", "/queued", "/source/commit/hash"] {
        let (known, shown) = (state.snapshot.pointer(pointer), truth.shown.pointer(pointer));
        if known != shown {
            return differs(&format!("{pointer} of {}", truth.subject), &known, &shown);
        }
    }
    let (known, shown) = (approvals(&state.snapshot), approvals(&truth.shown));
    if known != shown {
        return differs(&format!("approvals of {}", truth.subject), &known, &shown);
    }
    let comments = state.comments.iter().filter(|(_, comment)| !comment.deleted).map(|(id, comment)| {
        let hash = comment.standing().and_then(|standing| standing.hash.clone());
        (id.0, (hash, comment.resolution.is_some()))
    });
    let tasks = state.tasks.iter().filter(|(_, task)| !task.deleted);
    let tasks = tasks.map(|(id, task)| (id.0, (task.revision.hash.clone(), task.resolution.is_some())));
    let (comments, tasks): (Items, Items) = (comments.collect(), tasks.collect());
    if comments != truth.comments {
        return differs(&format!("comments of {}", truth.subject), &comments, &truth.comments);
    }
    if tasks != truth.tasks {
        return differs(&format!("tasks of {}", truth.subject), &tasks, &truth.tasks);
    }
    Ok(())
}

/// The accounts that approve.
fn approvals(shown: &Value) -> BTreeSet<String> {
    let participants = shown["participants"].as_array().into_iter().flatten();
    let approving = participants.filter(|one| one["approved"] == true);
    approving.filter_map(|one| one["user"]["uuid"].as_str().map(str::to_owned)).collect()
}

fn read_truths(stage: &Stage) -> Result<Vec<Truth>, Refusal> {
    let ledger = stage.ledger();
    let item = |shown: &Value, is_resolved: bool| {
        let id = shown["id"].as_u64().unwrap_or_default();
        // Answers may write the text in another form.
        (id, (ledger.text(id).map(content_hash), is_resolved))
    };
    stage.bitbucket.with_world(|world| {
        let repository = world.find_repository("acme", REPOSITORY)?;
        let uuid = world.read_repository(repository)?["uuid"].as_str().unwrap_or_default().to_owned();
        let mut truths = Vec::new();
        for shown in world.read_pull_requests(repository)? {
            let id = shown["id"].as_u64().unwrap_or_default();
            let subject = format!("pullrequest/{}/{id}", uuid.trim_matches(['{', '}']));
            let comments = world.read_comments(repository, id)?;
            let comments = comments.iter().filter(|comment| comment["deleted"] != true);
            let tasks = world.read_tasks(repository, id)?;
            truths.push(Truth {
                subject: subject.parse().map_err(|_| Refusal::NotFound(subject))?,
                comments: comments
                    .map(|comment| item(comment, comment.get("resolution").is_some()))
                    .collect(),
                tasks: tasks.iter().map(|task| item(task, task["state"] == "RESOLVED")).collect(),
                shown: world.read_pull_request(repository, id)?,
            });
        }
        Ok(truths)
    })
}

/// The hash that a state keeps of a text.
fn content_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    hex::encode(digest.iter().take(16).copied().collect::<Vec<u8>>())
}

/// The events about each comment and task, in order.
fn published_by_item(events: &[Event]) -> BTreeMap<u64, Vec<Published>> {
    let mut by_item: BTreeMap<u64, Vec<Published>> = BTreeMap::new();
    for event in events {
        let Some((id, published)) = published(event) else { continue };
        by_item.entry(id).or_default().push(published);
    }
    by_item
}

fn published(event: &Event) -> Option<(u64, Published)> {
    let payload: Value = serde_json::from_slice(&event.payload).ok()?;
    let is_task = event.key.as_str().contains(":task_");
    let item = payload.get(if is_task { "task" } else { "comment" })?;
    let (_, what) = event.key.as_str().rsplit_once('_')?;
    let text = name(item["content"]["raw"].as_str().unwrap_or_default()).to_owned();
    Some((item["id"].as_u64()?, Published { what: what.to_owned(), text, at: second(event.observed_at) }))
}
