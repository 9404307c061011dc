//! The acts of people, and the events that must follow from them: G3, G4 and G5 for comments and tasks.

use std::collections::BTreeMap;

use crate::plan::{MARGIN, Plan};
use crate::time::Second;

/// Seconds after window and margin until the last check must be done: clocks that differ, the next run, a crash or two.
const SLACK: Second = 240;

/// Seconds within which a webhook counts as arrived at once.
const AT_ONCE: Second = 30;

/// A text that a comment or task was given.
#[derive(Debug, Clone)]
pub struct Version {
    /// Second of the change.
    pub at: Second,
    /// The text.
    pub text: String,
    /// True if Bitbucket sends nothing about it.
    pub is_silent: bool,
    /// Second in which its webhook was acknowledged, if it was.
    pub reported_at: Option<Second>,
}

impl Version {
    /// True if bitrelay must know of it soon: it is silent and found by polls, or its webhook arrived at once.
    fn is_known_soon(&self) -> bool {
        self.is_silent || self.reported_at.is_some_and(|at| at <= self.at + AT_ONCE)
    }
}

/// A version of a comment: the comment's id and the version's place.
pub type VersionId = (u64, usize);

/// The part of a text that names it: its first line. The rest is there to be written in two forms, or to be long.
pub(crate) fn name(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// One event of the log about a comment or task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The end of the event's key: `created`, `updated`...
    pub what: String,
    /// The name of its text.
    pub text: String,
    /// Second in which it was stored, by the clock of the function that stored it.
    pub at: Second,
}

/// The life of a comment or task.
#[derive(Debug, Clone, Default)]
struct Life {
    is_task: bool,
    versions: Vec<Version>,
    toggles: usize,
    deleted_at: Option<Second>,
    /// True if answers lacked it although it existed, also those to lookups.
    has_vanished: bool,
}

/// Everything that was done.
#[derive(Debug, Default)]
pub struct Ledger {
    lives: BTreeMap<u64, Life>,
    /// The commits of builds whose start was acknowledged, by the key of the build.
    builds: BTreeMap<String, String>,
}

impl Ledger {
    /// A comment or task was made, or given another text.
    pub fn add(&mut self, id: u64, is_task: bool, version: Version) -> VersionId {
        let life = self.lives.entry(id).or_insert_with(|| Life { is_task, ..Life::default() });
        life.versions.push(version);
        (id, life.versions.len() - 1)
    }

    /// The webhook of a version was acknowledged.
    pub fn reported(&mut self, (id, place): VersionId, at: Second) {
        let version = self.lives.get_mut(&id).and_then(|life| life.versions.get_mut(place));
        if let Some(version) = version {
            version.reported_at = Some(version.reported_at.map_or(at, |earlier| earlier.min(at)));
        }
    }

    /// It was resolved or reopened.
    pub fn toggled(&mut self, id: u64) {
        if let Some(life) = self.lives.get_mut(&id) {
            life.toggles += 1;
        }
    }

    /// The number of times it was resolved or reopened.
    pub fn toggles(&self, id: u64) -> usize {
        self.lives.get(&id).map_or(0, |life| life.toggles)
    }

    /// It was deleted.
    pub fn deleted(&mut self, id: u64, at: Second) {
        if let Some(life) = self.lives.get_mut(&id) {
            life.deleted_at = Some(at);
        }
    }

    /// Answers lack it for a while, also those to lookups.
    pub fn vanishes(&mut self, id: u64) {
        if let Some(life) = self.lives.get_mut(&id) {
            life.has_vanished = true;
        }
    }

    /// The comments and tasks that exist.
    pub fn standing(&self) -> Vec<u64> {
        let standing = self.lives.iter().filter(|(_, life)| life.deleted_at.is_none());
        standing.map(|(id, _)| *id).collect()
    }

    /// The start of a build was acknowledged.
    pub fn build_started(&mut self, key: String, commit: String) {
        self.builds.insert(key, commit);
    }

    /// The commits of builds whose start was acknowledged, by the key of the build.
    pub const fn builds(&self) -> &BTreeMap<String, String> {
        &self.builds
    }

    /// The present text.
    pub fn text(&self, id: u64) -> Option<&str> {
        self.lives.get(&id)?.versions.last().map(|version| version.text.as_str())
    }

    /// The texts that it had, the present one last.
    pub fn texts(&self, id: u64) -> Vec<String> {
        let versions = self.lives.get(&id).map(|life| &life.versions);
        versions.into_iter().flatten().map(|version| version.text.clone()).collect()
    }

