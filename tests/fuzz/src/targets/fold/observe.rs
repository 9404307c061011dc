//! The steps of an input as observations, like those that the functions make.

use std::collections::BTreeSet;

use bitbucket::payload::{Document, MAX_NESTING, nesting};
use bitbucket::{Delivery, HookUuid, RequestUuid};
use jiff::SignedDuration;
use relay::observation::{
    CommitObservation, CommitPoll, HeadDetails, LinkObservation, Listing, Observation,
    PullRequestObservation, PullRequestPoll, Report, RepositoryObservation, Sweep,
};
use relay::polling::{finding, moved, unlisted_comments, unlisted_tasks};
use relay::state::PullRequestState;
use relay::{ShortHash, Subject, SweepTarget, SweepTargets};
use serde_json::Value;

use super::world::World;
use crate::targets::support::{body, secret, text};

/// Longest time that a poll takes.
const LONGEST_POLL_SECONDS: i64 = 3_600;

/// Takes one step.
pub(super) fn take(world: &mut World, step: &Value) {
    world.pass(step);
    if let Some(sent) = step.get("deliver") {
        deliver(world, step, sent);
    } else if ["poll", "sweep"].iter().filter_map(|name| step.get(name)).any(is_too_deep) {
        world.traits.note("an answer with too many levels");
    } else if let Some(shown) = step.get("poll") {
        poll(world, shown);
    } else if let Some(shown) = step.get("sweep") {
        sweep(world, shown);
    } else if step.get("refused").is_some() {
        world.learns(&world.last.clone(), &Observation::Refused);
    } else if let Some(targets) = step.get("configure") {
        configure(world, targets);
    }
}

/// True if the client of the API refuses such an answer (the target `api` checks that). What is shown wraps answers in
/// one level.
fn is_too_deep(shown: &Value) -> bool {
    nesting(shown) > MAX_NESTING + 1
}

fn deliver(world: &mut World, step: &Value, sent: &Value) {
    world.deliveries += 1;
    let body = body(Some(sent));
    let request =
        text(step, "request").map_or_else(|| format!("request-{}", world.deliveries), str::to_owned);
    let delivery = Delivery {
        event_key: text(step, "key").map(str::to_owned),
        hook: text(step, "hook").map(HookUuid::new),
        request: Some(RequestUuid::new(&request)),
        attempt: None,
        signatures: vec![secret().sign(&body).into_bytes()],
        body: body.into(),
    };
    let verified = delivery.verify(&[secret()]).expect("it is signed");
    let (key, payload) = match (verified.event_key(), verified.payload()) {
        (Ok(key), Ok(payload)) => (key, payload),
        (Err(error), _) | (_, Err(error)) => {
            assert_eq!(error.status(), 400, "{error}");
            return world.traits.note(std::mem::discriminant(&error));
        }
    };
    let subject = Subject::from_payload(&payload);
    let hook = verified.hook().map(ToString::to_string).unwrap_or_default();
    let report = Report {
        key,
        payload,
        body: verified.body().to_vec(),
        hook,
        delivery: request,
        signed: verified.is_signed(),
    };
    if let (true, Subject::Commit { repository, hash }) = (report.key.is_commit_status(), &subject) {
        let head = ShortHash::new(hash);
        let with_head =
            world.logs.iter().filter(|(_, log)| head.is_some() && log.state.open_head() == head.as_ref());
        let pull_requests: Vec<Subject> = with_head
            .map(|(subject, _)| subject.clone())
            .filter(|it| it.repository() == Some(repository))
            .collect();
        let build = Observation::PullRequest(PullRequestObservation::HeadBuild(report.clone()));
        for pull_request in pull_requests {
            world.learns(&pull_request, &build);
        }
    }
    world.learns(&subject, &Observation::Delivery(report));
    world.last = subject;
}

fn documents<T: serde::de::DeserializeOwned + Default>(shown: &Value, name: &str) -> Vec<Document<T>> {
    let listed = shown.get(name).and_then(Value::as_array).into_iter().flatten();
    listed.cloned().map(Document::new).collect()
}

