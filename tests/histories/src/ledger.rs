//! What was done in Bitbucket, kept apart from it, and what must have come of it.

use std::collections::BTreeMap;

use crate::hub::{Hub, Second, raw, time};
use crate::plan::{MARGIN, Plan};
use crate::table::{Table, Told, pull_request};

/// How long after the end of window and margin the last look may come: clocks that differ, the next run, and polls that break
/// off.
const SLACK: Second = 240;

/// A text that a comment or task was given.
#[derive(Debug, Clone)]
struct Version {
    at: Second,
    text: String,
    /// Whether Bitbucket tells nothing of it.
    silent: bool,
    /// Whether its webhook arrived at once.
    reported: bool,
}

/// The life of a comment or task.
#[derive(Debug, Clone, Default)]
struct Life {
    is_task: bool,
    versions: Vec<Version>,
    toggles: usize,
    deleted_at: Option<Second>,
}

/// Everything that was done.
#[derive(Debug, Default)]
pub struct Ledger {
    lives: BTreeMap<u64, Life>,
}

impl Ledger {
    /// A comment or task was made.
    pub fn made(&mut self, id: u64, is_task: bool, text: &str, at: Second, reported: bool) {
        let first = Version { at, text: text.to_owned(), silent: is_task, reported };
        self.lives.insert(id, Life { is_task, versions: vec![first], ..Life::default() });
    }

    /// It was given another text.
    pub fn edited(&mut self, id: u64, text: &str, at: Second, silent: bool, reported: bool) {
        if let Some(life) = self.lives.get_mut(&id) {
            life.versions.push(Version { at, text: text.to_owned(), silent, reported });
        }
    }

    /// It was resolved or reopened.
    pub fn toggled(&mut self, id: u64) {
        if let Some(life) = self.lives.get_mut(&id) {
            life.toggles += 1;
        }
    }

    /// It was deleted.
    pub fn deleted(&mut self, id: u64, at: Second) {
        if let Some(life) = self.lives.get_mut(&id) {
            life.deleted_at = Some(at);
        }
    }

    /// The texts that it had, the standing one last.
    pub fn texts(&self, id: u64) -> Vec<String> {
        let versions = self.lives.get(&id).map(|life| &life.versions);
        versions.into_iter().flatten().map(|version| version.text.clone()).collect()
    }

    /// What must hold in the end of what was told; the first thing that does not.
    ///
    /// # Errors
    ///
    /// What does not hold, in words.
    pub fn check(&self, table: &Table, plan: &Plan, end: Second) -> Result<(), String> {
        let mut told: BTreeMap<u64, Vec<(&Told, Second)>> = BTreeMap::new();
        for (one, at) in &table.told {
            let at = at.duration_since(time(0)).as_secs();
            told.entry(one.id).or_default().push((one, at));
        }
        for (id, life) in &self.lives {
            let told = told.get(id).map(Vec::as_slice).unwrap_or_default();
            life.check(told, plan).map_err(|wrong| format!("{id}: {wrong}\n  {life:?}\n  told {told:?}"))?;
            if plan.is_ample() {
                let late = life.check_deadlines(told, plan, end);
                late.map_err(|wrong| format!("{id}: {wrong}\n  {life:?}\n  told {told:?}"))?;
            }
        }
        Ok(())
    }
}

impl Life {
    /// G3, G4: what stands was told; what was told and is gone was told to be gone. G5: nothing was told more often than it
    /// happened.
    fn check(&self, told: &[(&Told, Second)], plan: &Plan) -> Result<(), String> {
        let guarantee = if self.is_task { "G4" } else { "G3" };
        let count = |what: &str| told.iter().filter(|(told, _)| told.what == what).count();
        if let (Some(standing), None) = (self.versions.last(), self.deleted_at)
            && !told.iter().any(|(told, _)| told.text == standing.text)
        {
            return Err(format!("{guarantee}: it stands as {:?}, which was never told", standing.text));
        }
        match (self.deleted_at, count("deleted")) {
            (None, 1..) => return Err(format!("{guarantee}: it stands, and was told to be gone")),
            (Some(_), 0) if !told.is_empty() => {
                return Err(format!("{guarantee}: it is gone, which was never told"));
            }
            _ => {}
        }
        if count("created") > 1 || count("deleted") > 1 {
            return Err("G5: what happens once was told twice".to_owned());
        }
        if count("resolved") > self.toggles.div_ceil(2) + usize::from(!self.is_task) * self.toggles {
            return Err(format!("G5: {} resolutions of {} changes", count("resolved"), self.toggles));
        }
        // Where a silent edit moves no time, a late report of the edit before it looks as new as what a poll has found: the log
        // then says both again. It can happen once for each report.
        let reports = self.versions.iter().skip(1).filter(|version| !version.silent).count();
        let again = if plan.rules.silent_edit_moves_comment { 0 } else { reports };
        for (edit, _) in told.iter().filter(|(told, _)| told.what == "updated") {
            let edits = self.versions.iter().filter(|version| version.text == edit.text).count();
            let times =
                told.iter().filter(|(told, _)| told.what == "updated" && told.text == edit.text).count();
            if times > edits + again {
                return Err(format!("G5: {:?} was told {times} times, made {edits} times", edit.text));
            }
        }
        Ok(())
    }