    /// Compares the lives with the log, by the id of the comment or task.
    ///
    /// # Errors
    ///
    /// The first guarantee that does not hold.
    pub fn check(&self, log: &BTreeMap<u64, Vec<Published>>, plan: &Plan, end: Second) -> Result<(), String> {
        for (id, life) in &self.lives {
            let published = log.get(id).map(Vec::as_slice).unwrap_or_default();
            let mut outcome = life.check(published, plan);
            if plan.is_ample() {
                outcome = outcome.and_then(|()| life.check_deadlines(published, plan, end));
            }
            outcome.map_err(|broken| format!("{id}: {broken}\n  {life:?}\n  published {published:?}"))?;
        }
        Ok(())
    }
}

impl Life {
    /// G3 and G4: what stands was published, and so was each deletion. G5: nothing was published more often than it
    /// happened.
    fn check(&self, published: &[Published], plan: &Plan) -> Result<(), String> {
        let guarantee = if self.is_task { "G4" } else { "G3" };
        let count = |what: &str| published.iter().filter(|event| event.what == what).count();
        if let (Some(standing), None) = (self.versions.last(), self.deleted_at)
            && !published.iter().any(|event| event.text == name(&standing.text))
        {
            return Err(format!("{guarantee}: its text {:?} was never published", name(&standing.text)));
        }
        if self.deleted_at.is_some() && count("deleted") == 0 && !published.is_empty() {
            return Err(format!("{guarantee}: its deletion was never published"));
        }
        self.check_existence(published, guarantee)?;
        if count("resolved") > self.toggles.div_ceil(2) + usize::from(!self.is_task) * self.toggles {
            return Err(format!("G5: {} resolutions of {} changes", count("resolved"), self.toggles));
        }
        self.check_edits(published, plan)
    }

    /// G5 and G9: one creation and one deletion. If answers lacked it, any number of both in turn, and the last one is
    /// true.
    fn check_existence(&self, published: &[Published], guarantee: &str) -> Result<(), String> {
        let existence: Vec<&str> = published.iter().map(|event| event.what.as_str()).collect();
        let count = |what: &str| existence.iter().filter(|one| **one == what).count();
        let (created, deleted) = (count("created"), count("deleted"));
        let is_last_deleted =
            existence.iter().rfind(|one| matches!(**one, "created" | "deleted")) == Some(&"deleted");
        let may_repeat = self.has_vanished && created <= deleted + 1 && deleted <= created + 1;
        if !may_repeat && (created > 1 || deleted > 1) {
            return Err("G5: its creation or deletion was published twice".to_owned());
        }
        if self.deleted_at.is_none() && (is_last_deleted || (deleted > 0 && !self.has_vanished)) {
            return Err(format!("{guarantee}: it stands, but its deletion was published"));
        }
        Ok(())
    }

    fn check_edits(&self, published: &[Published], plan: &Plan) -> Result<(), String> {
        // Where a silent edit moves no time, a late report of the edit before it looks as new as the text that a poll
        // found. The log then has both again, at most once for each report.
        let reports = self.versions.iter().skip(1).filter(|version| !version.is_silent).count();
        let again = if plan.rules.silent_edit_moves_updated_on { 0 } else { reports };
        let edits = published.iter().filter(|event| event.what == "updated");
        for edit in edits.clone() {
            let made = self.versions.iter().filter(|version| name(&version.text) == edit.text).count();
            let times = edits.clone().filter(|other| other.text == edit.text).count();
            if times > made + again {
                return Err(format!("G5: {:?} was published {times} times, made {made} times", edit.text));
            }
        }
        Ok(())
    }

    /// G3: a silent edit that stands when window and margin have passed is published soon after, if a poller was up.
    fn check_deadlines(&self, published: &[Published], plan: &Plan, end: Second) -> Result<(), String> {
        // A comment that was taken for deleted has no windows.
        if self.is_task || self.has_vanished {
            return Ok(());
        }
        let created = self.versions.first().map_or(0, |version| version.at);
        // After a lost report, nothing shows that there is anything to watch.
        let known = self.versions.iter().take_while(|version| version.is_known_soon()).enumerate();
        for (place, version) in known.filter(|(_, version)| version.is_silent) {
            let next = self.versions.get(place + 1).map(|next| next.at);
            let until = next.or(self.deleted_at).unwrap_or(end);
            let due = version.at + Second::from(plan.settings.window_seconds) + MARGIN + SLACK;
            if until < due || !plan.was_up(created, due) {
                continue;
            }
            if !published.iter().any(|event| event.text == name(&version.text) && event.at <= due + 30) {
                return Err(format!(
                    "G3: {:?} of second {} was not published by {due}",
                    name(&version.text),
                    version.at
                ));
            }
        }
        Ok(())
    }
}
