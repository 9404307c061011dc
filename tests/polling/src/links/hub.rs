//! The simulated Bitbucket: a repository, a hook and a pull request for each link, whose comments are fresh.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use simulator::{FaultRequest, Person, Sending, Settings, Simulator, User};
use tokio::time::{Instant, sleep_until};

use super::{INTERVAL_SECONDS, SECRET, bot, link};

/// How long Bitbucket takes to answer: an assumption about its API, and no figure of Atlassian.
pub const ANSWER_MS: u64 = 250;

/// Comments on each pull request.
const COMMENTS: usize = 5;

const AUTHOR: &str = "author";

/// Bitbucket.
#[derive(Debug)]
pub struct Hub {
    simulator: Simulator,
    author: Person,
    links: usize,
}

impl Hub {
    /// Starts it. Only the calls of those who poll take long.
    ///
    /// # Errors
    ///
    /// Where the simulator cannot be started.
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

    /// Where it is.
    pub fn url(&self) -> &str {
        self.simulator.url()
    }

    /// Hooks that report to a function, and a pull request with comments in each repository; spread over the time
    /// between two polls, so that not all are due at once.
    ///
    /// # Errors
    ///
    /// What the simulator refuses.
    pub async fn work(&self, function: &str) -> anyhow::Result<()> {
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
            let id = made.get("id").and_then(Value::as_u64).context("a pull request without an id")?;
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
        ensure!((200..300).contains(&status), "{url} was answered {status}: {answer}");
        Ok(answer)
    }
}
