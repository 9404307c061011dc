//! Deliveries that are accepted before they can be folded.

use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::{Event, LinkId, Report, ShortHash, Subject, SubjectState};
use serde_json::json;
use store::{
    Commit, CommitError, Document, Documents, DueWatch, Error, KeptKey, KeptOutcome, Received, Recorded,
    Recorder, Shard, SubjectLog, Table,
};

use crate::world::{Delivery, START, World, pull_request, time};

/// A table that takes no commit, as if the state of the subject were too large.
struct Full<'t, T>(&'t T);

impl<T: Table> SubjectLog for Full<'_, T> {
    async fn read(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        self.0.read(link, subject).await
    }
    async fn commit(&self, _: &Commit<'_>) -> Result<(), CommitError> {
        Err(Error::TooLarge { what: "the compressed state", bytes: 2, max_bytes: 1 }.into())
    }
    async fn due_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<DueWatch>, Error> {
        self.0.due_in(shard, until, limit).await
    }
    async fn kept_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<KeptKey>, Error> {
        self.0.kept_in(shard, until, limit).await
    }
    async fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        self.0.events(link, subject, after_sequence, limit).await
    }
    async fn pull_requests_with_head(
        &self,
        link: &LinkId,
        repository: &RepositoryId,
        head: &ShortHash,
        limit: usize,
    ) -> Result<Vec<PullRequestId>, Error> {
        self.0.pull_requests_with_head(link, repository, head, limit).await
    }
}

impl<T: Table> Documents for Full<'_, T> {
    async fn read_document<D: Document>(&self, key: &D::Key) -> Result<D, Error> {
        self.0.read_document(key).await
    }
    async fn store_document<D: Document>(&self, key: &D::Key, document: &D) -> Result<bool, Error> {
        self.0.store_document(key, document).await
    }
}

/// Receives a delivery while the table takes no commit.
async fn keep<T: Table>(world: &World<T>, delivery: &Delivery) {
    let table = Full(&*world.table);
    let recorder = Recorder { table: &table, clock: &*world.clock, settings: &world.settings };
    let received = recorder.receive(&world.link, delivery.report(), &delivery.mark()).await.unwrap();
    assert!(matches!(received, Received::Kept(Error::TooLarge { .. })), "{received:?}");
}

pub(crate) async fn kept_delivery_without_a_signature_stays_unsigned<T: Table>(world: World<T>) {
    let delivery = Delivery::comment(1);
    let table = Full(&*world.table);
    let recorder = Recorder { table: &table, clock: &*world.clock, settings: &world.settings };
    let report = Report { signed: false, ..delivery.report() };
    recorder.receive(&world.link, report, &delivery.mark()).await.unwrap();
    assert_eq!(fold(&world, &kept(&world).await[0]).await, KeptOutcome::Folded(1));
    assert!(!world.log().await[0].signed && world.state().await.is_unsigned());
}

async fn kept<T: Table>(world: &World<T>) -> Vec<KeptKey> {
    world.table.kept_in(Shard::of(&world.link), world.now(), 10).await.unwrap()
}

async fn fold<T: Table>(world: &World<T>, key: &KeptKey) -> KeptOutcome {
    world.recorder().fold_kept(key).await.unwrap()
}

pub(crate) async fn delivery_that_cannot_be_folded_is_kept_and_folded_later<T: Table>(world: World<T>) {
    keep(&world, &Delivery::comment(1)).await;
    assert_eq!(world.log().await.len(), 0);
    let waiting = kept(&world).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(fold(&world, &waiting[0]).await, KeptOutcome::Folded(1));
    assert_eq!(world.keys().await, ["pullrequest:comment_created"]);
    assert_eq!(world.log().await[0].payload, Delivery::comment(1).body, "byte for byte");
    assert_eq!(kept(&world).await, []);
    assert_eq!(fold(&world, &waiting[0]).await, KeptOutcome::Gone);
}

