//! Anything learned about one subject.

/// Anything learned about one subject.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Observation {
    /// Bitbucket reported something, and the report is verified.
    Delivery(Report),
    /// Bitbucket reported a build of the commit at the head of a pull request, as a fact of the pull request's.
    HeadBuild(Report),
    /// A poll read a pull request's comments and tasks, or a commit's comments.
    Poll(Poll),
    /// A sweep shows that more happened to a pull request than is known.
    Noticed(Notice),
    /// Something happened in a repository, so it is to be swept; its `repository` object.
    Repository(Value),
    /// A repository is to be swept because it was named; its `repository` object.
    NamedRepository(Value),
    /// What a link's owner names to be swept.
    Configured(SweepTargets),
    /// What looking at some of these places gave, after their repositories were noted to be swept.
    LookedUp(BTreeMap<SweepTarget, TargetLookup>),
    /// A sweep of a repository, after what it shows was noted with each pull request.
    Sweep(Sweep),
    /// A poll was told that the pull request, the commit or the repository is not there, or may not be seen.
    Unreachable,
}

impl Observation {
    /// Whether it tells anything on top of this state: what was asked about something that nothing is known of (any more) does
    /// not.
    pub fn concerns(&self, state: &SubjectState) -> bool {
        match self {
            Self::Delivery(_) | Self::Noticed(_) | Self::Repository(_) | Self::NamedRepository(_) => true,
            Self::Configured(places) => match &state.link {
                Some(known) => known.places != *places,
                None => !places.is_empty(),
            },
            Self::LookedUp(_) => state.link.is_some(),
            Self::HeadBuild(_) => state.pull_request.is_some(),
            Self::Poll(_) => state.pull_request.is_some() || state.commit.is_some(),
            Self::Sweep(_) => state.repository.is_some(),
            Self::Unreachable => {
                let is_polled = state.pull_request.is_some() || state.commit.is_some();
                is_polled || state.repository.is_some() || state.link.is_some()
            }
        }
    }
}
