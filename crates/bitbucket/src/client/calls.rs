//! The calls that polling needs.

use url::Url;

use super::{Client, Listing, MAX_PAGES, RepositoryPath};
use crate::payload::{Comment, CommitStatus, Document, PullRequest, Task};
use crate::{CommentId, Error, PullRequestId, TaskId};

/// The most pages that are read to count commits, or changed files. What has more is not counted.
const MAX_COUNTED_PAGES: usize = 5;

/// What a sweep asks for of each open pull request: all that can move without a webhook, and little else. Reviewers and
/// participants are not listed unless they are asked for.
const SWEPT_FIELDS: &str = "next,values.id,values.title,values.draft,values.state,values.created_on,values.updated_on,\
    values.comment_count,values.task_count,values.source.branch.name,values.source.commit.hash,\
    values.destination.branch.name,values.reviewers.uuid,values.participants.user.uuid,values.participants.approved,\
    values.participants.state";

impl Client {
    /// All comments of a pull request, the last changed first: global and inline ones, and replies.
    ///
    /// # Errors
    ///
    /// [`Error::Api`], [`Error::Unreachable`], [`Error::AnswerInvalid`], [`Error::AllowanceSpent`]; the same for all
    /// calls below.
    pub async fn comments(
        &self,
        repository: &RepositoryPath,
        id: PullRequestId,
    ) -> Result<Listing<Comment>, Error> {
        let mut url = self.pull_request_url(repository, id, &["comments"]);
        url.query_pairs_mut().append_pair("sort", "-updated_on").append_pair("pagelen", "100");
        self.list("list comments", url, MAX_PAGES).await
    }

    /// One comment; `None` where it is not there any more.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn comment(
        &self,
        repository: &RepositoryPath,
        id: PullRequestId,
        comment: CommentId,
    ) -> Result<Option<Document<Comment>>, Error> {
        let url = self.pull_request_url(repository, id, &["comments", &comment.to_string()]);
        self.find("get comment", url).await
    }

    /// All comments of a commit, the last changed first. Bitbucket has no list of the comments of all commits of a repository
    /// (its OpenAPI file: `/repositories/{workspace}/{repo_slug}/commit/{commit}/comments`).
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn commit_comments(
        &self,
        repository: &RepositoryPath,
        hash: &str,
    ) -> Result<Listing<Comment>, Error> {
        let mut url = self.repository_url(repository, &["commit", hash, "comments"]);
        url.query_pairs_mut().append_pair("sort", "-updated_on").append_pair("pagelen", "100");
        self.list("list commit comments", url, MAX_PAGES).await
    }

    /// One comment of a commit; `None` where it is not there any more.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn commit_comment(
        &self,
        repository: &RepositoryPath,
        hash: &str,
        comment: CommentId,
    ) -> Result<Option<Document<Comment>>, Error> {
        let url = self.repository_url(repository, &["commit", hash, "comments", &comment.to_string()]);
        self.find("get commit comment", url).await
    }

    /// All tasks of a pull request, the oldest first.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn tasks(
        &self,
        repository: &RepositoryPath,
        id: PullRequestId,
    ) -> Result<Listing<Task>, Error> {
        let mut url = self.pull_request_url(repository, id, &["tasks"]);
        url.query_pairs_mut().append_pair("pagelen", "100");
        self.list("list tasks", url, MAX_PAGES).await
    }

    /// One task; `None` where it is not there any more.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn task(
        &self,
        repository: &RepositoryPath,
        id: PullRequestId,
        task: TaskId,
    ) -> Result<Option<Document<Task>>, Error> {
        let url = self.pull_request_url(repository, id, &["tasks", &task.to_string()]);
        self.find("get task", url).await
    }

    /// One pull request with everything that Bitbucket shows of it.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn pull_request(
        &self,
        repository: &RepositoryPath,
        id: PullRequestId,
    ) -> Result<Document<PullRequest>, Error> {
        let url = self.pull_request_url(repository, id, &[]);
        Ok(Document::new(self.get("get pull request", url).await?))
    }

    /// The open pull requests of a repository, with the fields that can move without a webhook. More than 50 a page are
    /// refused (Jenkins's branch source plugin, `BitbucketCloudApiClient.getPullRequests`).
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn open_pull_requests(
        &self,
        repository: &RepositoryPath,
    ) -> Result<Listing<PullRequest>, Error> {
        let mut url = self.repository_url(repository, &["pullrequests"]);
        url.query_pairs_mut()
            .append_pair("state", "OPEN")
            .append_pair("pagelen", "50")
            .append_pair("fields", SWEPT_FIELDS);
        self.list("list pull requests", url, MAX_PAGES).await
    }

    /// How many commits a pull request has; `None` where there are more than are read.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn count_commits(
        &self,
        repository: &RepositoryPath,
        id: PullRequestId,
    ) -> Result<Option<u64>, Error> {
        let url = self.pull_request_url(repository, id, &["commits"]);
        self.count("list commits", url, "next,values.hash").await
    }

    /// How many files a pull request changes, by the `diffstat` link that it came with; `None` where there are more than are
    /// read, or the link leads elsewhere. (`.../pullrequests/{id}/diffstat` answers with a redirect to that link.)
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn count_changed_files(&self, diffstat: &str) -> Result<Option<u64>, Error> {
        match self.own(diffstat) {
            Some(url) => self.count("list changed files", url, "next,values.status").await,
            None => Ok(None),
        }
    }

    /// The builds of the commit at a pull request's head.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn builds(
        &self,
        repository: &RepositoryPath,
        id: PullRequestId,
    ) -> Result<Listing<CommitStatus>, Error> {
        let mut url = self.pull_request_url(repository, id, &["statuses"]);
        url.query_pairs_mut().append_pair("pagelen", "100");
        self.list("list builds", url, MAX_COUNTED_PAGES).await
    }

    async fn count(&self, operation: &'static str, url: Url, fields: &str) -> Result<Option<u64>, Error> {
        let mut url = url;
        url.query_pairs_mut().append_pair("pagelen", "100").append_pair("fields", fields);
        let listed: Listing<()> = self.list(operation, url, MAX_COUNTED_PAGES).await?;
        Ok(u64::try_from(listed.items.len()).ok().filter(|_| listed.complete))
    }

    fn pull_request_url(&self, repository: &RepositoryPath, id: PullRequestId, rest: &[&str]) -> Url {
        let id = id.to_string();
        let path: Vec<&str> = ["pullrequests", &id].into_iter().chain(rest.iter().copied()).collect();
        self.repository_url(repository, &path)
    }
}
