//! The repository that a poll reads. `relay` decides it; this asks the table and Bitbucket.

use std::sync::Arc;

use bitbucket::RepositoryId;
use bitbucket::client::{Client, RepositoryPath};
use relay::observation::RepositoryObservation;
use relay::polling::{Access, ClaimedRepository, NamedRepositories};
use relay::state::{RepositoryState, SweepTarget};
use relay::{Observation, Subject};
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
    if let Access::Read(object) = named.access(claimed, None) {
        let path = RepositoryPath::from_payload(object).ok_or(Error::NoRepository)?;
        return Ok(ReadableRepository { path, confirmed: None });
    }
    let id = due.subject.repository().ok_or(Error::NoRepository)?;
    let registered = registered(poller, due, id).await?;
    let object = match named.access(claimed, registered.as_deref()) {
        Access::Read(object) => object.clone(),
        Access::Confirm(target) => confirm(poller, client, due, id, &named, &target).await?,
        Access::NotNamed => return Err(Error::NotNamed),
    };
    let path = RepositoryPath::from_payload(&object).ok_or(Error::NoRepository)?;
    Ok(ReadableRepository { path, confirmed: Some(object) })
}

/// The state of a repository. For *economy*, an instance reads a confirmed one once: its UUID stays the same.
async fn registered<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    due: &DueWatch,
    id: &RepositoryId,
) -> Result<Option<Arc<RepositoryState>>, Error> {
    let key = (due.link.clone(), id.clone());
    if let Some(repository) = poller.confirmed.get(&key) {
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
