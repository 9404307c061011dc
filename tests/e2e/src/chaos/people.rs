//! People at a steady pace: new pull requests, comments, edits, tasks, reviews.

use std::time::Duration;

use serde_json::{Value, json};
use simulation::dice::Dice;
use simulator::Person;
use tokio::time::Instant;

use super::{Stage, id_of};

/// Time between two acts.
const EVERY: Duration = Duration::from_millis(250);

/// The most pull requests that are open at a time; older ones are merged.
const MOST_OPEN: usize = 12;

/// Something that can be changed later: its pull request and its id.
type Item = (u64, u64);

#[derive(Debug, Default)]
struct Made {
    pull_requests: Vec<u64>,
    comments: Vec<Item>,
    tasks: Vec<Item>,
    count: u64,
}

/// Acts until `end`, and returns the number of acts.
pub(super) async fn work(stage: &Stage, end: Instant) -> usize {
    let (alice, bob) = (stage.person("alice"), stage.person("bob"));
    let mut made = Made::default();
    let mut acts = 0;
    while Instant::now() < end {
        made.act(&stage.dice, &alice, &bob).await;
        acts += 1;
        tokio::time::sleep(EVERY).await;
    }
    acts
}

impl Made {
    /// One act. What the simulator refuses, such as a second approval, is no act of interest.
    async fn act(&mut self, dice: &Dice, alice: &Person, bob: &Person) {
        self.count += 1;
        let text = json!({ "content": { "raw": format!("text {}", self.count) } });
        let Some(pull_request) = dice.pick(&self.pull_requests).copied() else {
            return self.open(alice).await;
        };
        let path = format!("/pullrequests/{pull_request}");
        match dice.below(20) {
            0 => self.open(alice).await,
            1..=6 => {
                let comment = id_after(bob.post(&format!("{path}/comments"), text).await);
                self.comments.extend(comment.map(|id| (pull_request, id)));
            }
            7..=11 => {
                // Mostly inside its window, so that only a poll finds it.
                let newest = self.comments.len().saturating_sub(5);
                if let Some((pull_request, id)) = dice.pick(&self.comments[newest..]) {
                    let path = format!("/pullrequests/{pull_request}/comments/{id}");
                    drop(bob.put(&path, text).await);
                }
            }
            12 | 13 => {
                let task = id_after(bob.post(&format!("{path}/tasks"), text).await);
                self.tasks.extend(task.map(|id| (pull_request, id)));
            }
            14 | 15 => {
                if let Some((pull_request, id)) = dice.pick(&self.tasks) {
                    let state = if dice.percent(50) { "RESOLVED" } else { "UNRESOLVED" };
                    let path = format!("/pullrequests/{pull_request}/tasks/{id}");
                    drop(bob.put(&path, json!({ "state": state })).await);
                }
            }
            16 => drop(bob.post(&format!("{path}/approve"), json!({})).await),
            17 => drop(bob.delete(&format!("{path}/approve")).await),
            18 => drop(alice.put(&path, json!({ "title": format!("title {}", self.count) })).await),
            _ => {
                if let Some((pull_request, id)) = self.comments.pop() {
                    drop(bob.delete(&format!("/pullrequests/{pull_request}/comments/{id}")).await);
                }
            }
        }
    }

    async fn open(&mut self, alice: &Person) {
        if self.pull_requests.len() >= MOST_OPEN {
            let oldest = self.pull_requests.remove(0);
            self.comments.retain(|(pull_request, _)| *pull_request != oldest);
            self.tasks.retain(|(pull_request, _)| *pull_request != oldest);
            drop(alice.post(&format!("/pullrequests/{oldest}/merge"), json!({ "type": "merge" })).await);
        }
        let branch = format!("branch-{}", self.count);
        let opened = json!({ "title": branch, "source": { "branch": { "name": branch } } });
        self.pull_requests.extend(id_after(alice.post("/pullrequests", opened).await));
    }
}

fn id_after(answer: anyhow::Result<(u16, Value)>) -> Option<u64> {
    answer.ok().and_then(|(_, answer)| id_of(&answer))
}
