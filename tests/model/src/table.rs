//! A table behind a gate.

use bitbucket::{PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::{Event, LinkId, ShortHash, Subject, SubjectState};
use store::memory::MemoryTable;
use store::{
    Commit, CommitError, Document, Documents, DueWatch, Error, KeptKey, Leases, Shard, SubjectLog, Table,
};

use crate::call::Call;
use crate::gate::{Failure, Gate};

/// The kind of the budget's document.
const BUDGET: &str = "budget";

/// A table whose calls pass a gate.
#[derive(Debug, Clone)]
pub(crate) struct GatedTable<T> {
    pub(crate) table: T,
    pub(crate) gate: Gate,
    /// True if everybody gets every lease, as if those of others had run out. Leases are for *economy*.
    pub(crate) gives_every_lease: bool,
    /// The table of the budget: an empty one in the model, where no call is ever short. So two pollers do not differ in
    /// which of them reserved its calls first.
    pub(crate) budgets: Option<MemoryTable>,
    pub(crate) bug: Option<TableBug>,
}

/// A bug of a table, to see that the checks find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableBug {
    /// A commit does not require the version that was read.
    NoVersionCondition,
}

fn error(failure: Failure) -> Error {
    match failure {
        Failure::TooLarge => Error::TooLarge { what: "the compressed state", bytes: 2, max_bytes: 1 },
        _ => Error::unavailable("a fault was injected"),
    }
}

fn commit_error(failure: Failure) -> CommitError {
    match failure {
        Failure::Busy => CommitError::Conflict,
        failure => CommitError::Failed(error(failure)),
    }
}

fn said_read(answer: &Result<SubjectState, Error>) -> String {
    match answer {
        Ok(state) => format!("version {}", state.version),
        Err(error) => error.to_string(),
    }
}

fn said_commit(answer: &Result<(), CommitError>) -> String {
    match answer {
        Ok(()) => "stored".to_owned(),
        Err(CommitError::Failed(error)) => error.to_string(),
        Err(refused) => format!("refused: {refused}"),
    }
}

/// The outcome of a call that finds a number of things.
fn said_found<R>(answer: &Result<Vec<R>, Error>) -> String {
    match answer {
        Ok(found) if found.is_empty() => "none".to_owned(),
        Ok(found) => found.len().to_string(),
        Err(error) => error.to_string(),
    }
}

fn said_document(answer: &Result<String, Error>) -> String {
    match answer {
        Ok(_) => "done".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn said_bool(answer: &Result<bool, Error>) -> String {
    match answer {
        Ok(true) => "done".to_owned(),
        Ok(false) => "refused".to_owned(),
        Err(error) => error.to_string(),
    }
}

impl<T: Table> GatedTable<T> {
    async fn commit_without_version(&self, commit: &Commit<'_>) -> Result<(), CommitError> {
        let stored = self.table.read(commit.link, commit.subject).await?;
        let state = SubjectState { version: stored.version + 1, ..commit.state.clone() };
        self.table.commit(&Commit { state: &state, ..*commit }).await
    }
}

impl<T: Table> SubjectLog for GatedTable<T> {
    async fn read(&self, link: &LinkId, subject: &Subject) -> Result<SubjectState, Error> {
        self.gate.pass(Call::read(subject), self.table.read(link, subject), error, said_read).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<(), CommitError> {
        let work = async {
            match self.bug {
                Some(TableBug::NoVersionCondition) => self.commit_without_version(commit).await,
                None => self.table.commit(commit).await,
            }
        };
        self.gate.pass(Call::commit(commit), work, commit_error, said_commit).await
    }

    async fn due_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<DueWatch>, Error> {
        let work = self.table.due_in(shard, until, limit);
        self.gate.pass(Call::DueWatches(shard), work, error, said_found).await
    }

    async fn kept_in(&self, shard: Shard, until: Timestamp, limit: usize) -> Result<Vec<KeptKey>, Error> {
        let work = self.table.kept_in(shard, until, limit);
        self.gate.pass(Call::KeptDeliveries(shard), work, error, said_found).await
    }

    /// No function reads the log.
    async fn events(
        &self,
        link: &LinkId,
        subject: &Subject,
        after_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Event>, Error> {
        self.table.events(link, subject, after_sequence, limit).await
    }

    async fn pull_requests_with_head(
        &self,
        link: &LinkId,
        repository: &RepositoryId,
        head: &ShortHash,
        limit: usize,
    ) -> Result<Vec<PullRequestId>, Error> {
        let work = self.table.pull_requests_with_head(link, repository, head, limit);
        self.gate.pass(Call::Heads, work, error, said_found).await
    }
}

impl<T: Table> Documents for GatedTable<T> {
    /// The document passes the gate as JSON, because not every document can be copied.
    async fn read_document<D: Document>(&self, key: &D::Key) -> Result<D, Error> {
        let work = async {
            let document: D = match self.budgets.as_ref().filter(|_| D::KIND == BUDGET) {
                Some(budgets) => budgets.read_document(key).await?,
                None => self.table.read_document(key).await?,
            };
            Ok(serde_json::to_string(&document).unwrap())
        };
        let json = self.gate.pass(Call::ReadDocument(D::KIND), work, error, said_document).await?;
        Ok(serde_json::from_str(&json).unwrap())
    }

    async fn store_document<D: Document>(&self, key: &D::Key, document: &D) -> Result<bool, Error> {
        let work = async {
            match self.budgets.as_ref().filter(|_| D::KIND == BUDGET) {
                Some(budgets) => budgets.store_document(key, document).await,
                None => self.table.store_document(key, document).await,
            }
        };
        self.gate.pass(Call::StoreDocument(D::KIND), work, error, said_bool).await
    }
}

impl<T: Table> Leases for GatedTable<T> {
    async fn lease(&self, name: &str, holder: &str, now: Timestamp, seconds: u32) -> Result<bool, Error> {
        let work =
            async { Ok(self.gives_every_lease || self.table.lease(name, holder, now, seconds).await?) };
        self.gate.pass(Call::Lease, work, error, said_bool).await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<bool, Error> {
        let work = async { Ok(self.gives_every_lease || self.table.release(name, holder).await?) };
        self.gate.pass(Call::Release, work, error, said_bool).await
    }
}
