//! Accepts verified deliveries: folds each at once, or keeps it to be folded soon.
//!
//! A delivery that cannot be folded now (contention, a state that cannot be stored, a defect) is kept in a document of
//! its own and accepted. The poller folds it within a minute.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use relay::observation::{Observation, PullRequestObservation, Report};
use relay::{LinkId, ShortHash, Subject};

use crate::Error;
use crate::clock::Clock;
use crate::commit::DeliveryMark;
use crate::document::Documents;
use crate::kept::{KeptDelivery, KeptKey};
use crate::record::{DEADLINE, Recorded, Recorder};
use crate::table::SubjectLog;

/// Largest number of pull requests that one build is recorded with.
const MAX_PULL_REQUESTS: usize = 10;

/// Outcome of accepting a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// The delivery is folded and stored.
    Recorded(Recorded),
    /// The delivery is stored, and will be folded soon. Holds the reason.
    Kept(Error),
}

/// Outcome of an attempt to fold a kept delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum KeptOutcome {
    /// It is folded. Holds the number of new events.
    Folded(usize),
    /// It was folded before. The index may lag behind.
    Gone,
    /// It cannot be folded now. Another attempt follows.
    Postponed(Error),
}

impl<T: SubjectLog + Documents, C: Clock> Recorder<'_, T, C> {
    /// Accepts a verified delivery. After `Ok` it is durable.
    ///
    /// # Errors
    ///
    /// The reason why it could be neither folded nor kept.
    pub async fn receive(
        &self,
        link: &LinkId,
        report: Report,
        mark: &DeliveryMark,
    ) -> Result<Received, Error> {
        // The payload is large, so it is never copied.
        let observation = Observation::Delivery(report);
        let error = match self.fold_delivery(link, &observation, mark).await {
            Ok(recorded) => return Ok(Received::Recorded(recorded)),
            // The table does not answer, so it could not keep the delivery either. Bitbucket sends it again.
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            Err(error) => error,
        };
        let Observation::Delivery(report) = &observation else { return Err(error) };
        let kept = KeptDelivery::new(link, report, mark, self.clock.now())?;
        match self.table.store_document(&KeptKey::new(link, mark), &kept).await {
            // If the document exists, an earlier attempt of the same delivery was kept.
            Ok(_) => Ok(Received::Kept(error)),
            Err(unkept) => {
                tracing::warn!(%link, error = %unkept, "delivery could not be kept either");
                Err(error)
            }
        }
    }

    /// Folds a kept delivery.
    ///
    /// # Errors
    ///
    /// The table's errors while the delivery is read, or while the outcome is stored. It is then still kept.
    pub async fn fold_kept(&self, key: &KeptKey) -> Result<KeptOutcome, Error> {
        let mut kept: KeptDelivery = self.table.read_document(key).await?;
        let folded = match kept.delivery(key) {
            Ok(None) => return Ok(KeptOutcome::Gone),
            Ok(Some((link, report, mark))) => {
                self.fold_delivery(&link, &Observation::Delivery(report), &mark).await
            }
            Err(error) => Err(error),
        };
        let outcome = match folded {
            Ok(recorded) => {
                kept.fold(self.clock.now());
                KeptOutcome::Folded(recorded.events().len())
            }
            Err(error) => {
                kept.postpone(self.clock.now());
                KeptOutcome::Postponed(error)
            }
        };
        // False if another process was faster. Then its outcome stands.
        self.table.store_document(key, &kept).await?;
        Ok(outcome)
    }

    /// Folds and stores a delivery within the deadline. A panic of the fold is an error like any other: one defect must
    /// not end the function.
    async fn fold_delivery(
        &self,
        link: &LinkId,
        observation: &Observation,
        mark: &DeliveryMark,
    ) -> Result<Recorded, Error> {
        let folded = AssertUnwindSafe(self.fold_with_builds(link, observation, mark)).catch_unwind();
        match tokio::time::timeout(DEADLINE, folded).await {
            Ok(Ok(recorded)) => recorded,
            Ok(Err(_)) => Err(Error::Defect),
            Err(_) => Err(Error::TooSlow { seconds: DEADLINE.as_secs() }),
        }
    }

    async fn fold_with_builds(
        &self,
        link: &LinkId,
        observation: &Observation,
        mark: &DeliveryMark,
    ) -> Result<Recorded, Error> {
        let Observation::Delivery(report) = observation else { return Ok(Recorded::Known) };
        let subject = Subject::from_payload(&report.payload);
        if report.key.is_commit_status() {
            self.record_build(link, &subject, report).await?;
        }
        self.record_delivery(link, &subject, observation, mark).await
    }

    /// Records a build with each open pull request whose head is its commit. The delivery itself is stored afterwards.
    /// If anything fails in between, the delivery is folded again, and events that are already in a log are not added
    /// again.
    async fn record_build(&self, link: &LinkId, subject: &Subject, report: &Report) -> Result<(), Error> {
        let Subject::Commit { repository, hash } = subject else { return Ok(()) };
        let Some(head) = ShortHash::new(hash) else { return Ok(()) };
        let ids = self.table.pull_requests_with_head(link, repository, &head, MAX_PULL_REQUESTS).await?;
        let observation = Observation::PullRequest(PullRequestObservation::HeadBuild(report.clone()));
        for id in ids {
            let subject = Subject::PullRequest { repository: repository.clone(), id };
            self.record(link, &subject, &observation).await?;
        }
        Ok(())
    }
}