    /// G3: a silent edit that stands when its window and margin have passed is told soon after, if somebody was there to look.
    fn check_deadlines(&self, told: &[(&Told, Second)], plan: &Plan, end: Second) -> Result<(), String> {
        if self.is_task {
            return Ok(());
        }
        let created = self.versions.first().map_or(0, |version| version.at);
        // Whose report got lost, nobody knows that there is anything to watch.
        let is_known = |version: &Version| version.silent || version.reported;
        let known = self.versions.iter().take_while(|version| is_known(version)).enumerate();
        for (place, version) in known.filter(|(_, version)| version.silent) {
            let next = self.versions.get(place + 1).map(|next| next.at);
            let until = next.or(self.deleted_at).unwrap_or(end);
            let due = version.at + plan.rules.window_seconds + MARGIN + SLACK;
            if until < due || !plan.was_up(created, due) {
                continue;
            }
            if !told.iter().any(|(told, at)| told.text == version.text && *at <= due + 30) {
                return Err(format!("G3: {:?} of second {} was not told by {due}", version.text, version.at));
            }
        }
        Ok(())
    }
}

/// G9: what is known is as it is.
///
/// # Errors
///
/// What is known wrongly, in words.
pub fn check_known(hub: &Hub, table: &Table) -> Result<(), String> {
    for pull in hub.pulls.values() {
        let subject = pull_request(pull.id);
        let state = table.read(&subject);
        let known =
            state.pull_request().cloned().ok_or_else(|| format!("G9: nothing is known of {}", pull.id))?;
        let field =
            |name: &str| known.snapshot.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        if (field("title"), field("state")) != pull.title_and_state() {
            let truth = pull.title_and_state();
            return Err(format!("G9: {} is {truth:?}, and known as {}", pull.id, known.snapshot));
        }
        let comments = known.comments.iter().filter(|(_, comment)| !comment.deleted);
        let comments: Items = comments
            .map(|(id, comment)| {
                let hash = comment.standing().and_then(|standing| standing.hash.clone());
                (id.0, (hash, comment.resolution.is_some()))
            })
            .collect();
        let shown = pull.listed_comments();
        let shown = shown
            .iter()
            .filter_map(|comment| Some((comment.id()?.0, comment.resolution.is_some(), raw(&comment.raw))));
        compare("comments", pull.id, &comments, shown)?;
        let tasks = known.tasks.iter().filter(|(_, task)| !task.deleted);
        let tasks = tasks.map(|(id, task)| (id.0, (task.revision.hash.clone(), task.resolution.is_some())));
        let shown =
            pull.tasks.values().filter_map(|task| Some((task.id()?.0, task.resolved(), raw(&task.raw))));
        compare("tasks", pull.id, &tasks.collect(), shown)?;
    }
    Ok(())
}

/// Comments or tasks by their ids: the hash of the text, and whether they are resolved.
type Items = BTreeMap<u64, (Option<String>, bool)>;

fn compare<'s>(
    what: &str,
    pull: u64,
    known: &Items,
    shown: impl Iterator<Item = (u64, bool, &'s str)>,
) -> Result<(), String> {
    let shown: Items = shown.map(|(id, resolved, text)| (id, (Some(content_hash(text)), resolved))).collect();
    if *known == shown {
        return Ok(());
    }
    Err(format!("G9: {what} of {pull} are known as {known:?}, and are {shown:?}"))
}

/// The hash that a state keeps of a text.
fn content_hash(text: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(text.as_bytes());
    hex::encode(digest.iter().take(16).copied().collect::<Vec<u8>>())
}
