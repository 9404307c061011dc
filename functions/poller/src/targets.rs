//! One link: the repositories and workspaces that it names to be swept, so that changes there are found even if no
//! webhook ever comes.
//!
//! The repositories are registered first and the lookup of their target is stored last: an interrupted lookup is made
//! again and registers the same.

use std::collections::BTreeMap;

use bitbucket::client::{Client, RepositoryPath};
use bitbucket::payload::{Document, Repository};
use relay::observation::LinkObservation;
use relay::polling::{Consequence, Failure, MAX_LOOKUPS, first_sweep};
use relay::schedule::due_targets;
use relay::state::{LookupResult, TargetLookup};
use relay::{LinkId, Observation, Subject, SubjectState, SweepTarget};
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::error::Error;
use crate::outcome::PollOutcome;
use crate::poller::{Added, Poller};
use crate::registration::register_named;

/// Stores the sweep targets that a link's document names. The command line stores them too; this is for documents that
/// were written in another way. For *economy*, an instance does so only after the document changed.
pub(crate) async fn configure<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    link: &LinkId,
) -> Result<(), Error> {
    let Some(document) = poller.links.get(link, poller.clock.now()).await? else { return Ok(()) };
    if poller.configured.get(link).as_ref() == Some(&document.sweep) {
        return Ok(());
    }
    let observation = Observation::Link(LinkObservation::Configured(document.sweep.clone()));
    poller.record(link, &Subject::Link, &observation, None).await?;
    poller.configured.insert(link.clone(), document.sweep);
    Ok(())
}

/// Looks up the targets that are due, and registers their repositories. A target that cannot be read delays no other.
pub(crate) async fn poll<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    client: &Client,
    due: &DueWatch,
    state: SubjectState,
) -> Result<PollOutcome, Error> {
    let Some(link) = state.link() else { return Ok(PollOutcome::NotDue) };
    let mut lookups = BTreeMap::new();
    for target in due_targets(link, poller.clock.now()).into_iter().take(MAX_LOOKUPS) {
        let at = poller.clock.now();
        let result = match repositories(client, &target).await {
            Ok(Some(repositories)) => {
                let swept = register_all(poller, due, &repositories).await?;
                let count = repositories.len();
                tracing::info!(link = %due.link, place = %target, repositories = count, swept, "looked up");
                LookupResult::Repositories(u32::try_from(count).unwrap_or(u32::MAX))
            }
            Ok(None) => {
                tracing::warn!(link = %due.link, place = %target, "not swept: it does not exist, or may not be read");
                LookupResult::NotFound
            }
            Err(error) if error.failure() == Failure::OutOfCalls => break,
            // The lookups before this one are stored.
            Err(error) if lookups.is_empty() => return Err(error),
            Err(error) => {
                tracing::warn!(link = %due.link, place = %target, %error, "lookup failed; the target stays due");
                break;
            }
        };
        lookups.insert(target, TargetLookup { at, result });
    }
    if lookups.is_empty() {
        return Ok(PollOutcome::Postponed);
    }
    let observation = Observation::Link(LinkObservation::LookedUp(lookups));
    poller.record(&due.link, &due.subject, &observation, Some(state)).await?;
    Ok(PollOutcome::Stored(Added::default()))
}

/// The repositories of a target; `None` if it does not exist or may not be read.
async fn repositories(
    client: &Client,
    target: &SweepTarget,
) -> Result<Option<Vec<Document<Repository>>>, Error> {
    let answer = match target {
        SweepTarget::Repository { workspace, slug } => {
            let path = RepositoryPath { workspace: workspace.clone(), repository: slug.clone() };
            client.repository(&path).await.map(|found| found.map(|repository| vec![repository]))
        }
        SweepTarget::Workspace(workspace) => client.repositories(workspace).await.map(|listed| {
            if !listed.complete {
                let read = listed.items.len();
                tracing::warn!(place = %target, read, "workspace truncated: it has more repositories than were read");
            }
            Some(listed.items)
        }),
    };
    match answer.map_err(Error::from) {
        Err(error) if error.failure().consequence() == Consequence::PostponesWatch => Ok(None),
        answer => answer,
    }
}

/// Registers repositories for sweeps; returns the number of those that were not swept before.
async fn register_all<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    due: &DueWatch,
    repositories: &[Document<Repository>],
) -> Result<u32, Error> {
    let mut registered = 0;
    for repository in repositories {
        let Some(id) = repository.id() else { continue };
        let first = first_sweep(poller.clock.now(), registered, poller.limits.calls_per_hour);
        registered += u32::from(register_named(poller, due, &id, &repository.raw, first).await?);
    }
    Ok(registered)
}

#[cfg(test)]
mod tests {
    use relay::Reason;
    use store::SubjectLog as _;

    use super::*;
    use crate::testing::{client, due, poller};

    #[tokio::test]
    async fn lookup_without_a_call_is_postponed() {
        let mut poller = poller(r#""sweep":["acme/widgets"]"#);
        poller.settings.sweep_seconds = 300;
        let due = due("link", Reason::Repositories);
        configure(&poller, &due.link).await.unwrap();
        let state = poller.table.read(&due.link, &due.subject).await.unwrap();
        assert_eq!(due_targets(state.link().unwrap(), poller.clock.now()).len(), 1);
        assert_eq!(
            poll(&poller, &client(&poller, "alice", 0), &due, state).await.unwrap(),
            PollOutcome::Postponed
        );
    }
}
