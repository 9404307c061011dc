//! Measures the cost of one webhook: parsing its bytes, and folding it to events. The payloads are the project's own.
//! If `BITRELAY_SHARED` names a folder with payloads of other projects, their median and largest are measured too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark"
)]

use std::hint::black_box;

use bitbucket::payload::Document;
use bitbucket::{EventKey, Payload};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use relay::Report;
use relay::observation::{Listing, PullRequestObservation, PullRequestPoll};
use relay::{Folded, Observation, Settings, Subject, SubjectState, fold};
use serde_json::json;

#[path = "../../bitbucket/tests/support/mod.rs"]
mod webhooks;

use webhooks::Webhook;

/// Converts a webhook to an observation.
fn delivered(webhook: &Webhook) -> (Subject, Observation) {
    let payload = Payload::parse(&webhook.body).unwrap();
    let subject = Subject::from_payload(&payload);
    let report = Report {
        signed: true,
        key: EventKey::parse(&webhook.key).unwrap(),
        payload,
        body: webhook.body.clone(),
        hook: "hook".to_owned(),
        delivery: "delivery".to_owned(),
    };
    (subject, Observation::Delivery(report))
}

fn folded(known: SubjectState, subject: &Subject, observation: &Observation, now: Timestamp) -> Folded {
    fold(known, &"acme".parse().unwrap(), subject, observation, now, &Settings::default())
}

/// The same pull request with a hundred comments known.
fn in_mid_life(subject: &Subject, observation: &Observation, now: Timestamp) -> SubjectState {
    let state = folded(SubjectState::default(), subject, observation, now).state;
    let comment =
        |id: u64| json!({ "id": id, "content": { "raw": "text" }, "created_on": now, "updated_on": now });
    let poll = PullRequestPoll {
        repository: None,
        base_version: state.version,
        started_at: now,
        pull_request: None,
        head: None,
        comments: Listing::new((0..100).map(|id| Document::new(comment(id))).collect(), true),
        tasks: None,
    };
    let poll = Observation::PullRequest(PullRequestObservation::Poll(poll));
    // Of so many, each fold takes some.
    let mut folded_last = folded(state, subject, &poll, now);
    while folded_last.more {
        folded_last = folded(folded_last.state, subject, &poll, now);
    }
    folded_last.state
}

fn by_size(mut webhooks: Vec<Webhook>) -> Vec<Webhook> {
    webhooks.sort_by_key(|webhook| webhook.body.len());
    webhooks
}

fn folds(criterion: &mut Criterion) {
    let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let of_pull_requests = |webhook: &Webhook| webhook.key.starts_with("pullrequest:");
    for (whose, all) in [("own", webhooks::fixtures()), ("corpus", webhooks::corpus_webhooks())] {
        let all = by_size(all.into_iter().filter(of_pull_requests).collect());
        let (Some(median), Some(largest)) = (all.get(all.len() / 2), all.last()) else { continue };
        for (which, webhook) in [("median", median), ("largest", largest)] {
            let name = format!("{whose}, {which} ({} bytes)", webhook.body.len());
            criterion.bench_function(&format!("{name}: parse"), |bencher| {
                bencher.iter(|| Payload::parse(black_box(&webhook.body)).unwrap());
            });
            let (subject, observation) = delivered(webhook);
            for (life, known) in [
                ("first sight", SubjectState::default()),
                ("100 comments known", in_mid_life(&subject, &observation, now)),
            ] {
                criterion.bench_function(&format!("{name}: fold, {life}"), |bencher| {
                    bencher.iter_batched(
                        || known.clone(),
                        |known| folded(known, &subject, black_box(&observation), now),
                        BatchSize::SmallInput,
                    );
                });
            }
        }
    }
}

criterion_group!(benches, folds);
criterion_main!(benches);
