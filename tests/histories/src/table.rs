//! The table as the real one behaves: a state is stored on top of the version that was read or not at all, an event's id is there
//! once, a delivery is known by its mark. Without I/O and without bytes.

use std::collections::{BTreeMap, BTreeSet};

use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::budget::Budget;
use relay::{Event, EventId, LinkId, Observation, Settings, Subject, SubjectState, Watch, fold};
use serde_json::Value;

/// How often folding may be begun anew; more often is a failure of what is tested.
const MAX_FOLDS: usize = 200;

/// What the log tells about a comment or task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which.
    pub id: u64,
    /// The end of the key: `created`, `updated`...
    pub what: String,
    /// The text.
    pub text: String,
}

/// What is stored of one subject.
#[derive(Debug, Default)]
struct Stored {
    state: SubjectState,
    sequence: u64,
    facts: BTreeSet<EventId>,
}

/// The table.
#[derive(Debug)]
pub struct Table {
    settings: Settings,
    link: LinkId,
    subjects: BTreeMap<Subject, Stored>,
    deliveries: BTreeSet<String>,
    /// What was told of comments and tasks, in order, and when by the clock of who stored it.
    pub told: Vec<(Told, Timestamp)>,
    /// What is spent of the credential's calls.
    pub budget: Budget,
}

/// The subject of a pull request.
pub fn pull_request(id: u64) -> Subject {
    Subject::PullRequest { repository: RepositoryId::new("{ab}"), id: PullRequestId(id) }
}

/// The subject of the repository.
pub fn repository() -> Subject {
    Subject::Repository { repository: RepositoryId::new("{ab}") }
}

impl Table {
    /// An empty table.
    pub fn new(settings: Settings, link: LinkId) -> Self {
        Self {
            settings,
            link,
            subjects: BTreeMap::new(),
            deliveries: BTreeSet::new(),
            told: Vec::new(),
            budget: Budget::default(),
        }
    }

    /// What is known of a subject.
    pub fn read(&self, subject: &Subject) -> SubjectState {
        self.subjects.get(subject).map(|stored| stored.state.clone()).unwrap_or_default()
    }

    /// The watches, by subject.
    pub fn watches(&self) -> impl Iterator<Item = (&Subject, Watch)> {
        self.subjects.iter().filter_map(|(subject, stored)| Some((subject, stored.state.watch?)))
    }

    /// Whether a delivery is new; it counts as known from then on.
    pub fn takes(&mut self, mark: String) -> bool {
        self.deliveries.insert(mark)
    }

    /// Folds an observation and stores what comes of it, as often as it takes.
    ///
    /// # Errors
    ///
    /// What must never be: a gap, a version out of turn, folding without end.
    pub fn learns(
        &mut self,
        subject: &Subject,
        observation: &Observation,
        now: Timestamp,
    ) -> Result<(), String> {
        let stored = self.subjects.entry(subject.clone()).or_default();
        for _ in 0..MAX_FOLDS {
            if !observation.concerns(&stored.state) {
                return Ok(());
            }
            let state = stored.state.clone();
            let folded = fold(state, &self.link, subject, observation, now, &self.settings);
            let ids = folded.events.iter().map(|event| event.id.clone());
            let known: Vec<EventId> = ids.filter(|id| stored.facts.contains(id)).collect();
            if !known.is_empty() {
                stored.state.remember(known);
                continue;
            }
            if folded.state.version != stored.state.version + 1 {
                return Err(format!("version {} on top of {}", folded.state.version, stored.state.version));
            }
            for event in &folded.events {
                stored.sequence += 1;
                if event.sequence != stored.sequence {
                    return Err(format!("G6: event {} at place {}", event.sequence, stored.sequence));
                }
                if !stored.facts.insert(event.id.clone()) {
                    return Err(format!("G5: {} twice in one fold", event.key));
                }
                self.told.extend(told(event).map(|told| (told, now)));
            }
            stored.state = folded.state;
            if !folded.more {
                return Ok(());
            }
        }
        Err("folding does not end".to_owned())
    }
}

fn told(event: &Event) -> Option<Told> {
    let mut payload: Value = serde_json::from_slice(&event.payload).ok()?;
    let is_of_task = event.key.as_str().contains(":task_");
    let item = payload.get_mut(if is_of_task { "task" } else { "comment" })?.take();
    let (_, what) = event.key.as_str().rsplit_once('_')?;
    let text = item.pointer("/content/raw").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Told { id: item.get("id")?.as_u64()?, what: what.to_owned(), text })
}
