//! The API calls of polls.

use std::sync::atomic::Ordering;

use url::Url;

use super::{Client, Listing, MAX_PAGES, RepositoryPath};
use crate::payload::{Comment, CommitStatus, Document, PullRequest, Task};
use crate::{CommentId, Error, PullRequestId, TaskId};

/// Largest number of pages read to count commits or changed files. Longer listings are not counted.
const MAX_COUNTED_PAGES: usize = 5;

/// Fields that a sweep reads of each open pull request: all that can change without a webhook, and little else.
/// Bitbucket lists reviewers and participants only on request.
const SWEPT_FIELDS: &str = "next,values.id,values.title,values.draft,values.queued,values.state,\
    values.created_on,values.updated_on,values.comment_count,values.task_count,values.source.branch.name,\
    values.source.commit.hash,values.destination.branch.name,values.reviewers.uuid,values.participants.user.uuid,\
    values.participants.approved,values.participants.state";

/// The fields of a pull request that can be long, left out.
const WITHOUT_LONG_FIELDS: &str = "-rendered,-summary,-description,-participants,-reviewers";

impl Client {
    /// Lists all comments of a pull request, global and inline, with replies; the last changed first.
    ///
    /// # Errors
    ///
    /// [`Error::Api`], [`Error::Unreachable`], [`Error::AnswerInvalid`], [`Error::AllowanceSpent`].
    pub async fn comments(
        &self,
        repository: &RepositoryPath,
        id: PullRequestId,
    ) -> Result<Listing<Comment>, Error> {
        let mut url = self.pull_request_url(repository, id, &["comments"]);
        url.query_pairs_mut().append_pair("pagelen", "100");
        self.last_changed_first("list comments", url).await
    }

    /// Lists comments, the last changed first: then a partial listing has what matters. No document says that comments
    /// can be sorted. If Bitbucket answers 400, they are listed in its own order, as long as this [`Api`](super::Api)
    /// is used.
    async fn last_changed_first(&self, operation: &'static str, url: Url) -> Result<Listing<Comment>, Error> {
        let sort = &self.api.refused().sort;
        if !sort.load(Ordering::Relaxed) {
            let mut sorted = url.clone();
            sorted.query_pairs_mut().append_pair("sort", "-updated_on");
            match self.list(operation, sorted, MAX_PAGES).await {
                Err(Error::Api { status: 400, .. }) => sort.store(true, Ordering::Relaxed),
                listed => return listed,
            }
        }
        self.list(operation, url, MAX_PAGES).await
    }

    /// Gets one comment; `None` if it no longer exists.
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

    /// Lists all comments of a commit, the last changed first. Bitbucket cannot list the comments of all commits at
    /// once (its OpenAPI file: `/repositories/{workspace}/{repo_slug}/commit/{commit}/comments`).
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
        url.query_pairs_mut().append_pair("pagelen", "100");
        self.last_changed_first("list commit comments", url).await
    }

    /// Gets one comment of a commit; `None` if it no longer exists.
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

    /// Lists all tasks of a pull request, the oldest first.
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

    /// Gets one task; `None` if it no longer exists.
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

    /// Gets one pull request with all its fields; without the long ones if the answer is too large.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn pull_request(
        &self,
        repository: &RepositoryPath,
        id: PullRequestId,
    ) -> Result<Document<PullRequest>, Error> {
        const OPERATION: &str = "get pull request";
        let mut url = self.pull_request_url(repository, id, &[]);
        let answer = match self.get(OPERATION, url.clone()).await {
            Err(Error::AnswerTooLarge { .. }) => {
                url.query_pairs_mut().append_pair("fields", WITHOUT_LONG_FIELDS);
                self.get(OPERATION, url).await
            }
            answer => answer,
        };
        Ok(Document::new(answer?))
    }

    /// Lists the pull requests of a repository that have not ended, the newest first, with the fields that can change
    /// without a webhook.
    /// Bitbucket refuses pages of more than 50 (Jenkins's branch source plugin,
    /// `BitbucketCloudApiClient.getPullRequests`).
    ///
    /// Bitbucket's specification had the states `QUEUED` and `DRAFT` for some months of 2026. A Bitbucket without them
    /// may answer 400; then only open ones are listed, in any order, as long as this [`Api`](super::Api) is used.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn open_pull_requests(
        &self,
        repository: &RepositoryPath,
    ) -> Result<Listing<PullRequest>, Error> {
        let states = &self.api.refused().states;
        if !states.load(Ordering::Relaxed) {
            match self.pull_requests_in(repository, &["OPEN", "QUEUED", "DRAFT"], Some("-created_on")).await {
                Err(Error::Api { status: 400, .. }) => states.store(true, Ordering::Relaxed),
                listed => return listed,
            }
        }
        self.pull_requests_in(repository, &["OPEN"], None).await
    }

    /// Continues an incomplete listing of open pull requests at its next page.
    ///
    /// # Errors
    ///
    /// As for [`Client::comments`].
    pub async fn further_pull_requests(&self, next: &str) -> Result<Listing<PullRequest>, Error> {
        const OPERATION: &str = "list further pull requests";
        let url = self.own(next).ok_or(Error::AnswerInvalid {
            operation: OPERATION,
            reason: "its next page is on another host",
        })?;
        self.list(OPERATION, url, MAX_PAGES).await
    }

    async fn pull_requests_in(
        &self,
        repository: &RepositoryPath,
        states: &[&str],
        sort: Option<&str>,
    ) -> Result<Listing<PullRequest>, Error> {
        let mut url = self.repository_url(repository, &["pullrequests"]);
        url.query_pairs_mut()
            .extend_pairs(states.iter().map(|state| ("state", state)))
            .extend_pairs(sort.map(|sort| ("sort", sort)))
            .append_pair("pagelen", "50")
            .append_pair("fields", SWEPT_FIELDS);
        self.list("list pull requests", url, MAX_PAGES).await
    }

    /// Counts the commits of a pull request; `None` if there are more than are read.
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

    /// Counts the files that a pull request changes, by its `diffstat` link. `None` if there are more than are read, or
    /// the link leaves the API. (`.../pullrequests/{id}/diffstat` redirects to that link.)
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

    /// Lists the builds of the head commit of a pull request.
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
