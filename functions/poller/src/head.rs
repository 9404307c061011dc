//! The head of a pull request: its builds, and its size.

use bitbucket::PullRequestId;
use bitbucket::client::{Client, RepositoryPath};
use relay::ShortHash;
use relay::observation::HeadDetails;
use serde_json::Value;

/// Reads the builds and the size of the head. `pull_request` has the link to its changed files. What Bitbucket cannot
/// answer (a diff that takes too long, a source branch that does not exist any more) stays empty, and does not fail the
/// poll.
pub(crate) async fn read_head(
    client: &Client,
    repository: &RepositoryPath,
    id: PullRequestId,
    pull_request: Option<&Value>,
    hash: ShortHash,
) -> Result<HeadDetails, bitbucket::Error> {
    let builds = match client.builds(repository, id).await {
        Ok(builds) => builds.items,
        Err(error) if is_final(&error) => Vec::new(),
        Err(error) => return Err(error),
    };
    let commits = counted_or_none(client.count_commits(repository, id).await)?;
    let diffstat = pull_request.and_then(|shown| shown.pointer("/links/diffstat/href")?.as_str());
    let files_changed = match diffstat {
        Some(diffstat) => counted_or_none(client.count_changed_files(diffstat).await)?,
        None => None,
    };
    Ok(HeadDetails { hash, commits, files_changed, builds })
}

fn counted_or_none(counted: Result<Option<u64>, bitbucket::Error>) -> Result<Option<u64>, bitbucket::Error> {
    match counted {
        Err(error) if is_final(&error) => Ok(None),
        counted => counted,
    }
}

/// True if Bitbucket will not answer this one request later either; false if the error concerns the credential or the
/// moment.
const fn is_final(error: &bitbucket::Error) -> bool {
    matches!(
        error,
        bitbucket::Error::Api { status: 400 | 403 | 404 | 410 | 555, .. }
            | bitbucket::Error::AnswerInvalid { .. }
            | bitbucket::Error::AnswerTooLarge { .. }
    )
}
