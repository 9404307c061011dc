//! The figures of one review, from the events of its pull request. Pure.
//!
//! Three of them have the names of OpenTelemetry's conventions
//! (<https://opentelemetry.io/docs/specs/semconv/cicd/cicd-metrics/>): `vcs.change.duration`,
//! `vcs.change.time_to_approval` and `vcs.change.time_to_merge`. All times are Bitbucket's; where a payload has none,
//! the time of the observation counts.

use bitbucket::EventKey;
use jiff::{SignedDuration, Timestamp};
use relay::{Change, Event, LinkId, Subject};
use serde_json::Value;

/// The figures of one pull request.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_field_names, reason = "a first review is its term")]
pub(crate) struct Review {
    pub(crate) link: LinkId,
    pub(crate) subject: Subject,
    /// `workspace/slug`, else the repository's id.
    pub(crate) repository: String,
    pub(crate) title: String,
    /// The author's name.
    pub(crate) author: Option<String>,
    /// Time of its creation.
    pub(crate) opened_at: Timestamp,
    /// Its end, if it has ended.
    pub(crate) end: Option<End>,
    /// Time from its creation to the first act of a reviewer.
    pub(crate) to_first_review: Option<SignedDuration>,
    /// Time from its creation to the first approval.
    pub(crate) to_approval: Option<SignedDuration>,
    /// Number of times that a reviewer answered the author: each begins a round.
    pub(crate) rounds: u32,
    /// Whose turn it is.
    pub(crate) turn: Turn,
    /// Time since which it is their turn.
    pub(crate) turn_since: Timestamp,
}

/// The end of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) at: Timestamp,
    /// True if it was merged.
    pub(crate) merged: bool,
}

/// The people who have to act next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Author,
    Reviewers,
    /// It has ended.
    Nobody,
}

impl Turn {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Reviewers => "reviewers",
            Self::Nobody => "nobody",
        }
    }
}

impl Review {
    /// OpenTelemetry's `vcs.change.state`.
    pub(crate) const fn state(&self) -> &'static str {
        match self.end {
            None => "open",
            Some(End { merged: true, .. }) => "merged",
            Some(_) => "closed",
        }
    }

    /// Time in which it was open, up to `now`.
    pub(crate) fn duration(&self, now: Timestamp) -> SignedDuration {
        self.end.map_or(now, |end| end.at).duration_since(self.opened_at)
    }

    /// Time from its creation to its merge.
    pub(crate) fn to_merge(&self) -> Option<SignedDuration> {
        self.end.filter(|end| end.merged).map(|end| end.at.duration_since(self.opened_at))
    }
}

/// One act of a person, in the order of its time.
struct Act<'e> {
    at: Timestamp,
    event: &'e Event,
}

/// Computes the figures from the events of one pull request, in any order. `None` without an event.
pub(crate) fn review(events: &[Event]) -> Option<Review> {
    let mut acts: Vec<_> = events.iter().filter(|event| event.trusted).map(act).collect();
    // A poll finds an act later than webhooks report the acts after it.
    acts.sort_by_key(|act| (act.at, act.event.sequence));
    let first = acts.first()?;
    let snapshot = newest_snapshot(events);
    let shown = |field: &str| snapshot.as_ref()?.get(field);
    let created = acts.iter().find(|act| act.event.key == EventKey::PullRequestCreated);
    let opened_at = shown("created_on")
        .and_then(Value::as_str)
        .and_then(|time| time.parse().ok())
        .or_else(|| created.map(|act| act.at))
        .unwrap_or(first.at);
    let author = shown("author").or_else(|| created?.event.actor.as_ref());
    let text = |field| shown(field).and_then(Value::as_str).map(str::to_owned);
    let newest = events.iter().max_by_key(|event| event.sequence)?;
    let mut review = Review {
        link: newest.link.clone(),
        subject: newest.subject.clone(),
        repository: newest
            .repository_name
            .clone()
            .or_else(|| newest.subject.repository().map(ToString::to_string))
            .unwrap_or_default(),
        title: text("title").unwrap_or_default(),
        author: author.and_then(name),
        opened_at,
        end: None,
        to_first_review: None,
        to_approval: None,
        rounds: 0,
        turn: Turn::Reviewers,
        turn_since: opened_at,
    };
    let author = author.and_then(uuid);
    for act in &acts {
        review.note(act, author);
    }
    let is_draft = shown("draft") == Some(&Value::Bool(true));
    if is_draft && review.turn == Turn::Reviewers {
        review.turn = Turn::Author;
    }
    Some(review)
}

