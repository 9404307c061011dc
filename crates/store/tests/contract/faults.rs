//! Recording while the table fails, answers late, or loses its answer.

use jiff::Timestamp;
use relay::{Event, LinkId, Subject, SubjectState};
use secrecy::ExposeSecret;
use store::memory::{Fault, MemoryTable};
use store::{
    Commit, CommitError, Document, Documents, DueWatch, DynamoTable, Error, KeptKey, KeptOutcome, Received,
    Recorded, Shard, SubjectLog,
};

use crate::hosts::schema;
use crate::world::{Delivery, World, comment};

#[tokio::test]
async fn warm_delivery_costs_one_read_and_one_transaction() {
    let world = World::of(MemoryTable::default());
    world.deliver(&Delivery::comment(1)).await.unwrap();
    let calls = world.table.calls();
    assert_eq!((calls.reads, calls.commits), (1, 1));
}

#[tokio::test]
async fn poll_with_its_state_does_not_read_it_again() {
    let world = World::of(MemoryTable::default());
    world.deliver(&Delivery::comment(1)).await.unwrap();
    let before = world.table.calls();
    world.poll(&[comment(1, "first", 0)]).await.unwrap();
    let after = world.table.calls();
    // The poll began with this read.
    assert_eq!((after.reads - before.reads, after.commits - before.commits), (1, 1));
}

#[tokio::test]
async fn resend_after_lost_answer_adds_no_event() {
    let world = World::of(MemoryTable::default());
    world.table.inject(Fault::AnswerLost, 1);
    let delivery = Delivery::comment(1);
    let error = world.deliver(&delivery).await.unwrap_err();
    assert_eq!((error.status(), error.retryable()), (503, true));

    assert_eq!(world.deliver(&delivery.at_attempt(2)).await.unwrap(), Recorded::Known);
    assert_eq!(world.keys().await.len(), 1);
}

#[tokio::test]
async fn poll_after_lost_answer_adds_no_event() {
    let world = World::of(MemoryTable::default());
    world.deliver(&Delivery::comment(1)).await.unwrap();
    world.clock.advance_seconds(120);
    world.table.inject(Fault::AnswerLost, 1);
    let comments = [comment(1, "edited", 60), comment(2, "first", 0)];
    assert!(world.poll(&comments).await.is_err());
    world.poll(&comments).await.unwrap();
    assert_eq!(world.keys().await.len(), 3);
}

