//! Records builds with the pull requests whose head is the built commit.

use relay::observation::{Observation, PullRequestObservation, Report};
use relay::{LinkId, ShortHash, Subject};
use store::links::LinkSource;
use store::{Clock, SubjectLog};

use crate::app::App;

/// Largest number of pull requests that one build is recorded with.
const MAX_PULL_REQUESTS: usize = 10;

/// Records a build with each open pull request whose head is its commit. The delivery itself is stored afterwards. If
/// anything fails in between, Bitbucket resends it, and events that are already in a log are not added again.
pub(crate) async fn record<T: SubjectLog, L: LinkSource, C: Clock>(
    app: &App<T, L, C>,
    link: &LinkId,
    subject: &Subject,
    report: &Report,
) -> Result<(), store::Error> {
    let Subject::Commit { repository, hash } = subject else { return Ok(()) };
    let Some(head) = ShortHash::new(hash) else { return Ok(()) };
    let ids = app.table.pull_requests_with_head(link, repository, &head, MAX_PULL_REQUESTS).await?;
    let observation = Observation::PullRequest(PullRequestObservation::HeadBuild(report.clone()));
    for id in ids {
        let subject = Subject::PullRequest { repository: repository.clone(), id };
        app.recorder().record(link, &subject, &observation).await?;
    }
    Ok(())
}
