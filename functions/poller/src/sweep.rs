//! One repository: its open pull requests in one listing, and what of that no webhook has told.
//!
//! What is noticed is noted with each pull request first and with the repository last: a sweep that breaks off in between is
//! made again and notes the same.

use bitbucket::client::{Client, RepositoryPath};
use bitbucket::{PullRequestId, RepositoryId};
use relay::observation::{Observation, PullRequestObservation, RepositoryObservation, Sweep};
use relay::polling::{is_unexplained, moved, notice};
use relay::schedule::is_quiet;
use relay::state::PullRequestState;
use relay::state::{Listed, RepositoryState};
use relay::{Subject, SubjectState};
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::error::Error;
use crate::passes::Run;
use crate::poll::Polled;

/// The most pull requests that one sweep looks up in the table. What moved besides is seen by the next one.
const MAX_MOVED: usize = 500;

/// The most repositories that an instance remembers to have registered.
const MAX_REGISTERED: usize = 10_000;

/// How long an instance takes a repository for swept often: far less than it takes for one to be quiet.
const ASK_AGAIN_SECONDS: i64 = 3_600;

impl<T: Table, L: LinkSource, C: Clock> Run<'_, T, L, C> {
    /// Lists the open pull requests of a repository.
    pub(crate) async fn sweep(
        &self,
        client: &Client,
        due: &DueWatch,
        state: SubjectState,
    ) -> Result<Polled, Error> {
        let started_at = self.poller.clock.now();
        let path = state.repository().and_then(|known| RepositoryPath::from_payload(&known.repository));
        let listed = match path {
            Some(path) => client.open_pull_requests(&path).await.map_err(Error::from),
            None => Err(Error::NoRepository),
        };
        let listed = match listed {
            Ok(listed) => listed,
            Err(Error::Bitbucket(bitbucket::Error::AllowanceSpent { .. })) => return Ok(Polled::Postponed),
            Err(error) if error.disables_watch() => {
                tracing::warn!(
                    link = %due.link, subject = %due.subject, %error,
                    "not swept until one of its pull requests is polled again"
                );
                self.record(due, &Observation::Repository(RepositoryObservation::Unreachable), Some(state))
                    .await?;
                return Ok(Polled::Stored { events: 0 });
            }
            Err(error) => return Err(error),
        };
        let sweep = Sweep { started_at, open: listed.items, complete: listed.complete };
        let all_moved = moved(&state, &sweep);
        let mut noticed = 0_u32;
        for id in all_moved.iter().copied().take(MAX_MOVED) {
            noticed += u32::from(self.compare(due, &state, &sweep, id).await?);
        }
        if all_moved.len() > MAX_MOVED {
            tracing::warn!(link = %due.link, subject = %due.subject, moved = all_moved.len(), "swept in parts");
        }
        tracing::info!(
            link = %due.link, subject = %due.subject, open = sweep.open.len(), moved = all_moved.len(), noticed,
            complete = sweep.complete, "swept"
        );
        let seen = seen(sweep, all_moved.get(MAX_MOVED..).unwrap_or_default());
        let swept = Observation::Repository(RepositoryObservation::Swept(seen));
        self.record(due, &swept, Some(state)).await?;
        Ok(Polled::Stored { events: 0 })
    }

    /// Compares what a sweep shows of one pull request with what is known of it, and has it read where that leaves something
    /// open. Says whether it does.
    async fn compare(
        &self,
        due: &DueWatch,
        state: &SubjectState,
        sweep: &Sweep,
        id: PullRequestId,
    ) -> Result<bool, Error> {
        let (Some(repository), Subject::Repository { repository: of }) = (state.repository(), &due.subject)
        else {
            return Ok(false);
        };
        let subject = Subject::PullRequest { repository: of.clone(), id };
        let known = self.poller.table.read(&due.link, &subject).await?;
        let shown = sweep.open.iter().find(|shown| shown.id() == Some(id)).map(Listed::from_listing);
        let is_first_sweep = repository.first_swept_at.is_none();
        if known.pull_request().is_none() && is_first_sweep {
            // It was there before anybody listened. It is read when it moves.
            return Ok(false);
        }
        if !is_unexplained(&known, shown.as_ref()) {
            return Ok(false);
        }
        let notice = PullRequestObservation::SeenInSweep(notice(repository, sweep, id));
        let about = DueWatch { subject, ..due.clone() };
        self.record(&about, &Observation::PullRequest(notice), Some(known)).await?;
        Ok(true)
    }

    /// Has the repository of a pull request swept from now on, and often: something happens in it. For *economy*, an instance asks
    /// the table once in a while for each.
    pub(crate) async fn register(&self, due: &DueWatch, known: &PullRequestState) -> Result<(), Error> {
        let Some(repository) = due.subject.repository() else { return Ok(()) };
        let registered = (due.link.clone(), repository.clone());
        let now = self.poller.clock.now();
        let asked_at = self.poller.registered().get(&registered).copied();
        let is_known = asked_at.is_some_and(|at| now.duration_since(at).as_secs() < ASK_AGAIN_SECONDS);
        if self.poller.settings.sweep_seconds == 0 || is_known {
            return Ok(());
        }
        let observation = Observation::Repository(RepositoryObservation::Active(known.repository.clone()));
        let suffices = |known: &RepositoryState| !known.unreachable && !is_quiet(known, now);
        self.note_to_sweep(due, repository, &observation, suffices).await?;
        let mut all = self.poller.registered();
        if all.len() >= MAX_REGISTERED {
            all.clear();
        }
        all.insert(registered, now);
        Ok(())
    }

    /// Notes that a repository is to be swept, unless what is known of it `suffices`. Says whether it did.
    pub(crate) async fn note_to_sweep(
        &self,
        due: &DueWatch,
        repository: &RepositoryId,
        observation: &Observation,
        suffices: impl Fn(&RepositoryState) -> bool,
    ) -> Result<bool, Error> {
        let subject = Subject::Repository { repository: repository.clone() };
        let state = self.poller.table.read(&due.link, &subject).await?;
        if state.repository().is_some_and(suffices) {
            return Ok(false);
        }
        let about = DueWatch { subject, ..due.clone() };
        self.record(&about, observation, Some(state)).await?;
        Ok(true)
    }
}

/// A sweep without what was not looked at: the next one finds it moved again.
fn seen(sweep: Sweep, left: &[PullRequestId]) -> Sweep {
    if left.is_empty() {
        return sweep;
    }
    let is_left = |id: Option<PullRequestId>| id.is_some_and(|id| left.contains(&id));
    let open = sweep.open.into_iter().filter(|shown| !is_left(shown.id())).collect();
    Sweep { open, complete: false, ..sweep }
}