/// Returns the newest `pullrequest` object of the payloads. Most events have one, so that few payloads are parsed.
fn newest_snapshot(events: &[Event]) -> Option<Value> {
    let mut newest_first: Vec<_> = events.iter().collect();
    newest_first.sort_by_key(|event| std::cmp::Reverse(event.sequence));
    newest_first.into_iter().find_map(|event| {
        let mut payload: Value = serde_json::from_slice(&event.payload).ok()?;
        Some(payload.get_mut("pullrequest")?.take()).filter(Value::is_object)
    })
}

fn act(event: &Event) -> Act<'_> {
    Act { at: event.occurred_at.unwrap_or(event.observed_at), event }
}

impl Review {
    fn note(&mut self, act: &Act<'_>, author: Option<&str>) {
        let key = &act.event.key;
        let is_merge = *key == EventKey::PullRequestFulfilled;
        if self.end.is_none()
            && (is_merge || *key == EventKey::PullRequestRejected || is_superseded(act.event))
        {
            self.end = Some(End { at: act.at, merged: is_merge });
            self.pass_to(Turn::Nobody, act.at);
        }
        if self.end.is_some() {
            return;
        }
        if is_of_author(act.event, author) {
            self.pass_to(Turn::Reviewers, act.at);
        } else if is_of_reviewer(act.event, author) {
            let since = act.at.duration_since(self.opened_at);
            self.to_first_review.get_or_insert(since);
            if *key == EventKey::PullRequestApproved {
                self.to_approval.get_or_insert(since);
            }
            self.rounds += u32::from(self.turn == Turn::Reviewers);
            self.pass_to(Turn::Author, act.at);
        } else if matches!(key, EventKey::PullRequestUnapproved | EventKey::ChangesRequestRemoved) {
            self.pass_to(Turn::Reviewers, act.at);
        }
    }

    fn pass_to(&mut self, turn: Turn, at: Timestamp) {
        if self.turn != turn {
            (self.turn, self.turn_since) = (turn, at);
        }
    }
}

/// Bitbucket reports no key for a pull request that another one supersedes, only its state.
fn is_superseded(event: &Event) -> bool {
    let changes = event.changes.as_deref().unwrap_or_default();
    changes.iter().any(|change| matches!(change, Change::State { to, .. } if to == "SUPERSEDED"))
}

/// True for an act that answers the reviewers: the author's comment, resolution or finished task, new commits by
/// anybody, and the end of a draft.
fn is_of_author(event: &Event, author: Option<&str>) -> bool {
    let is_authors = || author.is_some() && event.actor.as_ref().and_then(uuid) == author;
    let changes = event.changes.as_deref().unwrap_or_default();
    match event.key {
        EventKey::PullRequestPush => true,
        EventKey::PullRequestUpdated => changes
            .iter()
            .any(|change| matches!(change, Change::Commits { .. } | Change::Draft { to: false, .. })),
        EventKey::CommentCreated | EventKey::CommentResolved | EventKey::TaskResolved => is_authors(),
        _ => false,
    }
}

/// True for an act of somebody else that reviews. Apps, such as build servers, do not review.
fn is_of_reviewer(event: &Event, author: Option<&str>) -> bool {
    let reviews = matches!(
        event.key,
        EventKey::CommentCreated
            | EventKey::TaskCreated
            | EventKey::PullRequestApproved
            | EventKey::ChangesRequestCreated
    );
    let actor = event.actor.as_ref();
    let is_app = actor.and_then(|actor| actor.get("type")?.as_str()) == Some("app_user");
    let who = actor.and_then(uuid);
    reviews && !is_app && who.is_some() && who != author
}

fn uuid(account: &Value) -> Option<&str> {
    account.get("uuid")?.as_str()
}

fn name(account: &Value) -> Option<String> {
    ["display_name", "nickname"].iter().find_map(|field| account.get(field)?.as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests;
