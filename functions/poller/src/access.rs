//! The repository that a poll reads. `relay` decides it; this asks the table and Bitbucket.

use std::sync::Arc;

use bitbucket::RepositoryId;
use bitbucket::client::{Client, RepositoryPath};
use relay::observation::RepositoryObservation;
use relay::polling::{Access, AfterRefusal, ClaimedRepository, NamedRepositories};
use relay::state::{RepositoryState, SweepTarget};
use relay::{Observation, Reason, Subject, SubjectState};
use serde_json::Value;
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::error::Error;
use crate::poller::Poller;

/// A repository that a poll may read.
#[derive(Debug)]
pub(crate) struct ReadableRepository {
    /// Its path in the API.
    pub(crate) path: RepositoryPath,
    /// Its `repository` object as Bitbucket answered, if no signature proves the one in the state.
    pub(crate) confirmed: Option<Value>,
}

/// Returns the repository of a due watch if the poll may read it. Costs one call of the API for each repository that no
/// signed delivery names, until Bitbucket has confirmed it.
///
/// # Errors
///
/// [`Error::NotNamed`] if the poll may not read it; [`Error::NoRepository`]; those of the table and of the API.
pub(crate) async fn readable<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    client: &Client,
    due: &DueWatch,
    claimed: ClaimedRepository<'_>,
) -> Result<ReadableRepository, Error> {
    let link = poller.links.get(&due.link, poller.clock.now()).await?.ok_or(Error::NoLink)?;
    let named = link.named();
    let id = due.subject.repository().ok_or(Error::NoRepository)?;
    let repository = repository_of_refused(poller, due, id).await?;
    let after = repository.as_ref().map(|repository| AfterRefusal::decide(claimed.object, repository));
    if after == Some(AfterRefusal::Waits) {
        return Err(Error::RepositoryRefused);
    }
    if let Access::Read(object) = named.access(claimed, None) {
        let moved = match after {
            Some(AfterRefusal::Moved(object)) => Some(object),
            _ => None,
        };
        let path = RepositoryPath::from_payload(moved.unwrap_or(object)).ok_or(Error::NoRepository)?;
        return Ok(ReadableRepository { path, confirmed: moved.cloned() });
    }
    let registered = registered(poller, due, id).await?;
    let object = match named.access(claimed, registered.as_deref()) {
        Access::Read(object) => object.clone(),
        Access::Confirm(target) => confirm(poller, client, due, id, &named, &target).await?,
        Access::NotNamed => return Err(Error::NotNamed),
    };
    let path = RepositoryPath::from_payload(&object).ok_or(Error::NoRepository)?;
    Ok(ReadableRepository { path, confirmed: Some(object) })
}

/// The state of the repository of a subject whose last poll was refused; `None` for other subjects.
async fn repository_of_refused<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    due: &DueWatch,
    id: &RepositoryId,
) -> Result<Option<SubjectState>, Error> {
    let subject = Subject::Repository { repository: id.clone() };
    if due.watch.reason != Reason::Refused || due.subject == subject {
        return Ok(None);
    }
    Ok(Some(poller.table.read(&due.link, &subject).await?))
}

/// Asks for a repository by its UUID alone if its last sweep was refused: it may have moved to another workspace.
/// Returns its `repository` object; `None` if it was not asked for, was not found or may not be read.
pub(crate) async fn found_by_uuid<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    client: &Client,
    due: &DueWatch,
) -> Result<Option<Value>, Error> {
    let Some(id) = due.subject.repository().filter(|_| due.watch.reason == Reason::Refused) else {
        return Ok(None);
    };
    let link = poller.links.get(&due.link, poller.clock.now()).await?.ok_or(Error::NoLink)?;
    let answer = client.repository(&RepositoryPath::in_any_workspace(id)).await?;
    let answer = answer.filter(|answer| link.named().may_follow(id, answer));
    Ok(answer.map(|answer| answer.raw))
}