#[tokio::test]
async fn unreachable_table_is_a_503() {
    for fault in [Fault::ReadFails, Fault::CommitFails] {
        let world = World::of(MemoryTable::default());
        world.table.inject(fault, 1);
        assert_eq!(world.deliver(&Delivery::comment(1)).await.unwrap_err().status(), 503, "{fault:?}");
        assert_eq!(world.state().await.version, 0);
        world.deliver(&Delivery::comment(1)).await.unwrap();
        assert_eq!(world.keys().await.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn conflict_is_folded_again_and_twelve_are_a_503() {
    let world = World::of(MemoryTable::default());
    world.table.inject(Fault::CommitConflicts, 11);
    world.deliver(&Delivery::comment(1)).await.unwrap();
    world.table.inject(Fault::CommitConflicts, 12);
    let error = world.deliver(&Delivery::comment(2)).await.unwrap_err();
    assert_eq!(error, Error::Contended { attempts: 12 });
    assert_eq!(world.keys().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn delivery_among_too_many_writers_is_kept_and_folded_later() {
    let world = World::of(MemoryTable::default());
    world.table.inject(Fault::CommitConflicts, 12);
    let delivery = Delivery::comment(1);
    let received = world.recorder().receive(&world.link, delivery.report(), &delivery.mark()).await;
    assert_eq!(received, Ok(Received::Kept(Error::Contended { attempts: 12 })));
    let waiting = world.table.kept(world.now(), 10).await.unwrap();
    assert_eq!(world.recorder().fold_kept(&waiting[0]).await, Ok(KeptOutcome::Folded(1)));
    assert_eq!(world.keys().await.len(), 1);
}

/// A table whose commits panic, like a defect in the fold.
struct Defective(MemoryTable);

impl SubjectLog for Defective {
    async fn read(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        self.0.read(link, subject).await
    }
    async fn commit(&self, _: &Commit<'_>) -> Result<(), CommitError> {
        panic!("a planted defect")
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
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        self.0.events(link, subject, after, limit).await
    }
    async fn pull_requests_with_head(
        &self,
        link: &LinkId,
        repository: &bitbucket::RepositoryId,
        head: &relay::ShortHash,
        limit: usize,
    ) -> Result<Vec<bitbucket::PullRequestId>, Error> {
        self.0.pull_requests_with_head(link, repository, head, limit).await
    }
}

impl Documents for Defective {
    async fn read_document<D: Document>(&self, key: &D::Key) -> Result<D, Error> {
        self.0.read_document(key).await
    }
    async fn store_document<D: Document>(&self, key: &D::Key, document: &D) -> Result<bool, Error> {
        self.0.store_document(key, document).await
    }
}

#[tokio::test]
async fn defect_in_the_fold_loses_no_delivery() {
    let world = World::of(Defective(MemoryTable::default()));
    let delivery = Delivery::comment(1);
    let received = world.recorder().receive(&world.link, delivery.report(), &delivery.mark()).await;
    assert_eq!(received, Ok(Received::Kept(Error::Defect)));
    let waiting = world.table.kept(world.now(), 10).await.unwrap();
    let outcome = world.recorder().fold_kept(&waiting[0]).await;
    assert_eq!(outcome, Ok(KeptOutcome::Postponed(Error::Defect)));
    world.clock.advance_seconds(60);
    // A version without the defect.
    let mended =
        World { table: std::sync::Arc::new(world.table.0.clone()), ..World::of(MemoryTable::default()) };
    assert_eq!(mended.recorder().fold_kept(&waiting[0]).await, Ok(KeptOutcome::Folded(1)));
    assert_eq!(mended.keys().await.len(), 1);
}

/// A table that never answers.
struct Silent;

impl SubjectLog for Silent {
    async fn read(&self, _: &LinkId, _: &Subject) -> Result<SubjectState, Error> {
        std::future::pending().await
    }
    async fn commit(&self, _: &Commit<'_>) -> Result<(), CommitError> {
        std::future::pending().await
    }
    async fn due_in(&self, _: store::Shard, _: Timestamp, _: usize) -> Result<Vec<DueWatch>, Error> {
        std::future::pending().await
    }
    async fn kept_in(&self, _: store::Shard, _: Timestamp, _: usize) -> Result<Vec<store::KeptKey>, Error> {
        std::future::pending().await
    }
    async fn events(&self, _: &LinkId, _: &Subject, _: u64, _: usize) -> Result<Vec<Event>, Error> {
        std::future::pending().await
    }
    async fn pull_requests_with_head(
        &self,
        _: &LinkId,
        _: &bitbucket::RepositoryId,
        _: &relay::ShortHash,
        _: usize,
    ) -> Result<Vec<bitbucket::PullRequestId>, Error> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn silent_table_fails_before_bitbucket_gives_up() {
    let started = tokio::time::Instant::now();
    let error = World::of(Silent).deliver(&Delivery::comment(1)).await.unwrap_err();
    assert_eq!((error.status(), error.retryable()), (503, true));
    assert!(started.elapsed().as_secs() < 9);
}

#[tokio::test(start_paused = true)]
async fn silent_dynamodb_fails_within_five_seconds() {
    // The system accepts connections, and nobody reads from them.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = schema::config(listener.local_addr().unwrap().port()).await;
    let world = World::of(DynamoTable::connect(&config, "bitrelay"));
    let started = tokio::time::Instant::now();
    let error = world.table.read(&world.link, &world.subject).await.unwrap_err();
    assert!(error.retryable(), "{error}");
    assert!(started.elapsed().as_secs() <= 5, "{:?}", started.elapsed());
}

#[tokio::test]
async fn unreachable_dynamodb_is_a_503() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = schema::config(listener.local_addr().unwrap().port()).await;
    drop(listener);
    let world = World::of(DynamoTable::connect(&config, "bitrelay"));
    let error = world.deliver(&Delivery::comment(1)).await.unwrap_err();
    assert_eq!((error.status(), error.retryable()), (503, true), "{error}");
}

#[tokio::test]
async fn wrong_table_name_is_a_500_with_advice() {
    let world = World::of(crate::hosts::dynoxide::start_without_table().await);
    let error = world.deliver(&Delivery::comment(1)).await.unwrap_err();
    assert_eq!((error.status(), error.retryable()), (500, false), "{error}");
    assert!(error.to_string().contains("check the deployment (table name"), "{error}");
}

#[tokio::test]
async fn only_hashes_of_proofs_are_stored_and_they_expire() {
    let (table, link) = (MemoryTable::default(), "acme".parse().unwrap());
    let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let nonce = store::open_authorization(&table, &link, now).await.unwrap();
    let opened = format!("{:?}", table.items());
    let state = store::authorization::begin(&table, &link, &nonce, now).await.unwrap();
    let stored = format!("{opened}{:?}", table.items());
    let random = state.secret().expose_secret().split_once('.').unwrap().1;
    assert!(!stored.contains(nonce.expose()) && !stored.contains(random), "{stored}");
    let hash = |text: &str| store::sha256_hex(text.as_bytes());
    assert!(
        opened.contains(&hash(nonce.expose())) && !opened.contains(&hash(state.secret().expose_secret()))
    );
    assert!(stored.contains(&hash(state.secret().expose_secret())), "{stored}");
    let forgotten = "2026-11-24T10:20:00Z".parse::<Timestamp>().unwrap().as_second();
    assert!(opened.contains(&format!("\"expires_at\": N(\"{forgotten}\")")), "{opened}");
}
