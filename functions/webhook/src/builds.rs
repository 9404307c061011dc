//! Builds name a commit. Those of a pull request's head are facts of the pull request too.

use bitbucket::RepositoryId;
use relay::head::ShortHash;
use relay::observation::{Observation, Report};
use relay::{LinkId, Subject};
use store::links::LinkSource;
use store::{Clock, Table};

use crate::app::App;

/// The most pull requests whose head one commit is taken for.
const MAX_PULL_REQUESTS: usize = 10;

/// Notes a build with each open pull request that has its commit as the head. The delivery itself is stored after this and
/// only then known: should anything fail in between, Bitbucket sends it again, and a fact that is in a log already is the
/// same fact.
pub(crate) async fn note<T: Table, L: LinkSource, C: Clock>(
    app: &App<T, L, C>,
    link: &LinkId,
    subject: &Subject,
    report: &Report,
) -> Result<(), store::Error> {
    let Some((repository, head)) = commit_of(subject) else { return Ok(()) };
    let found = app.table.pull_requests_with_head(link, repository, &head, MAX_PULL_REQUESTS).await?;
    let observation = Observation::HeadBuild(report.clone());
    for id in found {
        let subject = Subject::PullRequest { repository: repository.clone(), id };
        store::record(&app.table, link, &subject, &observation, None, None, &app.clock, &app.settings)
            .await?;
    }
    Ok(())
}

fn commit_of(subject: &Subject) -> Option<(&RepositoryId, ShortHash)> {
    match subject {
        Subject::Commit { repository, hash } => Some((repository, ShortHash::new(hash)?)),
        _ => None,
    }
}
