//! Observations of a repository.

use std::collections::{BTreeMap, BTreeSet};

use bitbucket::PullRequestId;
use bitbucket::payload::{Document, PullRequest};
use jiff::Timestamp;
use serde_json::Value;

use crate::state::{Listed, SweepPace, UnfinishedListing, has_ended};

/// Maximum number of open pull requests kept of one repository.
pub(crate) const MAX_OPEN: usize = 5_000;

/// Longest address of a next page that a state keeps. A listing with a longer one begins anew.
const MAX_NEXT_BYTES: usize = 4 * 1024;

/// Something learned about a repository.
#[derive(Debug, Clone)]
pub enum RepositoryObservation {
    /// Something happened in it, so it is swept often from now on; its `repository` object.
    Active(Value),
    /// As [`Self::Active`], with the `repository` object that Bitbucket answered to a request for a named repository.
    Confirmed(Value),
    /// The owner of a link named it to be swept.
    Named {
        /// Its `repository` object, as Bitbucket listed it.
        repository: Value,
        /// Time of its first sweep, if it is not swept yet.
        first_sweep_at: Timestamp,
    },
    /// A sweep, after its changes were noted with each pull request.
    Swept(Sweep),
}

/// The open pull requests of a repository, as a sweep listed them.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Time of the first request, by our clock.
    pub started_at: Timestamp,
    /// The listed pull requests.
    pub open: Vec<Document<PullRequest>>,
    /// True if the last page was read.
    pub complete: bool,
    /// The listing that this sweep continued; `None` if it began with the first page.
    pub continued: Option<UnfinishedListing>,
    /// Address of the next page, if the listing is incomplete.
    pub next: Option<String>,
    /// The pull requests that it lacks and whose states have them open: they have ended, or the listing is wrong.
    pub missing: BTreeSet<PullRequestId>,
    /// The pace of the link's sweeps.
    pub pace: SweepPace,
    /// Its `repository` object, if Bitbucket was asked for it because it could not be read where it was.
    pub repository: Option<Value>,
}

impl Sweep {
    /// A sweep that began at `started_at`. Takes the listed pull requests that have not ended, whatever was asked for.
    pub fn new(started_at: Timestamp, listed: Vec<Document<PullRequest>>, complete: bool) -> Self {
        let open = listed.into_iter().filter(|shown| !has_ended(&shown.raw)).collect();
        Self {
            started_at,
            open,
            complete,
            continued: None,
            next: None,
            missing: BTreeSet::new(),
            pace: SweepPace::default(),
            repository: None,
        }
    }

    /// The sweep with the pace of its link's sweeps.
    #[must_use]
    pub fn with_pace(self, pace: SweepPace) -> Self {
        Self { pace, ..self }
    }

    /// The sweep of a repository that was found by its UUID.
    #[must_use]
    pub fn found_at(self, repository: Option<Value>) -> Self {
        Self { repository, ..self }
    }

    /// The sweep as a part of a longer listing.
    #[must_use]
    pub fn in_parts(self, continued: Option<UnfinishedListing>, next: Option<String>) -> Self {
        Self { continued, next, ..self }
    }

    /// True if a pull request was not listed: neither by this sweep, nor on the pages that it continued. One whose end
    /// is not known stays for the next sweep.
    pub(crate) fn lacks(&self, listed: &BTreeMap<PullRequestId, Listed>, id: PullRequestId) -> bool {
        let is_before = self.continued.as_ref().is_some_and(|continued| continued.listed.contains(&id));
        self.complete && !listed.contains_key(&id) && !is_before && !self.missing.contains(&id)
    }

    /// The listing that the next sweep continues.
    pub(crate) fn unfinished(&self, listed: &BTreeMap<PullRequestId, Listed>) -> Option<UnfinishedListing> {
        let next = self.next.clone().filter(|next| next.len() <= MAX_NEXT_BYTES)?;
        let before = self.continued.iter().flat_map(|continued| &continued.listed);
        Some(UnfinishedListing { next, listed: before.chain(listed.keys()).copied().collect() })
    }

    /// The open pull requests as the state remembers them.
    pub(crate) fn listed(&self) -> BTreeMap<PullRequestId, Listed> {
        let listed = self.open.iter().filter_map(|shown| Some((shown.id()?, Listed::from_listing(shown))));
        listed.take(MAX_OPEN).collect()
    }
}