pub(crate) async fn kept_delivery_is_folded_once_by_two_pollers<T: Table>(world: World<T>) {
    keep(&world, &Delivery::comment(1)).await;
    let waiting = kept(&world).await;
    tokio::join!(fold(&world, &waiting[0]), fold(&world, &waiting[0]));
    assert_eq!(world.keys().await, ["pullrequest:comment_created"]);
    assert_eq!(kept(&world).await, []);
}

pub(crate) async fn delivery_that_still_cannot_be_folded_stays_kept<T: Table>(world: World<T>) {
    keep(&world, &Delivery::comment(1)).await;
    let waiting = kept(&world).await;
    let table = Full(&*world.table);
    let recorder = Recorder { table: &table, clock: &*world.clock, settings: &world.settings };
    let outcome = recorder.fold_kept(&waiting[0]).await.unwrap();
    assert!(matches!(outcome, KeptOutcome::Postponed(Error::TooLarge { .. })), "{outcome:?}");
    assert_eq!(kept(&world).await, []);
    world.clock.advance_seconds(60);
    assert_eq!(kept(&world).await, waiting);
    assert_eq!(fold(&world, &waiting[0]).await, KeptOutcome::Folded(1));
}

pub(crate) async fn resend_of_a_kept_delivery_is_one_event<T: Table>(world: World<T>) {
    let delivery = Delivery::comment(1);
    keep(&world, &delivery).await;
    keep(&world, &delivery.clone().at_attempt(2)).await;
    assert_eq!(kept(&world).await.len(), 1);
    let resend = delivery.under_request("another").at_attempt(3);
    let received = world.recorder().receive(&world.link, resend.report(), &resend.mark()).await.unwrap();
    assert!(matches!(received, Received::Recorded(Recorded::Stored { .. })), "{received:?}");
    let waiting = kept(&world).await;
    assert_eq!(fold(&world, &waiting[0]).await, KeptOutcome::Folded(0));
    assert_eq!(world.keys().await, ["pullrequest:comment_created"]);
}

pub(crate) async fn kept_build_reaches_its_pull_request<T: Table>(world: World<T>) {
    let mut opened = Delivery::comment(1);
    opened.key = "pullrequest:created";
    opened.body = json!({
        "repository": { "uuid": "{0a1b}", "full_name": "acme/widgets" },
        "pullrequest": {
            "id": 7, "state": "OPEN", "created_on": START, "updated_on": START,
            "source": { "commit": { "hash": "a10000000000" } },
        },
    })
    .to_string()
    .into_bytes();
    world.deliver(&opened).await.unwrap();
    let mut build = Delivery::comment(2);
    build.key = "repo:commit_status_created";
    build.body = json!({
        "repository": { "uuid": "{0a1b}", "full_name": "acme/widgets" },
        "commit_status": {
            "key": "unit", "state": "SUCCESSFUL", "updated_on": time(1),
            "commit": { "hash": "a100000000000000000000000000000000000000" },
        },
    })
    .to_string()
    .into_bytes();
    keep(&world, &build).await;
    let waiting = kept(&world).await;
    assert_eq!(fold(&world, &waiting[0]).await, KeptOutcome::Folded(1));
    assert_eq!(world.keys().await, ["pullrequest:created", "repo:commit_status_created"]);
}

pub(crate) async fn shard_has_only_the_kept_deliveries_of_its_links<T: Table>(world: World<T>) {
    let link = |number: u32| format!("link-{number}").parse::<LinkId>().unwrap();
    let other = (0..100).map(link).find(|other| Shard::of(other) != Shard::of(&world.link)).unwrap();
    keep(&world, &Delivery::comment(1)).await;
    keep(&World { link: other.clone(), ..world.clone() }, &Delivery::comment(1)).await;
    assert_eq!(kept(&world).await.len(), 1);
    assert_eq!(world.table.kept_in(Shard::of(&other), world.now(), 10).await.unwrap().len(), 1);
    assert_eq!(world.table.kept(world.now(), 10).await.unwrap().len(), 2);
    assert_eq!(world.about(pull_request(7)).log().await.len(), 0);
}
