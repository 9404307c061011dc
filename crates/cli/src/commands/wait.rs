//! `wait`: waits for something to happen to a pull request, by reading the table.

use std::time::Duration;

use bitbucket::{EventKey, PullRequestId};
use jiff::{SignedDuration, Timestamp};
use relay::state::PullRequestState;
use relay::{Event, LinkId, Subject, SubjectState};
use serde_json::{Value, json};
use store::reading::RepositoryFilter;
use store::{Clock, SubjectLog};

use crate::Error;
use crate::args::{Condition, Format, WaitArgs};
use crate::output::{Report, plain, time};
use crate::session::Session;

/// Largest number of events that one look reads.
const MAX_EVENTS: usize = 500;

/// Shortest interval between two looks.
const LEAST_INTERVAL: Duration = Duration::from_millis(250);

/// The pull request and the condition.
#[derive(Debug)]
struct Wait {
    link: LinkId,
    subject: Subject,
    /// `workspace/slug#number`, for people.
    name: String,
    condition: Condition,
    since: Option<Timestamp>,
    deadline: Timestamp,
    timeout: SignedDuration,
}

/// The end of a wait.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    /// The condition holds: what happened, in words.
    Met(String),
    /// It cannot hold any more.
    Impossible(String),
    TimedOut,
}

/// Waits, and shows the outcome in one line.
pub(crate) async fn wait(session: &mut Session<'_, '_>, args: &WaitArgs) -> Result<(), Error> {
    let (repository, number) = pull_request(&args.pr)?;
    let link = session.link()?;
    let id = match &repository {
        RepositoryFilter::Id(id) => id.clone(),
        RepositoryFilter::FullName(name) => {
            let found = session.reader().await?.repository_id(std::slice::from_ref(&link), name).await?;
            found.ok_or_else(|| Error::NotFound {
                message: format!("no repository {name} in the log of link {link}"),
                advice: "name it by its UUID to wait for its first event".to_owned(),
            })?
        }
    };
    let now = session.now();
    let name = match &repository {
        RepositoryFilter::Id(id) => id.to_string(),
        RepositoryFilter::FullName(name) => name.clone(),
    };
    let wait = Wait {
        link,
        subject: Subject::PullRequest { repository: id, id: number },
        name: format!("{name}#{number}"),
        condition: args.condition,
        since: args.since.map(|since| since.resolve(now)),
        deadline: now.saturating_add(args.timeout.0).unwrap_or(Timestamp::MAX),
        timeout: args.timeout.0,
    };
    let table = session.table().await?;
    let every = Duration::try_from(args.every.0).unwrap_or_default().max(LEAST_INTERVAL);
    let clock = session.environment.clock.clone();
    let outcome = tokio::select! {
        outcome = wait.until(&table, &*clock, async || tokio::time::sleep(every).await) => outcome?,
        _ = tokio::signal::ctrl_c() => return Err(Error::TimedOut(format!("{}: interrupted", wait.name))),
    };
    wait.show(session, outcome)
}

/// Reads the two values of `--pr`.
fn pull_request(given: &[String]) -> Result<(RepositoryFilter, PullRequestId), Error> {
    let [repository, number] = given else {
        return Err(Error::Usage("--pr needs a repository and a number".to_owned()));
    };
    let repository = repository.parse().map_err(|error| Error::Usage(format!("--pr: {error}")))?;
    let number = number.trim_start_matches('#').parse().map(PullRequestId);
    let number = number
        .map_err(|_| Error::Usage("--pr: a pull request is named by its number, such as 7".to_owned()))?;
    Ok((repository, number))
}

impl Wait {
    /// Looks at the table, with a pause between two looks, until the wait ends.
    async fn until<T: SubjectLog>(
        &self,
        table: &T,
        clock: &dyn Clock,
        pause: impl AsyncFn(),
    ) -> Result<Outcome, Error> {
        let mut state = table.read(&self.link, &self.subject).await?;
        // Without --since, only events after those of the first look count.
        let mut seen = if self.since.is_some() { 0 } else { state.sequence };
        loop {
            if let Some(outcome) = self.judge(&state) {
                return Ok(outcome);
            }
            while self.needs_events() && seen < state.sequence {
                let events = table.events(&self.link, &self.subject, seen, MAX_EVENTS).await?;
                if let Some(met) = events.iter().find_map(|event| self.met_by(event)) {
                    return Ok(met);
                }
                let Some(last) = events.last() else { break };
                seen = last.sequence;
            }
            if clock.now() >= self.deadline {
                return Ok(Outcome::TimedOut);
            }
            pause().await;
            state = table.read(&self.link, &self.subject).await?;
        }
    }

