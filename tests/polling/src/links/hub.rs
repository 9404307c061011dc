//! The simulated Bitbucket: for each link a repository, a hook, and a pull request with fresh comments.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use simulator::{FaultRequest, Person, Sending, Settings, Simulator, User};
use tokio::time::{Instant, sleep_until};

use super::{INTERVAL_SECONDS, SECRET, bot, link};

/// Duration of an API call: an assumption, not a figure of Atlassian.
pub const ANSWER_MS: u64 = 250;

/// Number of comments on each pull request.
const COMMENTS: usize = 5;

const AUTHOR: &str = "author";

/// The simulated Bitbucket.
#[derive(Debug)]
pub struct Hub {
    simulator: Simulator,
    author: Person,
    links: usize,
}

impl Hub {
    /// Starts the simulator. Only the calls of the polling accounts are slow.
    ///
    /// # Errors
    ///
    /// If the simulator does not start.
    pub async fn start(links: usize) -> anyhow::Result<Self> {
        let bots = (0..links).map(|number| User::app(&bot(number)));
        let settings = Settings {
            repositories: (0..links).map(link).collect(),
            users: bots.chain([User::person(AUTHOR)]).collect(),
            sending: Sending { in_order: true, ..Sending::default() },
            ..Settings::default()
        };
        let simulator = Simulator::start(settings).await?;
        for number in 0..links {
            simulator.fault(FaultRequest {
                hang_next_ms: Some(ANSWER_MS),
                hang_count: Some(u32::MAX),
                only_for: Some(bot(number)),
                ..FaultRequest::default()
            })?;
        }
        let author = simulator.person(AUTHOR)?;
        Ok(Self { simulator, author, links })
    }

    /// Returns its URL.
    pub fn url(&self) -> &str {
        self.simulator.url()
    }

    /// Creates in each repository a hook that reports to `function`, and a pull request with comments. The pull
    /// requests are spread over the time between two polls, so that their polls are not all due at once.
    ///
    /// # Errors
    ///
    /// If the simulator refuses a request.
    pub async fn create_pull_requests(&self, function: &str) -> anyhow::Result<()> {
        let events = ["pullrequest:created", "pullrequest:comment_created"];
        for number in 0..self.links {
            let url = format!("{function}/webhook/{}", link(number));
            let hook = json!({ "url": url, "events": events, "secret": SECRET });
            self.post(number, "/hooks", hook).await?;
        }
        let begun = Instant::now();
        let apart = Duration::from_secs(INTERVAL_SECONDS.unsigned_abs()) / u32::try_from(self.links)?;
        for number in 0..self.links {
            sleep_until(begun + apart * u32::try_from(number)?).await;
            let body = json!({ "title": "gear", "source": { "branch": { "name": "gear" } } });
            let made = self.post(number, "/pullrequests", body).await?;
            let id =
                made.get("id").and_then(Value::as_u64).context("the answer has no id of the pull request")?;
            for comment in 0..COMMENTS {
                let body = json!({ "content": { "raw": format!("comment {comment}") } });
                self.post(number, &format!("/pullrequests/{id}/comments"), body).await?;
            }
        }
        self.simulator.settle(Duration::from_secs(10)).await
    }

    async fn post(&self, number: usize, path: &str, body: Value) -> anyhow::Result<Value> {
        let url = format!("{}/2.0/repositories/acme/{}{path}", self.url(), link(number));
        let (status, answer) = self.author.post(&url, body).await?;
        ensure!((200..300).contains(&status), "{url} answered {status}: {answer}");
        Ok(answer)
    }
}