/// The state of a repository. For *economy*, an instance reads a confirmed one once, and again
/// after a refusal: the repository may have moved.
async fn registered<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    due: &DueWatch,
    id: &RepositoryId,
) -> Result<Option<Arc<RepositoryState>>, Error> {
    let key = (due.link.clone(), id.clone());
    let was_refused = due.watch.reason == Reason::Refused;
    if let Some(repository) = poller.confirmed.get(&key).filter(|_| !was_refused) {
        return Ok(Some(repository));
    }
    let subject = Subject::Repository { repository: id.clone() };
    let state = poller.table.read(&due.link, &subject).await?;
    let Some(repository) = state.repository().filter(|repository| repository.is_confirmed) else {
        return Ok(None);
    };
    let kept = RepositoryState {
        repository: repository.repository.clone(),
        is_confirmed: true,
        ..Default::default()
    };
    let kept = Arc::new(kept);
    poller.confirmed.insert(key, Arc::clone(&kept));
    Ok(Some(kept))
}

/// Asks Bitbucket for a repository that the link names, and registers it if it is the one of the watch.
async fn confirm<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    client: &Client,
    due: &DueWatch,
    id: &RepositoryId,
    named: &NamedRepositories,
    target: &SweepTarget,
) -> Result<Value, Error> {
    let SweepTarget::Repository { workspace, slug } = target else { return Err(Error::NotNamed) };
    let path = RepositoryPath { workspace: workspace.clone(), repository: slug.clone() };
    let answer = client.repository(&path).await?.filter(|answer| named.confirms(id, answer));
    let answer = answer.ok_or(Error::NotNamed)?;
    let observation = Observation::Repository(RepositoryObservation::Confirmed(answer.raw.clone()));
    let subject = Subject::Repository { repository: id.clone() };
    poller.record(&due.link, &subject, &observation, None).await?;
    Ok(answer.raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{UnitPoller, confirm, due, poller};

    fn repository() -> (Subject, RepositoryId) {
        let id = RepositoryId::new("0a1b");
        (Subject::Repository { repository: id.clone() }, id)
    }

    /// Returns true if the table has the registration, and the number of reads.
    async fn reads(poller: &UnitPoller, reason: Reason) -> (bool, usize) {
        let before = poller.table.calls().reads;
        let found = registered(poller, &due("pullrequest/0a1b/7", reason), &repository().1).await.unwrap();
        (found.is_some(), poller.table.calls().reads - before)
    }

    #[tokio::test]
    async fn confirmed_repository_is_read_once_and_again_after_a_refusal() {
        let poller = poller(r#""sweep":[]"#);
        assert_eq!(reads(&poller, Reason::Sweep).await, (false, 1));
        assert_eq!(reads(&poller, Reason::Sweep).await, (false, 1), "it may be confirmed meanwhile");
        confirm(&poller, &repository().0).await;
        for (reason, expected) in
            [(Reason::Sweep, 1), (Reason::Sweep, 0), (Reason::Refused, 1), (Reason::Sweep, 0)]
        {
            assert_eq!(reads(&poller, reason).await, (true, expected), "{reason:?}");
        }
    }

    #[tokio::test]
    async fn state_of_the_repository_is_read_only_after_a_refusal() {
        let poller = poller(r#""sweep":[]"#);
        let id = repository().1;
        for (subject, reason, expected) in [
            ("pullrequest/0a1b/7", Reason::Sweep, 0),
            ("repository/0a1b", Reason::Sweep, 0),
            ("repository/0a1b", Reason::Refused, 0),
            ("pullrequest/0a1b/7", Reason::Refused, 1),
        ] {
            let before = poller.table.calls().reads;
            let state = repository_of_refused(&poller, &due(subject, reason), &id).await.unwrap();
            assert_eq!(poller.table.calls().reads - before, expected, "{subject} {reason:?}");
            assert_eq!(state.is_some(), expected == 1);
        }
    }
}
