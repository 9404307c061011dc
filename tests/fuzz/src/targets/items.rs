//! Stored items that are damaged, or of an older or newer version. Each is read, or an error; never a panic. What is
//! stored on top of one can be read again.

use jiff::{SignedDuration, Timestamp};
use relay::observation::{Listing, Notice, PullRequestObservation, PullRequestPoll, Report};
use relay::{Account, AccountKind, LinkId, Observation, Settings, ShortHash, Subject};
use secrecy::SecretString;
use serde_json::Value;
use store::authorization::{begin, complete};
use store::links::LinkDocument;
use store::memory::MemoryTable;
use store::{DeliveryMark, Leases as _, Recorder, Shard, SubjectLog as _, budget, open_authorization};
use tokio::runtime::Runtime;

use super::support::{PausedClock, body, expand_item, link, list, runtime, start};
use crate::target::Target;
use crate::traits::{Traits, rough};

/// The hash of a head in the corpus.
const HEAD: &str = "0123456789abcdef";

#[derive(Debug)]
struct Items {
    runtime: Runtime,
    /// Bodies that are folded on top of what is stored.
    deliveries: Vec<Report>,
}

/// Makes the target. An input is `{"items": [item, ...], "link": document}`, with items in DynamoDB's JSON. `{account}`
/// in a key stands for an account. Attributes may have short forms.
pub fn make() -> Box<dyn Target> {
    let deliveries = ["pullrequest.comment_updated", "pullrequest.comment_resolved", "pullrequest.fulfilled"];
    let fixtures = crate::corpus::fixtures().expect("the fixtures can be read");
    let fixtures = fixtures.iter().filter(|(name, _)| deliveries.contains(&name.as_str()));
    let deliveries = fixtures.map(|(name, fixture)| {
        let body = body(Some(fixture));
        let (key, payload) = (name.replacen('.', ":", 1), bitbucket::Payload::parse(&body).unwrap());
        let (hook, delivery) = ("hook".to_owned(), name.clone());
        Report { key: bitbucket::EventKey::parse(&key).unwrap(), payload, body, hook, delivery, signed: true }
    });
    Box::new(Items { runtime: runtime(), deliveries: deliveries.collect() })
}

fn account() -> Account {
    Account::new(AccountKind::User, "fuzzer")
}

impl Target for Items {
    fn run(&mut self, input: &Value) -> Traits {
        let mut traits = Traits::default();
        self.runtime.block_on(async {
            let table = MemoryTable::default();
            for item in list(input, "items") {
                put(&table, item, &mut traits);
            }
            let clock = PausedClock::start();
            let settings = Settings::default();
            let recorder = Recorder { table: &table, clock: &clock, settings: &settings };
            kept(&recorder, &mut traits).await;
            // One body for each input, because compression takes most of the time.
            let number = input.to_string().len() % self.deliveries.len();
            subject(&recorder, &self.deliveries[number], &mut traits).await;
            documents(&table, &mut traits).await;
            head(&table, &mut traits).await;
        });
        secret(input, &mut traits);
        traits
    }
}

fn put(table: &MemoryTable, item: &Value, traits: &mut Traits) {
    let text = expand_item(item).to_string().replace("{account}", &account().to_string());
    match serde_json::from_str(&text) {
        Ok(item) => table.put_item(item),
        Err(_) => traits.note("no item"),
    }
}

/// Notes an outcome: of an error only its kind, without the values in it.
fn note<T>(traits: &mut Traits, what: &'static str, outcome: Result<T, store::Error>) -> Option<T> {
    let kind = outcome.as_ref().map(|_| ()).map_err(|error| {
        let mut text = error.to_string();
        text.retain(|c| c.is_ascii_alphabetic() || c == ' ');
        text.chars().rev().take(60).collect::<String>()
    });
    traits.note((what, kind));
    outcome.ok()
}

/// Reads due watches and kept deliveries, and folds the latter.
async fn kept(recorder: &Recorder<'_, MemoryTable, PausedClock>, traits: &mut Traits) {
    let due = note(traits, "due", recorder.table.due(Timestamp::MAX, 100).await).unwrap_or_default();
    for due in &due {
        let now = start();
        traits.note((due.watch.reason.as_str(), due.watch.urgency(now).0, due.watch.may_wait(now)));
    }
    for shard in Shard::all() {
        let kept = note(traits, "kept", recorder.table.kept_in(shard, Timestamp::MAX, 100).await);
        for key in kept.into_iter().flatten() {
            let folded = note(traits, "fold kept", recorder.fold_kept(&key).await);
            traits.note(("kept", folded.map(|outcome| std::mem::discriminant(&outcome))));
            traits.note(("of the link", key.is_of(&link())));
        }
    }
}