    const fn needs_events(&self) -> bool {
        matches!(self.condition, Condition::Comment | Condition::TaskResolved)
    }

    /// Judges a state.
    fn judge(&self, state: &SubjectState) -> Option<Outcome> {
        let pr = state.pull_request()?;
        let ended = (!pr.is_open()).then(|| pr.snapshot.get("state").and_then(Value::as_str)).flatten();
        match self.condition {
            Condition::Merged => match ended? {
                "MERGED" => Some(Outcome::Met("merged".to_owned())),
                end => Some(after_end(end)),
            },
            Condition::Approved => approved(pr).or_else(|| ended.map(after_end)),
            Condition::BuildsSuccessful => builds(pr).or_else(|| ended.map(after_end)),
            Condition::Comment | Condition::TaskResolved => None,
        }
    }

    /// Judges an event.
    fn met_by(&self, event: &Event) -> Option<Outcome> {
        let is_it = match self.condition {
            Condition::Comment => event.key == EventKey::CommentCreated,
            Condition::TaskResolved => event.key == EventKey::TaskResolved,
            _ => false,
        };
        if !is_it || self.since.is_some_and(|since| event.observed_at < since) {
            return None;
        }
        let payload: Value = serde_json::from_slice(&event.payload).unwrap_or_default();
        let thing = if event.key == EventKey::CommentCreated { "comment" } else { "task" };
        let id = payload.pointer(&format!("/{thing}/id")).and_then(Value::as_u64);
        let by = event.actor.as_ref().and_then(|actor| actor.get("display_name")?.as_str());
        let by = by.map(|by| format!(" by {}", plain(by))).unwrap_or_default();
        let did = if thing == "comment" { "was written" } else { "was resolved" };
        let id = id.map(|id| format!(" {id}")).unwrap_or_default();
        Some(Outcome::Met(format!(
            "{thing}{id} {did}{by} at {}, event {}",
            time(event.observed_at),
            event.id
        )))
    }

    /// Shows the outcome: one line, in JSON also if the condition does not hold.
    fn show(&self, session: &mut Session<'_, '_>, outcome: Outcome) -> Result<(), Error> {
        let (name, seconds) = (&self.name, self.timeout.as_secs());
        let (word, text, error) = match outcome {
            Outcome::Met(text) => ("met", text, None),
            Outcome::Impossible(text) => {
                let error = Error::Unsound(format!("{name}: {text}"));
                ("impossible", text, Some(error))
            }
            Outcome::TimedOut => {
                let text = format!("it did not happen within {seconds} s");
                let error = Error::TimedOut(format!("{name}: {text}"));
                ("timed_out", text, Some(error))
            }
        };
        if error.is_none() || session.config.format == Format::Json {
            let json = json!({ "pull_request": name, "link": self.link, "outcome": word, "found": text });
            session.show_line(&Report { text: format!("{name}: {text}"), json });
        }
        error.map_or(Ok(()), Err)
    }
}

/// After its end a pull request gets no approval, and its builds are not followed.
fn after_end(end: &str) -> Outcome {
    Outcome::Impossible(format!("it was {}", plain(end).to_lowercase()))
}

/// One approval that stands, and no request for changes.
fn approved(pr: &PullRequestState) -> Option<Outcome> {
    let counters = pr.count();
    let approvals = counters.approvals.filter(|approvals| *approvals > 0)?;
    if counters.changes_requested.is_some_and(|requests| requests > 0) {
        return None;
    }
    Some(Outcome::Met(format!("approved, {approvals} approval(s) stand")))
}

/// Judges the builds of the head once none is in progress.
fn builds(pr: &PullRequestState) -> Option<Outcome> {
    let head = pr.head.as_ref()?;
    let is = |state: &str| -> Vec<String> {
        let builds = head.builds.iter().filter(|(_, build)| build.state == state);
        builds.map(|(key, _)| plain(key)).collect()
    };
    if head.builds.is_empty() || !is("INPROGRESS").is_empty() {
        return None;
    }
    let failed = [is("FAILED"), is("STOPPED")].concat();
    if !failed.is_empty() {
        return Some(Outcome::Impossible(format!("builds failed: {}", failed.join(", "))));
    }
    let count = is("SUCCESSFUL").len();
    (count == head.builds.len())
        .then(|| Outcome::Met(format!("{count} build(s) of {} are successful", head.hash.as_str())))
}

#[cfg(test)]
mod tests;
