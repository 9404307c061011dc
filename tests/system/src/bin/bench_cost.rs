//! Write units of a delivery, over real payloads: `make bench-cost`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a program for people"
)]

use bitbucket::{EventKey, Payload};
use jiff::Timestamp;
use poller::PollerSettings;
use relay::{LinkId, Report, Settings, Subject};
use serde_json::{Value, json};
use store::memory::{ManualClock, MemoryTable};
use store::units::Written;
use store::{DeliveryMark, Recorder, sha256_hex};
use system::{Setup, World};

#[path = "../../../../crates/bitbucket/tests/support/mod.rs"]
mod payloads;

/// Comments that the pull request has before the delivery that is measured.
const EARLIER_COMMENTS: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let corpus = payloads::corpus_webhooks();
    let (whose, webhooks) = if corpus.is_empty() { ("own", payloads::fixtures()) } else { ("real", corpus) };
    let mut costs = Vec::new();
    for webhook in webhooks {
        if let Some(written) = cost(&webhook.key, &webhook.body).await {
            costs.push((written.total().all(), webhook.body.len(), webhook.key, written));
        }
    }
    costs.sort_by_key(|cost| (cost.0, cost.1));
    for (units, bytes, key, written) in &costs {
        let kinds: Vec<_> = written
            .kinds()
            .filter(|(_, units)| units.writes > 0)
            .map(|(kind, units)| format!("{kind} {} B {}+{}", units.bytes, units.table, units.index))
            .collect();
        println!("{units:3} {bytes:6} {key:40} {}", kinds.join(", "));
    }
    println!("{whose}: median {}", costs[costs.len() / 2].0);
    let sum: usize = costs.iter().map(|c| c.0).sum();
    println!("mean {:.1}", sum as f64 / costs.len() as f64);
    review().await;
}

/// A day of a pull request: ten comments, two of them edited silently, a task, an approval and the merge.
async fn review() {
    let setup =
        Setup { settings: Settings::default(), limits: PollerSettings::default(), ..Setup::default() };
    let world = World::with(setup).await;
    let (alice, bob) = (world.alice(), world.bob());
    let pr = alice.opens("gear").await;
    for number in 0..10 {
        let comment = bob.comments(pr, &format!("Remark {number}: this tooth is a little too long.")).await;
        world.settle().await;
        world.run_for(120).await;
        if number % 5 == 0 {
            bob.edits(pr, comment, "This tooth is far too long.").await;
        }
        world.run_for(600).await;
    }
    alice.adds_task(pr, "Shorten the tooth").await;
    world.run_for(900).await;
    bob.approves(pr).await;
    alice.merges(pr).await;
    world.settle().await;
    world.run_for(86_400).await;
    let events = world.log(pr).await.len();
    let written = world.table.written();
    for (kind, units) in written.kinds() {
        println!("{kind:12} {:5} writes {:5} + {:5} units", units.writes, units.table, units.index);
    }
    println!("{events} events, {} units, {:?}", written.total().all(), world.table.calls());
}

/// Returns what a delivery writes, if it is about a pull request.
async fn cost(key: &str, body: &[u8]) -> Option<Written> {
    let json: Value = serde_json::from_slice(body).ok()?;
    if !key.starts_with("pullrequest:")
        || !matches!(Subject::from_payload(&Payload::parse(body).ok()?), Subject::PullRequest { .. })
    {
        return None;
    }
    let table = MemoryTable::default();
    let clock = ManualClock::at("2026-11-24T10:00:00Z".parse::<Timestamp>().unwrap());
    deliver(&table, &clock, "pullrequest:updated", &before(&json, None)).await;
    for number in 0..EARLIER_COMMENTS {
        clock.advance_seconds(600);
        deliver(&table, &clock, "pullrequest:comment_created", &before(&json, Some(number))).await;
    }
    clock.advance_seconds(3_600);
    let written = table.written();
    deliver(&table, &clock, key, body).await;
    Some(table.written().since(&written))
}

/// Returns the body of an earlier delivery about the same pull request.
fn before(json: &Value, comment: Option<usize>) -> Vec<u8> {
    let mut earlier = json!({ "repository": json["repository"], "actor": json["actor"], "pullrequest": json["pullrequest"] });
    earlier["pullrequest"]["state"] = "OPEN".into();
    earlier["pullrequest"]["updated_on"] = "2015-11-24T10:00:00+00:00".into();
    if let Some(number) = comment {
        earlier["comment"] = json!({
            "id": 1_000_000 + number, "content": { "raw": format!("Comment {number}") }, "user": json["actor"],
            "created_on": "2015-11-24T10:00:00+00:00", "updated_on": "2015-11-24T10:00:00+00:00",
        });
    }
    serde_json::to_vec(&earlier).unwrap()
}

async fn deliver(table: &MemoryTable, clock: &ManualClock, key: &str, body: &[u8]) {
    let settings = Settings::default();
    let link: LinkId = "acme".parse().unwrap();
    let body_sha256 = sha256_hex(body);
    let request = format!("{}-{}-4000-8000-{}", &body_sha256[..8], &body_sha256[8..12], &body_sha256[12..24]);
    let report = Report {
        signed: true,
        key: EventKey::parse(key).unwrap(),
        payload: Payload::parse(body).unwrap(),
        body: body.to_vec(),
        hook: "{0a1b2c3d-0000-4000-8000-000000000000}".to_owned(),
        delivery: request.clone(),
    };
    let mark =
        DeliveryMark { hook: report.hook.clone(), request, key: report.key.clone(), body_sha256, attempt: 1 };
    Recorder { table, clock, settings: &settings }.receive(&link, report, &mark).await.unwrap();
}