/// Reads a state and its log, and folds deliveries and polls on top of it.
async fn subject(recorder: &Recorder<'_, MemoryTable, PausedClock>, report: &Report, traits: &mut Traits) {
    let (table, link, subject) = (recorder.table, link(), Subject::from_payload(&report.payload));
    let state = note(traits, "read", table.read(&link, &subject).await);
    let events = note(traits, "events", table.events(&link, &subject, 0, 1_000).await);
    traits.note(("events", rough(events.unwrap_or_default().len())));
    let Some(state) = state else { return };
    let mark = DeliveryMark {
        hook: report.hook.clone(),
        request: report.delivery.clone(),
        key: report.key.clone(),
        body_sha256: store::sha256_hex(&report.body),
        attempt: 1,
    };
    let observation = Observation::Delivery(report.clone());
    let is_stored =
        note(traits, "deliver", recorder.record_delivery(&link, &subject, &observation, &mark).await);
    let poll = PullRequestPoll {
        base_version: state.version,
        started_at: start(),
        pull_request: None,
        head: None,
        repository: None,
        comments: Listing::new(Vec::new(), true),
        tasks: Some(Listing::new(Vec::new(), true)),
    };
    let notice = Notice { repository: Value::Null, since: start(), is_new: true, updated_on: None };
    for observation in [PullRequestObservation::Poll(poll), PullRequestObservation::SeenInSweep(notice)] {
        let observation = Observation::PullRequest(observation);
        note(traits, "poll", recorder.record(&link, &subject, &observation).await);
    }
    note(traits, "refuse", recorder.record(&link, &subject, &Observation::Refused).await);
    if is_stored.is_some() {
        table.read(&link, &subject).await.expect("what was stored can be read");
    }
}

/// Reads and changes the documents: budget, lease, authorization.
async fn documents(table: &MemoryTable, traits: &mut Traits) {
    let (account, now) = (account(), start());
    let reserved = note(traits, "reserve", budget::reserve(table, &account, now, 900, 120).await);
    if let Some(reserved) = reserved {
        assert!(reserved.calls <= 120, "{} calls were reserved", reserved.calls);
        traits.note((reserved.calls > 0, reserved.is_near_limit));
        note(traits, "settle", budget::settle(table, &account, now, reserved, None).await);
    }
    note(traits, "block", budget::block(table, &account, now).await);
    let later = now.saturating_add(SignedDuration::from_hours(2)).unwrap();
    note(traits, "reserve", budget::reserve(table, &account, later, 900, 120).await);
    let leased = note(traits, "lease", table.lease("poller/0", "one", now, 60).await);
    traits.note(("leased", leased));
    note(traits, "release", table.release("poller/0", "one").await);
    let state = format!("acme.{}", "0".repeat(64)).parse();
    if let Ok(state) = state {
        traits.note((
            "complete",
            complete(table, &state, now).await.map_err(|error| std::mem::discriminant(&error)),
        ));
    }
    if let Some(nonce) = note(traits, "open", open_authorization(table, &link(), now).await) {
        let begun = begin(table, &link(), &nonce, now).await;
        traits.note(("begin", begun.map(|_| ()).map_err(|error| std::mem::discriminant(&error))));
    }
}

async fn head(table: &MemoryTable, traits: &mut Traits) {
    let repository = bitbucket::RepositoryId::new("{0acee000-0000-4000-8000-00000000000a}");
    let head = ShortHash::new(HEAD).expect("it is a hash");
    let found = note(traits, "head", table.pull_requests_with_head(&link(), &repository, &head, 10).await);
    traits.note(("heads", rough(found.unwrap_or_default().len())));
}

/// Reads the secret of a link.
fn secret(input: &Value, traits: &mut Traits) {
    let Some(document) = input.get("link") else { return };
    let secret = SecretString::from(String::from_utf8(body(Some(document))).unwrap_or_default());
    let id: LinkId = link();
    let read = LinkDocument::parse(&id, &secret).and_then(|document| document.at(start()));
    if let Some(read) = note(traits, "link", read) {
        assert!(read.unsigned || !read.webhook_secrets.is_empty(), "a link without a secret is not unsigned");
        traits.note((read.credential.is_some(), read.webhook_secrets.len().min(3), read.sweep.is_empty()));
    }
}
