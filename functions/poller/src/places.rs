//! One link: the repositories and workspaces that it names to be swept, so that what happens there is found also where no
//! webhook ever comes.
//!
//! The repositories are noted to be swept first and the look at their place last: one that breaks off in between is made again and
//! notes the same.

use std::collections::BTreeMap;

use bitbucket::client::{Client, RepositoryPath};
use bitbucket::payload::{Document, Repository};
use relay::observation::{LinkObservation, Observation, RepositoryObservation};
use relay::polling::MAX_TARGET_LOOKUPS;
use relay::schedule::due_targets;
use relay::state::{LookupResult, TargetLookup};
use relay::{LinkId, Subject, SubjectState, SweepTarget};
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::error::Error;
use crate::passes::Run;
use crate::poll::Polled;

/// The most links whose places an instance remembers.
const MAX_CONFIGURED: usize = 10_000;

impl<T: Table, L: LinkSource, C: Clock> Run<'_, T, L, C> {
    /// Tells the table what a link's document names to be swept. The command line does that too; this is for documents that were
    /// written in another way. For *economy*, an instance asks the table only when the document says something else than before.
    pub(crate) async fn configure(&self, link: &LinkId) -> Result<(), Error> {
        let Some(found) = self.poller.links.get(link, self.poller.clock.now()).await? else { return Ok(()) };
        if self.poller.configured().get(link) == Some(&found.sweep) {
            return Ok(());
        }
        let observation = Observation::Link(LinkObservation::Configured(found.sweep.clone()));
        self.poller.recorder().record(link, &Subject::Link, &observation).await?;
        let mut all = self.poller.configured();
        if all.len() >= MAX_CONFIGURED {
            all.clear();
        }
        all.insert(link.clone(), found.sweep);
        Ok(())
    }

    /// Looks at the places that are due, and has their repositories swept. A place that cannot be read keeps no other from it.
    pub(crate) async fn look_up(
        &self,
        client: &Client,
        due: &DueWatch,
        state: SubjectState,
    ) -> Result<Polled, Error> {
        let Some(known) = state.link() else { return Ok(Polled::NotDue) };
        let mut looks = BTreeMap::new();
        for place in due_targets(known, self.poller.clock.now()).into_iter().take(MAX_TARGET_LOOKUPS) {
            let at = self.poller.clock.now();
            let result = match self.repositories(client, &place).await {
                Ok(Some(repositories)) => {
                    let swept = self.register_named(due, &repositories).await?;
                    tracing::info!(link = %due.link, %place, repositories = repositories.len(), swept, "looked up");
                    LookupResult::Repositories(u32::try_from(repositories.len()).unwrap_or(u32::MAX))
                }
                Ok(None) => {
                    tracing::warn!(link = %due.link, %place, "not swept: it is not there, or may not be read");
                    LookupResult::NotFound
                }
                Err(Error::Bitbucket(bitbucket::Error::AllowanceSpent { .. })) => break,
                // What was looked up before it counts.
                Err(error) if looks.is_empty() => return Err(error),
                Err(error) => {
                    tracing::warn!(link = %due.link, %place, %error, "not looked up; it stays due");
                    break;
                }
            };
            looks.insert(place, TargetLookup { at, result });
        }
        if looks.is_empty() {
            return Ok(Polled::Postponed);
        }
        self.record(due, &Observation::Link(LinkObservation::LookedUp(looks)), Some(state)).await?;
        Ok(Polled::Stored { events: 0 })
    }

    /// The repositories of a place; `None` where it is not there, or may not be seen.
    async fn repositories(
        &self,
        client: &Client,
        place: &SweepTarget,
    ) -> Result<Option<Vec<Document<Repository>>>, Error> {
        let answer = match place {
            SweepTarget::Repository { workspace, slug } => {
                let path = RepositoryPath { workspace: workspace.clone(), repository: slug.clone() };
                client.repository(&path).await.map(|found| found.map(|repository| vec![repository]))
            }
            SweepTarget::Workspace(workspace) => client.repositories(workspace).await.map(|listed| {
                if !listed.complete {
                    tracing::warn!(%place, read = listed.items.len(), "the workspace has more repositories than were read");
                }
                Some(listed.items)
            }),
        };
        match answer.map_err(Error::from) {
            Err(error) if error.disables_watch() => Ok(None),
            answer => answer,
        }
    }

    /// Has repositories swept that are not swept yet, or no more. Says how many that were.
    async fn register_named(
        &self,
        due: &DueWatch,
        repositories: &[Document<Repository>],
    ) -> Result<u32, Error> {
        let mut registered = 0;
        for repository in repositories {
            let Some(id) = repository.id() else { continue };
            let observation = Observation::Repository(RepositoryObservation::Named(repository.raw.clone()));
            let noted = self.note_to_sweep(due, &id, &observation, |known| !known.unreachable).await?;
            registered += u32::from(noted);
        }
        Ok(registered)
    }
}
