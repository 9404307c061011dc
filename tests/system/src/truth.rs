//! What Bitbucket holds, compared with what is known of it: the state, and what the log tells to somebody who reads it
//! from the start.

use std::collections::{BTreeMap, BTreeSet};

use relay::Event;
use relay::state::PullRequestState;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::setup::Pr;
use crate::world::World;

/// A comment or a task: the hash of its text, and whether it is resolved.
pub type Items = BTreeMap<u64, (Option<String>, bool)>;

/// What Bitbucket holds of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// The comments that stand.
    pub comments: Items,
    /// The tasks that are there.
    pub tasks: Items,
    /// The texts of both.
    pub texts: BTreeMap<u64, String>,
}

impl Truth {
    /// Asks Bitbucket.
    pub async fn of(world: &World, pr: Pr) -> Self {
        let reader = world.member("carol", pr.repo);
        let comments = reader.reads_all(pr, "comments").await;
        let comments: Vec<_> = comments.into_iter().filter(|comment| comment["deleted"] != true).collect();
        let tasks = reader.reads_all(pr, "tasks").await;
        let item =
            |item: &Value, resolved| (item["id"].as_u64().unwrap(), (Some(hash(text(item))), resolved));
        let texts = comments.iter().chain(&tasks);
        Self {
            texts: texts.map(|item| (item["id"].as_u64().unwrap(), text(item).to_owned())).collect(),
            comments: comments
                .iter()
                .map(|comment| item(comment, comment.get("resolution").is_some()))
                .collect(),
            tasks: tasks.iter().map(|task| item(task, task["state"] == "RESOLVED")).collect(),
        }
    }
}

/// The comments and tasks that stand by what is known.
pub fn known(state: &PullRequestState) -> (Items, Items) {
    let comments = state.comments.iter().filter(|(_, comment)| !comment.deleted).map(|(id, comment)| {
        (id.0, (comment.standing().and_then(|standing| standing.hash.clone()), comment.resolution.is_some()))
    });
    let tasks = state
        .tasks
        .iter()
        .filter(|(_, task)| !task.deleted)
        .map(|(id, task)| (id.0, (task.revision.hash.clone(), task.resolution.is_some())));
    (comments.collect(), tasks.collect())
}

/// Everything that must hold once Bitbucket is quiet; the first thing that does not, in words.
///
/// # Errors
///
/// What does not hold.
pub async fn check(world: &World, pr: Pr) -> Result<(), String> {
    let log = world.log(pr).await;
    check_order(&log)?;
    let truth = Truth::of(world, pr).await;
    let (comments, tasks) = known(&world.state(pr).await);
    same("comments", &comments, &truth.comments)?;
    same("tasks", &tasks, &truth.tasks)?;
    check_told(&log, &truth)?;
    check_once(&log)
}

fn same(what: &str, known: &Items, truth: &Items) -> Result<(), String> {
    let keys: BTreeSet<_> = known.keys().chain(truth.keys()).collect();
    let different = keys.into_iter().filter(|id| known.get(id) != truth.get(id));
    let lines: Vec<_> = different
        .map(|id| format!("  {id}: known {:?}, in truth {:?}", known.get(id), truth.get(id)))
        .collect();
    if lines.is_empty() { Ok(()) } else { Err(format!("{what} are known wrongly:\n{}", lines.join("\n"))) }
}

/// G6: no gap; G5: no id twice.
fn check_order(log: &[Event]) -> Result<(), String> {
    for (place, event) in log.iter().enumerate() {
        if event.sequence != place as u64 + 1 {
            return Err(format!("event {} is at place {}", event.sequence, place + 1));
        }
    }
    let ids: BTreeSet<_> = log.iter().map(|event| &event.id).collect();
    if ids.len() == log.len() { Ok(()) } else { Err("an event id is in the log twice".to_owned()) }
}

/// G3, G4: what stands was told, text for text; G9: the log, read in order, ends with what stands.
fn check_told(log: &[Event], truth: &Truth) -> Result<(), String> {
    let mut told: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    let mut resolved: BTreeMap<u64, bool> = BTreeMap::new();
    let mut newest: BTreeMap<u64, Option<String>> = BTreeMap::new();
    for event in log {
        let Some(item) = item_of(event) else { continue };
        let id = item["id"].as_u64().unwrap();
        told.entry(id).or_default().insert(text(&item).to_owned());
        match event.key.as_str().rsplit_once('_').unwrap().1 {
            "deleted" => drop(gone.insert(id)),
            // A report may be late; it says when it was, and what is older changes nothing for who reads that.
            "resolved" if resolved_on(&item) < newest.get(&id).cloned().flatten() => {}
            "resolved" => {
                newest.insert(id, resolved_on(&item));
                resolved.insert(id, true);
            }
            "reopened" => drop(resolved.insert(id, false)),
            _ => {}
        }
    }
    for (id, text) in &truth.texts {
        if !told.get(id).is_some_and(|told| told.contains(text)) {
            return Err(format!("{id} stands as {text:?}, which was never told"));
        }
        if gone.contains(id) {
            return Err(format!("{id} stands, and was told to be deleted"));
        }
    }
    for (id, (_, stands)) in truth.comments.iter().chain(&truth.tasks) {
        if resolved.get(id).copied().unwrap_or(false) != *stands {
            return Err(format!("{id} is resolved: {stands}, the log ends otherwise"));
        }
    }
    let left = told.keys().filter(|id| !truth.texts.contains_key(id) && !gone.contains(id));
    match left.copied().next() {
        Some(id) => Err(format!("{id} is not there any more, which was never told")),
        None => Ok(()),
    }
}

/// G5: what happens once in the life of a comment or task is told once.
fn check_once(log: &[Event]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for event in log {
        let Some(item) = item_of(event) else { continue };
        let fact = (event.key.as_str().to_owned(), item["id"].as_u64());
        let once = fact.0.ends_with("_created") || fact.0.ends_with("_deleted");
        if once && !seen.insert(fact.clone()) {
            return Err(format!("{fact:?} was told twice"));
        }
    }
    Ok(())
}

/// The comment or task in an event's payload.
fn item_of(event: &Event) -> Option<Value> {
    let mut payload: Value = serde_json::from_slice(&event.payload).unwrap();
    let name = ["comment", "task"].into_iter().find(|name| payload.get(name).is_some())?;
    Some(payload[name].take())
}

/// When it was resolved, by the payload.
fn resolved_on(item: &Value) -> Option<String> {
    let at = item.pointer("/resolution/created_on").or_else(|| item.get("resolved_on"))?;
    at.as_str().map(str::to_owned)
}

fn text(item: &Value) -> &str {
    item.pointer("/content/raw").and_then(Value::as_str).unwrap_or_default()
}

/// The hash that a state keeps of a text.
fn hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}