/// Returns the answers about items that a listing lacks; `null` is a 404, and no entry that nothing was asked.
fn lookups<I: Ord + Copy, T: serde::de::DeserializeOwned + Default>(
    listing: &mut Listing<I, T>,
    unlisted: Vec<I>,
    shown: &Value,
    id: impl Fn(I) -> u64,
) {
    for item in unlisted {
        if let Some(answer) = shown.get("lookups").and_then(|answers| answers.get(id(item).to_string())) {
            listing.lookups.insert(item, (!answer.is_null()).then(|| Document::new(answer.clone())));
        }
    }
}

fn poll(world: &mut World, shown: &Value) {
    let subject = world.last.clone();
    let state = world.state(&subject);
    let number = |name: &str| shown.get(name).and_then(Value::as_i64).unwrap_or_default();
    let base_version = state.version.saturating_sub(number("behind").unsigned_abs().min(3));
    let took = SignedDuration::from_secs(number("took").clamp(0, LONGEST_POLL_SECONDS));
    let started_at = world.now.saturating_sub(took).unwrap_or(world.now);
    let is_complete = shown.get("complete") != Some(&Value::Bool(false));
    let mut comments = Listing::new(documents(shown, "comments"), is_complete);
    if let Some(known) = state.comments().filter(|_| is_complete) {
        let unlisted = unlisted_comments(known, &comments);
        lookups(&mut comments, unlisted, shown, |id| id.0);
    }
    if let Some(pr) = state.pull_request() {
        let mut tasks = shown.get("tasks").map(|_| Listing::new(documents(shown, "tasks"), is_complete));
        if let Some(tasks) = tasks.as_mut().filter(|_| is_complete) {
            let unlisted = unlisted_tasks(&pr.tasks, tasks);
            lookups(tasks, unlisted, shown, |id| id.0);
        }
        let pull_request = shown.get("pull_request").cloned().map(Document::new);
        let head = head(pr, shown);
        let poll = PullRequestPoll {
            base_version,
            started_at,
            repository: None,
            pull_request,
            head,
            comments,
            tasks,
        };
        world.learns(&subject, &Observation::PullRequest(PullRequestObservation::Poll(poll)));
    } else if state.commit().is_some() {
        let poll = CommitPoll { base_version, started_at, repository: None, comments };
        world.learns(&subject, &Observation::Commit(CommitObservation::Poll(poll)));
    }
}

fn head(pr: &PullRequestState, shown: &Value) -> Option<HeadDetails> {
    let head = shown.get("head")?;
    let count = |name: &str| head.get(name).and_then(Value::as_u64);
    Some(HeadDetails {
        hash: pr.head.as_ref()?.hash.clone(),
        commits: count("commits"),
        files_changed: count("files"),
        builds: documents(head, "builds"),
    })
}

/// Folds a sweep of the repository of the last subject, after the pull requests that it shows changed.
fn sweep(world: &mut World, shown: &Value) {
    let Some(repository) = world.last.repository().cloned() else { return };
    let subject = Subject::Repository { repository: repository.clone() };
    let object = world.state(&world.last).repository_object().cloned().unwrap_or_default();
    if world.state(&subject).repository().is_none() {
        world.learns(&subject, &Observation::Repository(RepositoryObservation::Active(object)));
    }
    let is_complete = shown.get("complete") != Some(&Value::Bool(false));
    let sweep = Sweep::new(world.now, documents(shown, "open"), is_complete);
    let state = world.state(&subject);
    for id in moved(&state, &sweep) {
        let pull_request = Subject::PullRequest { repository: repository.clone(), id };
        let found =
            state.repository().and_then(|known| finding(known, &world.state(&pull_request), &sweep, id));
        if let Some(found) = found {
            world.traits.note(("sweep", std::mem::discriminant(&found)));
            world.learns(&pull_request, &Observation::PullRequest(found));
        }
    }
    world.learns(&subject, &Observation::Repository(RepositoryObservation::Swept(sweep)));
}

fn configure(world: &mut World, targets: &Value) {
    let names = targets.as_array().into_iter().flatten().filter_map(Value::as_str);
    let targets: BTreeSet<SweepTarget> = names.filter_map(|name| name.parse().ok()).collect();
    world.traits.note(("targets", targets.len().min(3)));
    if let Ok(targets) = SweepTargets::try_from(targets) {
        world.learns(&Subject::Link, &Observation::Link(LinkObservation::Configured(targets)));
    }
}
