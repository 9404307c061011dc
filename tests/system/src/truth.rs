//! Compares Bitbucket with the stored state, and with the log as a consumer replays it from the start.

use std::collections::{BTreeMap, BTreeSet};

use relay::Event;
use relay::state::PullRequestState;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::setup::Pr;
use crate::world::World;

/// Comments or tasks by id: the hash of the text, and true if it is resolved.
pub type Items = BTreeMap<u64, (Option<String>, bool)>;

/// The comments and tasks of a pull request at Bitbucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// The comments that are not deleted.
    pub comments: Items,
    /// The tasks.
    pub tasks: Items,
    /// The texts of both, by id.
    pub texts: BTreeMap<u64, String>,
}

impl Truth {
    /// Reads them from Bitbucket.
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

/// The comments and tasks in the stored state that are not deleted.
pub fn stored_items(state: &PullRequestState) -> (Items, Items) {
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

/// Checks everything that must hold once Bitbucket is quiet.
///
/// # Errors
///
/// A description of the first check that fails.
pub async fn check(world: &World, pr: Pr) -> Result<(), String> {
    check_order(&world.log(pr).await)?;
    check_content(world, pr).await
}

/// Checks everything but the sequence, in which a restore leaves a gap.
///
/// # Errors
///
/// A description of the first check that fails.
pub async fn check_content(world: &World, pr: Pr) -> Result<(), String> {
    let log = world.log(pr).await;
    let truth = Truth::of(world, pr).await;
    let (comments, tasks) = stored_items(&world.state(pr).await);
    same("comments", &comments, &truth.comments)?;
    same("tasks", &tasks, &truth.tasks)?;
    check_published(&log, &truth)?;
    check_once(&log)
}

fn same(kind: &str, stored: &Items, truth: &Items) -> Result<(), String> {
    let keys: BTreeSet<_> = stored.keys().chain(truth.keys()).collect();
    let different = keys.into_iter().filter(|id| stored.get(id) != truth.get(id));
    let lines: Vec<_> = different
        .map(|id| format!("  {id}: stored {:?}, at Bitbucket {:?}", stored.get(id), truth.get(id)))
        .collect();
    if lines.is_empty() {
        Ok(())
    } else {
        Err(format!("the stored {kind} differ from Bitbucket's:\n{}", lines.join("\n")))
    }
}

/// G6: no gap; G5: no id twice.
fn check_order(log: &[Event]) -> Result<(), String> {
    for (index, event) in log.iter().enumerate() {
        if event.sequence != index as u64 + 1 {
            return Err(format!("event {} is at position {} of the log", event.sequence, index + 1));
        }
    }
    let ids: BTreeSet<_> = log.iter().map(|event| &event.id).collect();
    if ids.len() == log.len() { Ok(()) } else { Err("an event id is in the log twice".to_owned()) }
}

/// G3, G4: every current text was published. G9: the log, read in order, ends with the current state.
fn check_published(log: &[Event], truth: &Truth) -> Result<(), String> {
    let mut published: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    let mut again = BTreeSet::new();
    let mut resolved: BTreeMap<u64, bool> = BTreeMap::new();
    let mut newest: BTreeMap<u64, Option<String>> = BTreeMap::new();
    for event in log {
        let Some(item) = item_of(event) else { continue };
        let id = item["id"].as_u64().unwrap();
        published.entry(id).or_default().insert(text(&item).to_owned());
        match event.key.as_str().rsplit_once('_').unwrap().1 {
            "deleted" => {
                gone.insert(id);
                again.remove(&id);
            }
            // After wrong answers, it is published again.
            "created" if gone.contains(&id) => drop(again.insert(id)),
            // A report may be late. Its payload has the time of the resolution, so a consumer can skip an older one.
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
        if !published.get(id).is_some_and(|published| published.contains(text)) {
            return Err(format!("{id} has the text {text:?}, which was never published"));
        }
        if gone.contains(id) && !again.contains(id) {
            return Err(format!("{id} exists, but its deletion was published"));
        }
    }
    for (id, (_, is_resolved)) in truth.comments.iter().chain(&truth.tasks) {
        if resolved.get(id).copied().unwrap_or(false) != *is_resolved {
            return Err(format!("{id}: resolved is {is_resolved} at Bitbucket, but not by the log"));
        }
    }
    let missing = published.keys().filter(|id| !truth.texts.contains_key(id) && !gone.contains(id));
    match missing.copied().next() {
        Some(id) => Err(format!("{id} is gone, but its deletion was never published")),
        None => Ok(()),
    }
}

/// G5: the creation and the deletion of a comment or task are published once, or in turn.
fn check_once(log: &[Event]) -> Result<(), String> {
    let mut last = BTreeMap::new();
    for event in log {
        let Some(item) = item_of(event) else { continue };
        let (key, id) = (event.key.as_str().to_owned(), item["id"].as_u64());
        let once = key.ends_with("_created") || key.ends_with("_deleted");
        if once && last.insert(id, key.clone()).as_ref() == Some(&key) {
            return Err(format!("{key} of {id:?} was published twice"));
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

/// Time of the resolution in the payload.
fn resolved_on(item: &Value) -> Option<String> {
    let at = item.pointer("/resolution/created_on").or_else(|| item.get("resolved_on"))?;
    at.as_str().map(str::to_owned)
}

fn text(item: &Value) -> &str {
    item.pointer("/content/raw").and_then(Value::as_str).unwrap_or_default()
}

/// Hash of a text, as the state stores it.
fn hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}
