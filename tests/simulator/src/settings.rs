//! Everything that can be set, with its default.

use crate::clock::ClockStart;
use anyhow::bail;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Settings of a simulator. `Settings { window_seconds: 60, ..Settings::default() }` is the usual form.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address to listen on. Default `127.0.0.1:0`: any free port, this machine only.
    pub listen: SocketAddr,
    /// The address written into links and `next`, without a slash at the end. Default: `http://` and the address
    /// it listens on.
    pub public_url: Option<String>,
    /// Slug of the one workspace. Default `acme`.
    pub workspace: String,
    /// Slugs of its repositories, each with a branch `main`. Default `widgets`.
    pub repositories: Vec<String>,
    /// Accounts that may call. Default: [`User::seeded`].
    pub users: Vec<User>,
    /// Makes uuids and commit hashes the same in every run. Default `None`: different in every run, so that two
    /// simulators in front of one table do not seem to be the same repository.
    pub seed: Option<u64>,
    /// Default: the machine's clock.
    pub clock: ClockStart,
    /// Bitbucket reports an edit only this long after the comment's creation or last change. Default 600.
    /// (<https://developer.atlassian.com/platform/forge/events-reference/bitbucket/>, "10 or more minutes")
    pub window_seconds: u64,
    /// Behaviour of Bitbucket that is not documented.
    pub rules: Rules,
    /// Sending of webhooks.
    pub sending: Sending,
    /// Calls to `/2.0/repositories` that one account may make in a rolling hour; beyond it, 429. Default `None`: no
    /// limit. Bitbucket's is 1,000.
    pub calls_per_hour: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            workspace: "acme".to_owned(),
            repositories: vec!["widgets".to_owned()],
            users: User::seeded(),
            seed: None,
            clock: ClockStart::Real,
            window_seconds: 600,
            rules: Rules::default(),
            sending: Sending::default(),
            calls_per_hour: None,
        }
    }
}

impl Settings {
    /// Refuses settings without a repository or a user, or with one of them twice.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let mut names: Vec<&str> = self.users.iter().map(|user| user.name.as_str()).collect();
        let mut slugs: Vec<&str> = self.repositories.iter().map(String::as_str).collect();
        for (list, what) in [(&mut names, "user"), (&mut slugs, "repository")] {
            if list.is_empty() {
                bail!("the settings need at least one {what}");
            }
            let before = list.len();
            list.sort_unstable();
            list.dedup();
            if list.len() < before {
                bail!("the settings have a {what} twice");
            }
        }
        Ok(())
    }
}

/// An account with credentials. Both kinds of credential may be given; they are made up, so printing them is safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Nickname and display name, and the name used in the control API.
    pub name: String,
    /// User name of Basic authentication: the account's email.
    pub email: String,
    /// An API token: the password of Basic authentication.
    pub api_token: Option<String>,
    /// An access token: `Authorization: Bearer`.
    pub access_token: Option<String>,
    /// True for a bot (`app_user`), as owners of repository access tokens are; false for a person (`user`).
    pub is_app: bool,
}

impl User {
    /// A person: `name@example.com`, API token `name-api-token`, access token `name-access-token`.
    pub fn person(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            email: format!("{name}@example.com"),
            api_token: Some(format!("{name}-api-token")),
            access_token: Some(format!("{name}-access-token")),
            is_app: false,
        }
    }

    /// A bot that has an access token only: `name-access-token`.
    pub fn app(name: &str) -> Self {
        Self { api_token: None, is_app: true, ..Self::person(name) }
    }

    /// The default accounts: the people `alice`, `bob` and `carol`, and the bot `bot`.
    pub fn seeded() -> Vec<Self> {
        vec![Self::person("alice"), Self::person("bob"), Self::person("carol"), Self::app("bot")]
    }
}

/// Behaviour of Bitbucket that is not documented and was never measured. The defaults follow the most literal
/// reading; every client of Bitbucket should be right under either answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one independent open question")]
pub struct Rules {
    /// An edit that is not reported still moves the comment's `updated_on`. Default true.
    pub silent_edit_moves_updated_on: bool,
    /// An edit that is not reported still restarts the window ("created or last updated"). Default true.
    pub silent_edit_restarts_window: bool,
    /// Editing a comment moves the pull request's `updated_on`. Default false.
    pub edit_moves_pull_request: bool,
    /// Changing a task moves the pull request's `updated_on`. Default false.
    pub task_moves_pull_request: bool,
    /// Deleting a comment moves the comment's own `updated_on`. Default false, as in the one capture there is.
    pub deletion_moves_comment: bool,
    /// Resolving or reopening moves `updated_on` of the comment and of the pull request. Default false.
    pub resolution_moves_updated_on: bool,
    /// `GET` of a deleted comment answers the comment with `deleted: true` and not 404. Default true.
    pub deleted_comments_stay_readable: bool,
    /// A push to the source branch withdraws approvals, without `pullrequest:unapproved`. Default false.
    pub push_withdraws_approvals: bool,
    /// A comment of a review keeps the times of its draft when the review is published. Default false: it has those of
    /// the publication.
    pub drafts_keep_times: bool,
    /// Webhooks show the `resolution` of a thread. Default false: no captured payload has one.
    pub webhooks_show_resolutions: bool,
    /// The side that writes texts in another form: line ends as CRLF, and composed characters decomposed (NFD).
    /// Default `None`: webhooks and answers write them alike.
    pub other_text_form: Option<Side>,
    /// Listings of comments take `sort=updated_on`. Default true; no document says so.
    pub comments_sort_by_time: bool,
    /// A pull request may name a source branch that does not exist; it is then made. Default true, for short
    /// scenarios; Bitbucket answers 400.
    pub create_missing_branches: bool,
    /// A pull request in a merge queue has the state `QUEUED`, and listings take the states `QUEUED` and `DRAFT`.
    /// Bitbucket's specification had both for some months of 2026. Default false: the state stays `OPEN`, and a listing
    /// of another state is answered 400.
    pub queued_is_a_state: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            silent_edit_moves_updated_on: true,
            silent_edit_restarts_window: true,
            edit_moves_pull_request: false,
            task_moves_pull_request: false,
            deletion_moves_comment: false,
            resolution_moves_updated_on: false,
            deleted_comments_stay_readable: true,
            push_withdraws_approvals: false,
            drafts_keep_times: false,
            webhooks_show_resolutions: false,
            other_text_form: None,
            comments_sort_by_time: true,
            create_missing_branches: true,
            queued_is_a_state: false,
        }
    }
}

/// Side on which Bitbucket shows something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The payloads of webhooks.
    Webhooks,
    /// The answers of the API.
    Answers,
}

/// Sending of webhooks (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending {
    /// Longest wait for an answer. Default 10 s, as documented. A request that timed out is not sent again.
    pub timeout: Duration,
    /// Time after a 5xx until the next attempt. Default 1 s; Bitbucket's spacing is not documented.
    pub resend_after: Duration,
    /// First attempts of one hook are made one after the other, in the order of the acts. Default true, for
    /// readable scenarios. Bitbucket promises no order; `false` sends each as soon as it can.
    pub in_order: bool,
    /// Write uuids with braces in `X-Hook-UUID` and `X-Request-UUID`. Default false; both forms were seen.
    pub braces_in_headers: bool,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            resend_after: Duration::from_secs(1),
            in_order: true,
            braces_in_headers: false,
        }
    }
}
